//! Starting a QEMU: prepare (files, network, sockets), spawn, shake hands, write the run record, let the guest run.
//! Either all of it succeeds or nothing is left behind. Runs beside the VM's task and knows nothing of its state.
mod preflight;
mod prepare;

use std::sync::Arc;
use std::time::Duration;

use quetzal_host::pidfd::{Exit, PidFd};
use quetzal_qmp::{Qmp, QmpError, QmpEvent};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

pub use preflight::images_exist;
pub(crate) use preflight::preflight;
use prepare::Prepared;

use crate::agent::{self, Agent};
use crate::console::Console;
use crate::context::VmContext;
use crate::cpu::CpuControl;
use crate::crash;
use crate::machine::{Consoles, Live, Started};
use crate::metrics::BALLOON_PATH;
use crate::paths::VmPaths;
use crate::record::{self, RunRecord};
use crate::refusal::chain;
use crate::socket;
use crate::spec::VmSpec;
use crate::view::{CrashReport, UnixMs};

/// QEMU greets within 50 ms; on a host under heavy load it took seconds.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(30);
/// A killed QEMU is gone within milliseconds; more only when the kernel is in trouble.
const UNDO_WAIT: Duration = Duration::from_secs(5);
/// From the closing of a dying process's sockets to its end.
const END_WAIT: Duration = Duration::from_millis(100);
/// How often the guest's balloon driver reports its memory.
pub(crate) const BALLOON_POLL_SECONDS: u32 = 2;

pub(crate) struct Order {
    pub spec: VmSpec,
    pub spec_json: Arc<str>,
    pub paths: VmPaths,
    pub context: Arc<VmContext>,
}

pub(crate) enum LaunchFailure {
    Cancelled,
    /// Before any QEMU ran: a file, the network, a missing right.
    Host {
        message: String,
    },
    /// QEMU ran and ended by itself.
    Died {
        report: CrashReport,
    },
}

impl LaunchFailure {
    fn host(error: &dyn std::error::Error) -> Self {
        Self::Host { message: chain(error) }
    }
}

pub(crate) async fn launch(order: Order, cancelled: oneshot::Receiver<()>) -> Result<Started, LaunchFailure> {
    let Order { spec, spec_json, paths, context } = order;
    let started_at = UnixMs::now();
    let (spec, paths, prepared) = tokio::task::spawn_blocking(move || {
        let prepared = prepare::prepare(&spec, &paths, &context);
        (spec, paths, prepared.map(|prepared| (prepared, context)))
    })
    .await
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let (prepared, context) = prepared?;
    let Prepared { pid, start_time, pidfd, tap, accelerator, network_in_use, group, mut warnings } = prepared;
    let pidfd = Arc::new(pidfd);
    let mut run = RunRecord {
        pid,
        start_time,
        boot_id: context.boot_id.clone(),
        started_at,
        spec_json,
        accelerator,
        network_in_use,
        qemu_version: String::new(),
        tap,
    };
    // Beside QEMU's own start, which takes longer.
    let joining = tokio::task::spawn_blocking(move || group.join(pid));
    // Known before the handshake, so that not even a QEMU that hangs in it is lost with this daemon.
    let recorded = record::write(&paths.run(), &run);
    let cpu = joining.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    warnings.extend(cpu.warning(&spec.cpu_policy));
    let outcome = match recorded {
        Err(error) => Err(LaunchFailure::host(&error)),
        Ok(()) => tokio::select! {
            biased;
            Ok(()) = cancelled => Err(LaunchFailure::Cancelled),
            exit = pidfd.wait() => Err(died(exit.unwrap_or(Exit::Unknown), &paths)),
            outcome = bring_up(&paths, &mut run, &cpu, &spec) => outcome,
        },
    };
    match outcome {
        Ok((qmp, events, consoles, agent)) => {
            let live = Live { run, spec, qmp: Some(qmp), pidfd, consoles, agent, cpu };
            Ok(Started { live, events, warnings })
        }
        Err(failure) => {
            // A QEMU that dies hangs up its sockets a moment before its end is seen, and its end says more.
            let failure = match failure {
                LaunchFailure::Host { message } => match tokio::time::timeout(END_WAIT, pidfd.wait()).await {
                    Ok(Ok(exit)) => died(exit, &paths),
                    _ => LaunchFailure::Host { message },
                },
                other => other,
            };
            undo(&pidfd, &paths).await;
            // Only now: a group with a process in it stays.
            drop(cpu);
            Err(failure)
        }
    }
}

