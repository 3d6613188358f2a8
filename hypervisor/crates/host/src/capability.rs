//! What this host can do and, where it cannot, why and what would give it. Each answer comes from trying or looking,
//! none from a version number. Must not act on any of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::thread::CapabilitySet;

use crate::cgroup::{self, Version};
use crate::kvm::{self, KvmProbe};
use crate::qemu::{self, QemuFeatures};
use crate::user::UnprivilegedUser;

const INSTALL_QEMU: &str = "apt-get install qemu-system-x86 qemu-utils";
const NEEDS_ROOT: &str = "run quetzald as root (npm start as root)";
const KSM_SWITCH: &str = "sys/kernel/mm/ksm/run";
const ZSWAP_SWITCH: &str = "sys/module/zswap/parameters/enabled";

#[derive(Debug, Clone)]
pub struct ProbeContext {
    /// QEMU's user must be able to reach what is below it.
    pub state_dir: PathBuf,
    pub qemu_binary: PathBuf,
    /// None when quetzald is not root: QEMU then runs as the same user.
    pub vm_user: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    pub name: &'static str,
    pub available: bool,
    /// Why it is not available, or how it is.
    pub reason: String,
    /// Empty when available or when nothing can give it.
    pub mend: String,
}

impl Capability {
    fn yes(name: &'static str, reason: impl Into<String>) -> Self {
        Self { name, available: true, reason: reason.into(), mend: String::new() }
    }

    fn no(name: &'static str, reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, available: false, reason: reason.into(), mend: mend.into() }
    }
}

/// Takes some 150 ms, most of it QEMU answering; blocks.
pub fn probe_all(context: &ProbeContext) -> Vec<Capability> {
    probe_all_given(context, &kvm::probe())
}

/// For a caller that has probed KVM already.
pub fn probe_all_given(context: &ProbeContext, kvm: &KvmProbe) -> Vec<Capability> {
    let root = Path::new("/");
    let user = context.vm_user.as_deref().map(UnprivilegedUser::lookup);
    let found_user = user.as_ref().and_then(|found| found.as_ref().ok());
    let is_net_admin = is_net_admin();
    let cgroups = cgroup::detect();
    let cgroups_writable = cgroups.check_writable().map_err(|error| error.with_causes());
    let mut capabilities = vec![
        kvm_capability(kvm, found_user),
        tap(root, is_net_admin),
        bridge(root, is_net_admin),
        ksm(root),
        zram(root),
        zswap(root),
        psi(root),
        vhost_net(root),
        cgroup_capability("cgroup_cpu", cgroups.cpu(), &cgroups_writable),
        cgroup_capability("cgroup_memory", cgroups.memory(), &cgroups_writable),
        unprivileged_qemu(&user, &context.state_dir),
    ];
    capabilities.extend(qemu_capabilities(&context.qemu_binary));
    capabilities
}

