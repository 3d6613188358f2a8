//! Bad input and verbs out of place: one clear refusal that names the field, and nothing changes.

use crate::support::{Daemon, bare, outcome};
use quetzal_api::v1::{self, EventKind, RefusalCode, StopEscalation, VmState};
use serde_json::{Value, json};

fn with(field: &str, value: Value) -> Value {
    let mut spec = bare("one");
    spec[field] = value;
    spec
}

#[tokio::test]
async fn a_bad_definition_is_refused_with_its_field_and_leaves_nothing() {
    let mut daemon = Daemon::start().await;
    let disk = |path: &str| json!([{ "name": "vda", "path": path, "size_mb": 16 }]);
    let cases = [
        (with("memory_mb", json!(0)), "memory_mb"),
        (with("memory_mb", json!(1u64 << 40)), "memory_mb"),
        (with("id", json!("../up")), "id"),
        (with("name", json!("a,b")), "name"),
        (with("name", json!("n".repeat(300))), "name"),
        (with("disks", disk("../../etc/passwd")), "disks[0].path"),
        (with("disks", disk("/etc/passwd")), "disks[0].path"),
        (with("colour", json!("red")), "colour"),
    ];
    for (spec, field) in cases {
        let refusal = daemon.put(spec.clone()).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::InvalidSpec, field), "{}", refusal.message);
    }
    let list = daemon.list().await;
    assert!(list.vms.is_empty());
    assert_eq!(list.journal_sequence, 1, "only the daemon's own start is in the journal");
}

#[tokio::test]
async fn ids_and_names_belong_to_one_vm() {
    let mut daemon = Daemon::start().await;
    daemon.put(with("name", json!("shared"))).await.unwrap();
    let mut second = bare("two");
    second["name"] = json!("shared");
    let refusal = daemon.put(second).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::VmExists, "name"));
    let request = v1::PutVmRequest {
        operation_id: daemon.operation(),
        spec_json: bare("one").to_string(),
        create_only: true,
        ..v1::PutVmRequest::default()
    };
    let refusal = outcome(daemon.vms().put_vm(request).await).unwrap_err();
    assert_eq!(refusal.code(), RefusalCode::VmExists);
}

#[tokio::test]
async fn applying_the_same_definition_twice_changes_nothing() {
    let mut daemon = Daemon::start().await;
    let first = daemon.put(bare("one")).await.unwrap();
    let again = daemon.put(bare("one")).await.unwrap();
    assert_eq!(first, again);
}

#[tokio::test]
async fn a_changed_definition_of_a_running_vm_waits_for_its_next_start() {
    let mut daemon = Daemon::start().await;
    daemon.running(bare("one")).await;
    let changed = daemon.put(with("memory_mb", json!(96))).await.unwrap();
    assert!(changed.restart_required && changed.state() == VmState::Running);
    let back = daemon.put(bare("one")).await.unwrap();
    assert!(!back.restart_required);
    let guarded = daemon.put(with("protected", json!(true))).await.unwrap();
    assert!(!guarded.restart_required, "only the daemon reads whether a VM is protected, and it reads it now");
}

