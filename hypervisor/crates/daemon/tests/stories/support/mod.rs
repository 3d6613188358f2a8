//! Drives a real quetzald over gRPC in a state folder of its own, and ends everything it started, in failure too.
#![allow(clippy::unwrap_used, reason = "a broken support is a failed test")]

pub mod guest;
pub mod host_memory;
pub mod memory;
pub mod slots;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quetzal_api::v1::console_service_client::ConsoleServiceClient;
use quetzal_api::v1::cpu_service_client::CpuServiceClient;
use quetzal_api::v1::event_service_client::EventServiceClient;
use quetzal_api::v1::host_service_client::HostServiceClient;
use quetzal_api::v1::metrics_service_client::MetricsServiceClient;
use quetzal_api::v1::vm_service_client::VmServiceClient;
use quetzal_api::v1::watch_events_response::Item;
use quetzal_api::v1::{self, Event, EventKind, Refusal, Vm, VmState, vm_response::Result as VmResult};
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

/// Everything here is quick; a loaded machine is not.
pub const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);
/// The kernel's own name for nobody.
const NOBODY: u32 = 65_534;
const GROUPS_PATIENCE: Duration = Duration::from_secs(5);

pub struct Daemon {
    folder: tempfile::TempDir,
    child: Option<Child>,
    channel: Option<Channel>,
    operations: u32,
    pub extra_args: Vec<String>,
    /// The program, and the user that runs it where that is not our own.
    program: PathBuf,
    user: Option<u32>,
}

impl Daemon {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(extra_args: &[&str]) -> Self {
        slots::take();
        let folder = tempfile::Builder::new().prefix("qz-").tempdir().unwrap();
        let extra_args = extra_args.iter().map(|arg| (*arg).to_owned()).collect();
        let program = env!("CARGO_BIN_EXE_quetzald").into();
        let mut daemon = Self { folder, child: None, channel: None, operations: 0, extra_args, program, user: None };
        daemon.launch().await;
        daemon
    }

