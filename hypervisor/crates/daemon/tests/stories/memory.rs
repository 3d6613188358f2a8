//! Balloon and plugged memory on real guests, there and back: the guest's own /proc/meminfo agrees with the API. Then
//! what is refused, what stops short, and what a restart of the daemon leaves.

use crate::support::guest::{Terminal, booted};
use crate::support::memory::{MIB, assert_agree};
use crate::support::{Daemon, bare, outcome};
use quetzal_api::v1::RefusalCode;
use serde_json::{Value, json};

fn spec(memory_mb: u64, features: &[&str], policy: Value) -> Value {
    json!({
        "memory_mb": memory_mb, "vcpus": 1, "features": features, "memory_policy": policy,
        "network": { "mode": "none" },
    })
}

#[tokio::test]
async fn a_balloon_takes_and_gives_back_what_the_guest_sees_go_and_come() {
    let mut daemon = Daemon::start().await;
    let Some(mut guest) = booted(&mut daemon, "one", spec(256, &["ballooning"], json!({}))).await else { return };
    let before = guest.meminfo().await;
    let end = {
        let id = daemon.balloon("one", 128 * MIB).await.unwrap();
        daemon.end_of(&id).await
    };
    assert!(end.succeeded, "{}", end.message);
    println!("256 to 128 MB: {}", end.message);
    assert_eq!(daemon.room("one").await.balloon_target_bytes, 128 * MIB);
    let figures = daemon.figures("one").await;
    assert_eq!(figures.balloon_actual_bytes, Some(128 * MIB));
    let taken = before.free - guest.meminfo().await.free;
    assert_agree("taken by the balloon", taken, 256 * MIB - figures.balloon_actual_bytes.unwrap());

    let end = {
        let id = daemon.balloon("one", 256 * MIB).await.unwrap();
        daemon.end_of(&id).await
    };
    assert!(end.succeeded, "{}", end.message);
    println!("128 to 256 MB: {}", end.message);
    assert_eq!(daemon.figures("one").await.balloon_actual_bytes, Some(256 * MIB));
    assert_agree("free again", guest.meminfo().await.free, before.free);
    let ram = daemon.figures("one").await.guest_ram.expect("the guest's memory is found");
    assert_eq!(ram.size_bytes, 256 * MIB);
    assert!(ram.resident_bytes > 32 * MIB && ram.resident_bytes <= ram.size_bytes, "{ram:?}");
    assert!(ram.overhead_bytes > MIB && ram.swapped_bytes + ram.resident_bytes <= ram.size_bytes, "{ram:?}");
}

#[tokio::test]
async fn a_balloon_that_stops_short_says_where_and_a_cancelled_one_gives_back() {
    let mut daemon = Daemon::start().await;
    let spec = spec(256, &["ballooning"], json!({ "floor_mb": 32 }));
    let Some(mut guest) = booted(&mut daemon, "one", spec).await else { return };
    let id = daemon.balloon("one", 32 * MIB).await.unwrap();
    let end = daemon.end_of(&id).await;
    assert!(!end.succeeded && end.message.contains("no free memory to give"), "{}", end.message);
    assert_eq!(daemon.room("one").await.balloon_target_bytes, 32 * MIB, "the guest goes on trying");
    // A newer target takes the place of an older, and a cancellation brings back the one before.
    let older = daemon.balloon("one", 33 * MIB).await.unwrap();
    let newer = daemon.balloon("one", 34 * MIB).await.unwrap();
    assert!(daemon.end_of(&older).await.cancelled);
    daemon.cancel(&newer).await.unwrap();
    assert!(daemon.end_of(&newer).await.cancelled);
    assert_eq!(daemon.room("one").await.balloon_target_bytes, 33 * MIB);
    assert_eq!(daemon.cancel(&newer).await.unwrap_err().code(), RefusalCode::NotCancellable);
    let id = daemon.balloon("one", 256 * MIB).await.unwrap();
    assert!(daemon.end_of(&id).await.succeeded);
    assert_eq!(guest.run("echo $((6*7))").await, "42");
}

