//! Sharing, compression and the controller on real guests, with the host's own switches as they were afterwards.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::guest::{Terminal, booted};
use crate::support::host_memory::{Turn, figure, until, zram_devices};
use crate::support::{Daemon, bare};
use quetzal_api::v1::{CompressionMode, DecisionAction, EventKind, KsmMode, PressureState, RefusalCode};
use quetzal_host::ksm;
use serde_json::json;

const MIB: u64 = 1 << 20;
/// Scanning some hundred MiB within a part of a core that other tests share.
const MERGE_PATIENCE: Duration = Duration::from_secs(120);
/// A look of the loop, an answer of the guest, a step of the balloon: seconds; on a loaded machine ten times that.
const LOOP_PATIENCE: Duration = Duration::from_secs(90);
/// The loop looks every 2 s.
const SEVERAL_BEATS: Duration = Duration::from_secs(7);
/// As the controller's defaults.
const AT_EASE: [f64; 4] = [0.06, 0.04, 0.02, 0.01];
/// Any host is short by these, and none hard pressed.
const SHORT: [f64; 4] = [0.999, 0.998, 0.0002, 0.0001];

async fn sharer(daemon: &mut Daemon, id: &str, domain: &str) -> Option<(u32, Terminal)> {
    let spec = json!({
        "memory_mb": 128, "vcpus": 1, "features": ["tps"], "memory_policy": { "sharing_domain": domain },
    });
    let terminal = booted(daemon, id, spec).await?;
    Some((daemon.get(id).await.unwrap().pid.unwrap(), terminal))
}

#[tokio::test]
async fn like_guests_share_pages_and_those_of_another_domain_never_do() {
    let Some(turn) = Turn::take() else { return };
    let mut daemon = Daemon::start().await;
    let mut events = daemon.events(0).await;
    daemon.set_ksm(KsmMode::Tuned, 0.5).await.unwrap();
    assert!(events.until(EventKind::HostMemoryChanged).await.message.contains("tuned within 50.0 %"));
    let mut reds = Vec::new();
    for id in ["one", "two", "three"] {
        let Some(guest) = sharer(&mut daemon, id, "red").await else { return };
        reds.push(guest);
    }
    let (blue, _terminal) = sharer(&mut daemon, "four", "blue").await.unwrap();
    let merged = || reds.iter().map(|(pid, _)| figure(*pid, "ksm_stat", "ksm_merging_pages")).collect::<Vec<_>>();
    let profits = || reds.iter().map(|(pid, _)| figure(*pid, "ksm_stat", "ksm_process_profit")).collect::<Vec<_>>();
    // A MiB each at the least.
    until("merged", MERGE_PATIENCE, async || {
        if merged().iter().all(|pages| *pages > 256) { Ok(merged()) } else { Err(merged()) }
    })
    .await;
    println!("pages merged {:?}, profit in bytes {:?}", merged(), profits());
    assert!(profits().iter().all(|profit| *profit > 0), "{:?}", profits());
    assert_eq!(figure(blue, "ksm_stat", "ksm_merging_pages"), 0);
    let ksm = daemon.host_memory().await.ksm.unwrap();
    assert_eq!((ksm.active_domain.as_str(), ksm.mode()), ("red", KsmMode::Tuned));
    assert!(ksm.reason.contains("\"blue\"") && ksm.pages_per_scan + ksm.sleep_ms > 0, "{ksm:?}");
    assert!(ksm.cpu_used_ratio.is_some());

    // When the reds have gone it is blue's turn.
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    for id in ["one", "two", "three"] {
        daemon.force_off(id).await.unwrap();
    }
    assert!(events.until(EventKind::HostMemoryChanged).await.message.contains("\"blue\" is the only domain"));
    until("let in", LOOP_PATIENCE, async || {
        let said = fs::read_to_string(format!("/proc/{blue}/ksm_stat")).unwrap();
        if said.contains("ksm_mergeable: yes") { Ok(said) } else { Err(said) }
    })
    .await;
    assert!(daemon.terminate().1);
    turn.assert_as_before();
}