type Up = (Qmp, mpsc::Receiver<QmpEvent>, Consoles, Agent);

/// From a fresh QEMU, stopped before its first instruction, to a running guest.
async fn bring_up(paths: &VmPaths, run: &mut RunRecord, cpu: &CpuControl, spec: &VmSpec) -> Result<Up, LaunchFailure> {
    let host = |error: &dyn std::error::Error| LaunchFailure::host(error);
    let consoles = attach_consoles(paths, Freshness::New)?;
    let agent = agent::connect(paths);
    let (qmp, events) = connect_qmp(paths, HANDSHAKE_DEADLINE).await?;
    run.qemu_version = version_of(&qmp).await.map_err(|error| host(&error))?;
    record::write(&paths.run(), &*run).map_err(|error| host(&error))?;
    cpu.place_threads(&spec.cpu_policy).map_err(|error| host(&error))?;
    qmp.execute("cont", Value::Null).await.map_err(|error| host(&error))?;
    poll_balloon(&qmp);
    Ok((qmp, events, consoles, agent))
}

pub(crate) async fn connect_qmp(
    paths: &VmPaths,
    deadline: Duration,
) -> Result<(Qmp, mpsc::Receiver<QmpEvent>), LaunchFailure> {
    let stream = socket::connect(&paths.socket("qmp"))
        .map_err(|error| LaunchFailure::Host { message: format!("cannot reach QEMU's control socket: {error}") })?;
    let connected: Result<_, QmpError> = Qmp::over(stream, deadline).await;
    connected.map_err(|error| LaunchFailure::host(&error))
}

async fn version_of(qmp: &Qmp) -> Result<String, QmpError> {
    let answer = qmp.execute("query-version", Value::Null).await?;
    let part = |name: &str| answer["qemu"][name].as_u64().unwrap_or(0);
    Ok(format!("{}.{}.{}", part("major"), part("minor"), part("micro")))
}

/// Whether the port's log and offsets begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    New,
    GoesOn,
}

pub(crate) fn attach_consoles(paths: &VmPaths, freshness: Freshness) -> Result<Consoles, LaunchFailure> {
    let mut ports = Vec::new();
    for name in prepare::PORTS {
        let stream = socket::connect(&paths.socket(name))
            .map_err(|error| LaunchFailure::Host { message: format!("cannot reach serial port {name}: {error}") })?;
        if freshness == Freshness::New {
            record::remove(&paths.console_log(name)).map_err(|error| LaunchFailure::host(&error))?;
        }
        ports.push((name.to_owned(), Console::spawn(stream, paths.console_log(name))));
    }
    Ok(Consoles::new(ports))
}

/// Asks for the guest's memory figures; a guest without the driver never gives any, and nobody waits for them.
pub(crate) fn poll_balloon(qmp: &Qmp) {
    let qmp = qmp.clone();
    tokio::spawn(async move {
        let wish = json!({
            "path": BALLOON_PATH, "property": "guest-stats-polling-interval", "value": BALLOON_POLL_SECONDS,
        });
        if let Err(error) = qmp.execute("qom-set", wish).await {
            tracing::debug!(%error, "no guest memory figures: the VM has no balloon");
        }
    });
}

fn died(exit: Exit, paths: &VmPaths) -> LaunchFailure {
    LaunchFailure::Died { report: crash::report(&crash::cause(exit), exit, paths, None) }
}

async fn undo(pidfd: &PidFd, paths: &VmPaths) {
    if let Err(error) = pidfd.kill(quetzal_host::pidfd::Signal::KILL) {
        tracing::error!(error = chain(&error), "a QEMU that was not wanted may still run");
    }
    if tokio::time::timeout(UNDO_WAIT, pidfd.wait()).await.is_err() {
        tracing::error!(pid = pidfd.pid(), "a killed QEMU does not end");
    }
    if let Err(error) = record::remove(&paths.run()) {
        tracing::warn!(%error, "a record of a dead QEMU stays; it will not be believed");
    }
    socket::remove(paths);
}
