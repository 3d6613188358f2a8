//! How much of the CPUs a VM's control group gets: its weight beside the others' and its limit, in the kernel's two
//! dialects. Must not know who wished for it.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Cgroups, Hierarchy, Version, VmCgroup};
use crate::HostError;
use crate::kernel_file::single;

/// The weight that version 2 gives every group, and what version 1 calls the same.
pub const WEIGHT_DEFAULT: u32 = 100;
const V1_SHARES_DEFAULT: u64 = 1024;
/// The kernel's bounds (cpu.shares and cpu.weight).
const V1_SHARES_MIN: u64 = 2;
const V1_SHARES_MAX: u64 = 262_144;
const V2_WEIGHT_MAX: u64 = 10_000;
/// The kernel's own default: a guest is stopped for a tenth of a second at most.
const PERIOD_US: u64 = 100_000;
const PERCENT: u64 = 100;

/// The groups of one daemon are weighed together, one at a time.
static WEIGHING: Mutex<()> = Mutex::new(());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuShare {
    /// Claim to CPU time beside the other groups', 1 to 10,000.
    pub weight: u32,
    /// The most CPU time, in percent of one core. None: no limit.
    pub limit_percent: Option<u32>,
}

impl Default for CpuShare {
    fn default() -> Self {
        Self { weight: WEIGHT_DEFAULT, limit_percent: None }
    }
}

impl VmCgroup {
    /// All of it, or, where the kernel refuses a part, none of it.
    pub fn set_cpu_share(&self, share: &CpuShare) -> Result<(), HostError> {
        let Some(hierarchy) = &self.cgroups.cpu else {
            // Without the controller everybody has the default.
            return if *share == CpuShare::default() {
                Ok(())
            } else {
                Err(HostError::NoController { controller: "cpu" })
            };
        };
        let group = self.path(hierarchy);
        let (file, weight) = weight(hierarchy.version, share.weight);
        let before = fs::read_to_string(group.join(file)).unwrap_or_default();
        write(&group, file, &weight)?;
        if let Err(error) = set_limit(&group, hierarchy.version, share.limit_percent) {
            let _ = write(&group, file, before.trim());
            return Err(error);
        }
        weigh_ours(&self.cgroups);
        Ok(())
    }
}

/// Our own group weighs as much as all VMs in it: the VMs stand beside the host's other work as if each were there by
/// itself, not all of them as one.
pub(super) fn weigh_ours(cgroups: &Cgroups) {
    let Some(hierarchy) = &cgroups.cpu else { return };
    let _one_at_a_time = WEIGHING.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = cgroups.our_folder(hierarchy);
    let (file, least, most) = match hierarchy.version {
        Version::V1 => ("cpu.shares", V1_SHARES_MIN, V1_SHARES_MAX),
        Version::V2 => ("cpu.weight", 1, V2_WEIGHT_MAX),
    };
    let groups = fs::read_dir(&ours).into_iter().flatten().flatten();
    let weights = groups.filter_map(|group| single::<u64>(&fs::read_to_string(group.path().join(file)).ok()?));
    let sum: u64 = weights.sum();
    if sum > 0 {
        // The last VM may take our group with it meanwhile.
        let _ = write(&ours, file, &sum.clamp(least, most).to_string());
    }
}

fn weight(version: Version, weight: u32) -> (&'static str, String) {
    match version {
        Version::V1 => {
            let shares = u64::from(weight) * V1_SHARES_DEFAULT / u64::from(WEIGHT_DEFAULT);
            ("cpu.shares", shares.clamp(V1_SHARES_MIN, V1_SHARES_MAX).to_string())
        }
        Version::V2 => ("cpu.weight", weight.to_string()),
    }
}

fn set_limit(group: &Path, version: Version, limit_percent: Option<u32>) -> Result<(), HostError> {
    let quota_us = limit_percent.map(|percent| u64::from(percent) * PERIOD_US / PERCENT);
    match version {
        Version::V1 => {
            write(group, "cpu.cfs_period_us", &PERIOD_US.to_string())?;
            write(group, "cpu.cfs_quota_us", &quota_us.map_or("-1".to_owned(), |quota| quota.to_string()))
        }
        Version::V2 => {
            let quota = quota_us.map_or("max".to_owned(), |quota| quota.to_string());
            write(group, "cpu.max", &format!("{quota} {PERIOD_US}"))
        }
    }
}

fn write(group: &Path, file: &str, value: &str) -> Result<(), HostError> {
    let path = group.join(file);
    fs::write(&path, value).map_err(|source| HostError::SetCgroup { path, value: value.to_owned(), source })
}

impl VmCgroup {
    /// Whether there is anything to set a share in.
    pub fn can_share(&self) -> bool {
        self.cgroups.cpu.is_some()
    }

    /// As the kernel has it now; None without the cpu controller.
    pub fn cpu_share(&self) -> Option<CpuShare> {
        let hierarchy: &Hierarchy = self.cgroups.cpu.as_ref()?;
        let group = self.path(hierarchy);
        let text = |file: &str| fs::read_to_string(group.join(file)).ok();
        let percent = |quota: u64, period: u64| u32::try_from(quota * PERCENT / period.max(1)).ok();
        match hierarchy.version {
            Version::V1 => {
                let shares: u64 = single(&text("cpu.shares")?)?;
                let quota: i64 = single(&text("cpu.cfs_quota_us")?)?;
                let period: u64 = single(&text("cpu.cfs_period_us")?)?;
                let weight = (shares * u64::from(WEIGHT_DEFAULT)).div_ceil(V1_SHARES_DEFAULT);
                let limit_percent = u64::try_from(quota).ok().and_then(|quota| percent(quota, period));
                Some(CpuShare { weight: u32::try_from(weight).ok()?, limit_percent })
            }
            Version::V2 => {
                let max = text("cpu.max")?;
                let (quota, period) = max.trim().split_once(' ')?;
                let limit_percent = quota.parse().ok().and_then(|quota| percent(quota, period.parse().ok()?));
                Some(CpuShare { weight: single(&text("cpu.weight")?)?, limit_percent })
            }
        }
    }
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