#[tokio::test]
async fn a_domain_whose_feature_is_taken_out_of_the_definition_is_kept_apart_until_its_qemu_ends() {
    if !Path::new("/sys/kernel/mm/ksm/run").exists() {
        return println!("skipped: this host has no KSM");
    }
    let mut daemon = Daemon::start().await;
    let spec = |id: &str, domain: &str, features: &[&str]| {
        let mut spec = bare(id);
        spec["features"] = json!(features);
        spec["memory_policy"] = json!({ "sharing_domain": domain });
        spec
    };
    let let_in = async |pid: u32| {
        until("let in", LOOP_PATIENCE, async || if ksm::may_merge(pid) { Ok(pid) } else { Err(pid) }).await
    };
    let red = daemon.running(spec("red", "red", &["tps"])).await.pid.unwrap();
    let_in(red).await;
    let blue = daemon.running(spec("blue", "blue", &["tps"])).await.pid.unwrap();

    assert!(daemon.put(spec("red", "red", &[])).await.unwrap().restart_required);
    let watched_until = Instant::now() + SEVERAL_BEATS;
    while Instant::now() < watched_until {
        assert!(!ksm::may_merge(blue), "blue is let in while red may merge: {}", ksm::may_merge(red));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(ksm::may_merge(red));
    // The policy of the same definition is obeyed at once: red joins the domain that waited.
    daemon.put(spec("red", "blue", &[])).await.unwrap();
    let_in(blue).await;
    assert!(daemon.terminate().1);
}

#[tokio::test]
async fn what_is_paged_out_is_compressed_and_the_device_goes_with_the_daemon() {
    let Some(turn) = Turn::take() else { return };
    let mut daemon = Daemon::start().await;
    let there = zram_devices().len();
    if !Path::new("/sys/class/zram-control").exists() {
        return println!("skipped: this host has no zram");
    }
    let memory = daemon.set_compression(CompressionMode::Zram, 512 * MIB, "").await.unwrap();
    assert!(!memory.compression.unwrap().algorithm.is_empty());
    let devices = zram_devices();
    assert_eq!(devices.len(), there + 1);
    let spec = json!({ "memory_mb": 192, "vcpus": 1, "features": ["compression"] });
    let Some(mut terminal) = booted(&mut daemon, "one", spec).await else { return };
    let pid = daemon.get("one").await.unwrap().pid.unwrap();
    let operation_id = daemon.page_out("one", 0).await.unwrap();
    let end = daemon.end_of(&operation_id).await;
    assert!(end.succeeded, "{}", end.message);
    let swapped = u64::try_from(figure(pid, "status", "VmSwap")).unwrap() * 1024;
    let stored: Vec<u64> = fs::read_to_string(format!("/sys/block/{}/mm_stat", devices.last().unwrap()))
        .unwrap()
        .split_ascii_whitespace()
        .take(3)
        .map(|field| field.parse().unwrap())
        .collect();
    println!("swapped {} MiB; original, compressed and used bytes {stored:?}", swapped / MIB);
    assert!(swapped > 64 * MIB && stored[0] > 0 && stored[1] < stored[0] / 2, "{swapped} {stored:?}");
    assert_eq!(terminal.run("echo alive").await, "alive");

    // What is cold in a controlled guest goes by itself, a little at a time.
    let policy = json!({ "control": "on", "floor_mb": 64 });
    let cold = json!({
        "memory_mb": 192, "vcpus": 1, "features": ["ballooning", "compression"], "memory_policy": policy,
    });
    let Some(_cold) = booted(&mut daemon, "cold", cold).await else { return };
    let step = until("paged out by and by", LOOP_PATIENCE, async || {
        let step = daemon.decisions("cold").await.pop();
        if step.as_ref().is_some_and(|step| step.effect_bytes.is_some()) { Ok(step) } else { Err(step) }
    })
    .await
    .unwrap();
    println!("{} MiB: {} (effect {:?})", step.to_bytes / MIB, step.reason, step.effect_bytes);
    assert!(step.action() == DecisionAction::PageOut && step.carried_out && step.state() == PressureState::High);

    // A crashed daemon's next start goes on with the same device.
    daemon.kill();
    daemon.launch().await;
    assert_eq!(zram_devices(), devices);
    assert_eq!(daemon.host_memory().await.compression.unwrap().mode(), CompressionMode::Zram);
    assert!(daemon.terminate().1);
    turn.assert_as_before();
    daemon.launch().await;
    assert_eq!(daemon.host_memory().await.compression.unwrap().mode(), CompressionMode::Zram);
    assert_eq!(zram_devices().len(), there + 1, "what is wished is wished still");
    daemon.set_compression(CompressionMode::Untouched, 0, "").await.unwrap();
    turn.assert_as_before();
}

#[tokio::test]
async fn a_controlled_guest_gives_while_the_host_is_short_and_gets_back_what_it_needs() {
    let mut daemon = Daemon::start().await;
    let spec = |control: &str| {
        json!({
            "memory_mb": 256, "vcpus": 1, "features": ["ballooning"],
            "memory_policy": { "control": control, "floor_mb": 216 },
        })
    };
    let Some(mut guest) = booted(&mut daemon, "on", spec("on")).await else { return };
    let Some(_advised) = booted(&mut daemon, "advised", spec("recommend")).await else { return };
    let memory = daemon.host_memory().await;
    assert_eq!(memory.state(), PressureState::High);
    assert!(memory.high_bytes > memory.soft_bytes && memory.low_bytes > 0);

    daemon.set_thresholds(SHORT).await.unwrap();
    let target = async |daemon: &Daemon, id: &str| daemon.get(id).await.unwrap().room.unwrap().balloon_target_bytes;
    until("at its floor", LOOP_PATIENCE, async || match target(&daemon, "on").await {
        bytes if bytes == 216 * MIB => Ok(bytes),
        bytes => Err(bytes),
    })
    .await;
    assert_eq!(daemon.host_memory().await.state(), PressureState::Soft);
    assert_eq!(target(&daemon, "advised").await, 256 * MIB);
    let advice = daemon.decisions("advised").await;
    assert!(!advice.is_empty() && advice.iter().all(|advice| !advice.carried_out), "{advice:?}");
    let measured = until("measured", LOOP_PATIENCE, async || {
        let taken = daemon.decisions("on").await;
        if taken.iter().all(|taken| taken.effect_bytes.is_some()) { Ok(taken) } else { Err(taken) }
    })
    .await;
    for taken in &measured {
        println!(
            "{} → {} MiB: {} (effect {:?})",
            taken.from_bytes / MIB,
            taken.to_bytes / MIB,
            taken.reason,
            taken.effect_bytes
        );
        assert!(taken.carried_out && taken.action() == DecisionAction::Balloon);
        assert!(taken.to_bytes >= 216 * MIB && taken.from_bytes - taken.to_bytes <= taken.from_bytes / 10);
    }

    // The host is at ease again and the guest runs short: it gets what it had, long before what is given back by and by.
    daemon.set_thresholds(AT_EASE).await.unwrap();
    let hog = guest.run("dd if=/dev/zero of=/hog bs=1M count=110 2>&1 | tail -n1").await;
    let given = until("given back", LOOP_PATIENCE, async || {
        let last = daemon.decisions("on").await.pop().unwrap();
        if last.to_bytes > last.from_bytes { Ok(last) } else { Err(last) }
    })
    .await;
    println!("{hog}; {} → {} MiB: {}", given.from_bytes / MIB, given.to_bytes / MIB, given.reason);
    assert!(given.reason.contains("available, under"), "{}", given.reason);
    assert_eq!(target(&daemon, "on").await, 256 * MIB);
    let events = daemon.events(0).await.replayed().await;
    let told: Vec<_> = events.iter().filter(|event| event.kind() == EventKind::MemoryDecision).collect();
    assert!(told.iter().any(|event| event.decision.as_ref().unwrap().effect_bytes.is_some()));
    assert!(told.iter().all(|event| event.decision.as_ref().unwrap().vm_id == event.vm_id));
}

#[tokio::test]
async fn a_crashed_daemons_switches_are_put_back_by_the_next_ones_end() {
    let Some(turn) = Turn::take() else { return };
    let mut daemon = Daemon::start().await;
    daemon.set_ksm(KsmMode::Tuned, 0.07).await.unwrap();
    daemon.set_ksm(KsmMode::Stopped, 0.0).await.unwrap();
    daemon.set_ksm(KsmMode::Tuned, 0.0).await.unwrap();
    let kept = daemon.state_dir().join("hypervisor/memory.json");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    // As a tuner would have left them.
    fs::write("/sys/kernel/mm/ksm/pages_to_scan", "4321").unwrap();
    daemon.kill();
    daemon.launch().await;
    let ksm = daemon.host_memory().await.ksm.unwrap();
    assert_eq!((ksm.mode(), ksm.cpu_budget_ratio), (KsmMode::Tuned, 0.07));
    daemon.kill();
    fs::remove_file(kept).unwrap();
    daemon.launch().await;
    assert_eq!(daemon.host_memory().await.ksm.unwrap().mode(), KsmMode::Untouched);
    turn.assert_as_before();
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_with_their_limits_and_change_nothing() {
    let Some(turn) = Turn::take() else { return };
    let daemon = Daemon::start().await;
    let before = daemon.host_memory().await;
    let refused = |answer: Result<_, quetzal_api::v1::Refusal>, code: RefusalCode, field: &str, words: &str| {
        let refusal = answer.map(|_: quetzal_api::v1::HostMemory| ()).unwrap_err();
        assert_eq!((refusal.code(), refusal.field.as_str()), (code, field), "{}", refusal.message);
        assert!(refusal.message.contains(words), "{}", refusal.message);
    };
    let range = RefusalCode::OutOfRange;
    refused(daemon.set_ksm(KsmMode::Tuned, 3.0).await, range, "ksm.cpu_budget_ratio", "give 0.1 to 100 %");
    refused(daemon.set_ksm(KsmMode::Tuned, -1.0).await, range, "ksm.cpu_budget_ratio", "out of range");
    let tiny = daemon.set_compression(CompressionMode::Zram, 1, "").await;
    refused(tiny, range, "compression.size_bytes", "give 16 to");
    let unknown = daemon.set_compression(CompressionMode::Zram, 64 * MIB, "shrink-ray").await;
    refused(unknown, range, "compression.algorithm", "\"shrink-ray\" is not known here; give one of:");
    refused(daemon.set_thresholds([0.06, 0.07, 0.02, 0.01]).await, range, "controller.high_ratio", "low < hard < soft");
    if fs::read_to_string("/proc/swaps").unwrap().lines().count() == 1 {
        let zswap = daemon.set_compression(CompressionMode::Zswap, 0, "").await;
        refused(zswap, RefusalCode::Unsupported, "", "choose zram");
    }
    // What is only tried is not done.
    let ksm = Some(quetzal_api::v1::KsmSettings { mode: KsmMode::Stopped.into(), ..Default::default() });
    let tried = quetzal_api::v1::SetHostMemoryRequest { ksm, dry_run: true, ..Default::default() };
    assert_eq!(daemon.set_host_memory(tried).await.unwrap().ksm.unwrap().mode(), KsmMode::Stopped);
    // And told as the host would be: in its state, by the thresholds that are tried.
    let [high_ratio, soft_ratio, hard_ratio, low_ratio] = SHORT;
    let controller = before.controller.map(|now| quetzal_api::v1::ControllerSettings {
        high_ratio,
        soft_ratio,
        hard_ratio,
        low_ratio,
        ..now
    });
    let tried = quetzal_api::v1::SetHostMemoryRequest { controller, dry_run: true, ..Default::default() };
    let told = daemon.set_host_memory(tried).await.unwrap();
    assert!(told.soft_bytes > before.soft_bytes && told.hard_bytes < before.hard_bytes, "{told:?}");
    assert_eq!(told.state(), PressureState::Soft, "no host has all of its memory available");
    assert_eq!(daemon.host_memory().await, before);
    turn.assert_as_before();
}
