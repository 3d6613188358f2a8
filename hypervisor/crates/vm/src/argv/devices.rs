//! The guest's devices as JSON arguments: disks, network, consoles, agent, balloon, randomness, panic, spare ports.
use serde_json::{Value, json};

use super::{Argv, Channel, LaunchPlan, NetworkPlan, SPARE_PORTS, chardev};
use crate::spec::{Disk, DiskBus, DiskFormat, Feature, Machine, PLUG_BLOCK_BYTES, VmSpec};

/// Fixed slots on the root bus; 0 and 1 (and 31 on q35) belong to the boards themselves.
mod slot {
    pub const SPARE_PORTS: u8 = 0x02;
    pub const NIC: u8 = 0x03;
    pub const SERIAL: u8 = 0x04;
    pub const BALLOON: u8 = 0x05;
    pub const RNG: u8 = 0x06;
    pub const PANIC: u8 = 0x07;
    /// The first of as many as a definition may have disks.
    pub const DISKS: u8 = 0x08;
    /// After the last disk.
    pub const MEMORY: u8 = 0x18;
}

pub(super) fn add(argv: &mut Argv, spec: &VmSpec, plan: &LaunchPlan) {
    let bus = match spec.machine {
        Machine::Q35 => "pcie.0",
        Machine::Pc => "pci.0",
    };
    // The older board's one bus takes new devices itself.
    if spec.has(Feature::Hotplug) && spec.machine == Machine::Q35 {
        spare_ports(argv, bus);
    }
    disks(argv, spec, plan, bus);
    network(argv, spec, plan, bus);
    consoles(argv, plan, bus);
    if spec.has(Feature::Ballooning) {
        let balloon = json!({
            "driver": "virtio-balloon-pci", "id": "balloon0", "deflate-on-oom": true, "free-page-reporting": true,
        });
        argv.pci_device(bus, slot::BALLOON, balloon);
    }
    if spec.memory_headroom_bytes() > 0 {
        growing_memory(argv, spec, bus);
    }
    argv.json("-object", &json!({ "qom-type": "rng-builtin", "id": "rng0-source" }));
    argv.pci_device(bus, slot::RNG, json!({ "driver": "virtio-rng-pci", "id": "rng0", "rng": "rng0-source" }));
    argv.pci_device(bus, slot::PANIC, json!({ "driver": "pvpanic-pci", "id": "panic0" }));
}

/// Empty until it is asked for; what is not plugged in takes no memory of the host.
fn growing_memory(argv: &mut Argv, spec: &VmSpec, bus: &str) {
    let bytes = spec.memory_headroom_bytes();
    argv.json(
        "-object",
        &json!({ "qom-type": "memory-backend-ram", "id": "vmem0-ram", "size": bytes, "reserve": false }),
    );
    let device = json!({
        "driver": "virtio-mem-pci", "id": "vmem0", "memdev": "vmem0-ram", "requested-size": 0,
        "block-size": PLUG_BLOCK_BYTES,
    });
    argv.pci_device(bus, slot::MEMORY, device);
}

/// All in one slot, one function each: a port takes one device.
fn spare_ports(argv: &mut Argv, bus: &str) {
    for port in 0..SPARE_PORTS {
        argv.device(json!({
            "driver": "pcie-root-port", "id": format!("port{port}"), "bus": bus, "chassis": port + 1,
            "addr": format!("{:#x}.{port}", slot::SPARE_PORTS), "multifunction": port == 0,
        }));
    }
}

fn disks(argv: &mut Argv, spec: &VmSpec, plan: &LaunchPlan, bus: &str) {
    let (mut slot, mut ide_unit) = (slot::DISKS, 0);
    for (index, disk) in spec.disks.iter().enumerate() {
        argv.json("-blockdev", &block_node(disk, &plan.disks_dir));
        let mut device = json!({ "id": device_id(&disk.name), "drive": device_id(&disk.name), "serial": disk.name });
        if index == 0 && spec.boot.is_none() {
            device["bootindex"] = json!(1);
        }
        match disk.bus {
            DiskBus::Virtio => {
                device["driver"] = json!("virtio-blk-pci");
                argv.pci_device(bus, slot, device);
                slot += 1;
            }
            DiskBus::Ide => {
                let (channel, unit) = ide_place(spec.machine, ide_unit);
                device["driver"] = json!("ide-hd");
                device["bus"] = json!(format!("ide.{channel}"));
                device["unit"] = json!(unit);
                argv.device(device);
                ide_unit += 1;
            }
        }
    }
}

/// The device and its block node share a name, for they live in different name spaces.
fn device_id(disk_name: &str) -> String {
    format!("disk-{disk_name}")
}

fn block_node(disk: &Disk, disks_dir: &str) -> Value {
    let format = match disk.format {
        DiskFormat::Raw => "raw",
        DiskFormat::Qcow2 => "qcow2",
    };
    json!({
        "driver": format, "node-name": device_id(&disk.name), "read-only": disk.readonly, "discard": "unmap",
        "file": {
            "driver": "file", "node-name": format!("{}-file", device_id(&disk.name)),
            "filename": format!("{disks_dir}/{}", disk.path), "read-only": disk.readonly, "discard": "unmap",
        },
    })
}

/// pc: two channels with two disks each; q35: one disk a channel.
fn ide_place(machine: Machine, index: u32) -> (u32, u32) {
    match machine {
        Machine::Pc => (index / 2, index % 2),
        Machine::Q35 => (index, 0),
    }
}

fn network(argv: &mut Argv, spec: &VmSpec, plan: &LaunchPlan, bus: &str) {
    let backend = match plan.network {
        NetworkPlan::None => return,
        NetworkPlan::User => json!({ "type": "user", "id": "net0" }),
        NetworkPlan::Tap { fd } => json!({ "type": "tap", "id": "net0", "fd": fd.to_string() }),
    };
    argv.json("-netdev", &backend);
    // No boot ROM: nothing boots from the network, and the firmware need not look.
    let nic = json!({
        "driver": "virtio-net-pci", "id": "nic0", "netdev": "net0", "mac": spec.mac_address(), "romfile": "",
    });
    argv.pci_device(bus, slot::NIC, nic);
}

fn consoles(argv: &mut Argv, plan: &LaunchPlan, bus: &str) {
    let mut socket = |id: &str, channel: &Channel| {
        argv.text("-chardev", chardev(id, channel));
    };
    socket("ttyS0", &plan.ttys0);
    socket("hvc0", &plan.hvc0);
    socket("agent", &plan.agent);
    argv.device(json!({ "driver": "isa-serial", "id": "serial-ttyS0", "chardev": "ttyS0", "index": 0 }));
    argv.pci_device(bus, slot::SERIAL, json!({ "driver": "virtio-serial-pci", "id": "serial0" }));
    argv.device(
        json!({ "driver": "virtconsole", "id": "serial-hvc0", "bus": "serial0.0", "nr": 0, "chardev": "hvc0" }),
    );
    argv.device(json!({
        "driver": "virtserialport", "id": "serial-agent", "bus": "serial0.0", "nr": 1, "chardev": "agent",
        "name": "org.qemu.guest_agent.0",
    }));
}
