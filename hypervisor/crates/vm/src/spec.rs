//! A VM's definition: parsed and validated here, once. What a `VmSpec` holds has passed every rule that needs neither
//! the disk nor a running QEMU. Must not know how QEMU is told about it (that is `argv`).
mod parse;
mod policy;
mod rules;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use parse::SpecError;
pub use policy::{Control, CpuPolicy, MemoryPolicy, Pin};
pub use rules::{HostLimits, MEMORY_MIN_MB, VCPUS_MAX};

/// A virtual machine of QuetzalCore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "VmSpec")]
pub struct VmSpec {
    /// Where an editor finds this schema; the product ignores it.
    #[serde(rename = "$schema", default, skip_serializing)]
    pub schema: Option<String>,
    /// Identifies the VM on its host for ever; also the name of its folders.
    #[schemars(regex(pattern = rules::ID_PATTERN))]
    pub id: String,
    /// Shown to people. Absent: the id.
    #[serde(default)]
    #[schemars(with = "Option<String>", length(min = 1, max = 64))]
    pub name: String,
    /// Memory of the guest at boot, in MiB; at most the host's.
    #[schemars(range(min = 32))]
    pub memory_mb: u64,
    /// Virtual CPUs at boot; at most four times the host's CPUs.
    #[schemars(range(min = 1, max = 64))]
    pub vcpus: u32,
    /// The emulated mainboard.
    #[serde(default)]
    pub machine: Machine,
    /// What executes the guest's instructions.
    #[serde(default)]
    pub accelerator: Accelerator,
    /// A Linux kernel to boot directly. Absent: the firmware boots the first disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// Disks in the order in which the guest sees them.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub disks: Vec<Disk>,
    /// The guest's one network interface.
    #[serde(default)]
    pub network: Network,
    /// Abilities that this VM is to have.
    #[serde(default)]
    pub features: BTreeSet<Feature>,
    /// How far its memory may be taken and may grow.
    #[serde(default, skip_serializing_if = "policy::is_default")]
    pub memory_policy: MemoryPolicy,
    /// How its vCPUs share the host's CPUs.
    #[serde(default, skip_serializing_if = "policy::is_default")]
    pub cpu_policy: CpuPolicy,
    /// Free words for people and filters; QuetzalCore gives them no meaning.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 64))]
    pub labels: BTreeMap<String, String>,
    /// True: deletion and forced power-off are refused.
    #[serde(default)]
    pub protected: bool,
    /// True: started when the host boots.
    #[serde(default)]
    pub autostart: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Machine {
    /// PCI Express and AHCI: the usual choice.
    #[default]
    Q35,
    /// The older board with PCI and IDE.
    Pc,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Accelerator {
    /// KVM where the host's probe finds it fast, else TCG.
    #[default]
    Auto,
    /// KVM or nothing.
    Kvm,
    /// QEMU's own translator.
    Tcg,
}

/// A kernel that QEMU loads itself. Paths are relative to the folder of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Kernel image, e.g. "quetzal-guest/vmlinuz".
    #[schemars(regex(pattern = rules::PATH_PATTERN))]
    pub kernel: String,
    /// Initial RAM disk; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = rules::PATH_PATTERN))]
    pub initrd: Option<String>,
    /// Kernel command line; absent: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2047))]
    pub cmdline: Option<String>,
}

/// A disk. Without `size_gb`, `size_mb` and `image` its file must be there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Unique in its VM, e.g. "vda"; also the disk's serial number in the guest.
    #[schemars(regex(pattern = rules::DISK_NAME_PATTERN))]
    pub name: String,
    /// File, relative to the VM's folder in its pool; made on first start.
    #[schemars(regex(pattern = rules::PATH_PATTERN))]
    pub path: String,
    /// Size in GiB for its making.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65536))]
    pub size_gb: Option<u64>,
    /// Size in MiB for its making, instead of `size_gb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 67_108_864))]
    pub size_mb: Option<u64>,
    /// Format of the file.
    #[serde(default)]
    pub format: DiskFormat,
    /// Image that the disk is made from on first start, relative to the folder of images; absent: an empty disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = rules::PATH_PATTERN))]
    pub image: Option<String>,
    /// True: the guest cannot write to it.
    #[serde(default)]
    pub readonly: bool,
    /// How the guest reaches it.
    #[serde(default)]
    pub bus: DiskBus,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum DiskFormat {
    /// The disk's bytes as they are, sparse.
    #[default]
    Raw,
    /// QEMU's own format, needed for internal snapshots.
    Qcow2,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum DiskBus {
    /// Fast; the guest needs the virtio driver.
    #[default]
    Virtio,
    /// For guests that know nothing else.
    Ide,
}

/// The guest's network interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// What the interface is joined to.
    #[serde(default)]
    pub mode: NetworkMode,
    /// The host's bridge; needed in mode "bridge".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = rules::INTERFACE_PATTERN))]
    pub bridge: Option<String>,
    /// Hardware address; absent: derived from the VM's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = rules::MAC_PATTERN))]
    pub mac: Option<String>,
    /// The emulated card.
    #[serde(default)]
    pub model: NetworkModel,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum NetworkMode {
    /// A bridge of the host; where it or the right to join it is missing, user-mode networking and a warning.
    Bridge,
    /// QEMU's own network: outgoing connections only, no rights needed.
    #[default]
    User,
    /// No interface.
    None,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum NetworkModel {
    /// virtio-net.
    #[default]
    Virtio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Feature {
    /// Like pages of this and other VMs are shared (KSM).
    Tps,
    /// The VM's idle memory may be paged out, compressed.
    Compression,
    /// A balloon: memory taken from and given back to the running guest, and its memory statistics.
    Ballooning,
    /// Room for more CPUs, memory and devices is planned at launch.
    Hotplug,
    /// KVM where the host's probe finds it fast (so it is anyway, unless `accelerator` names another).
    Kvm,
    /// Devices are virtio (they are anyway).
    Virtio,
}

/// What this daemon obeys and people read, not QEMU's command line: a change of it is in effect at once, on a running VM
/// too. Pointers into the normalised definition.
const OBEYED_LIVE: [&str; 13] = [
    "/name",
    "/labels",
    "/protected",
    "/autostart",
    "/memory_policy/floor_mb",
    "/memory_policy/ceiling_mb",
    "/memory_policy/shares",
    "/memory_policy/control",
    "/memory_policy/sharing_domain",
    "/cpu_policy/weight",
    "/cpu_policy/limit_percent",
    "/cpu_policy/pins",
    "/cpu_policy/emulator_cpus",
];
/// With `hotplug` a guest may grow to this many times what it boots with …
const HEADROOM_FACTOR: u64 = 2;
/// … and by at least this much, one CPU's and one memory module's worth for the smallest guests.
const HEADROOM_MIN_MB: u64 = 1024;
const HEADROOM_MIN_VCPUS: u32 = 4;
/// Memory comes and goes in these: the larger page of x86, which virtio-mem needs at least.
pub(crate) const PLUG_BLOCK_BYTES: u64 = 2 << 20;

/// Whether a VM started by the one definition runs as one started by the other would. Both normalised JSON.
pub(crate) fn runs_alike(running: &str, defined: &str) -> bool {
    let machine = |text: &str| {
        let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
        for pointer in OBEYED_LIVE {
            let (parent, field) = pointer.rsplit_once('/')?;
            if let Some(fields) = value.pointer_mut(parent).and_then(serde_json::Value::as_object_mut) {
                fields.remove(field);
            }
        }
        // Settings left at their defaults are not written at all.
        value.as_object_mut()?.retain(|_, part| part.as_object().is_none_or(|fields| !fields.is_empty()));
        Some(value)
    };
    running == defined || machine(running).is_some_and(|one| Some(one) == machine(defined))
}

/// The fields of the definition that differ, e.g. "labels, memory_mb", by the alphabet.
pub(crate) fn changed_fields(before: &VmSpec, after: &VmSpec) -> String {
    let fields = |spec: &VmSpec| match serde_json::to_value(spec) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (fields(before), fields(after));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&str> =
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(String::as_str).collect();
    changed.join(", ")
}

impl VmSpec {
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    pub fn memory_bytes(&self) -> u64 {
        self.memory_mb << 20
    }

    /// The most memory the guest can have without a restart, in MiB.
    pub fn memory_max_mb(&self) -> u64 {
        let planned =
            || self.memory_mb.saturating_mul(HEADROOM_FACTOR).max(self.memory_mb.saturating_add(HEADROOM_MIN_MB));
        if self.has(Feature::Hotplug) { self.memory_policy.max_mb.unwrap_or_else(planned) } else { self.memory_mb }
    }

    /// What the guest can grow by without a restart: whole blocks.
    pub fn memory_headroom_bytes(&self) -> u64 {
        let bytes = self.memory_max_mb().saturating_sub(self.memory_mb) << 20;
        bytes - bytes % PLUG_BLOCK_BYTES
    }

    /// Nobody takes memory from the guest below this, in MiB.
    pub fn memory_floor_mb(&self) -> u64 {
        self.memory_policy.floor_mb.unwrap_or((self.memory_mb / 2).max(MEMORY_MIN_MB))
    }

    /// The most vCPUs the guest can have without a restart.
    pub fn vcpus_max(&self) -> u32 {
        let planned = || self.vcpus.saturating_mul(2).clamp(HEADROOM_MIN_VCPUS, VCPUS_MAX);
        if self.has(Feature::Hotplug) { self.cpu_policy.max_vcpus.unwrap_or_else(planned) } else { self.vcpus }
    }

    /// The normalised definition: defaults filled in, `$schema` left out. Parsing it gives this spec again.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a spec is plain JSON")
    }

    /// The interface's hardware address: the wished one, else one derived from the id, so that it never changes.
    pub fn mac_address(&self) -> String {
        self.network.mac.clone().unwrap_or_else(|| {
            // FNV-1a: well spread over short ids; 52:54:00 is the prefix that QEMU guests customarily carry.
            let hash = self
                .id
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
            let [a, b, c, ..] = hash.to_be_bytes();
            format!("52:54:00:{a:02x}:{b:02x}:{c:02x}")
        })
    }
}

impl Disk {
    /// Size for its making; absent: the file or the image decides.
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_gb.map(|size| size << 30).or(self.size_mb.map(|size| size << 20))
    }
}