#[tokio::test]
async fn a_repeated_operation_is_not_carried_out_again() {
    let mut daemon = Daemon::start().await;
    daemon.put(bare("one")).await.unwrap();
    let start = daemon.verb("one");
    outcome(daemon.vms().start_vm(start.clone()).await).unwrap();
    daemon.wait_for("one", VmState::Running).await;
    assert_eq!(outcome(daemon.vms().start_vm(start.clone()).await).unwrap().state(), VmState::Running);
    let off = daemon.verb("one");
    outcome(daemon.vms().force_off_vm(off).await).unwrap();
    daemon.wait_for("one", VmState::Stopped).await;
    // Remembered over the daemon's death too.
    daemon.kill();
    daemon.launch().await;
    assert_eq!(outcome(daemon.vms().start_vm(start).await).unwrap().state(), VmState::Stopped);
    let delete =
        v1::DeleteVmRequest { operation_id: "gone".into(), vm_id: "one".into(), ..v1::DeleteVmRequest::default() };
    outcome(daemon.vms().delete_vm(delete.clone()).await).unwrap();
    outcome(daemon.vms().delete_vm(delete).await).unwrap();
    let nameless = v1::VerbRequest { vm_id: "one".into(), ..v1::VerbRequest::default() };
    assert_eq!(daemon.vms().start_vm(nameless).await.unwrap_err().code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn a_dry_run_checks_and_does_nothing() {
    let mut daemon = Daemon::start().await;
    daemon.put(bare("one")).await.unwrap();
    let before = daemon.list().await;
    let dry = v1::VerbRequest { dry_run: true, ..daemon.verb("one") };
    assert_eq!(outcome(daemon.vms().start_vm(dry.clone()).await).unwrap().state(), VmState::Defined);
    assert_eq!(outcome(daemon.vms().pause_vm(dry).await).unwrap_err().code(), RefusalCode::InvalidState);
    assert_eq!(daemon.list().await, before);
}

#[tokio::test]
async fn a_protected_vm_keeps_its_power_and_its_life() {
    let mut daemon = Daemon::start().await;
    daemon.running(with("protected", json!(true))).await;
    assert_eq!(daemon.force_off("one").await.unwrap_err().code(), RefusalCode::Protected);
    let stop = daemon.stop("one", 100, StopEscalation::ForceOff).await.unwrap_err();
    assert_eq!((stop.code(), stop.field.as_str()), (RefusalCode::Protected, "protected"));
    daemon.put(bare("one")).await.unwrap();
    daemon.force_off("one").await.unwrap();
    daemon.wait_for("one", VmState::Stopped).await;
}

#[tokio::test]
async fn a_start_that_cannot_work_is_refused_before_it_begins() {
    let mut daemon = Daemon::start_with(&["--qemu-binary", "/nonexistent/qemu"]).await;
    daemon.put(bare("one")).await.unwrap();
    let refusal = daemon.start_vm("one").await.unwrap_err();
    assert_eq!(refusal.code(), RefusalCode::Unsupported);
    assert!(refusal.message.contains("apt-get install"), "{}", refusal.message);

    let mut daemon = Daemon::start().await;
    let kernel = daemon.state_dir().join("images/none/vmlinuz");
    std::fs::create_dir_all(kernel.parent().unwrap()).unwrap();
    std::fs::write(&kernel, "").unwrap();
    daemon.put(with("boot", json!({ "kernel": "none/vmlinuz" }))).await.unwrap();
    std::fs::remove_file(&kernel).unwrap();
    let refusal = daemon.start_vm("one").await.unwrap_err();
    assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::Storage, "boot.kernel"));
    assert_eq!(daemon.get("one").await.unwrap().state(), VmState::Defined);
}

#[tokio::test]
async fn a_definition_that_names_a_missing_image_is_refused_and_taken_once_it_is_there() {
    let mut daemon = Daemon::start().await;
    let disk = |more: Value| {
        let mut disk = json!({ "name": "vda", "path": "disk.img" });
        disk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([disk])
    };
    for (spec, field) in [
        (with("boot", json!({ "kernel": "late/file" })), "boot.kernel"),
        (with("disks", disk(json!({ "image": "late/file" }))), "disks[0].image"),
        (with("disks", disk(json!({}))), "disks[0].path"),
    ] {
        for dry_run in [true, false] {
            let request = v1::PutVmRequest {
                operation_id: daemon.operation(),
                spec_json: spec.to_string(),
                dry_run,
                ..v1::PutVmRequest::default()
            };
            let refusal = outcome(daemon.vms().put_vm(request).await).unwrap_err();
            assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::Storage, field), "{}", refusal.message);
            assert!(
                refusal.message.starts_with(field) && refusal.message.contains("put it there"),
                "{}",
                refusal.message
            );
        }
    }
    assert!(daemon.list().await.vms.is_empty());
    for made in ["pools/default/one", "hypervisor/vms/one"] {
        assert!(!daemon.state_dir().join(made).exists(), "{made} is left of a refused definition");
    }
    let image = daemon.state_dir().join("images/late/file");
    std::fs::create_dir_all(image.parent().unwrap()).unwrap();
    std::fs::write(&image, "").unwrap();
    let spec = with("boot", json!({ "kernel": "late/file" }));
    daemon.put(spec.clone()).await.unwrap();
    std::fs::remove_file(&image).unwrap();
    daemon.put(spec.clone()).await.expect("what is defined already changes nothing");
    let mut larger = spec;
    larger["vcpus"] = json!(2);
    assert_eq!(daemon.put(larger).await.unwrap_err().field, "boot.kernel");
}

