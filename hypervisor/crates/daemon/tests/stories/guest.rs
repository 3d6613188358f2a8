//! A real Linux guest: its console, its memory figures, its power button, its own power-down and its panic.
//! Needs the guest image that the set-up builds: its folder is named by QUETZAL_TEST_IMAGES.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::time::Duration;

use crate::support::Daemon;
use crate::support::guest::{self, BOOT_PATIENCE, Terminal};
use quetzal_api::v1::{EventKind, StopEscalation, VmState, WatchMetricsRequest};
use serde_json::json;

/// Long enough for the guest to power down while no daemon is there.
const AWAY: Duration = Duration::from_secs(4);

async fn booted(daemon: &mut Daemon, id: &str) -> Option<Terminal> {
    guest::booted(daemon, id, json!({ "memory_mb": 192, "vcpus": 2, "features": ["ballooning", "tps"] })).await
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
