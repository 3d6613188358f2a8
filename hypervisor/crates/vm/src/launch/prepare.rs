//! The blocking part of a start: folders, disks, network, sockets and the spawn itself, undone in reverse when a later
//! step fails (sockets and files are named anew by the next start; a tap and a control group go with their guards).
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;

use quetzal_host::network::{NetworkRefusal, Tap};
use quetzal_host::pidfd::PidFd;
use quetzal_host::spawn::{FIRST_KEPT_FD, Launch};
use quetzal_host::user::UnprivilegedUser;
use quetzal_host::{files, process, volume};

use super::LaunchFailure;
use crate::argv::{self, Channel, LaunchPlan, NetworkPlan, qemu_argv};
use crate::context::{KvmVerdict, VmContext};
use crate::cpu;
use crate::paths::VmPaths;
use crate::socket;
use crate::spec::{Accelerator, Disk, DiskFormat, NetworkMode, VmSpec};

/// The serial ports of every VM; each has a socket and a log of its name.
pub(crate) const PORTS: [&str; 2] = ["ttyS0", "hvc0"];
/// A tap's descriptor comes after those of the sockets.
const TAP_INDEX: i32 = 4;
/// Only quetzald reads a VM's records and logs.
const PRIVATE_MODE: u32 = 0o700;
/// QEMU's user passes through to its disks.
const POOL_MODE: u32 = 0o711;

pub(crate) struct Prepared {
    pub pid: u32,
    pub start_time: u64,
    pub pidfd: PidFd,
    /// The tap's interface name; it lives as long as QEMU.
    pub tap: Option<String>,
    pub accelerator: String,
    pub network_in_use: String,
    pub group: cpu::Waiting,
    pub warnings: Vec<String>,
}

pub(crate) fn prepare(spec: &VmSpec, paths: &VmPaths, context: &VmContext) -> Result<Prepared, LaunchFailure> {
    let host = |error: &dyn std::error::Error| LaunchFailure::host(error);
    let user = match &context.vm_user {
        Some(name) => Some(UnprivilegedUser::lookup(name).map_err(|error| host(&error))?),
        None => None,
    };
    files::private_dir(&paths.kept, PRIVATE_MODE).map_err(|error| host(&error))?;
    files::private_dir(&paths.volatile, PRIVATE_MODE).map_err(|error| host(&error))?;
    make_disks(spec, paths, context, user.as_ref())?;
    let mut network = Network::choose(spec);
    let accelerator = accelerator(spec.accelerator, &context.kvm);
    let mut keep_fds = Vec::new();
    for name in socket::NAMES {
        let listener = socket::listen(&paths.socket(name)).map_err(|error| LaunchFailure::Host {
            message: format!("cannot listen on '{}': {error}", paths.socket(name).display()),
        })?;
        keep_fds.push(OwnedFd::from(listener));
    }
    let channel = |index: i32| Channel::Fd(FIRST_KEPT_FD + index);
    let network_plan = match network.tap.as_mut().and_then(Tap::take_fd) {
        Some(fd) => {
            keep_fds.push(fd);
            NetworkPlan::Tap { fd: FIRST_KEPT_FD + TAP_INDEX }
        }
        None if spec.network.mode == NetworkMode::None => NetworkPlan::None,
        None => NetworkPlan::User,
    };
    let plan = LaunchPlan {
        accelerator,
        qemu_major: context.qemu_major(),
        disks_dir: utf8(&paths.disks)?,
        images_dir: utf8(&context.folders.images())?,
        qmp: channel(0),
        ttys0: channel(1),
        hvc0: channel(2),
        agent: channel(3),
        network: network_plan,
    };
    let log = File::create(paths.qemu_log()).map_err(|error| LaunchFailure::Host {
        message: format!("cannot write '{}': {error}", paths.qemu_log().display()),
    })?;
    let group = cpu::Waiting::make(&context.cgroups, &spec.id, &spec.cpu_policy);
    let launch = Launch {
        program: context.qemu_binary.clone(),
        args: qemu_argv(spec, &plan),
        user,
        stdout_stderr: log,
        keep_fds,
    };
    let spawned = launch.spawn().map_err(|error| host(&error))?;
    let start_time = process::start_time(spawned.pid).map_err(|error| host(&error))?;
    Ok(Prepared {
        pid: spawned.pid,
        start_time,
        pidfd: spawned.pidfd,
        tap: network.tap.map(|tap| tap.ifname().to_owned()),
        accelerator: match accelerator {
            argv::Accelerator::Kvm | argv::Accelerator::EmulatedKvm => "kvm".to_owned(),
            argv::Accelerator::Tcg => "tcg".to_owned(),
        },
        network_in_use: network.in_use,
        warnings: network.warning.into_iter().collect(),
        group,
    })
}

/// "auto" is KVM only where it was measured to be real.
fn accelerator(wished: Accelerator, kvm: &KvmVerdict) -> argv::Accelerator {
    match (wished, kvm) {
        (Accelerator::Kvm, KvmVerdict::EmulatedOnly { .. }) => argv::Accelerator::EmulatedKvm,
        (Accelerator::Kvm, _) | (Accelerator::Auto, KvmVerdict::Real) => argv::Accelerator::Kvm,
        (Accelerator::Tcg | Accelerator::Auto, _) => argv::Accelerator::Tcg,
    }
}