#[tokio::test]
async fn what_is_no_file_inside_the_pool_is_no_disk() {
    let mut daemon = Daemon::start().await;
    daemon.put(bare("one")).await.unwrap();
    let pool = daemon.state_dir().join("pools/default/one");
    std::fs::create_dir_all(pool.join("disk.img")).unwrap();
    let refusal = daemon.start_vm("one").await.unwrap_err();
    assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::Storage, "disks[0].path"));
    assert!(refusal.message.starts_with("disks[0].path: '"), "{}", refusal.message);
    assert!(refusal.message.contains("no regular file") && refusal.message.contains("move it away"));
    std::fs::remove_dir(pool.join("disk.img")).unwrap();
    let outside = daemon.state_dir().join("precious");
    std::fs::write(&outside, "").unwrap();
    std::os::unix::fs::symlink(&outside, pool.join("disk.img")).unwrap();
    let refusal = daemon.start_vm("one").await.unwrap_err();
    assert_eq!((refusal.code(), refusal.field.as_str()), (RefusalCode::Storage, "disks[0].path"));
    assert!(refusal.message.starts_with("disks[0].path: "), "{}", refusal.message);
    assert_eq!(std::fs::read(outside).unwrap(), b"");
}

#[tokio::test]
async fn a_changed_definition_is_told_by_its_fields() {
    let mut daemon = Daemon::start().await;
    daemon.put(bare("one")).await.unwrap();
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    let mut changed = with("labels", json!({ "tier": "web" }));
    changed["memory_mb"] = json!(96);
    daemon.put(changed).await.unwrap();
    assert_eq!(events.until(EventKind::VmDefined).await.message, "definition changed: labels, memory_mb");
}

#[tokio::test]
async fn a_qemu_that_dies_at_its_start_shows_its_last_words() {
    let mut daemon = Daemon::start_with(&["--qemu-binary", "/bin/false"]).await;
    daemon.put(bare("two")).await.unwrap();
    daemon.start_vm("two").await.unwrap();
    let crash = daemon.wait_for("two", VmState::Crashed).await.crash.unwrap();
    assert_eq!(crash.exit_code, Some(1), "{}", crash.cause);
}

#[tokio::test]
async fn a_missing_bridge_means_user_networking_and_a_warning() {
    let mut daemon = Daemon::start().await;
    let mut events = daemon.events(0).await;
    let vm = daemon.running(with("network", json!({ "mode": "bridge", "bridge": "qznone0" }))).await;
    let in_use = vm.network_in_use.unwrap();
    assert!(in_use.starts_with("user (bridge qznone0: "), "{in_use}");
    assert!(events.until(EventKind::Warning).await.message.contains("qznone0"));
}

#[tokio::test]
async fn vms_start_by_themselves_once_a_boot() {
    let mut daemon = Daemon::start().await;
    daemon.put(with("autostart", json!(true))).await.unwrap();
    daemon.terminate();
    daemon.launch().await;
    assert_eq!(daemon.get("one").await.unwrap().state(), VmState::Defined, "the same boot");
    daemon.terminate();
    std::fs::write(daemon.state_dir().join("hypervisor/boot_id"), "\"an earlier boot\"").unwrap();
    daemon.launch().await;
    daemon.wait_for("one", VmState::Running).await;
}

#[tokio::test]
async fn a_start_under_way_can_be_cancelled_and_leaves_nothing() {
    let mut daemon = Daemon::start().await;
    daemon.put(bare("one")).await.unwrap();
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    let start = daemon.verb("one");
    outcome(daemon.vms().start_vm(start.clone()).await).unwrap();
    let cancel = v1::CancelOperationRequest { operation_id: start.operation_id.clone() };
    let cancelled = outcome(daemon.vms().cancel_operation(cancel.clone()).await);
    let finished = events.until(EventKind::OperationFinished).await;
    // A start that had just succeeded can no longer be cancelled: both ends are legal, one of them it must be.
    assert_eq!(finished.cancelled, cancelled.is_ok());
    if finished.cancelled {
        assert_eq!(daemon.get("one").await.unwrap().state(), VmState::Defined);
        assert!(!daemon.state_dir().join("hypervisor/vms/one/run.json").exists());
    }
    let late = outcome(daemon.vms().cancel_operation(cancel).await).unwrap_err();
    assert_eq!(late.code(), RefusalCode::NotCancellable);
}

#[tokio::test]
async fn a_stop_under_way_can_be_cancelled() {
    let mut daemon = Daemon::start().await;
    daemon.running(bare("one")).await;
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    daemon.stop("one", 60_000, StopEscalation::None).await.unwrap();
    let operation_id = events.until_state(VmState::Stopping).await.operation_id;
    let cancel = v1::CancelOperationRequest { operation_id };
    assert_eq!(outcome(daemon.vms().cancel_operation(cancel).await).unwrap().state(), VmState::Running);
    assert!(events.until(EventKind::OperationFinished).await.cancelled);
}
