//! What happens to running VMs when the daemon dies or ends.

use std::time::{Duration, Instant};

use crate::support::{Daemon, bare, signal, slots};
use quetzal_api::v1::{EventKind, VmState};

/// Linux does from 6.15 on.
fn tells_exit_of_strangers() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux tells its release");
    let mut parts = release.split(['.', '-']).map(|part| part.trim().parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(6), Some(15))
}

#[tokio::test]
async fn running_vms_are_adopted_after_the_daemons_death_and_a_dead_one_is_reported() {
    let mut daemon = Daemon::start().await;
    let mut pids = Vec::new();
    for id in ["one", "two", "dead", "paused"] {
        pids.push(daemon.running(bare(id)).await.pid);
    }
    daemon.pause("paused").await.unwrap();
    daemon.wait_for("paused", VmState::Paused).await;
    let sequence = daemon.list().await.journal_sequence;
    daemon.kill();
    signal(pids[2].unwrap(), "KILL");
    daemon.launch().await;

    let vms = daemon.list().await.vms;
    let states: Vec<_> = vms.iter().map(|vm| (vm.id.as_str(), vm.state())).collect();
    let expected =
        [("dead", VmState::Crashed), ("one", VmState::Running), ("paused", VmState::Paused), ("two", VmState::Running)];
    assert_eq!(states, expected);
    assert_eq!(vms[1].pid, pids[0]);
    assert!(vms[0].crash.as_ref().unwrap().cause.contains("while quetzald was away"));
    let has_socket = |id: &str| daemon.run_dir().join("vms").join(id).join("qmp.sock").exists();
    assert_eq!((has_socket("dead"), has_socket("one")), (false, true));
    let events = daemon.events(sequence).await.replayed().await;
    assert_eq!(events[0].kind(), EventKind::DaemonStarted);
    assert_eq!(events.iter().filter(|event| event.kind() == EventKind::VmAdopted).count(), 3);
    assert!(events.iter().any(|event| event.vm_id == "dead" && event.kind() == EventKind::VmStateChanged));

    // Control and news are back.
    daemon.resume("paused").await.unwrap();
    daemon.wait_for("paused", VmState::Running).await;
    daemon.force_off("one").await.unwrap();
    daemon.wait_for("one", VmState::Stopped).await;
    signal(pids[1].unwrap(), "KILL");
    let crash = daemon.wait_for("two", VmState::Crashed).await.crash.unwrap();
    let told = if tells_exit_of_strangers() { Some(9) } else { None };
    assert_eq!((crash.exit_code, crash.signal), (None, told), "{}", crash.cause);
}

#[tokio::test]
async fn a_graceful_end_is_quick_leaves_the_vms_and_an_open_stream_does_not_hold_it_up() {
    slots::take_all();
    let mut daemon = Daemon::start().await;
    let pid = daemon.running(bare("one")).await.pid;
    let mut events = daemon.events(0).await;
    events.replayed().await;
    let (took, ended_well) = daemon.terminate();
    assert!(ended_well && took < Duration::from_secs(2), "{took:?}");
    assert!(!daemon.run_dir().join("quetzald.sock").exists());
    daemon.launch().await;
    assert_eq!(daemon.get("one").await.unwrap().pid, pid);
}

#[tokio::test]
async fn a_second_daemon_on_the_same_state_is_refused_by_name() {
    let daemon = Daemon::start().await;
    let output = daemon.command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("another quetzald") && said.contains(&daemon.pid().to_string()), "{said}");
    daemon.list().await;
}

#[tokio::test]
async fn ten_vms_are_adopted_together() {
    let mut daemon = Daemon::start().await;
    let mut before = Vec::new();
    for id in (0..10).map(|index| format!("vm-{index}")) {
        let vm = daemon.running(bare(&id)).await;
        assert!(vm.pid.is_some());
        before.push((id, vm.pid, VmState::Running));
    }
    let sequence = daemon.list().await.journal_sequence;
    daemon.kill();
    let begun = Instant::now();
    daemon.launch().await;
    let vms = daemon.list().await.vms;
    let took = begun.elapsed();
    // The same processes, not ten that were started anew.
    assert_eq!(vms.iter().map(|vm| (vm.id.clone(), vm.pid, vm.state())).collect::<Vec<_>>(), before);
    let adopted = daemon.events(sequence).await.replayed().await;
    assert_eq!(adopted.iter().filter(|event| event.kind() == EventKind::VmAdopted).count(), before.len());
    println!("ten adopted and listed {} ms after the daemon was started", took.as_millis());
}
