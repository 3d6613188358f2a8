//! QEMU's command line as a pure function of a definition and a plan. Touches no disk and no process.
//!
//! Nothing that a person can name reaches an option list unescaped: devices, disks, networks and objects travel as JSON;
//! where QEMU takes key=value only (`-name`, `-chardev`), commas are doubled. Paths are absolute.
//! PCI addresses are fixed per role, so that adding a device renames no other one in the guest.
mod devices;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use serde_json::{Value, json};

use crate::spec::{Feature, Machine, VmSpec};

/// What the definition leaves open and the launch has found out. Text is UTF-8, for QEMU's JSON is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchPlan {
    pub accelerator: Accelerator,
    /// QEMU's major version.
    pub qemu_major: u32,
    /// Absolute folder that disk paths are relative to.
    pub disks_dir: String,
    /// Absolute folder that kernels are relative to.
    pub images_dir: String,
    pub qmp: Channel,
    pub ttys0: Channel,
    pub hvc0: Channel,
    /// The guest agent's.
    pub agent: Channel,
    pub network: NetworkPlan,
}

/// The accelerator that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    Kvm,
    /// KVM whose speed shows that the kernel interprets: it takes not every register that it offers.
    EmulatedKvm,
    Tcg,
}

/// Where QEMU listens for our one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A listening unix socket that QEMU inherits under this number.
    Fd(i32),
    /// Absolute path of a unix socket that QEMU makes.
    Path(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkPlan {
    User,
    /// A tap device that QEMU inherits under this number.
    Tap {
        fd: i32,
    },
    None,
}

/// Empty PCI Express ports kept for devices that are added later.
pub const SPARE_PORTS: u8 = 4;
/// Slots kept for memory that is added later.
pub(crate) const MEMORY_SLOTS: u32 = 8;
/// TCG's cache of translated code in MiB. Unbounded it may reach 1 GiB; 32 is enough for a fixed number of vCPUs.
const CODE_CACHE_MB: u32 = 32;
/// Each vCPU that may come takes a region of the cache: with less than these QEMU aborts when one is added.
const CODE_CACHE_HOTPLUG_MB: u32 = 256;
const CODE_CACHE_HOTPLUG_QEMU7_MB: u32 = 128;
/// QEMU may neither raise its rights, start programs nor move its own limits, whatever a guest makes of it.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
/// QEMU stays, stopped, after a guest's power-down or panic, so that the reason is not missed while nobody listens.
const ACTIONS: &str = "reboot=reset,shutdown=pause,panic=pause";

/// QEMU's arguments, without the program's name.
pub fn qemu_argv(spec: &VmSpec, plan: &LaunchPlan) -> Vec<OsString> {
    let mut argv = Argv::default();
    argv.flag("-no-user-config").flag("-nodefaults").flag("-S");
    argv.text("-display", "none").text("-sandbox", SANDBOX).text("-action", ACTIONS);
    argv.text("-name", format!("guest={},debug-threads=on", escape(&spec.name)));
    board(&mut argv, spec, plan);
    argv.text("-chardev", chardev("qmp", &plan.qmp)).text("-mon", "chardev=qmp,mode=control");
    devices::add(&mut argv, spec, plan);
    if let Some(boot) = &spec.boot {
        argv.text("-kernel", format!("{}/{}", plan.images_dir, boot.kernel));
        if let Some(initrd) = &boot.initrd {
            argv.text("-initrd", format!("{}/{initrd}", plan.images_dir));
        }
        if let Some(cmdline) = &boot.cmdline {
            argv.text("-append", cmdline);
        }
    }
    argv.0
}

fn board(argv: &mut Argv, spec: &VmSpec, plan: &LaunchPlan) {
    let machine = match spec.machine {
        Machine::Q35 => "q35",
        Machine::Pc => "pc",
    };
    // Which VMs may share pages is decided while they run: QEMU's own wish would let them meet those of other domains.
    argv.text("-machine", format!("{machine},mem-merge=off,vmport=off"));
    match plan.accelerator {
        Accelerator::Kvm => argv.text("-accel", "kvm").text("-cpu", "host"),
        Accelerator::EmulatedKvm => argv.text("-accel", "kvm").text("-cpu", "host,arch-capabilities=off"),
        Accelerator::Tcg => {
            argv.text("-accel", format!("tcg,tb-size={}", code_cache_mb(spec, plan))).text("-cpu", "max")
        }
    };
    if spec.has(Feature::Hotplug) {
        let most_vcpus = spec.vcpus_max();
        // Addresses for all of it twice: as virtio-mem, and as modules where the guest cannot drive that.
        let most_mb = spec.memory_mb + 2 * (spec.memory_headroom_bytes() >> 20);
        argv.text("-m", format!("size={}M,slots={MEMORY_SLOTS},maxmem={most_mb}M", spec.memory_mb));
        argv.text("-smp", format!("cpus={},maxcpus={most_vcpus}", spec.vcpus));
    } else {
        argv.text("-m", format!("size={}M", spec.memory_mb));
        argv.text("-smp", format!("cpus={}", spec.vcpus));
    }
}

fn code_cache_mb(spec: &VmSpec, plan: &LaunchPlan) -> u32 {
    match (spec.has(Feature::Hotplug), plan.qemu_major) {
        (false, _) => CODE_CACHE_MB,
        (true, ..8) => CODE_CACHE_HOTPLUG_QEMU7_MB,
        (true, _) => CODE_CACHE_HOTPLUG_MB,
    }
}

/// A chardev that listens and never waits for a peer. It keeps no log: the console's owner does.
fn chardev(id: &str, channel: &Channel) -> String {
    let address = match channel {
        Channel::Fd(fd) => format!("fd={fd}"),
        Channel::Path(path) => format!("path={}", escape(path)),
    };
    format!("socket,id={id},{address},server=on,wait=off")
}

/// For QEMU's key=value lists: a doubled comma is a comma, and nothing else has a meaning inside a value.
fn escape(value: &str) -> String {
    value.replace(',', ",,")
}

#[derive(Default)]
struct Argv(Vec<OsString>);

impl Argv {
    fn flag(&mut self, option: &str) -> &mut Self {
        self.0.push(option.into());
        self
    }

    fn text(&mut self, option: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.push(option.into());
        self.0.push(value.into());
        self
    }

    fn json(&mut self, option: &str, value: &Value) -> &mut Self {
        self.text(option, value.to_string())
    }

    fn device(&mut self, value: Value) -> &mut Self {
        self.json("-device", &value)
    }

    /// A device at a fixed place on the board's root bus.
    fn pci_device(&mut self, root_bus: &str, slot: u8, mut value: Value) -> &mut Self {
        value["bus"] = json!(root_bus);
        value["addr"] = json!(format!("{slot:#x}"));
        self.device(value)
    }
}
