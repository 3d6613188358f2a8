//! What the golden tests and those against the real QEMU share: definitions that between them use every device, board,
//! bus and format, and a QEMU that ends with its test.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod qemu;

use quetzal_vm::argv::{Accelerator, Channel, LaunchPlan, NetworkPlan};
use quetzal_vm::spec::{HostLimits, VmSpec};
use serde_json::{Value, json};

pub struct Case {
    pub name: &'static str,
    pub spec: VmSpec,
    pub accelerator: Accelerator,
}

pub fn cases() -> Vec<Case> {
    let test_vm: Value = serde_json::from_str(include_str!("../../../../../vms/test-vm/config.json")).unwrap();
    let least = json!({ "id": "least", "memory_mb": 32, "vcpus": 1, "network": { "mode": "none" } });
    let boot_sector = json!({
        "id": "boot-sector", "memory_mb": 32, "vcpus": 1, "machine": "pc",
        "disks": [{ "name": "hda", "path": "sector.img", "size_mb": 1, "bus": "ide" }],
    });
    let full = json!({
        "id": "full", "name": "guest=x \"quoted\" 'single' {json}", "memory_mb": 64, "vcpus": 2, "machine": "q35",
        "network": { "mode": "user", "mac": "52:54:00:aa:bb:cc" },
        "disks": (0..16).map(|n| json!({
            "name": format!("d{n}"), "path": format!("dir/disk \"{n}\"={{}}.img"), "size_mb": 1,
            "format": if n % 2 == 0 { "raw" } else { "qcow2" },
            "bus": if n % 3 == 0 { "ide" } else { "virtio" }, "readonly": n % 3 == 1,
        })).collect::<Vec<_>>(),
        "features": ["ballooning", "hotplug"],
    });
    let pc_hotplug = json!({
        "id": "pc-hotplug", "memory_mb": 64, "vcpus": 4, "machine": "pc", "features": ["hotplug", "tps", "ballooning"],
        "disks": [{ "name": "vda", "path": "a.img", "size_mb": 1 }, { "name": "hda", "path": "b.img", "size_mb": 1, "bus": "ide" }],
    });
    let case = |name, value: &Value, accelerator| Case {
        name,
        spec: VmSpec::parse(&value.to_string(), &HostLimits::UNKNOWN).unwrap(),
        accelerator,
    };
    vec![
        case("test-vm", &test_vm, Accelerator::Tcg),
        case("least", &least, Accelerator::Tcg),
        case("boot-sector-kvm", &boot_sector, Accelerator::Kvm),
        case("boot-sector-emulated-kvm", &boot_sector, Accelerator::EmulatedKvm),
        case("boot-sector", &boot_sector, Accelerator::Tcg),
        case("full", &full, Accelerator::Tcg),
        case("pc-hotplug", &pc_hotplug, Accelerator::Tcg),
    ]
}

pub fn plan(accelerator: Accelerator, disks: &str, images: &str, sockets: &str) -> LaunchPlan {
    let channel = |name: &str| Channel::Path(format!("{sockets}/{name}.sock"));
    LaunchPlan {
        accelerator,
        qemu_major: 7,
        disks_dir: disks.into(),
        images_dir: images.into(),
        qmp: channel("qmp"),
        ttys0: channel("ttyS0"),
        hvc0: channel("hvc0"),
        agent: channel("qga"),
        network: NetworkPlan::User,
    }
}
