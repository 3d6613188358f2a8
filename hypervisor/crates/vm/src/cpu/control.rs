//! What holds a living QEMU to its definition's CPU policy: its control group and the places of its threads. Dropped
//! with QEMU's end, the group is removed; a QEMU that outlives the daemon keeps it.
use quetzal_host::HostError;
use quetzal_host::capability::cgroup_mend;
use quetzal_host::cgroup::{Cgroups, VmCgroup};

use super::{pin, share_of, wishes_share};
use crate::refusal::{Refusal, RefusalCode, chain};
use crate::spec::CpuPolicy;

pub(crate) struct CpuControl {
    pid: u32,
    group: Option<VmCgroup>,
    /// Why weight and limit cannot be held, with the mend.
    fault: Option<String>,
}

/// A group that waits for its QEMU.
pub(crate) struct Waiting {
    group: Option<VmCgroup>,
    fault: Option<String>,
}

impl Waiting {
    /// Before QEMU is started. A host without control groups is no reason not to run.
    pub fn make(cgroups: &Cgroups, vm_id: &str, policy: &CpuPolicy) -> Self {
        match VmCgroup::create(cgroups, vm_id) {
            Ok(group) => {
                let fault = group.set_cpu_share(&share_of(policy)).err().map(|error| sentence(&error));
                Self { group: Some(group), fault }
            }
            Err(error) => Self { group: None, fault: Some(sentence(&error)) },
        }
    }

    /// While QEMU comes up and its guest has not run yet. Blocks for some milliseconds.
    pub fn join(self, pid: u32) -> CpuControl {
        let Some(group) = self.group else { return CpuControl { pid, group: None, fault: self.fault } };
        CpuControl::of(pid, group.add(pid).map(|()| group), self.fault)
    }
}

impl CpuControl {
    /// Of a QEMU that an earlier daemon started, with or without a group.
    pub fn adopt(cgroups: &Cgroups, vm_id: &str, pid: u32) -> Self {
        let joined = VmCgroup::create(cgroups, vm_id).and_then(|group| {
            if !group.holds(pid) {
                group.add(pid)?;
            }
            Ok(group)
        });
        Self::of(pid, joined, None)
    }

    fn of(pid: u32, joined: Result<VmCgroup, HostError>, fault: Option<String>) -> Self {
        match joined {
            Ok(group) => Self { pid, group: Some(group), fault },
            Err(error) => Self { pid, group: None, fault: Some(sentence(&error)) },
        }
    }

    /// Why the policy's weight or limit is not in effect, where it wishes for any.
    pub fn warning(&self, policy: &CpuPolicy) -> Option<String> {
        let fault = self.fault.as_ref().filter(|_| wishes_share(policy))?;
        Some(format!("the VM's CPU {} is not in effect: {fault}", wish(policy)))
    }

    /// All of a policy from scratch, for a QEMU that has just come up or was taken up again.
    pub fn enforce(&mut self, policy: &CpuPolicy) -> Vec<String> {
        if let Some(group) = &self.group {
            self.fault = group.set_cpu_share(&share_of(policy)).err().map(|error| sentence(&error));
        }
        let pinned = self.place_threads(policy).err();
        self.warning(policy).into_iter().chain(pinned.map(|refusal| refusal.message)).collect()
    }

    /// Whether a change between two policies could be held at all.
    pub fn check(&self, old: &CpuPolicy, new: &CpuPolicy) -> Result<(), Refusal> {
        let can_share = self.group.as_ref().is_some_and(VmCgroup::can_share);
        // Without a place for it, setting it touches nothing and says why.
        if can_share || share_of(old) == share_of(new) { Ok(()) } else { self.set_share(new) }
    }

    /// What has changed between two policies, or nothing at all.
    pub fn change(&self, old: &CpuPolicy, new: &CpuPolicy) -> Result<(), Refusal> {
        if share_of(old) != share_of(new) {
            self.set_share(new)?;
        }
        if (&old.pins, &old.emulator_cpus) != (&new.pins, &new.emulator_cpus)
            && let Err(refusal) = self.place_threads(new)
        {
            // As it was; what cannot even be undone is in the log.
            for undone in [self.place_threads(old), self.set_share(old)] {
                if let Err(refusal) = undone {
                    tracing::error!(pid = self.pid, %refusal, "an old CPU policy is not back");
                }
            }
            return Err(refusal);
        }
        Ok(())
    }

    fn set_share(&self, policy: &CpuPolicy) -> Result<(), Refusal> {
        let fault = match &self.group {
            Some(group) => group.set_cpu_share(&share_of(policy)).err().map(|error| sentence(&error)),
            None => self.fault.clone().filter(|_| wishes_share(policy)),
        };
        let Some(fault) = fault else { return Ok(()) };
        let field = if policy.limit_percent.is_some() { "cpu_policy.limit_percent" } else { "cpu_policy.weight" };
        let message = format!("the CPU {} cannot be set: {fault}", wish(policy));
        Err(Refusal::new(RefusalCode::Unsupported, message).at(field))
    }

    /// Whenever QEMU has new vCPUs, too.
    pub fn place_threads(&self, policy: &CpuPolicy) -> Result<(), Refusal> {
        place_threads(self.pid, policy)
    }
}

pub(super) fn place_threads(pid: u32, policy: &CpuPolicy) -> Result<(), Refusal> {
    pin::apply(pid, policy).map_err(|error| {
        let message = format!("QEMU's threads cannot be pinned: {}", chain(&error));
        Refusal::new(RefusalCode::Unsupported, message).at("cpu_policy.pins")
    })
}

fn wish(policy: &CpuPolicy) -> String {
    match policy.limit_percent {
        Some(limit) => format!("limit of {limit} %"),
        None => format!("weight of {}", policy.weight),
    }
}

fn sentence(error: &HostError) -> String {
    format!("{}; {}", chain(error), cgroup_mend())
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
