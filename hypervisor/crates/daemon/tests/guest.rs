//! A real Linux guest: its console, its memory figures, its power button, its own power-down and its panic.
//! Needs the guest image that the set-up builds: its folder is named by QUETZAL_TEST_IMAGES.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod support;

use std::path::PathBuf;
use std::time::Duration;

use quetzal_api::v1::{self, ConsoleInput, EventKind, StopEscalation, VmState, console_output};
use quetzal_api::v1::{WatchMetricsRequest, read_console_request};
use serde_json::json;
use support::Daemon;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// A boot takes 3 s; on a loaded machine ten times that was seen.
const BOOT_PATIENCE: Duration = Duration::from_secs(120);

/// Long enough for the guest to power down while no daemon is there.
const AWAY: Duration = Duration::from_secs(4);

/// The folder that holds `quetzal-guest/`; says what is missing when there is none.
fn images() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("QUETZAL_TEST_IMAGES").map(PathBuf::from) else {
        println!(
            "skipped: QUETZAL_TEST_IMAGES does not name a folder with quetzal-guest/vmlinuz; 'npm test' builds it"
        );
        return None;
    };
    assert!(folder.join("quetzal-guest/vmlinuz").exists(), "no quetzal-guest/vmlinuz in '{}'", folder.display());
    Some(folder)
}

/// A console in both directions.
struct Terminal {
    output: tonic::Streaming<v1::ConsoleOutput>,
    input: mpsc::Sender<ConsoleInput>,
    sequence: u64,
    seen: String,
}

impl Terminal {
    async fn open(daemon: &Daemon, vm_id: &str) -> Self {
        let from = Some(read_console_request::From::Offset(0));
        let read = v1::ReadConsoleRequest { vm_id: vm_id.into(), port: String::new(), from };
        let output = daemon.consoles().read_console(read).await.unwrap().into_inner();
        let (input, inputs) = mpsc::channel(8);
        let first = ConsoleInput { vm_id: vm_id.into(), writer: "test".into(), ..ConsoleInput::default() };
        input.send(first).await.unwrap();
        let results = daemon.consoles().write_console(ReceiverStream::new(inputs)).await.unwrap().into_inner();
        tokio::spawn(async move {
            let mut results = results;
            while let Ok(Some(_)) = results.message().await {}
        });
        Self { output, input, sequence: 0, seen: String::new() }
    }

    async fn wait_for(&mut self, text: &str) {
        let seen = async {
            while !self.seen.contains(text) {
                let item = self.output.message().await.unwrap().expect("the console is open").item.unwrap();
                if let console_output::Item::Chunk(chunk) = item {
                    self.seen.push_str(&String::from_utf8_lossy(&chunk.data));
                }
            }
        };
        let in_time = tokio::time::timeout(BOOT_PATIENCE, seen).await;
        assert!(in_time.is_ok(), "no {text:?} in:\n{}", self.seen);
    }

    async fn send(&mut self, line: &str) {
        self.sequence += 1;
        let data = format!("{line}\n").into_bytes();
        self.input.send(ConsoleInput { data, sequence: self.sequence, ..ConsoleInput::default() }).await.unwrap();
    }

    /// Runs a command whose answer cannot be mistaken for its echo.
    async fn boot_and_run(&mut self, command: &str, expected: &str) {
        self.wait_for("# ").await;
        self.send(&format!("echo ready-$((40+2)); {command}")).await;
        self.wait_for("ready-42").await;
        self.wait_for(expected).await;
    }
}