/// Whether this process may configure the network.
fn is_net_admin() -> bool {
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

fn kvm_capability(probe: &KvmProbe, user: Option<&UnprivilegedUser>) -> Capability {
    const NAME: &str = "kvm";
    let Some(reason) = probe.reason_against(user) else {
        return Capability::yes(NAME, probe.to_string());
    };
    let mend = match (probe, user) {
        (KvmProbe::Missing { .. }, _) if is_kvm_closed_to_us() => {
            "let quetzald's user open it: usermod -aG kvm USER, and log in again".to_owned()
        }
        (KvmProbe::Missing { .. }, _) => {
            "turn on virtualisation in the firmware, or nested virtualisation below this machine, and load kvm_intel or \
             kvm_amd"
                .to_owned()
        }
        (KvmProbe::Real { .. }, Some(user)) => format!("usermod -aG kvm {}", user.name()),
        _ => "use a host with hardware virtualisation, or turn on nested virtualisation below this machine".to_owned(),
    };
    Capability::no(NAME, reason, mend)
}

fn is_kvm_closed_to_us() -> bool {
    let access = Access::READ_OK | Access::WRITE_OK;
    rustix::fs::access("/dev/kvm", access) == Err(rustix::io::Errno::ACCESS)
}

fn qemu_capabilities(binary: &Path) -> Vec<Capability> {
    let version = match qemu::version(binary) {
        Ok(version) => version,
        Err(error) => {
            let missing = |name| Capability::no(name, error.with_causes(), INSTALL_QEMU);
            return ["qemu", "user_network", "balloon", "virtio_mem", "guest_agent"].map(missing).into();
        }
    };
    let qemu = if version < qemu::OLDEST_SUPPORTED {
        let reason = format!("{version} is older than {}", qemu::OLDEST_SUPPORTED);
        Capability::no("qemu", reason, INSTALL_QEMU)
    } else {
        Capability::yes("qemu", version.to_string())
    };
    let features = qemu::features(binary);
    let feature = |name, what: &str, has: fn(&QemuFeatures) -> bool| match &features {
        Ok(features) if has(features) => Capability::yes(name, format!("QEMU {version} has {what}")),
        Ok(_) => Capability::no(name, format!("QEMU {version} was built without {what}"), INSTALL_QEMU),
        Err(error) => Capability::no(name, error.with_causes(), INSTALL_QEMU),
    };
    vec![
        qemu,
        feature("user_network", "user-mode networking", |features| features.user_network),
        feature("balloon", "virtio-balloon", |features| features.balloon),
        feature("virtio_mem", "virtio-mem", |features| features.virtio_mem),
        feature("guest_agent", "the virtio serial port of the guest agent", |features| features.virtio_serial),
    ]
}

fn tap(root: &Path, is_net_admin: bool) -> Capability {
    const NAME: &str = "tap";
    if !root.join("dev/net/tun").exists() {
        return Capability::no(NAME, "/dev/net/tun is missing", "modprobe tun");
    }
    if !is_net_admin {
        return Capability::no(NAME, "needs CAP_NET_ADMIN", NEEDS_ROOT);
    }
    Capability::yes(NAME, "/dev/net/tun")
}

fn bridge(root: &Path, is_net_admin: bool) -> Capability {
    const NAME: &str = "bridge";
    let tap = tap(root, is_net_admin);
    if !tap.available {
        return Capability { name: NAME, ..tap };
    }
    let mut bridges: Vec<String> = listing(&root.join("sys/class/net"))
        .filter(|name| root.join("sys/class/net").join(name).join("bridge").is_dir())
        .collect();
    bridges.sort();
    if bridges.is_empty() {
        let mend = "make the bridge that the VM's network names: ip link add NAME type bridge && ip link set NAME up";
        return Capability::no(NAME, "there is no bridge on this host", mend);
    }
    Capability::yes(NAME, format!("bridges here: {}", bridges.join(", ")))
}

fn ksm(root: &Path) -> Capability {
    const NAME: &str = "ksm";
    match value(root, KSM_SWITCH).as_deref() {
        None => Capability::no(NAME, "this kernel has no KSM", "use a kernel with CONFIG_KSM"),
        Some("1") => Capability::yes(NAME, "running"),
        Some(_) => switched_off(NAME, root, KSM_SWITCH, "1"),
    }
}

fn zram(root: &Path) -> Capability {
    let devices = listing(&root.join("sys/block")).filter(|name| name.starts_with("zram")).count();
    match devices {
        0 => Capability::no("zram", "there is no zram device", "modprobe zram"),
        1 => Capability::yes("zram", "1 device"),
        _ => Capability::yes("zram", format!("{devices} devices")),
    }
}

fn zswap(root: &Path) -> Capability {
    const NAME: &str = "zswap";
    match value(root, ZSWAP_SWITCH).as_deref() {
        None => Capability::no(NAME, "this kernel has no zswap", "use a kernel with CONFIG_ZSWAP"),
        Some("Y") => Capability::yes(NAME, "on"),
        Some(_) => switched_off(NAME, root, ZSWAP_SWITCH, "Y"),
    }
}

/// What is off counts as there for who can turn it on, and for nobody else.
fn switched_off(name: &'static str, root: &Path, switch: &str, on: &str) -> Capability {
    let command = format!("echo {on} > /{switch}");
    if rustix::fs::access(root.join(switch), Access::WRITE_OK).is_ok() {
        return Capability::yes(name, format!("there but off: {command} turns it on"));
    }
    Capability::no(name, "there but off, and only root can turn it on", format!("as root: {command}"))
}

fn psi(root: &Path) -> Capability {
    // The file can be there and fail to read (psi=0).
    match value(root, "proc/pressure/cpu") {
        Some(_) => Capability::yes("psi", "/proc/pressure"),
        None => Capability::no("psi", "/proc/pressure does not read", "boot the kernel with psi=1"),
    }
}

fn vhost_net(root: &Path) -> Capability {
    if root.join("dev/vhost-net").exists() {
        Capability::yes("vhost_net", "/dev/vhost-net")
    } else {
        Capability::no("vhost_net", "/dev/vhost-net is missing", "modprobe vhost_net")
    }
}

fn cgroup_capability(name: &'static str, version: Option<Version>, writable: &Result<(), String>) -> Capability {
    let version = match version {
        None => {
            return Capability::no(name, "this controller is not mounted", "mount the cgroup2 file system");
        }
        Some(Version::V1) => "cgroup v1",
        Some(Version::V2) => "cgroup v2",
    };
    match writable {
        Ok(()) => Capability::yes(name, version),
        Err(error) => Capability::no(name, format!("{version}: {error}"), cgroup_mend()),
    }
}

/// What would let this process make control groups.
pub fn cgroup_mend() -> &'static str {
    if rustix::process::geteuid().is_root() {
        "give quetzald a writable control group tree of its own (systemd: Delegate=yes; container: --privileged)"
    } else {
        NEEDS_ROOT
    }
}

