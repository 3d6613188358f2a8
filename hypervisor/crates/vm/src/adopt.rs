//! Taking up a QEMU that an earlier daemon left running: the pid is believed only with its start time and the host's
//! boot; sockets are reconnected by path. Says what was found and decides nothing.
use std::sync::Arc;
use std::time::Duration;

use quetzal_host::cgroup::VmCgroup;
use quetzal_host::network::Tap;
use quetzal_host::pidfd::{Exit, PidFd};
use quetzal_host::process;
use quetzal_qmp::Qmp;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::agent;
use crate::context::VmContext;
use crate::cpu::CpuControl;
use crate::crash;
use crate::launch::{Freshness, attach_consoles, connect_qmp, poll_balloon};
use crate::machine::{Consoles, Live, Started};
use crate::paths::VmPaths;
use crate::record::RunRecord;
use crate::socket;
use crate::spec::{HostLimits, VmSpec};
use crate::state::VmState;
use crate::view::CrashReport;

/// A QEMU that lives answers within milliseconds; one that hangs must not hold up the VM's verbs for long.
const QMP_DEADLINE: Duration = Duration::from_secs(3);

/// The kernel tells of an end that has happened at once.
const END_NOTICED: Duration = Duration::from_millis(50);

pub(crate) enum Found {
    Alive {
        started: Box<Started>,
        state: VmState,
        is_panicked: bool,
        /// The guest powered down meanwhile, for this reason: QEMU waits to be told to leave.
        note: Option<String>,
    },
    Dead {
        report: CrashReport,
    },
}

pub(crate) async fn look_for(paths: &VmPaths, context: &VmContext, run: RunRecord) -> Found {
    let pidfd = match still_lives(&run, context) {
        Some(pidfd) => Arc::new(pidfd),
        None => return Found::Dead { report: dead(&run, context, paths) },
    };
    let mut warnings = Vec::new();
    let consoles = attach_consoles(paths, Freshness::GoesOn).unwrap_or_else(|_| {
        warnings.push("its serial ports cannot be reached".to_owned());
        Consoles::default()
    });
    let agent = agent::connect(paths);
    let (qmp, events, status) = match ask_status(paths).await {
        Ok(answer) => answer,
        Err(_) if has_ended(&pidfd).await => return Found::Dead { report: dead(&run, context, paths) },
        Err(reason) => {
            warnings.push(format!(
                "QEMU (process {}) does not answer on its control socket ({reason}); forced power-off can still end it",
                run.pid
            ));
            let (_, closed) = mpsc::channel(1);
            (None, closed, "running".to_owned())
        }
    };
    if let Some(name) = run.tap.as_deref().filter(|name| Tap::adopt(name).is_none()) {
        warnings.push(format!("its tap {name} is gone: the guest has no network until its next start"));
    }
    let spec = match VmSpec::parse(&run.spec_json, &HostLimits::UNKNOWN) {
        Ok(spec) => spec,
        Err(error) => {
            let report = CrashReport {
                cause: format!("its running definition cannot be read: {error}"),
                ..CrashReport::default()
            };
            return Found::Dead { report };
        }
    };
    let cpu = CpuControl::adopt(&context.cgroups, &spec.id, run.pid);
    let live = Live { run, spec, qmp, pidfd, consoles, agent, cpu };
    let started = Box::new(Started { live, events, warnings });
    let (state, is_panicked, note) = match status.as_str() {
        "running" => (VmState::Running, false, None),
        "guest-panicked" => (VmState::Paused, true, None),
        "shutdown" => (VmState::Running, false, Some("guest-shutdown".to_owned())),
        _ => (VmState::Paused, false, None),
    };
    Found::Alive { started, state, is_panicked, note }
}

/// Opened first and compared after: only then is the descriptor that of the process in the record.
fn still_lives(run: &RunRecord, context: &VmContext) -> Option<PidFd> {
    if run.boot_id != context.boot_id {
        return None;
    }
    let pidfd = PidFd::open(run.pid).ok()?;
    (process::start_time(run.pid).ok()? == run.start_time).then_some(pidfd)
}

/// A dead QEMU keeps its pid until its parent, now the system's first process, has noticed.
async fn has_ended(pidfd: &PidFd) -> bool {
    tokio::time::timeout(END_NOTICED, pidfd.wait()).await.is_ok()
}

fn dead(run: &RunRecord, context: &VmContext, paths: &VmPaths) -> CrashReport {
    socket::remove(paths);
    if let Some(vm_id) = paths.kept.file_name().and_then(|name| name.to_str()) {
        // It may have been on its way out still when the daemon swept.
        VmCgroup::remove(&context.cgroups, vm_id);
    }
    let cause = if run.boot_id == context.boot_id {
        format!("QEMU (process {}) died while quetzald was away", run.pid)
    } else {
        "the host went down while the VM ran".to_owned()
    };
    crash::report(&cause, Exit::Unknown, paths, None)
}

type Answer = (Option<Qmp>, mpsc::Receiver<quetzal_qmp::QmpEvent>, String);

async fn ask_status(paths: &VmPaths) -> Result<Answer, String> {
    use crate::launch::LaunchFailure;
    let connected = connect_qmp(paths, QMP_DEADLINE).await;
    let (qmp, events) = connected.map_err(|failure| match failure {
        LaunchFailure::Host { message } => message,
        LaunchFailure::Cancelled | LaunchFailure::Died { .. } => "it hung up".to_owned(),
    })?;
    let answer = qmp.execute("query-status", Value::Null).await.map_err(|error| error.to_string())?;
    let mut status = answer["status"].as_str().unwrap_or("unknown").to_owned();
    if status == "prelaunch" {
        // The earlier daemon died between starting QEMU and letting the guest run.
        qmp.execute("cont", Value::Null).await.map_err(|error| error.to_string())?;
        status = "running".to_owned();
    }
    poll_balloon(&qmp);
    Ok((Some(qmp), events, status))
}
