//! How the kernel holds a process to CPU quotas: the cpu.stat of its control group and of every group above it, whoever
//! made them. Sets no quota; the groups that are ours are `cgroup`'s.

use std::path::{Path, PathBuf};

use crate::cgroup::{Cgroups, Version};
use crate::kernel_file::{KernelFile, ReadBuffer, value_of};

/// Groups deeper than this are not looked at; systemd nests five or six.
const DEEPEST_GROUP: usize = 16;
const NS_PER_US: u64 = 1_000;

/// Totals since the sampler was made, over the process's group and those above it; both 0 where none has a quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuThrottle {
    /// Periods of a quota in which the group ran.
    pub periods: u64,
    /// Of these, the ones in which it used its quota up and was stopped.
    pub throttled_periods: u64,
    /// How long it was stopped in all.
    pub throttled_ns: u64,
}

#[derive(Debug)]
pub struct ThrottleSampler {
    mount: PathBuf,
    version: Version,
    membership: KernelFile,
    /// The group that `stats` belong to, as /proc/PID/cgroup names it.
    group: Option<String>,
    stats: Vec<KernelFile>,
    /// What the groups showed when the process was first seen in them, and what was counted in groups it has left.
    at_entry: CpuThrottle,
    left: CpuThrottle,
    latest: CpuThrottle,
    buffer: ReadBuffer,
}

impl ThrottleSampler {
    /// None: the kernel or container has no cpu controller.
    pub fn new(cgroups: &Cgroups, pid: u32) -> Option<Self> {
        Self::in_folder(cgroups, &PathBuf::from(format!("/proc/{pid}")))
    }

    fn in_folder(cgroups: &Cgroups, process: &Path) -> Option<Self> {
        let (mount, version) = cgroups.cpu_tree()?;
        Some(Self {
            mount: mount.to_owned(),
            version,
            membership: KernelFile::open(process.join("cgroup")),
            group: None,
            stats: Vec::new(),
            at_entry: CpuThrottle::default(),
            left: CpuThrottle::default(),
            latest: CpuThrottle::default(),
            buffer: ReadBuffer::default(),
        })
    }

    /// None: the process is gone, or its group cannot be seen from here.
    pub fn sample(&mut self) -> Option<CpuThrottle> {
        let version = self.version;
        let group = group_of(self.membership.read(&mut self.buffer)?, version)?;
        let has_moved = self.group.as_deref() != Some(group);
        if has_moved {
            self.stats =
                groups_up_to(&self.mount, group).map(|folder| KernelFile::open(folder.join("cpu.stat"))).collect();
            self.group = Some(group.to_owned());
        }
        let shown = self.read_stats()?;
        if has_moved {
            self.left = self.latest;
            self.at_entry = shown;
        }
        self.latest = self.left.plus(shown.since(self.at_entry));
        Some(self.latest)
    }

    /// A file that is missing counts for nothing, as long as one is there: version 2 has none at the top, and a
    /// container may see the upper part of its path only.
    fn read_stats(&mut self) -> Option<CpuThrottle> {
        let mut sum = None;
        for stat in &mut self.stats {
            let Some(text) = stat.read(&mut self.buffer) else {
                continue;
            };
            let counted = CpuThrottle {
                periods: value_of(text, "nr_periods").unwrap_or(0),
                throttled_periods: value_of(text, "nr_throttled").unwrap_or(0),
                // Version 1 counts nanoseconds, version 2 microseconds.
                throttled_ns: value_of(text, "throttled_time")
                    .or_else(|| value_of::<u64>(text, "throttled_usec").map(|us| us.saturating_mul(NS_PER_US)))
                    .unwrap_or(0),
            };
            sum = Some(counted.plus(sum.unwrap_or_default()));
        }
        sum
    }
}

impl CpuThrottle {
    fn plus(self, other: Self) -> Self {
        Self {
            periods: self.periods.saturating_add(other.periods),
            throttled_periods: self.throttled_periods.saturating_add(other.throttled_periods),
            throttled_ns: self.throttled_ns.saturating_add(other.throttled_ns),
        }
    }

    /// A group that was made anew under the same name counts from 0 again.
    fn since(self, earlier: Self) -> Self {
        Self {
            periods: self.periods.saturating_sub(earlier.periods),
            throttled_periods: self.throttled_periods.saturating_sub(earlier.throttled_periods),
            throttled_ns: self.throttled_ns.saturating_sub(earlier.throttled_ns),
        }
    }
}

/// Lines "id:controllers:/group", in version 2 "0::/group".
fn group_of(membership: &str, version: Version) -> Option<&str> {
    membership.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let is_it = match version {
            Version::V1 => controllers.split(',').any(|name| name == "cpu"),
            Version::V2 => controllers.is_empty(),
        };
        is_it.then_some(group)
    })
}

/// The group's folder and those above it, the mount included. A group outside of what is mounted here starts with "/..".
fn groups_up_to(mount: &Path, group: &str) -> impl Iterator<Item = PathBuf> {
    let below: Vec<&str> = group.split('/').filter(|name| !name.is_empty()).collect();
    let below = if below.contains(&"..") { Vec::new() } else { below };
    let leaf = below.iter().fold(mount.to_owned(), |path, name| path.join(name));
    let depth = below.len();
    leaf.ancestors().take((depth + 1).min(DEEPEST_GROUP)).map(Path::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;
