//! Page-out into compressed memory: slowly of what is cold while the host is at ease, under a budget of refaults with
//! back-off; and of what is needed when it is hard pressed. Never below a VM's floor.
use crate::bytes::{MIB, share, whole_mib};
use crate::observe::{Vm, WANT_RATIO, Word};
use crate::take::{HOLD_AFTER_GIVE_MS, STEP_MIN_BYTES};

/// Pages that may have to be fetched back in a minute, as a share of the working set (what is resident).
/// Lagar-Cavilla et al., "Software-Defined Far Memory in Warehouse-Scale Computers", ASPLOS 2019, section 4.
const REFAULT_BUDGET_RATIO: f64 = 0.002;
const MINUTE_MS: u64 = 60_000;
const PAGE_BYTES: u64 = 4096;
/// Cold memory goes in steps of this share of what is resident …
const STEP_RATIO: f64 = 0.02;
/// … this often, twice as seldom after each minute over the budget.
const STEP_EVERY_MS: u64 = 30_000;
const STEP_SELDOM_MS: u64 = 32 * MINUTE_MS;
/// In need: at most this share of what is resident, this often.
const NEEDED_RATIO: f64 = 0.25;
const NEEDED_EVERY_MS: u64 = 10_000;
/// Pages compress to about half; so twice what is needed goes.
pub(crate) const GAIN_RATIO: f64 = 0.5;
/// A page-out takes a second or two to show in the host's available memory.
const SHOWS_AFTER_MS: u64 = 4_000;

/// A VM's page-outs and refaults so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paging {
    look_began_ms: u64,
    faults_at_look: u64,
    every_ms: u64,
    next_ms: u64,
    last: Option<(u64, u64)>,
}

impl Paging {
    pub fn first(vm: &Vm, now_ms: u64) -> Self {
        Self {
            look_began_ms: now_ms,
            faults_at_look: vm.major_faults,
            every_ms: STEP_EVERY_MS,
            next_ms: now_ms + STEP_EVERY_MS,
            last: None,
        }
    }

    pub fn observed(mut self, vm: &Vm, now_ms: u64) -> Self {
        let refaulted = vm.major_faults.saturating_sub(self.faults_at_look).saturating_mul(PAGE_BYTES);
        let is_over = refaulted > share(vm.resident_bytes, REFAULT_BUDGET_RATIO);
        if is_over {
            self.every_ms = (self.every_ms * 2).min(STEP_SELDOM_MS);
            self.next_ms = now_ms + self.every_ms;
        }
        // A longer pace is kept until two of its steps have cost less than a minute's budget.
        let look_ms = MINUTE_MS.max(self.every_ms * 2);
        if is_over || now_ms.saturating_sub(self.look_began_ms) >= look_ms {
            if !is_over {
                self.every_ms = (self.every_ms / 2).max(STEP_EVERY_MS);
            }
            self.look_began_ms = now_ms;
            self.faults_at_look = vm.major_faults;
        }
        self
    }

    pub fn ordered(&mut self, bytes: u64, now_ms: u64) {
        self.last = Some((now_ms, bytes));
        self.next_ms = now_ms + self.every_ms;
    }

    /// What was ordered and does not show yet.
    pub fn pending_bytes(&self, now_ms: u64) -> u64 {
        self.last.filter(|(at, _)| now_ms.saturating_sub(*at) < SHOWS_AFTER_MS).map_or(0, |(_, bytes)| bytes)
    }

    /// Of a guest at ease, while the host is: 0 where it is not due.
    pub fn cold_bytes(&self, vm: &Vm, word: Word, since_given_ms: u64, now_ms: u64) -> u64 {
        let is_at_ease = matches!(word, Word::Believed(view) if view.available_ratio() >= WANT_RATIO);
        if !is_at_ease || now_ms < self.next_ms {
            return 0;
        }
        bounded(vm, share(vm.resident_bytes, STEP_RATIO), since_given_ms)
    }

