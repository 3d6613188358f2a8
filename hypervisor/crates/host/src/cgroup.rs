//! Control groups: one for each VM, in version 1, version 2 or a mixture, behind one face. What of the CPUs a group gets
//! is `share`'s. Must not know what a VM is beyond its id.

mod handed;
mod share;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::HostError;
use crate::kernel_file::{single, value_of};
use handed::Ledger;
pub use share::{CpuShare, WEIGHT_DEFAULT};

/// Our own group at the top of each hierarchy begins so; the VMs' groups are below it.
const OUR_GROUP: &str = "quetzal";
/// Of the state folder's hash, so that two daemons on one host do not meet in a group.
const OWNER_BYTES: usize = 4;
const NS_PER_US: u64 = 1_000;
/// A process that has just ended may hold its group for a moment longer.
const REMOVE_ATTEMPTS: u32 = 50;
const REMOVE_PAUSE: Duration = Duration::from_millis(2);
/// Losing a race this often in a row does not happen.
const CREATE_ATTEMPTS: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hierarchy {
    mount: PathBuf,
    version: Version,
}

/// Where each controller is; None: this kernel or container does not have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroups {
    /// Name of our own group.
    ours: String,
    cpu: Option<Hierarchy>,
    /// Version 1 counts CPU time apart; in version 2 it is the same as `cpu`.
    cpu_time: Option<Hierarchy>,
    memory: Option<Hierarchy>,
    /// Where it is written down what was handed down at the top of a version 2 tree.
    ledger: Option<Ledger>,
}

/// None: not counted here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CgroupUsage {
    pub cpu_ns: Option<u64>,
    /// Includes the page cache of the VM's files.
    pub memory_bytes: Option<u64>,
}

pub fn detect() -> Cgroups {
    detect_in(Path::new("/"))
}

pub(crate) fn detect_in(root: &Path) -> Cgroups {
    let mounts = fs::read_to_string(root.join("proc/mounts")).unwrap_or_default();
    // device, mount point, type, options, …
    let mounts: Vec<[&str; 3]> = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some([fields.next()?, fields.next()?, fields.next()?])
        })
        .collect();
    let find = |controller: &str| {
        let v1 = mounts
            .iter()
            .find(|[_, kind, options]| *kind == "cgroup" && options.split(',').any(|option| option == controller));
        if let Some([mount, ..]) = v1 {
            return Some(Hierarchy { mount: below(root, mount), version: Version::V1 });
        }
        let mount = below(root, mounts.iter().find(|[_, kind, _]| *kind == "cgroup2")?[0]);
        let controllers = fs::read_to_string(mount.join("cgroup.controllers")).unwrap_or_default();
        let is_there = controllers.split_ascii_whitespace().any(|name| name == controller);
        is_there.then_some(Hierarchy { mount, version: Version::V2 })
    };
    let cpu = find("cpu");
    let cpu_time = cpu.clone().filter(|hierarchy| hierarchy.version == Version::V2).or_else(|| find("cpuacct"));
    Cgroups { ours: OUR_GROUP.to_owned(), cpu, cpu_time, memory: find("memory"), ledger: None }
}

/// Mount points are absolute; spaces in them are written as \040, which no cgroup mount has.
fn below(root: &Path, mount: &str) -> PathBuf {
    root.join(mount.trim_start_matches('/'))
}

impl Default for Cgroups {
    /// A host without any.
    fn default() -> Self {
        Self { ours: OUR_GROUP.to_owned(), cpu: None, cpu_time: None, memory: None, ledger: None }
    }
}

impl Cgroups {
    /// As seen by the daemon that serves this state folder: its groups are its own.
    pub fn of(mut self, state_dir: &Path) -> Self {
        let hash = Sha256::digest(state_dir.as_os_str().as_encoded_bytes());
        let hex: String = hash.iter().take(OWNER_BYTES).map(|byte| format!("{byte:02x}")).collect();
        self.ours = format!("{OUR_GROUP}-{hex}");
        self
    }

    /// Removes what an earlier daemon left: every group of ours without a process in it. Gives whether none is left.
    pub fn sweep(&self) -> bool {
        let mut is_clean = true;
        for (hierarchy, _) in self.hierarchies() {
            let ours = self.our_folder(hierarchy);
            for entry in fs::read_dir(&ours).into_iter().flatten().flatten() {
                // A file of the kernel's, or a group with a VM in it: both stay.
                let _ = fs::remove_dir(entry.path());
            }
            let _ = fs::remove_dir(&ours);
            is_clean &= !ours.exists();
        }
        is_clean
    }