    /// Run by a user without any right, in a folder of its own. Needs root to become that user.
    pub async fn start_unprivileged() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: becoming another user needs root");
            return None;
        }
        slots::take();
        let folder = tempfile::Builder::new().prefix("qz-").tempdir().unwrap();
        // Where cargo builds may be closed to that user.
        let program = folder.path().join("quetzald");
        std::fs::copy(env!("CARGO_BIN_EXE_quetzald"), &program).unwrap();
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), None).unwrap();
        let mut daemon = Self {
            folder,
            child: None,
            channel: None,
            operations: 0,
            extra_args: Vec::new(),
            program,
            user: Some(NOBODY),
        };
        daemon.launch().await;
        Some(daemon)
    }

    pub fn state_dir(&self) -> &Path {
        self.folder.path()
    }

    pub fn run_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(user) = self.user {
            command.uid(user);
        }
        command.arg("--state-dir").arg(self.state_dir()).arg("--run-dir").arg(self.run_dir());
        // An unprivileged user that every system has.
        command.args(["--vm-user", "nobody"]).args(&self.extra_args);
        command
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.state_dir().join("quetzald.log")).unwrap_or_default()
    }

    pub async fn launch(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.state_dir().join("quetzald.log"));
        let child = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.unwrap()).spawn().unwrap();
        self.child = Some(child);
        let socket = self.run_dir().join("quetzald.sock");
        let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display())).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(channel) = endpoint.connect().await {
                self.channel = Some(channel);
                return;
            }
            assert!(Instant::now() < deadline, "quetzald does not serve:\n{}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// kill -9: no farewell of any kind.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        self.channel = None;
    }

    /// SIGTERM; answers how long it took to end and whether it ended well.
    pub fn terminate(&mut self) -> (Duration, bool) {
        let begun = Instant::now();
        let mut child = self.child.take().unwrap();
        signal(child.id(), "TERM");
        let status = child.wait().unwrap();
        self.channel = None;
        (begun.elapsed(), status.success())
    }

    fn channel(&self) -> Channel {
        self.channel.clone().unwrap()
    }

    pub fn vms(&self) -> VmServiceClient<Channel> {
        VmServiceClient::new(self.channel())
    }

    pub fn consoles(&self) -> ConsoleServiceClient<Channel> {
        ConsoleServiceClient::new(self.channel())
    }

    pub fn hosts(&self) -> HostServiceClient<Channel> {
        HostServiceClient::new(self.channel())
    }

    pub fn metrics(&self) -> MetricsServiceClient<Channel> {
        MetricsServiceClient::new(self.channel())
    }

    pub async fn events(&self, after_sequence: u64) -> Follower {
        let request = v1::WatchEventsRequest { after_sequence };
        let stream = EventServiceClient::new(self.channel()).watch_events(request).await.unwrap().into_inner();
        Follower { stream }
    }

    pub fn operation(&mut self) -> String {
        self.operations += 1;
        format!("op-{}", self.operations)
    }

    pub async fn put(&mut self, spec: serde_json::Value) -> Result<Vm, Refusal> {
        let request =
            v1::PutVmRequest { operation_id: self.operation(), spec_json: spec.to_string(), ..Default::default() };
        outcome(self.vms().put_vm(request).await)
    }

    pub async fn get(&self, id: &str) -> Result<Vm, Refusal> {
        outcome(self.vms().get_vm(v1::GetVmRequest { vm_id: id.to_owned() }).await)
    }

    pub async fn list(&self) -> v1::ListVmsResponse {
        self.vms().list_vms(v1::ListVmsRequest {}).await.unwrap().into_inner()
    }

    pub fn verb(&mut self, id: &str) -> v1::VerbRequest {
        v1::VerbRequest { operation_id: self.operation(), vm_id: id.to_owned(), dry_run: false }
    }

    pub async fn start_vm(&mut self, id: &str) -> Result<Vm, Refusal> {
        let request = self.verb(id);
        outcome(self.vms().start_vm(request).await)
    }

    pub async fn force_off(&mut self, id: &str) -> Result<Vm, Refusal> {
        let request = self.verb(id);
        outcome(self.vms().force_off_vm(request).await)
    }

    pub async fn pause(&mut self, id: &str) -> Result<Vm, Refusal> {
        let request = self.verb(id);
        outcome(self.vms().pause_vm(request).await)
    }

    pub async fn resume(&mut self, id: &str) -> Result<Vm, Refusal> {
        let request = self.verb(id);
        outcome(self.vms().resume_vm(request).await)
    }

    pub async fn reset(&mut self, id: &str) -> Result<Vm, Refusal> {
        let request = self.verb(id);
        outcome(self.vms().reset_vm(request).await)
    }

    pub async fn stop(&mut self, id: &str, timeout_ms: u32, escalation: v1::StopEscalation) -> Result<Vm, Refusal> {
        let request = v1::StopVmRequest {
            operation_id: self.operation(),
            vm_id: id.to_owned(),
            timeout_ms,
            escalation: escalation.into(),
            dry_run: false,
        };
        outcome(self.vms().stop_vm(request).await)
    }

    pub async fn delete(&mut self, id: &str, delete_disks: bool) -> Result<Vm, Refusal> {
        let request =
            v1::DeleteVmRequest { operation_id: self.operation(), vm_id: id.to_owned(), delete_disks, dry_run: false };
        outcome(self.vms().delete_vm(request).await)
    }

    /// Gives the operation's id, whose end the events tell.
    pub async fn set_vcpus(&mut self, id: &str, count: u32) -> Result<String, Refusal> {
        let operation_id = self.operation();
        let request =
            v1::SetVcpusRequest { operation_id: operation_id.clone(), vm_id: id.to_owned(), count, dry_run: false };
        outcome(CpuServiceClient::new(self.channel()).set_vcpus(request).await).map(|_| operation_id)
    }

    /// The VM's figures of a tick from now.
    pub async fn figures(&self, id: &str) -> v1::VmMetrics {
        let mut ticks = self.metrics().watch_metrics(v1::WatchMetricsRequest {}).await.unwrap().into_inner();
        // The first is of the last tick.
        ticks.message().await.unwrap();
        let tick = ticks.message().await.unwrap().unwrap();
        tick.vms.into_iter().find(|vm| vm.vm_id == id).expect("the VM runs")
    }

    /// Waits for a state, without a pause where the event stream could tell; tests of events use `events`.
    pub async fn wait_for(&self, id: &str, state: VmState) -> Vm {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let vm = self.get(id).await.unwrap();
            if vm.state() == state {
                return vm;
            }
            assert!(Instant::now() < deadline, "VM {id} is {:?}, not {state:?}:\n{}", vm.state(), self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    pub async fn running(&mut self, spec: serde_json::Value) -> Vm {
        let vm = self.put(spec).await.unwrap();
        let mut events = self.events(self.list().await.journal_sequence).await;
        self.start_vm(&vm.id).await.unwrap();
        // The state comes before the operation's end: whoever watches events next must not meet that end.
        events.until_end_of(&format!("op-{}", self.operations)).await;
        self.wait_for(&vm.id, VmState::Running).await
    }

    /// Nobody else removes those of a daemon that was killed; a QEMU that was killed is still on its way out of them.
    fn remove_groups(&self) {
        let cgroups = quetzal_host::cgroup::detect().of(self.state_dir());
        let deadline = Instant::now() + GROUPS_PATIENCE;
        while !cgroups.sweep() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
    }

    fn qemu_pids(&self) -> Vec<u32> {
        let vms = self.state_dir().join("hypervisor/vms");
        let folders = std::fs::read_dir(vms).into_iter().flatten().flatten();
        let records = folders.filter_map(|entry| std::fs::read(entry.path().join("run.json")).ok());
        records
            .filter_map(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
            .filter_map(|record| record["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()))
            .collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for pid in self.qemu_pids() {
            // Only ours: a recycled pid does not name our folder on its command line.
            let command_line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&command_line).contains("guest=") {
                signal(pid, "KILL");
            }
        }
        self.remove_groups();
        if std::thread::panicking() {
            eprintln!("quetzald's log:\n{}", self.log());
        }
    }
}

pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).stderr(Stdio::null()).status();
    assert!(sent.is_ok(), "no kill command here");
}

/// A VM that needs no image: the firmware finds an empty disk and waits.
pub fn bare(id: &str) -> serde_json::Value {
    serde_json::json!({
        "id": id, "memory_mb": 64, "vcpus": 1, "network": { "mode": "none" },
        "disks": [{ "name": "vda", "path": "disk.img", "size_mb": 16 }],
    })
}

pub fn outcome(answer: Result<tonic::Response<v1::VmResponse>, tonic::Status>) -> Result<Vm, Refusal> {
    match answer.unwrap().into_inner().result.unwrap() {
        VmResult::Vm(vm) => Ok(vm),
        VmResult::Refusal(refusal) => Err(refusal),
    }
}

pub struct Follower {
    stream: Streaming<v1::WatchEventsResponse>,
}

impl Follower {
    pub async fn next(&mut self) -> Item {
        let next = tokio::time::timeout(PATIENCE, self.stream.message()).await;
        next.expect("an event in time").unwrap().unwrap().item.unwrap()
    }

    /// Replayed events up to the live mark.
    pub async fn replayed(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.next().await {
                Item::Event(event) => events.push(event),
                Item::LiveFrom(_) => return events,
                Item::TrimmedBefore(first) => panic!("history before {first} is gone"),
            }
        }
    }

    /// The next event of this kind.
    pub async fn until(&mut self, kind: EventKind) -> Event {
        loop {
            if let Item::Event(event) = self.next().await
                && event.kind() == kind
            {
                return event;
            }
        }
    }

    pub async fn until_end_of(&mut self, operation_id: &str) -> Event {
        loop {
            let event = self.until(EventKind::OperationFinished).await;
            if event.operation_id == operation_id {
                return event;
            }
        }
    }

    pub async fn until_state(&mut self, state: VmState) -> Event {
        loop {
            let event = self.until(EventKind::VmStateChanged).await;
            if event.vm.as_ref().is_some_and(|vm| vm.state() == state) {
                return event;
            }
        }
    }
}