/// QEMU's JSON is UTF-8.
fn utf8(path: &Path) -> Result<String, LaunchFailure> {
    path.to_str().map(str::to_owned).ok_or_else(|| LaunchFailure::Host {
        message: format!("'{}' is not UTF-8, and QEMU takes no other names; rename the folder", path.display()),
    })
}

/// What, where and why, what that means, and the mend.
fn fallback_warning(NetworkRefusal { bridge, why, mend }: &NetworkRefusal) -> String {
    format!(
        "the VM cannot join the bridge {bridge} ({why}) and runs on user-mode networking instead: {mend}, then stop and start it"
    )
}

struct Network {
    tap: Option<Tap>,
    in_use: String,
    warning: Option<String>,
}

impl Network {
    /// A bridge that cannot be joined is no reason not to run: user networking instead, and everybody is told.
    fn choose(spec: &VmSpec) -> Self {
        let plain = |in_use: &str| Self { tap: None, in_use: in_use.to_owned(), warning: None };
        match spec.network.mode {
            NetworkMode::None => plain("none"),
            NetworkMode::User => plain("user"),
            NetworkMode::Bridge => {
                let bridge = spec.network.bridge.as_deref().unwrap_or_default();
                match Tap::on_bridge(&spec.id, bridge) {
                    Ok(tap) => {
                        let in_use = format!("bridge {bridge} ({})", tap.ifname());
                        Self { tap: Some(tap), in_use, warning: None }
                    }
                    Err(refusal) => Self {
                        tap: None,
                        in_use: format!("user ({refusal})"),
                        warning: Some(fallback_warning(&refusal)),
                    },
                }
            }
        }
    }
}

fn make_disks(
    spec: &VmSpec,
    paths: &VmPaths,
    context: &VmContext,
    user: Option<&UnprivilegedUser>,
) -> Result<(), LaunchFailure> {
    if spec.disks.is_empty() {
        return Ok(());
    }
    let host = |error: &dyn std::error::Error| LaunchFailure::host(error);
    fs::create_dir_all(&paths.disks).map_err(|error| host(&error))?;
    for folder in [context.folders.pool(), paths.disks.clone()] {
        files::private_dir(&folder, POOL_MODE).map_err(|error| host(&error))?;
    }
    for disk in &spec.disks {
        let path = volume::check_inside(&paths.disks, Path::new(&disk.path)).map_err(|error| host(&error))?;
        if !path.exists() {
            make_disk(disk, &path, context)?;
        }
        if let Some(user) = user {
            files::give_to(&path, user).map_err(|error| host(&error))?;
        }
    }
    Ok(())
}

fn make_disk(disk: &Disk, path: &Path, context: &VmContext) -> Result<(), LaunchFailure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| LaunchFailure::host(&error))?;
    }
    let format = match disk.format {
        DiskFormat::Raw => volume::Format::Raw,
        DiskFormat::Qcow2 => volume::Format::Qcow2,
    };
    let made = match (&disk.image, disk.size_bytes()) {
        (Some(image), size) => volume::check_inside(&context.folders.images(), Path::new(image))
            .and_then(|image| volume::from_image(&image, path, size, format)),
        (None, Some(size)) => volume::create(path, size, format),
        (None, None) => {
            let message = format!("disk '{}' is missing and has no size_gb to make it with", path.display());
            return Err(LaunchFailure::Host { message });
        }
    };
    made.map_err(|error| LaunchFailure::host(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::HostLimits;

    #[test]
    fn a_guest_gets_the_faster_accelerator_unless_its_definition_names_one() {
        use argv::Accelerator::{EmulatedKvm, Kvm, Tcg};
        let slow = KvmVerdict::EmulatedOnly { reason: "emulated only".to_owned() };
        let none = KvmVerdict::Missing { reason: "there is no /dev/kvm".to_owned() };
        let chosen = |wished| [&KvmVerdict::Real, &slow, &none].map(|verdict| accelerator(wished, verdict));
        assert_eq!(chosen(Accelerator::Auto), [Kvm, Tcg, Tcg]);
        assert_eq!(chosen(Accelerator::Kvm), [Kvm, EmulatedKvm, Kvm]);
        assert_eq!(chosen(Accelerator::Tcg), [Tcg, Tcg, Tcg]);
    }

    #[test]
    fn the_warning_of_a_bridge_names_it_the_reason_what_follows_and_the_mend() {
        let spec = serde_json::json!({ "id": "one", "memory_mb": 64, "vcpus": 1, "network": { "mode": "bridge", "bridge": "qz-nowhere" } });
        let network = Network::choose(&VmSpec::parse(&spec.to_string(), &HostLimits::UNKNOWN).unwrap());
        assert_eq!(network.in_use, "user (bridge qz-nowhere: there is no such bridge)");
        assert_eq!(
            network.warning.unwrap(),
            "the VM cannot join the bridge qz-nowhere (there is no such bridge) and runs on user-mode networking instead: \
             make it (ip link add qz-nowhere type bridge && ip link set qz-nowhere up), then stop and start it"
        );
    }
}