fn unprivileged_qemu(user: &Option<Result<UnprivilegedUser, crate::HostError>>, state_dir: &Path) -> Capability {
    const NAME: &str = "unprivileged_qemu";
    match user {
        None if rustix::process::geteuid().is_root() => {
            Capability::no(NAME, "no user is set for QEMU", "start quetzald with --vm-user quetzal-qemu")
        }
        None => Capability::yes(NAME, "QEMU runs as quetzald's own unprivileged user"),
        // The error says how to create the user.
        Some(Err(error)) => Capability::no(NAME, error.with_causes(), "npm start as root sets it up"),
        Some(Ok(user)) => match closed_folder(state_dir, user) {
            None => Capability::yes(NAME, format!("QEMU runs as {}", user.name())),
            Some(folder) => Capability::no(
                NAME,
                format!(
                    "user {} cannot reach {}: {} is closed to it",
                    user.name(),
                    state_dir.display(),
                    folder.display()
                ),
                format!("chmod o+x {}, or set QUETZAL_STATE_DIR to a folder that is open", folder.display()),
            ),
        },
    }
}

/// The first folder on the way to `path` that the user may not pass through. What is not there yet closes nothing.
fn closed_folder<'p>(path: &'p Path, user: &UnprivilegedUser) -> Option<&'p Path> {
    let mut folders: Vec<&Path> = path.ancestors().collect();
    folders.reverse();
    folders
        .into_iter()
        .find(|folder| fs::metadata(folder).is_ok_and(|found| !user.may_pass(found.uid(), found.gid(), found.mode())))
}

fn listing(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn value(root: &Path, path: &str) -> Option<String> {
    fs::read_to_string(root.join(path)).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
#[path = "capability_tests.rs"]
mod tests;
