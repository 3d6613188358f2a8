//! That QEMU survives having vCPUs taken out where the guard lets them be taken out: added and removed again and again,
//! with a guest small enough for a KVM that interprets. A version that the guard does not trust dies at the next addition
//! (seen with 7.2), so it gets none.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod support;

use std::time::{Duration, Instant};

use quetzal_qmp::Qmp;
use quetzal_vm::argv::Accelerator;
use quetzal_vm::cpu::why_vcpus_stay;
use quetzal_vm::spec::{HostLimits, VmSpec};
use serde_json::{Value, json};
use support::Case;
use support::qemu::{DEADLINE, Qemu, ask, can_run};

const LOOK_EVERY: Duration = Duration::from_millis(5);
const ROUNDS: u32 = 4;
const ROUNDS_UNTRUSTED: u32 = 1;
const ADDED: u64 = 3;

/// Lets go of every vCPU that it is asked for, through the board's registers for that (QEMU's docs/specs/
/// acpi_cpu_hotplug: selector at 0xaf00, flags and control at 0xaf04; flag 4 = asked for, control 8 = let go).
const LETS_GO: [u8; 41] = [
    0xfb, // sti
    0x66, 0x31, 0xc0, 0xba, 0x00, 0xaf, 0x66, 0xef, 0x66, 0xef, // the registers' newer form, vCPU 0
    0x66, 0x31, 0xc9, // again: vCPU 0
    0x66, 0x89, 0xc8, 0xba, 0x00, 0xaf, 0x66, 0xef, // next: select it
    0xb2, 0x04, 0xec, 0xa8, 0x04, 0x74, 0x03, // not asked for: skip
    0xb0, 0x08, 0xee, // let go
    0x41, 0x83, 0xf9, 0x04, 0x72, 0xe8, // skip: the next of four
    0xf4, 0xeb, 0xe2, // wait for the clock, and again
];

fn sector() -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[..LETS_GO.len()].copy_from_slice(&LETS_GO);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// Places by their core, and what is in them.
async fn places(qmp: &Qmp) -> Vec<(u64, Value, Option<String>)> {
    let answer = ask(qmp, "query-hotpluggable-cpus").await;
    let mut places: Vec<_> = answer
        .as_array()
        .unwrap()
        .iter()
        .map(|place| {
            let taken_by = place["qom-path"].as_str().map(str::to_owned);
            (place["props"]["core-id"].as_u64().unwrap(), place["props"].clone(), taken_by)
        })
        .collect();
    places.sort_by_key(|place| place.0);
    places
}

async fn until_taken(qmp: &Qmp, count: usize) {
    let begun = Instant::now();
    while places(qmp).await.iter().filter(|place| place.2.is_some()).count() != count {
        assert!(begun.elapsed() < DEADLINE, "not {count} vCPUs: {:?}", places(qmp).await);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[tokio::test]
async fn qemu_survives_taking_vcpus_out_where_it_is_trusted_to() {
    let spec = json!({
        "id": "lets-go", "memory_mb": 32, "vcpus": 1, "machine": "pc", "features": ["hotplug"],
        "network": { "mode": "none" }, "cpu_policy": { "max_vcpus": 4 },
        "disks": [{ "name": "hda", "path": "sector.img", "size_mb": 1, "bus": "ide" }],
    });
    let spec = VmSpec::parse(&spec.to_string(), &HostLimits::UNKNOWN).unwrap();
    let case = Case { name: "lets-go", spec, accelerator: Accelerator::EmulatedKvm };
    if !can_run(&case) {
        return;
    }
    let (qemu, qmp, _events) = Qemu::start(&case, &sector()).await;
    qmp.execute("cont", Value::Null).await.unwrap();
    let version = ask(&qmp, "query-version").await;
    let version = format!("{}.{}.0", version["qemu"]["major"], version["qemu"]["minor"]);
    let rounds = if why_vcpus_stay("kvm", &version).is_none() { ROUNDS } else { ROUNDS_UNTRUSTED };
    for round in 0..rounds {
        for (core, props, _) in places(&qmp).await.into_iter().filter(|place| (1..=ADDED).contains(&place.0)) {
            let mut device = props;
            device["driver"] = json!("host-x86_64-cpu");
            device["id"] = json!(format!("vcpu{core}"));
            qmp.execute("device_add", device).await.unwrap();
        }
        until_taken(&qmp, 4).await;
        for (core, _, taken_by) in places(&qmp).await.into_iter().rev().filter(|place| place.0 > 0) {
            let begun = Instant::now();
            // QEMU takes the wish only once the guest has chosen the newer registers, which is after its firmware.
            while let Err(error) = qmp.execute("device_del", json!({ "id": taken_by })).await {
                assert!(begun.elapsed() < DEADLINE, "vCPU {core}: {error}: {}", qemu.stderr());
                tokio::time::sleep(LOOK_EVERY).await;
            }
            until_taken(&qmp, usize::try_from(core).unwrap()).await;
        }
        assert_eq!(ask(&qmp, "query-status").await["status"], "running", "round {round}: {}", qemu.stderr());
    }
}
