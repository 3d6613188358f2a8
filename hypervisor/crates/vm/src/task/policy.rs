//! What a definition put on a running VM changes at once, and nothing else: all of it takes effect, or the put is
//! refused and all stays as it was. How it is held is `crate::cpu`'s.
use super::{Machine, VmTask};
use crate::cpu;
use crate::refusal::Refusal;
use crate::spec::VmSpec;

impl VmTask {
    /// What can be known before a definition is taken. What is defined already is not refused for a CPU that has gone
    /// since: nothing would change.
    pub(super) fn check_policy(&self, new: &VmSpec) -> Result<(), Refusal> {
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
