//! The verbs on real QEMUs.

use crate::support::{Daemon, bare, signal};
use quetzal_api::v1::{EventKind, RefusalCode, StopEscalation, VmState};

#[tokio::test]
async fn a_vm_goes_through_its_whole_life() {
    let mut daemon = Daemon::start().await;
    let mut events = daemon.events(0).await;
    let defined = daemon.put(bare("one")).await.unwrap();
    assert_eq!((defined.state(), defined.pid), (VmState::Defined, None));

    assert_eq!(daemon.start_vm("one").await.unwrap().state(), VmState::Starting);
    let running = events.until_state(VmState::Running).await.vm.unwrap();
    assert_eq!(running.accelerator.as_deref(), Some("tcg"));
    assert_eq!(running.network_in_use.as_deref(), Some("none"));
    assert!(running.pid.is_some() && running.qemu_version.is_some() && running.started_at.is_some());
    assert!(events.until(EventKind::OperationFinished).await.succeeded);

    daemon.pause("one").await.unwrap();
    events.until_state(VmState::Paused).await;
    assert!(events.until(EventKind::OperationFinished).await.succeeded);
    daemon.resume("one").await.unwrap();
    events.until_state(VmState::Running).await;
    assert!(events.until(EventKind::OperationFinished).await.succeeded);
    daemon.reset("one").await.unwrap();
    assert!(!events.until(EventKind::VmReset).await.operation_id.is_empty());
    assert!(events.until(EventKind::OperationFinished).await.succeeded);

    let sockets = |daemon: &Daemon| std::fs::read_dir(daemon.run_dir().join("vms/one")).unwrap().count();
    assert!(sockets(&daemon) > 0);
    daemon.force_off("one").await.unwrap();
    let stopped = events.until_state(VmState::Stopped).await.vm.unwrap();
    assert_eq!((stopped.pid, stopped.accelerator, stopped.network_in_use), (None, None, None));
    assert_eq!(sockets(&daemon), 0, "nobody listens on them any more");
    assert!(events.until(EventKind::OperationFinished).await.succeeded);

    let last = daemon.delete("one", true).await.unwrap();
    assert_eq!(last.state(), VmState::Stopped);
    events.until(EventKind::VmDeleted).await;
    assert!(daemon.list().await.vms.is_empty());
    assert!(!daemon.state_dir().join("pools/default/one").exists());
    assert!(!daemon.state_dir().join("hypervisor/vms/one").exists());
}

#[tokio::test]
async fn a_killed_qemu_is_a_crash_with_its_cause() {
    let mut daemon = Daemon::start().await;
    let vm = daemon.running(bare("one")).await;
    signal(vm.pid.unwrap(), "KILL");
    let crash = daemon.wait_for("one", VmState::Crashed).await.crash.unwrap();
    assert_eq!(crash.signal, Some(9));
    assert!(crash.cause.contains("signal 9"), "{}", crash.cause);
    daemon.start_vm("one").await.unwrap();
    assert_eq!(daemon.wait_for("one", VmState::Running).await.crash, None);
}

#[tokio::test]
async fn a_guest_that_ignores_the_power_button_runs_on_or_is_cut_off_as_asked() {
    let mut daemon = Daemon::start().await;
    daemon.running(bare("one")).await;
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    daemon.stop("one", 200, StopEscalation::None).await.unwrap();
    let finished = events.until(EventKind::OperationFinished).await;
    assert!(!finished.succeeded && finished.message.contains("did not power down"), "{}", finished.message);
    assert_eq!(daemon.get("one").await.unwrap().state(), VmState::Running);
    daemon.stop("one", 200, StopEscalation::ForceOff).await.unwrap();
    assert!(events.until(EventKind::OperationFinished).await.succeeded);
    assert_eq!(daemon.get("one").await.unwrap().state(), VmState::Stopped);
}

#[tokio::test]
async fn verbs_out_of_place_are_refused_and_change_nothing() {
    let mut daemon = Daemon::start().await;
    daemon.put(bare("one")).await.unwrap();
    assert_eq!(daemon.force_off("one").await.unwrap_err().code(), RefusalCode::InvalidState);
    let stop = daemon.stop("one", 0, StopEscalation::None).await.unwrap_err();
    assert_eq!(stop.code(), RefusalCode::InvalidState);
    assert_eq!(daemon.start_vm("two").await.unwrap_err().code(), RefusalCode::VmNotFound);
    daemon.start_vm("one").await.unwrap();
    let vm = daemon.wait_for("one", VmState::Running).await;
    assert_eq!(daemon.start_vm("one").await.unwrap_err().code(), RefusalCode::InvalidState);
    assert_eq!(daemon.delete("one", true).await.unwrap_err().code(), RefusalCode::InvalidState);
    assert_eq!(daemon.get("one").await.unwrap().generation, vm.generation);
}