    fn our_folder(&self, hierarchy: &Hierarchy) -> PathBuf {
        hierarchy.mount.join(&self.ours)
    }

    pub fn cpu(&self) -> Option<Version> {
        self.cpu.as_ref().map(|hierarchy| hierarchy.version)
    }

    /// Where the groups of the cpu controller are.
    pub(crate) fn cpu_tree(&self) -> Option<(&Path, Version)> {
        self.cpu.as_ref().map(|hierarchy| (hierarchy.mount.as_path(), hierarchy.version))
    }

    pub fn memory(&self) -> Option<Version> {
        self.memory.as_ref().map(|hierarchy| hierarchy.version)
    }

    /// Whether groups can be made: not without rights, nor in a container that sees its tree read-only or shares the
    /// top of it with its own processes.
    pub fn check_writable(&self) -> Result<(), HostError> {
        self.hierarchies().into_iter().try_for_each(|(hierarchy, controllers)| {
            rustix::fs::access(&hierarchy.mount, rustix::fs::Access::WRITE_OK)
                .map_err(|error| HostError::MakeCgroup { path: self.our_folder(hierarchy), source: error.into() })?;
            let text = |name: &str| fs::read_to_string(hierarchy.mount.join(name)).unwrap_or_default();
            let enabled = text("cgroup.subtree_control");
            let is_handed_down =
                handed_down(&controllers).all(|name| enabled.split_ascii_whitespace().any(|on| on == name));
            // Only the top of the whole tree may hold processes and hand controllers down; it alone has no type.
            let is_inner = hierarchy.mount.join("cgroup.type").exists();
            if hierarchy.version == Version::V2 && is_inner && !is_handed_down && !text("cgroup.procs").is_empty() {
                return Err(HostError::CrowdedCgroup { path: hierarchy.mount.clone() });
            }
            Ok(())
        })
    }

    /// Each hierarchy once, with the controllers that are found there.
    fn hierarchies(&self) -> Vec<(&Hierarchy, Vec<&'static str>)> {
        let mut found: Vec<(&Hierarchy, Vec<&'static str>)> = Vec::new();
        let all = [("cpu", &self.cpu), ("cpuacct", &self.cpu_time), ("memory", &self.memory)];
        for (controller, hierarchy) in all.into_iter().filter_map(|(name, place)| Some((name, place.as_ref()?))) {
            match found.iter_mut().find(|(known, _)| *known == hierarchy) {
                Some((_, controllers)) => controllers.push(controller),
                None => found.push((hierarchy, vec![controller])),
            }
        }
        found
    }
}

/// A VM's group in every hierarchy. Dropping it removes the group if no process is left in it: a VM that outlives
/// quetzald keeps its group, and `create` finds it again.
#[derive(Debug)]
pub struct VmCgroup {
    cgroups: Cgroups,
    vm_id: String,
}

impl VmCgroup {
    /// Takes over a group that is already there (adoption, or left by a crash).
    pub fn create(cgroups: &Cgroups, vm_id: &str) -> Result<Self, HostError> {
        if vm_id.is_empty() || vm_id.starts_with('.') || vm_id.contains('/') {
            return Err(HostError::CgroupName { vm_id: vm_id.to_owned() });
        }
        let group = Self { cgroups: cgroups.clone(), vm_id: vm_id.to_owned() };
        for (hierarchy, controllers) in cgroups.hierarchies() {
            group.create_in(hierarchy, &controllers)?;
        }
        Ok(group)
    }

    /// Of a process that is known to have ended; whether there is such a group or not.
    pub fn remove(cgroups: &Cgroups, vm_id: &str) {
        drop(Self { cgroups: cgroups.clone(), vm_id: vm_id.to_owned() });
    }

