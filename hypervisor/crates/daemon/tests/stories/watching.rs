//! What others see: metrics, consoles, events, and that a slow VM delays nobody.

use std::time::{Duration, Instant};

use crate::support::{Daemon, PATIENCE, bare, signal, slots};
use quetzal_api::v1::{self, ConsoleInput, console_input_result, console_output};
use quetzal_api::v1::{RefusalCode, VmState, WatchMetricsRequest};

#[tokio::test]
async fn metrics_flow_once_a_second_and_a_frozen_qemu_delays_nobody() {
    slots::take_all();
    let mut daemon = Daemon::start().await;
    let mut spec = bare("frozen");
    spec["features"] = serde_json::json!(["ballooning"]);
    let frozen = daemon.running(spec).await.pid.unwrap();
    let mut spec = bare("well");
    let sparse = serde_json::json!({ "name": "vdb", "path": "b.qcow2", "format": "qcow2", "size_mb": 64 });
    spec["disks"].as_array_mut().unwrap().push(sparse);
    daemon.running(spec).await;
    signal(frozen, "STOP");
    let mut ticks = daemon.metrics().watch_metrics(WatchMetricsRequest {}).await.unwrap().into_inner();
    let mut arrivals = Vec::new();
    let mut last = None;
    for _ in 0..4 {
        let tick = tokio::time::timeout(PATIENCE, ticks.message()).await.unwrap().unwrap().unwrap();
        arrivals.push(Instant::now());
        last = Some(tick);
    }
    signal(frozen, "CONT");
    let tick = last.unwrap();
    let host = tick.host.unwrap();
    assert!(!host.cpus.is_empty() && host.memory_total_bytes > 0);
    let vm = |id: &str| tick.vms.iter().find(|vm| vm.vm_id == id).unwrap();
    assert!(vm("well").qmp_age_ms.unwrap() < 500, "{:?}", vm("well").qmp_age_ms);
    assert_eq!(vm("well").disks[0].name, "vda");
    assert!(vm("well").disks[0].read_operations > 0, "the firmware has looked at the disk");
    let sizes: Vec<_> = vm("well").disks.iter().map(|disk| disk.capacity_bytes).collect();
    assert_eq!(sizes, [Some(16 << 20), Some(64 << 20)], "as the guest sees them, whatever the file's format");
    assert!(vm("well").disks.iter().all(|disk| disk.allocated_bytes.is_some_and(|bytes| bytes < 1 << 20)));
    assert_eq!(vm("well").vcpus.len(), 1);
    assert!(vm("well").rss_bytes.unwrap() > 0 && vm("well").pss_bytes.unwrap() > 0);
    assert_eq!(vm("frozen").qmp_age_ms, None);
    for pair in arrivals.windows(2) {
        let gap = pair[1] - pair[0];
        assert!(gap < Duration::from_millis(1500), "{gap:?}");
    }
}

#[tokio::test]
async fn a_console_has_one_writer_and_ends_with_its_vm() {
    let mut daemon = Daemon::start().await;
    daemon.running(bare("one")).await;
    let read = v1::ReadConsoleRequest { vm_id: "one".into(), port: String::new(), from: None };
    let mut output = daemon.consoles().read_console(read.clone()).await.unwrap().into_inner();
    assert!(matches!(output.message().await.unwrap().unwrap().item, Some(console_output::Item::Audience(_))));

    let input = |writer: &str, take_over| ConsoleInput {
        vm_id: "one".into(),
        writer: writer.into(),
        take_over,
        data: b"x".to_vec(),
        sequence: 1,
        ..ConsoleInput::default()
    };
    let endless =
        |first: ConsoleInput| tokio_stream::StreamExt::chain(tokio_stream::once(first), tokio_stream::pending());
    let mut first = daemon.consoles().write_console(endless(input("ann", false))).await.unwrap().into_inner();
    let accepted = first.message().await.unwrap().unwrap().item;
    assert_eq!(accepted, Some(console_input_result::Item::AcceptedSequence(1)));
    let mut second = daemon.consoles().write_console(endless(input("bob", false))).await.unwrap().into_inner();
    let Some(console_input_result::Item::Refusal(refusal)) = second.message().await.unwrap().unwrap().item else {
        panic!("bob must not write while ann does");
    };
    assert_eq!(refusal.code(), RefusalCode::ConsoleBusy);
    let mut third = daemon.consoles().write_console(endless(input("bob", true))).await.unwrap().into_inner();
    third.message().await.unwrap().unwrap();
    assert!(matches!(first.message().await.unwrap().unwrap().item, Some(console_input_result::Item::Refusal(_))));
    assert_eq!(first.message().await.unwrap(), None);

    daemon.force_off("one").await.unwrap();
    let end = async { while output.message().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, end).await.expect("the console ends with its VM");

    daemon.wait_for("one", VmState::Stopped).await;
    let unknown = v1::ReadConsoleRequest { port: "ttyS9".into(), ..read };
    let mut output = daemon.consoles().read_console(unknown).await.unwrap().into_inner();
    let item = output.message().await.unwrap().unwrap().item;
    assert!(matches!(item, Some(console_output::Item::Refusal(_))), "{item:?}");
}

#[tokio::test]
async fn an_event_reaches_its_follower_within_milliseconds() {
    slots::take_all();
    let mut daemon = Daemon::start().await;
    daemon.running(bare("one")).await;
    let mut events = daemon.events(daemon.list().await.journal_sequence).await;
    let mut taken = Vec::new();
    for round in 0..20 {
        let begun = Instant::now();
        let wanted = if round % 2 == 0 {
            daemon.pause("one").await.unwrap();
            VmState::Paused
        } else {
            daemon.resume("one").await.unwrap();
            VmState::Running
        };
        events.until_state(wanted).await;
        taken.push(begun.elapsed());
        events.until(v1::EventKind::OperationFinished).await;
    }
    taken.sort();
    println!("verb to event: median {:?}, slowest {:?}", taken[10], taken[19]);
    assert!(taken[10] < Duration::from_millis(50), "{taken:?}");
}
