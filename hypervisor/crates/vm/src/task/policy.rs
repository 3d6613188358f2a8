//! What a definition put on a running VM changes at once, and nothing else: all of it takes effect, or the put is
//! refused and all stays as it was. How it is held is `crate::cpu`'s.
use quetzal_host::pageout;

use super::{Machine, VmTask};
use crate::cpu;
use crate::refusal::Refusal;
use crate::spec::{Feature, VmSpec};

impl VmTask {
    /// What can be known before a definition is taken. What is defined already is not refused for a CPU that has gone
    /// since: nothing would change.
    pub(super) fn check_policy(&self, new: &VmSpec) -> Result<(), Refusal> {
        self.check_sharing(new)?;
        let (old, new) = (&self.spec.cpu_policy, &new.cpu_policy);
        let is_new = self.view.borrow().generation == 0;
        if is_new || (&old.pins, &old.emulator_cpus) != (&new.pins, &new.emulator_cpus) {
            cpu::check_pins(new)?;
        }
        match &self.machine {
            Machine::On(live) => live.cpu.check(old, new),
            Machine::Off | Machine::Starting { .. } => Ok(()),
        }
    }

    /// The domain that it leaves unmerges what it shares, whatever became of the feature in the definition since.
    fn check_sharing(&self, new: &VmSpec) -> Result<(), Refusal> {
        let Machine::On(live) = &self.machine else { return Ok(()) };
        if !live.spec.has(Feature::Tps) || self.spec.memory_policy.sharing_domain == new.memory_policy.sharing_domain {
            return Ok(());
        }
        let sample = self.probe.borrow().as_ref().and_then(|probe| probe.memory_sample());
        let merged_bytes = sample.map_or(0, |sample| sample.process.ksm_merged_bytes);
        self.context.reserve.allows_unmerging(merged_bytes, pageout::available_bytes().unwrap_or(0))
    }

    pub(super) fn apply_policy(&self, old: &VmSpec, new: &VmSpec) -> Result<(), Refusal> {
        match &self.machine {
            Machine::On(live) => live.cpu.change(&old.cpu_policy, &new.cpu_policy),
            Machine::Off | Machine::Starting { .. } => Ok(()),
        }
    }

    /// For a QEMU whose start began before the newest definition was put. Gives what could not be done.
    pub(super) fn catch_up_with_policy(&self) -> Option<String> {
        let Machine::On(live) = &self.machine else { return None };
        self.apply_policy(&live.spec, &self.spec).err().map(|refusal| refusal.message)
    }

    /// For a QEMU that was taken up again: all of it, for nobody knows what holds. Gives what could not be done.
    pub(super) fn enforce_policy(&mut self) -> Vec<String> {
        match &mut self.machine {
            Machine::On(live) => live.cpu.enforce(&self.spec.cpu_policy),
            Machine::Off | Machine::Starting { .. } => Vec::new(),
        }
    }
}