/// Memory comes and goes while the guest's view and the API's stay one, the balloon counted in.
#[tokio::test]
async fn plugged_memory_comes_and_goes_and_balloon_targets_count_it_in() {
    let mut daemon = Daemon::start().await;
    for machine in ["q35", "pc"] {
        let mut spec = spec(256, &["ballooning", "hotplug"], json!({ "max_mb": 1024 }));
        spec["machine"] = json!(machine);
        let Some(mut guest) = booted(&mut daemon, machine, spec).await else { return };
        let before = guest.meminfo().await;
        let room = daemon.room(machine).await;
        assert_eq!((room.memory_target_bytes, room.memory_max_bytes), (256 * MIB, 1024 * MIB));
        let id = daemon.resize_memory(machine, 512 * MIB).await.unwrap();
        let end = daemon.end_of(&id).await;
        assert!(end.succeeded, "{machine}: {}", end.message);
        println!("{machine}: 256 to 512 MB: {}", end.message);
        let figures = daemon.figures(machine).await;
        assert_eq!((figures.plugged_bytes, figures.balloon_actual_bytes), (Some(256 * MIB), Some(512 * MIB)));
        let grown = guest.meminfo().await;
        assert_agree("plugged in", grown.total - before.total, figures.plugged_bytes.unwrap());
        let room = daemon.room(machine).await;
        assert_eq!((room.memory_target_bytes, room.balloon_target_bytes), (512 * MIB, 512 * MIB));
        assert_eq!(room.balloon_floor_bytes, 288 * MIB, "QEMU's balloon cannot hold what virtio-mem has plugged in");

        let id = daemon.balloon(machine, 400 * MIB).await.unwrap();
        assert!(daemon.end_of(&id).await.succeeded);
        assert_eq!(daemon.figures(machine).await.balloon_actual_bytes, Some(400 * MIB));
        assert_agree("taken of it all", grown.free - guest.meminfo().await.free, 112 * MIB);

        gone_again(&mut daemon, &mut guest, machine, before.total).await;
    }
}

/// A shrink that stops short says what is left, and the guest's view agrees with that.
async fn gone_again(daemon: &mut Daemon, guest: &mut Terminal, id: &str, total_before: u64) {
    let operation = daemon.resize_memory(id, 256 * MIB).await.expect("a shrink is accepted");
    let end = daemon.end_of(&operation).await;
    println!("{id}: 512 to 256 MB: {}", end.message);
    let figures = daemon.figures(id).await;
    let left = figures.plugged_bytes.expect("a VM with room tells what is plugged in");
    assert_eq!(end.succeeded, left == 0, "{}", end.message);
    assert!(end.succeeded || end.message.contains("cannot move"), "{}", end.message);
    assert_eq!(figures.balloon_actual_bytes, Some(256 * MIB + left), "the balloon is empty");
    assert_agree("what is left", guest.meminfo().await.total, total_before + left);
}

#[tokio::test]
async fn a_guest_without_the_driver_grows_by_modules_until_no_slot_is_left() {
    let mut daemon = Daemon::start().await;
    let spec = spec(256, &["ballooning", "hotplug"], json!({ "max_mb": 2048 }));
    let Some(mut guest) = booted(&mut daemon, "one", spec).await else { return };
    guest.run("rmmod virtio_mem; rmmod virtio_balloon").await;
    let refused = daemon.balloon("one", 200 * MIB).await.unwrap_err();
    assert_eq!(refused.code(), RefusalCode::Unsupported);
    assert!(refused.message.contains("virtio_balloon"), "{}", refused.message);
    let refused = daemon.resize_memory("one", 356 * MIB).await.unwrap_err();
    assert_eq!((refused.code(), refused.field.as_str()), (RefusalCode::OutOfRange, "target_bytes"));
    assert!(refused.message.contains("256 MB or 384 MB"), "{}", refused.message);

    let before = guest.meminfo().await.total;
    for modules in 1..=8 {
        let id = daemon.resize_memory("one", (256 + modules * 128) * MIB).await.unwrap();
        let end = daemon.end_of(&id).await;
        assert!(end.succeeded, "{}", end.message);
    }
    let figures = daemon.figures("one").await;
    assert_eq!(figures.plugged_bytes, Some(1024 * MIB));
    assert_agree("in modules", guest.meminfo().await.total - before, figures.plugged_bytes.unwrap());
    let refused = daemon.resize_memory("one", (256 + 9 * 128) * MIB).await.unwrap_err();
    assert_eq!(refused.code(), RefusalCode::OutOfRange);
    assert!(refused.message.contains("all 8 slots"), "{}", refused.message);
    // Modules stay where they are.
    let refused = daemon.resize_memory("one", 256 * MIB).await.unwrap_err();
    assert_eq!(refused.code(), RefusalCode::OutOfRange);
    assert!(refused.message.contains("give 1280 MB"), "{}", refused.message);
}

