//! The running service: lock, journal, VMs, tick and gRPC face, from start-up to SIGTERM. The VMs outlive it.
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use quetzal_api::v1::console_service_server::ConsoleServiceServer;
use quetzal_api::v1::cpu_service_server::CpuServiceServer;
use quetzal_api::v1::event_service_server::EventServiceServer;
use quetzal_api::v1::host_service_server::HostServiceServer;
use quetzal_api::v1::memory_service_server::MemoryServiceServer;
use quetzal_api::v1::metrics_service_server::MetricsServiceServer;
use quetzal_api::v1::vm_service_server::VmServiceServer;
use quetzal_host::kvm::{self, KvmProbe};
use quetzal_host::sampler::HostSampler;
use quetzal_host::user::UnprivilegedUser;
use quetzal_host::{cgroup, facts};
use quetzal_vm::context::{KvmVerdict, VmContext};
use quetzal_vm::paths::{Folders, fits_socket};
use quetzal_vm::reserve::Reserve;
use quetzal_vm::sink::{EventDraft, EventKind, EventSink};
use quetzal_vm::spec::HostLimits;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_stream::wrappers::UnixListenerStream;

use crate::boot::{self, Visit};
use crate::config::Config;
use crate::face;
use crate::host::HostFace;
use crate::journal::Journal;
use crate::lock;
use crate::memory::Memory;
use crate::registry::Registry;
use crate::tick::Ticker;

/// After SIGTERM callers get this long for the answers under way.
const FAREWELL: Duration = Duration::from_secs(1);
/// Only the user that runs quetzald may connect.
const SOCKET_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o711;
/// The file of what of the host's control groups was turned on, in quetzald's own folder.
const HANDED_DOWN: &str = "cgroup-handed-down";

pub async fn run(config: Config) -> anyhow::Result<()> {
    let own_dir = config.own_dir();
    let lock = lock::take(&config.state_dir, &own_dir)?;
    make_folders(&config)?;
    let listener = listen(&config.socket()).map_err(|error| not_writable(&config.run_dir, &error))?;
    let pid = format!("{}\n", std::process::id());
    fs::write(config.pid_file(), pid).map_err(|error| not_writable(&config.run_dir, &error))?;
    let journal = Journal::open(&own_dir.join("journal"))?;
    let kvm = measure_kvm();
    let boot_id = boot::id();
    let context = context(&config, &kvm, &boot_id, &journal);
    // Those of living VMs stay.
    let cgroups = context.cgroups.clone();
    let _ = cgroups.sweep();
    let registry = Arc::new(Registry::new(context, Arc::clone(&journal)));
    tokio::spawn(Arc::clone(&journal).keep_synced());
    journal.record(daemon_started());
    registry.load().await?;
    registry.end_orphaned_operations();
    let memory = Memory::open(&own_dir, &boot_id, Arc::clone(&registry), Arc::clone(&journal)).await;
    let keeping = tokio::spawn(Arc::clone(&memory).keep());
    let ticker = Ticker::new(Arc::clone(&registry));
    tokio::spawn(Arc::clone(&ticker).run(HostSampler::new(vec![config.state_dir.clone()])));
    if boot::visit(&own_dir, &boot_id)? == Visit::FirstThisBoot {
        let registry = Arc::clone(&registry);
        tokio::spawn(async move { registry.autostart().await });
    }
    tracing::info!(socket = %config.socket().display(), vms = registry.all().len(), "serving");
    let facts = HostFace::new(&config, kvm);
    let served = answer_until_told(listener, registry, Arc::clone(&journal), ticker, facts, Arc::clone(&memory)).await;
    keeping.abort();
    memory.end().await;
    cgroups.take_back().into_iter().for_each(|why| tracing::info!("{why}"));
    served?;
    journal.sync()?;
    // Their absence tells the launcher that nobody serves.
    let _ = fs::remove_file(config.socket());
    let _ = fs::remove_file(config.pid_file());
    drop(lock);
    tracing::info!("ended; the VMs run on");
    Ok(())
}

fn not_writable(run_dir: &Path, source: &io::Error) -> anyhow::Error {
    anyhow!(
        "cannot write to the run folder '{}': {source}; make it writable, or use another --run-dir",
        run_dir.display()
    )
}