    /// Another VM's end may remove our own group between the two steps: then both are done again.
    fn create_in(&self, hierarchy: &Hierarchy, controllers: &[&'static str]) -> Result<(), HostError> {
        let mut attempts_left = CREATE_ATTEMPTS;
        loop {
            attempts_left -= 1;
            let ours = self.cgroups.our_folder(hierarchy);
            let made =
                self.cgroups.make_ours(hierarchy, &ours, controllers).and_then(|()| make_group(&self.path(hierarchy)));
            match &made {
                Err(HostError::MakeCgroup { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound && attempts_left > 0 => {}
                _ => return made,
            }
        }
    }

    /// Moves a process with all its threads. Memory it has already stays counted where it was, so add it early. The kernel
    /// lets some milliseconds pass where no process was moved a moment ago: it waits until every CPU knows.
    pub fn add(&self, pid: u32) -> Result<(), HostError> {
        self.cgroups.hierarchies().into_iter().try_for_each(|(hierarchy, _)| {
            let path = self.path(hierarchy).join("cgroup.procs");
            fs::write(&path, pid.to_string()).map_err(|source| HostError::JoinCgroup { pid, path, source })
        })
    }

    /// Whether the process is in the group, in every hierarchy.
    pub fn holds(&self, pid: u32) -> bool {
        self.cgroups.hierarchies().into_iter().all(|(hierarchy, _)| {
            let procs = fs::read_to_string(self.path(hierarchy).join("cgroup.procs")).unwrap_or_default();
            procs.lines().any(|line| line.parse() == Ok(pid))
        })
    }

    pub fn usage(&self) -> CgroupUsage {
        let read = |hierarchy: &Option<Hierarchy>, v1: &str, v2: &str| {
            let hierarchy = hierarchy.as_ref()?;
            let file = if hierarchy.version == Version::V1 { v1 } else { v2 };
            fs::read_to_string(self.path(hierarchy).join(file)).ok()
        };
        let cpu = read(&self.cgroups.cpu_time, "cpuacct.usage", "cpu.stat");
        let memory = read(&self.cgroups.memory, "memory.usage_in_bytes", "memory.current");
        CgroupUsage {
            cpu_ns: cpu.and_then(|text| {
                single(&text).or_else(|| value_of::<u64>(&text, "usage_usec").map(|us| us * NS_PER_US))
            }),
            memory_bytes: memory.and_then(|text| single(&text)),
        }
    }

    fn path(&self, hierarchy: &Hierarchy) -> PathBuf {
        self.cgroups.our_folder(hierarchy).join(&self.vm_id)
    }
}

impl Drop for VmCgroup {
    fn drop(&mut self) {
        for (hierarchy, _) in self.cgroups.hierarchies() {
            remove_if_empty(&self.path(hierarchy));
            // Our own group goes with the last VM's.
            let _ = fs::remove_dir(self.cgroups.our_folder(hierarchy));
        }
        share::weigh_ours(&self.cgroups);
    }
}

/// Busy with a living VM, or gone already: both are as they should be.
fn remove_if_empty(path: &Path) {
    let mut attempts_left = REMOVE_ATTEMPTS;
    while let Err(error) = fs::remove_dir(path) {
        attempts_left -= 1;
        let is_empty = || fs::read_to_string(path.join("cgroup.procs")).is_ok_and(|procs| procs.is_empty());
        if error.kind() != std::io::ErrorKind::ResourceBusy || attempts_left == 0 || !is_empty() {
            return;
        }
        std::thread::sleep(REMOVE_PAUSE);
    }
}

impl Cgroups {
    /// In version 2 a controller works in a group only when every group above hands it down.
    fn make_ours(&self, hierarchy: &Hierarchy, ours: &Path, controllers: &[&'static str]) -> Result<(), HostError> {
        if hierarchy.version == Version::V2 {
            for controller in hand_down(&hierarchy.mount, controllers)? {
                self.note_handed_down(controller)
                    .map_err(|source| HostError::MakeCgroup { path: ours.to_owned(), source })?;
            }
        }
        make_group(ours)?;
        if hierarchy.version == Version::V2 {
            hand_down(ours, controllers)?;
        }
        Ok(())
    }
}

/// Answers what was not handed down before.
fn hand_down(group: &Path, controllers: &[&'static str]) -> Result<Vec<&'static str>, HostError> {
    let path = group.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&path).unwrap_or_default();
    let is_missing = |controller: &&str| !enabled.split_ascii_whitespace().any(|name| name == *controller);
    let missing: Vec<_> = handed_down(controllers).filter(is_missing).collect();
    for controller in &missing {
        fs::write(&path, format!("+{controller}"))
            .map_err(|source| HostError::MakeCgroup { path: path.clone(), source })?;
    }
    Ok(missing)
}

/// Version 2 counts CPU time with `cpu` and knows no controller for it.
fn handed_down<'c>(controllers: &'c [&'static str]) -> impl Iterator<Item = &'static str> + 'c {
    controllers.iter().copied().filter(|name| *name != "cpuacct")
}

fn make_group(path: &Path) -> Result<(), HostError> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(HostError::MakeCgroup { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "cgroup_tests.rs"]
mod tests;
