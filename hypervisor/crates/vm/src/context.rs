//! What every VM's task shares: folders, the host's abilities and limits, and the sink for events. Set once at start-up.
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

use quetzal_host::cgroup::Cgroups;

use crate::paths::Folders;
use crate::reserve::Reserve;
use crate::sink::EventSink;
use crate::spec::HostLimits;

/// Whether KVM may be used for a guest, and why (measured, not guessed from the device's presence).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvmVerdict {
    Real,
    /// There, but far slower than emulation: only when a definition asks for it by name.
    EmulatedOnly {
        reason: String,
    },
    /// Not there, or closed to QEMU's user.
    Missing {
        reason: String,
    },
}

pub type LazyKvmVerdict = LazyLock<KvmVerdict, Box<dyn FnOnce() -> KvmVerdict + Send>>;

pub struct VmContext {
    pub folders: Folders,
    pub qemu_binary: OsString,
    /// QEMU's unprivileged user; absent when quetzald itself is unprivileged.
    pub vm_user: Option<String>,
    /// Measured by whoever needs it first (milliseconds, in the worst case seconds); adoption does not.
    pub kvm: LazyKvmVerdict,
    pub limits: HostLimits,
    pub boot_id: String,
    /// Where the VMs' control groups are.
    pub cgroups: Cgroups,
    /// Asked of the binary at start-up, beside everything else.
    pub qemu_major: OnceLock<u32>,
    pub sink: Arc<dyn EventSink>,
    pub reserve: Reserve,
}

/// The oldest QEMU that is supported; its limits are safe for newer ones.
const OLDEST_QEMU_MAJOR: u32 = 7;

impl VmContext {
    /// May run the binary once (15 ms), so it blocks.
    pub fn qemu_major(&self) -> u32 {
        *self.qemu_major.get_or_init(|| {
            let version = quetzal_host::qemu::version(Path::new(&self.qemu_binary));
            version.map_or(OLDEST_QEMU_MAJOR, |version| version.major)
        })
    }
}