    /// In need. A guest that is silent cannot be asked for its balloon and still pays its part.
    pub fn needed_bytes(&self, vm: &Vm, word: Word, since_given_ms: u64, now_ms: u64) -> u64 {
        let is_too_soon = self.last.is_some_and(|(at, _)| now_ms.saturating_sub(at) < NEEDED_EVERY_MS);
        let may_want = match word {
            Word::Believed(view) => view.available_ratio() < WANT_RATIO,
            Word::Unsettled => true,
            Word::Silent | Word::Impossible(_) => false,
        };
        if is_too_soon || may_want {
            return 0;
        }
        bounded(vm, share(vm.resident_bytes, NEEDED_RATIO), since_given_ms)
    }
}

fn bounded(vm: &Vm, bytes: u64, since_given_ms: u64) -> u64 {
    if !vm.may_page_out || since_given_ms < HOLD_AFTER_GIVE_MS {
        return 0;
    }
    // What the balloon is about to take is not to be had twice.
    let held = vm.resident_bytes.saturating_sub(vm.actual().saturating_sub(vm.target_bytes));
    let bytes = whole_mib(bytes.max(STEP_MIN_BYTES).min(held.saturating_sub(vm.least_bytes())));
    if bytes < MIB { 0 } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Control, View};

    const AT_EASE: Word = Word::Believed(View { usable_bytes: 200 * MIB, available_bytes: 150 * MIB });
    const WANTING: Word = Word::Believed(View { usable_bytes: 200 * MIB, available_bytes: 20 * MIB });

    fn vm(resident_mib: u64, major_faults: u64) -> Vm {
        Vm {
            id: "one".into(),
            control: Control::On,
            shares: 1000,
            size_bytes: 1024 * MIB,
            floor_bytes: 512 * MIB,
            ceiling_bytes: 1024 * MIB,
            target_bytes: 1024 * MIB,
            actual_bytes: None,
            resident_bytes: resident_mib * MIB,
            swapped_bytes: 0,
            major_faults,
            has_balloon: true,
            may_page_out: true,
            guest: None,
        }
    }

    /// Steps taken in ten minutes in which every step costs this many refaults.
    fn steps(faults_a_step: u64) -> usize {
        let (mut faults, mut steps) = (7, 0);
        let mut paging = Paging::first(&vm(1000, faults), 0);
        for now_ms in (0..10 * MINUTE_MS).step_by(2_000) {
            paging = paging.observed(&vm(1000, faults), now_ms);
            let bytes = paging.cold_bytes(&vm(1000, faults), AT_EASE, u64::MAX, now_ms);
            if bytes > 0 {
                assert_eq!(bytes, 20 * MIB);
                paging.ordered(bytes, now_ms);
                steps += 1;
                faults += faults_a_step;
            }
        }
        steps
    }

    #[test]
    fn cold_memory_goes_in_steps_and_backs_off_over_the_budget() {
        assert_eq!(steps(0), 19);
        // 1000 MiB resident: 512 pages a minute.
        assert_eq!(steps(200), 19);
        assert!(steps(600) <= 5, "{}", steps(600));
    }

    #[test]
    fn nothing_goes_below_the_floor_under_pressure_or_just_after_a_gift() {
        let paging = Paging::first(&vm(1000, 0), 0);
        let later = MINUTE_MS;
        let cold = |vm: &Vm, word, since| paging.cold_bytes(vm, word, since, later);
        let needed = |vm: &Vm, word, since| paging.needed_bytes(vm, word, since, later);
        assert_eq!(cold(&vm(1000, 0), WANTING, u64::MAX), 0);
        assert_eq!(needed(&vm(1000, 0), WANTING, u64::MAX), 0);
        assert_eq!(cold(&vm(1000, 0), Word::Silent, u64::MAX), 0);
        assert_eq!(needed(&vm(1000, 0), AT_EASE, HOLD_AFTER_GIVE_MS - 1), 0);
        assert_eq!(needed(&vm(512, 0), AT_EASE, u64::MAX), 0);
        assert_eq!(needed(&vm(530, 0), AT_EASE, u64::MAX), 18 * MIB);
        assert_eq!(needed(&vm(1000, 0), Word::Silent, u64::MAX), 250 * MIB);
        assert_eq!(needed(&Vm { may_page_out: false, ..vm(1000, 0) }, AT_EASE, u64::MAX), 0);
    }
}