#[tokio::test]
async fn targets_outlive_the_daemon_and_hold_until_the_power_off() {
    let mut daemon = Daemon::start().await;
    let spec = spec(256, &["ballooning", "hotplug"], json!({ "max_mb": 512, "floor_mb": 64 }));
    let Some(mut guest) = booted(&mut daemon, "one", spec.clone()).await else { return };
    for target in [384, 300] {
        let id = if target == 384 {
            daemon.resize_memory("one", target * MIB).await.unwrap()
        } else {
            daemon.balloon("one", target * MIB).await.unwrap()
        };
        let end = daemon.end_of(&id).await;
        assert!(end.succeeded, "{}", end.message);
    }
    let room = daemon.room("one").await;
    let total = guest.meminfo().await.total;
    drop(guest);
    daemon.kill();
    daemon.launch().await;
    assert_eq!(daemon.room("one").await, room);
    let figures = daemon.figures("one").await;
    assert_eq!((figures.plugged_bytes, figures.balloon_actual_bytes), (Some(128 * MIB), Some(300 * MIB)));
    let mut guest = Terminal::open(&daemon, "one").await;
    assert_eq!(guest.meminfo().await.total, total);

    // The floor is a part of the definition that holds at once.
    let mut higher = spec;
    higher["id"] = json!("one");
    higher["memory_policy"]["floor_mb"] = json!(200);
    higher["boot"] =
        serde_json::from_str::<Value>(&daemon.get("one").await.unwrap().spec_json).unwrap()["boot"].clone();
    let put = daemon.put(higher).await.unwrap();
    assert_eq!((put.room.unwrap().balloon_floor_bytes, put.restart_required), (200 * MIB, false));
    assert_eq!(daemon.balloon("one", 199 * MIB).await.unwrap_err().code(), RefusalCode::OutOfRange);
    daemon.force_off("one").await.unwrap();
    let off = daemon.wait_for("one", quetzal_api::v1::VmState::Stopped).await;
    assert_eq!(off.room, None);
}

#[tokio::test]
async fn figures_out_of_range_and_vms_that_cannot_are_refused_with_the_mend() {
    let mut daemon = Daemon::start().await;
    let with = |id: &str, features: Value| {
        let mut spec = bare(id);
        spec["features"] = features;
        spec
    };
    daemon.put(with("full", json!(["ballooning", "hotplug"]))).await.unwrap();
    let off = daemon.balloon("full", 64 * MIB).await.unwrap_err();
    assert_eq!(off.code(), RefusalCode::InvalidState);
    assert!(off.message.contains("start it first"), "{}", off.message);
    assert_eq!(daemon.resize_memory("full", 64 * MIB).await.unwrap_err().code(), RefusalCode::InvalidState);
    assert_eq!(daemon.page_out("full", 0).await.unwrap_err().code(), RefusalCode::InvalidState);
    assert_eq!(daemon.balloon("none", 64 * MIB).await.unwrap_err().code(), RefusalCode::VmNotFound);

    daemon.running(with("plain", json!([]))).await;
    for refused in [daemon.balloon("plain", 48 * MIB).await, daemon.resize_memory("plain", 128 * MIB).await] {
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), refused.field.as_str()), (RefusalCode::Unsupported, "features"));
        assert!(refused.message.contains("to its features and restart it"), "{}", refused.message);
    }

    // Firmware alone: no driver at all.
    daemon.start_vm("full").await.unwrap();
    daemon.wait_for("full", quetzal_api::v1::VmState::Running).await;
    let refused = daemon.balloon("full", 48 * MIB).await.unwrap_err();
    assert_eq!(refused.code(), RefusalCode::Unsupported, "{}", refused.message);
    for (target, limits) in [(63 * MIB, "64 MB to 1088 MB"), (1089 * MIB, "64 MB to 1088 MB"), (u64::MAX, "to 1088 MB")]
    {
        let refused = daemon.resize_memory("full", target).await.unwrap_err();
        assert_eq!((refused.code(), refused.field.as_str()), (RefusalCode::OutOfRange, "target_bytes"));
        assert!(refused.message.contains(limits), "{}", refused.message);
    }
    assert_eq!(daemon.resize_memory("full", 164 * MIB).await.unwrap_err().code(), RefusalCode::OutOfRange);
    daemon.pause("full").await.unwrap();
    daemon.wait_for("full", quetzal_api::v1::VmState::Paused).await;
    let paused = daemon.resize_memory("full", 192 * MIB).await.unwrap_err();
    assert_eq!(paused.code(), RefusalCode::InvalidState);
    assert!(paused.message.contains("resume it first"), "{}", paused.message);
}

#[tokio::test]
async fn a_balloon_target_out_of_range_names_the_limits_and_a_dry_run_changes_nothing() {
    let mut daemon = Daemon::start().await;
    let Some(_guest) = booted(&mut daemon, "one", spec(192, &["ballooning"], json!({}))).await else { return };
    for target in [95 * MIB, 193 * MIB, 0, u64::MAX] {
        let refused = daemon.balloon("one", target).await.unwrap_err();
        assert_eq!((refused.code(), refused.field.as_str()), (RefusalCode::OutOfRange, "target_bytes"));
        assert!(refused.message.contains("give 96 MB to 192 MB"), "{}", refused.message);
    }
    let generation = daemon.get("one").await.unwrap().generation;
    let request = quetzal_api::v1::SetMemoryRequest {
        operation_id: daemon.operation(),
        vm_id: "one".into(),
        target_bytes: 100 * MIB,
        dry_run: true,
    };
    outcome(daemon.memory().set_balloon(request).await).unwrap();
    assert_eq!(daemon.get("one").await.unwrap().generation, generation);
}
