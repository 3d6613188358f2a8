//! Control groups, for accounting: a group for each VM, in version 1, version 2 or a mixture, behind one face.
//! Sets no limits. Must not know what a VM is beyond its id.

use std::fs;
use std::path::{Path, PathBuf};

use crate::HostError;
use crate::kernel_file::{single, value_of};

/// Our own group at the top of each hierarchy; the VMs' groups are below it.
const OUR_GROUP: &str = "quetzal";
const NS_PER_US: u64 = 1_000;
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cgroups {
    cpu: Option<Hierarchy>,
    /// Version 1 counts CPU time apart; in version 2 it is the same as `cpu`.
    cpu_time: Option<Hierarchy>,
    memory: Option<Hierarchy>,
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
    Cgroups { cpu, cpu_time, memory: find("memory") }
}

/// Mount points are absolute; spaces in them are written as \040, which no cgroup mount has.
fn below(root: &Path, mount: &str) -> PathBuf {
    root.join(mount.trim_start_matches('/'))
}

impl Cgroups {
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

    /// Whether groups can be made: not without rights, nor in a container that sees its tree read-only.
    pub fn check_writable(&self) -> Result<(), HostError> {
        self.hierarchies().into_iter().try_for_each(|(hierarchy, _)| {
            rustix::fs::access(&hierarchy.mount, rustix::fs::Access::WRITE_OK)
                .map_err(|error| HostError::MakeCgroup { path: hierarchy.mount.join(OUR_GROUP), source: error.into() })
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

    /// Another VM's end may remove our own group between the two steps: then both are done again.
    fn create_in(&self, hierarchy: &Hierarchy, controllers: &[&str]) -> Result<(), HostError> {
        let mut attempts_left = CREATE_ATTEMPTS;
        loop {
            attempts_left -= 1;
            let made = make_ours(hierarchy, controllers).and_then(|()| make_group(&self.path(hierarchy)));
            match &made {
                Err(HostError::MakeCgroup { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound && attempts_left > 0 => {}
                _ => return made,
            }
        }
    }

    /// Moves a process with all its threads. Memory it has already stays counted where it was, so add it early.
    pub fn add(&self, pid: u32) -> Result<(), HostError> {
        self.cgroups.hierarchies().into_iter().try_for_each(|(hierarchy, _)| {
            let path = self.path(hierarchy).join("cgroup.procs");
            fs::write(&path, pid.to_string()).map_err(|source| HostError::JoinCgroup { pid, path, source })
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
        hierarchy.mount.join(OUR_GROUP).join(&self.vm_id)
    }
}

impl Drop for VmCgroup {
    fn drop(&mut self) {
        for (hierarchy, _) in self.cgroups.hierarchies() {
            let path = self.path(hierarchy);
            // Busy with a living VM, or gone already: both are as they should be. Our own group goes with the last.
            let _ = fs::remove_dir(&path);
            let _ = fs::remove_dir(hierarchy.mount.join(OUR_GROUP));
        }
    }
}

/// In version 2 a controller works in a group only when every group above hands it down.
fn make_ours(hierarchy: &Hierarchy, controllers: &[&str]) -> Result<(), HostError> {
    let ours = hierarchy.mount.join(OUR_GROUP);
    if hierarchy.version == Version::V2 {
        hand_down(&hierarchy.mount, controllers)?;
    }
    make_group(&ours)?;
    if hierarchy.version == Version::V2 {
        hand_down(&ours, controllers)?;
    }
    Ok(())
}

fn hand_down(group: &Path, controllers: &[&str]) -> Result<(), HostError> {
    let path = group.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&path).unwrap_or_default();
    for controller in controllers.iter().filter(|name| **name != "cpuacct") {
        if !enabled.split_ascii_whitespace().any(|name| name == *controller) {
            fs::write(&path, format!("+{controller}"))
                .map_err(|source| HostError::MakeCgroup { path: path.clone(), source })?;
        }
    }
    Ok(())
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
