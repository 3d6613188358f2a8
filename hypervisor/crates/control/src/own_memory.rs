//! Page-out of QEMU's own memory: its heap and the code that it has translated, most of which a guest that has booted
//! never needs again. It goes by quarters, quickly at first; what comes back is a debt that the budget pays off.
use crate::bytes::{MIB, share, whole_mib};
use crate::observe::Vm;
use crate::page_out::{FRUITFUL_RATIO, MINUTE_MS, PAGE_BYTES, STEP_EVERY_MS, STEP_SELDOM_MS, refault_budget};
use crate::take::STEP_MIN_BYTES;

/// A step is this part of it, …
const DIVISOR: u64 = 4;
/// … and what an idle QEMU uses all the time is about this much.
const LEAST_BYTES: u64 = 12 * MIB;
/// The most that may have come back and is not paid off: so many minutes of the budget. One round through an idle QEMU
/// brings back some 5 MiB, once.
const DEBT_MINUTES: u64 = 30;

/// What a VM's QEMU was asked for, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnMemory {
    /// Fetched back and not paid off yet.
    debt_bytes: u64,
    observed_ms: u64,
    faults_seen: u64,
    every_ms: u64,
    next_ms: u64,
    step: Option<Step>,
}

/// Until it is judged, what is fetched back is its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    bytes: u64,
    swapped_before_bytes: u64,
}

impl OwnMemory {
    pub fn first(vm: &Vm, now_ms: u64) -> Self {
        Self {
            debt_bytes: 0,
            observed_ms: now_ms,
            faults_seen: vm.major_faults,
            every_ms: STEP_EVERY_MS,
            next_ms: now_ms + STEP_EVERY_MS,
            step: None,
        }
    }

    /// How many of the faults since the last look are the cost of a step here, and nobody else's.
    pub fn observed(&mut self, vm: &Vm, now_ms: u64) -> u64 {
        let passed_ms = now_ms.saturating_sub(std::mem::replace(&mut self.observed_ms, now_ms));
        let faults = vm.major_faults.saturating_sub(std::mem::replace(&mut self.faults_seen, vm.major_faults));
        let paid = refault_budget(vm).saturating_mul(passed_ms) / MINUTE_MS;
        self.debt_bytes = self.debt_bytes.saturating_sub(paid);
        let Some(step) = self.step else { return 0 };
        self.debt_bytes = self.debt_bytes.saturating_add(faults.saturating_mul(PAGE_BYTES));
        if now_ms >= self.next_ms {
            self.judge(step, vm, now_ms);
        }
        faults
    }

    /// Where little of a step went, the rest is in use.
    fn judge(&mut self, step: Step, vm: &Vm, now_ms: u64) {
        self.step = None;
        let went = vm.swapped_bytes.saturating_sub(step.swapped_before_bytes);
        if went >= share(step.bytes, FRUITFUL_RATIO) {
            self.every_ms = STEP_EVERY_MS;
        } else {
            self.every_ms = (self.every_ms * 2).min(STEP_SELDOM_MS);
            self.next_ms = now_ms + self.every_ms;
        }
    }

    pub fn is_under_way(&self) -> bool {
        self.step.is_some()
    }

    /// Of a QEMU whose guest is at ease: 0 where it is not due.
    pub fn cold_bytes(&self, vm: &Vm, now_ms: u64) -> u64 {
        let may_owe = refault_budget(vm) * DEBT_MINUTES;
        let is_due = now_ms >= self.next_ms && self.debt_bytes < may_owe;
        if !is_due || !vm.may_page_out || vm.own_bytes < LEAST_BYTES {
            return 0;
        }
        whole_mib(vm.own_bytes / DIVISOR).max(STEP_MIN_BYTES)
    }

    pub fn ordered(&mut self, bytes: u64, vm_swapped_bytes: u64, now_ms: u64) {
        self.step = Some(Step { bytes, swapped_before_bytes: vm_swapped_bytes });
        self.next_ms = now_ms + self.every_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_out::tests::vm;

    /// The steps of an hour, each with its minute, where a step costs so many refaults and this share of it stays out.
    fn steps(faults_a_step: u64, stays_ratio: f64) -> Vec<(u64, u64)> {
        let mut seen = Vm { own_bytes: 64 * MIB, ..vm(100, 7) };
        let (mut own, mut steps) = (OwnMemory::first(&seen, 0), Vec::new());
        for now_ms in (0..60 * MINUTE_MS).step_by(2_000) {
            own.observed(&seen, now_ms);
            let bytes = own.cold_bytes(&seen, now_ms);
            if bytes > 0 {
                own.ordered(bytes, seen.swapped_bytes, now_ms);
                steps.push((now_ms / MINUTE_MS, bytes / MIB));
                seen.major_faults += faults_a_step;
                seen.swapped_bytes += share(bytes, stays_ratio);
            }
        }
        steps
    }

    #[test]
    fn what_comes_back_is_paid_off_before_more_goes() {
        // 100 MiB resident: 0.2 MiB a minute, 6 MiB on credit. 1 MiB a step: six at once, then one in five minutes.
        let made = steps(256, 0.9);
        let at_once = made.iter().filter(|(minute, _)| *minute < 2).count();
        assert!((6..=7).contains(&at_once), "{made:?}");
        assert!((14..=18).contains(&made.len()), "{made:?}");
        assert_eq!(made[0], (0, 16), "a quarter at a time");
        assert!(steps(0, 0.9).len() > 300, "nothing owed, no pause");
    }

    #[test]
    fn steps_without_fruit_come_ever_more_seldom() {
        let made = steps(0, 0.1);
        assert!((5..=9).contains(&made.len()), "{made:?}");
    }

    #[test]
    fn refaults_are_its_cost_only_until_a_step_is_judged() {
        let seen = Vm { own_bytes: 64 * MIB, ..vm(100, 0) };
        let after = |faults| Vm { major_faults: faults, swapped_bytes: 16 * MIB, ..seen.clone() };
        let mut own = OwnMemory::first(&seen, 0);
        assert_eq!(own.observed(&after(5), 2_000), 0, "no step yet");
        own.ordered(16 * MIB, 0, 4_000);
        assert!(own.is_under_way());
        assert_eq!(own.observed(&after(25), 6_000), 20);
        assert_eq!(own.observed(&after(26), 14_000), 1);
        assert!(!own.is_under_way());
        assert_eq!(own.observed(&after(90), 16_000), 0, "the guest's");
    }

    #[test]
    fn little_is_left_alone_and_so_is_what_may_not_go() {
        let due = |vm: &Vm| OwnMemory::first(vm, 0).cold_bytes(vm, STEP_EVERY_MS);
        assert_eq!(due(&Vm { own_bytes: 60 * MIB, ..vm(100, 0) }), 15 * MIB);
        assert_eq!(due(&Vm { own_bytes: LEAST_BYTES - 1, ..vm(100, 0) }), 0);
        assert_eq!(due(&Vm { own_bytes: 60 * MIB, may_page_out: false, ..vm(100, 0) }), 0);
        assert_eq!(OwnMemory::first(&vm(100, 0), 0).cold_bytes(&Vm { own_bytes: 60 * MIB, ..vm(100, 0) }, 9_999), 0);
    }
}