async fn booted(daemon: &mut Daemon, id: &str) -> Option<Terminal> {
    let images = images()?;
    let folder = daemon.state_dir().join("images/quetzal-guest");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["vmlinuz", "initrd.img"] {
        std::fs::copy(images.join("quetzal-guest").join(name), folder.join(name)).unwrap();
    }
    let spec = json!({
        "id": id, "memory_mb": 192, "vcpus": 2, "features": ["ballooning", "tps"],
        "boot": {
            "kernel": "quetzal-guest/vmlinuz", "initrd": "quetzal-guest/initrd.img", "cmdline": "console=ttyS0 quiet",
        },
    });
    daemon.running(spec).await;
    let mut terminal = Terminal::open(daemon, id).await;
    terminal.boot_and_run("nproc", "\n2").await;
    Some(terminal)
}

#[tokio::test]
async fn a_guest_boots_talks_reports_its_memory_and_heeds_the_power_button() {
    let mut daemon = Daemon::start().await;
    let Some(_terminal) = booted(&mut daemon, "one").await else { return };
    let mut ticks = daemon.metrics().watch_metrics(WatchMetricsRequest {}).await.unwrap().into_inner();
    let memory = async {
        loop {
            let tick = ticks.message().await.unwrap().unwrap();
            if let Some(memory) = &tick.vms[0].guest_memory {
                assert_eq!(tick.vms[0].balloon_actual_bytes, Some(192 << 20));
                return memory.total_bytes.unwrap();
            }
        }
    };
    let total = tokio::time::timeout(BOOT_PATIENCE, memory).await.expect("the balloon reports");
    assert!(total > 64 << 20 && total <= 192 << 20, "{total}");

    daemon.stop("one", 60_000, StopEscalation::None).await.unwrap();
    let mut events = daemon.events(0).await;
    let stopped = tokio::time::timeout(BOOT_PATIENCE, events.until_state(VmState::Stopped)).await.unwrap();
    assert!(stopped.message.contains("powered down"), "{}", stopped.message);
    assert!(events.until(EventKind::OperationFinished).await.succeeded);
}

#[tokio::test]
async fn a_console_goes_on_after_the_daemons_death_and_a_power_down_meanwhile_is_no_crash() {
    let mut daemon = Daemon::start().await;
    let Some(terminal) = booted(&mut daemon, "one").await else { return };
    drop(terminal);
    daemon.kill();
    daemon.launch().await;
    let mut terminal = Terminal::open(&daemon, "one").await;
    terminal.wait_for("ready-42").await;
    terminal.send("echo again-$((6*7))").await;
    terminal.wait_for("again-42").await;
    terminal.send("sleep 1; poweroff -f").await;
    terminal.wait_for("poweroff").await;
    daemon.kill();
    // Nobody is there to be told of the power-down: the stretch of time is the test.
    tokio::time::sleep(AWAY).await;
    daemon.launch().await;
    let mut events = daemon.events(0).await;
    let stopped = tokio::time::timeout(BOOT_PATIENCE, events.until_state(VmState::Stopped)).await.unwrap();
    assert!(stopped.message.contains("powered down"), "{}", stopped.message);
}

#[tokio::test]
async fn a_guest_that_powers_down_by_itself_is_stopped_and_one_that_panics_is_told() {
    let mut daemon = Daemon::start().await;
    let Some(mut terminal) = booted(&mut daemon, "one").await else { return };
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    terminal.send("echo c > /proc/sysrq-trigger").await;
    tokio::time::timeout(BOOT_PATIENCE, events.until(EventKind::GuestPanicked)).await.expect("the panic is told");
    daemon.wait_for("one", VmState::Paused).await;
    // Past the old prompt, so that the next one is the new boot's.
    terminal.wait_for("Kernel panic").await;
    daemon.reset("one").await.unwrap();
    daemon.wait_for("one", VmState::Running).await;
    terminal.seen.clear();
    terminal.wait_for("# ").await;
    // No answer is awaited: what a guest prints as it goes may stay in its UART.
    terminal.send("poweroff -f").await;
    let stopped = tokio::time::timeout(BOOT_PATIENCE, events.until_state(VmState::Stopped)).await.unwrap();
    assert!(stopped.message.contains("powered down"), "{}", stopped.message);
}