fn make_folders(config: &Config) -> anyhow::Result<()> {
    // The state folder is there: the lock lies in it.
    fs::create_dir_all(&config.run_dir).map_err(|error| not_writable(&config.run_dir, &error))?;
    if !fits_socket(&config.socket()) {
        bail!("the socket path '{}' is longer than 107 bytes; choose a shorter --run-dir", config.socket().display());
    }
    // QEMU's own user passes through to its disks and images, and lists nothing on the way.
    if config.effective_vm_user().is_some() {
        let mode = fs::metadata(&config.state_dir)?.permissions().mode() | (FOLDER_MODE & 0o111);
        fs::set_permissions(&config.state_dir, fs::Permissions::from_mode(mode))
            .with_context(|| format!("cannot open '{}' to QEMU's user", config.state_dir.display()))?;
    }
    Ok(())
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // The lock says that nobody serves here: a socket that is there is a dead daemon's.
    let _ = fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener)
}

/// Begun at once, awaited by nobody but those who need it: running VMs are taken up meanwhile.
fn measure_kvm() -> Arc<LazyLock<KvmProbe>> {
    let kvm = Arc::new(LazyLock::new(kvm::probe as fn() -> KvmProbe));
    let measured = Arc::clone(&kvm);
    tokio::task::spawn_blocking(move || tracing::info!(kvm = %**measured, "measured"));
    kvm
}

fn context(config: &Config, kvm: &Arc<LazyLock<KvmProbe>>, boot_id: &str, journal: &Arc<Journal>) -> Arc<VmContext> {
    let facts = facts::read();
    let (probe, own_config) = (Arc::clone(kvm), config.clone());
    Arc::new(VmContext {
        folders: Folders { state: config.state_dir.clone(), run: config.run_dir.clone() },
        qemu_binary: config.qemu_binary.clone(),
        vm_user: config.effective_vm_user(),
        kvm: LazyLock::new(Box::new(move || verdict(&own_config, &probe))),
        limits: HostLimits { memory_bytes: facts.memory_bytes, cpu_count: facts.cpu_count },
        boot_id: boot_id.to_owned(),
        cgroups: cgroup::detect().of(&config.state_dir).remembering(config.own_dir().join(HANDED_DOWN), boot_id),
        qemu_major: OnceLock::new(),
        sink: Arc::clone(journal) as Arc<dyn EventSink>,
        reserve: Reserve::default(),
    })
}

fn verdict(config: &Config, kvm: &KvmProbe) -> KvmVerdict {
    let user = config.effective_vm_user().and_then(|name| UnprivilegedUser::lookup(&name).ok());
    match (kvm, kvm.reason_against(user.as_ref())) {
        (_, None) => KvmVerdict::Real,
        (KvmProbe::Missing { reason }, Some(_)) => KvmVerdict::Missing { reason: reason.clone() },
        (KvmProbe::EmulatedOnly { .. }, Some(reason)) => KvmVerdict::EmulatedOnly { reason },
        (KvmProbe::Real { .. }, Some(reason)) => KvmVerdict::Missing { reason },
    }
}

fn daemon_started() -> EventDraft {
    EventDraft {
        kind: EventKind::DaemonStarted,
        vm_id: String::new(),
        operation_id: String::new(),
        vm: None,
        previous_state: None,
        message: format!("quetzald {} started", env!("CARGO_PKG_VERSION")),
        outcome: None,
    }
}

async fn answer_until_told(
    listener: UnixListener,
    registry: Arc<Registry>,
    journal: Arc<Journal>,
    ticker: Arc<Ticker>,
    facts: Arc<HostFace>,
    memory: Arc<Memory>,
) -> anyhow::Result<()> {
    let (close, closing) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let told = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("ending; the VMs stay");
        // Streams never end by themselves.
        close.send_replace(true);
    };
    let mut closed = closing.clone();
    let serving = tonic::transport::Server::builder()
        .add_service(VmServiceServer::new(face::vm::VmFace {
            registry: Arc::clone(&registry),
            journal: Arc::clone(&journal),
        }))
        .add_service(CpuServiceServer::new(face::cpu::CpuFace { registry: Arc::clone(&registry) }))
        .add_service(MemoryServiceServer::new(face::memory::MemoryFace { registry: Arc::clone(&registry), memory }))
        .add_service(EventServiceServer::new(face::event::EventFace { journal, closing: closing.clone() }))
        .add_service(MetricsServiceServer::new(face::metrics::MetricsFace { ticker, closing: closing.clone() }))
        .add_service(ConsoleServiceServer::new(face::console::ConsoleFace { registry, closing }))
        .add_service(HostServiceServer::new(face::host::HostFace { facts }))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), told);
    let farewell = async {
        let _ = closed.wait_for(|is_closing| *is_closing).await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = serving => served.context("the gRPC service ended"),
        () = farewell => Ok(()),
    }
}
