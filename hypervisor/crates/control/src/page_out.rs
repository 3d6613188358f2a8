//! Page-out into compressed memory: slowly of what is cold while the host is at ease, under a budget of refaults with
//! back-off; and of what is needed when it is hard pressed. Never below a VM's floor. Of QEMU's own memory: own_memory.rs.
use crate::bytes::{MIB, share, whole_mib};
use crate::decision::Whose;
use crate::observe::{Vm, WANT_RATIO, Word};
use crate::own_memory::OwnMemory;
use crate::take::{HOLD_AFTER_GIVE_MS, STEP_MIN_BYTES};

/// Pages that may have to be fetched back in a minute, as a share of the working set (what is resident).
/// Lagar-Cavilla et al., "Software-Defined Far Memory in Warehouse-Scale Computers", ASPLOS 2019, section 4.
const REFAULT_BUDGET_RATIO: f64 = 0.002;
pub(crate) const MINUTE_MS: u64 = 60_000;
pub(crate) const PAGE_BYTES: u64 = 4096;
/// Cold memory goes in steps of this share of what is resident, …
const STEP_RATIO: f64 = 0.04;
/// … twice as large after each that cost less than this part of a minute's budget, up to …
const CHEAP_RATIO: f64 = 0.25;
const STEP_MOST_RATIO: f64 = 0.16;
/// (compressing 1 GiB keeps a core busy for a second) …
const STEP_MOST_BYTES: u64 = 128 * MIB;
/// … this often, twice as seldom after each minute over the budget, …
pub(crate) const STEP_EVERY_MS: u64 = 10_000;
pub(crate) const STEP_SELDOM_MS: u64 = 32 * MINUTE_MS;
/// … and after each step of which less than this part went: what is left is shared, or comes back at once.
pub(crate) const FRUITFUL_RATIO: f64 = 0.25;
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
    /// The next step's share of what is resident.
    step_ratio: f64,
    last: Option<(u64, u64)>,
    /// The last step, until its cost and its gain are known.
    judged: Option<Before>,
    /// As last seen.
    seen: Before,
    own: OwnMemory,
}

/// What a step is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Before {
    bytes: u64,
    major_faults: u64,
    swapped_bytes: u64,
}

impl Paging {
    pub fn first(vm: &Vm, now_ms: u64) -> Self {
        Self {
            look_began_ms: now_ms,
            faults_at_look: vm.major_faults,
            every_ms: STEP_EVERY_MS,
            next_ms: now_ms + STEP_EVERY_MS,
            step_ratio: STEP_RATIO,
            last: None,
            judged: None,
            seen: Before::of(vm),
            own: OwnMemory::first(vm, now_ms),
        }
    }

    pub fn observed(mut self, vm: &Vm, now_ms: u64) -> Self {
        self.faults_at_look += self.own.observed(vm, now_ms);
        let refaulted = vm.major_faults.saturating_sub(self.faults_at_look).saturating_mul(PAGE_BYTES);
        let budget = refault_budget(vm);
        let is_over = refaulted > budget;
        if is_over {
            self.step_ratio = STEP_RATIO;
            self.back_off(now_ms);
        } else if now_ms >= self.next_ms {
            self.judge(vm, now_ms);
        }
        // A longer pace is kept until two of its steps have cost less than a minute's budget.
        let look_ms = MINUTE_MS.max(self.every_ms * 2);
        if is_over || now_ms.saturating_sub(self.look_began_ms) >= look_ms {
            // Twice as often would cost twice as much.
            if refaulted.saturating_mul(2) <= budget {
                self.every_ms = (self.every_ms / 2).max(STEP_EVERY_MS);
            }
            self.look_began_ms = now_ms;
            self.faults_at_look = vm.major_faults;
        }
        self.seen = Before::of(vm);
        self
    }

    /// What the last step has cost and brought, once the next is due.
    fn judge(&mut self, vm: &Vm, now_ms: u64) {
        let Some(step) = self.judged.take() else { return };
        let refaulted = vm.major_faults.saturating_sub(step.major_faults).saturating_mul(PAGE_BYTES);
        let went = vm.swapped_bytes.saturating_sub(step.swapped_bytes);
        if went < share(step.bytes, FRUITFUL_RATIO) {
            self.back_off(now_ms);
        } else if refaulted <= share(refault_budget(vm), CHEAP_RATIO) {
            self.step_ratio = (self.step_ratio * 2.0).min(STEP_MOST_RATIO);
        }
    }

    fn back_off(&mut self, now_ms: u64) {
        self.every_ms = (self.every_ms * 2).min(STEP_SELDOM_MS);
        self.next_ms = now_ms + self.every_ms;
        self.judged = None;
    }

    pub fn ordered(&mut self, bytes: u64, of: Whose, now_ms: u64) {
        self.last = Some((now_ms, bytes));
        if of == Whose::Qemu {
            self.own.ordered(bytes, self.seen.swapped_bytes, now_ms);
            return;
        }
        self.judged = Some(Before { bytes, ..self.seen });
        self.next_ms = now_ms + self.every_ms;
    }

    /// What was ordered and does not show yet.
    pub fn pending_bytes(&self, now_ms: u64) -> u64 {
        self.last.filter(|(at, _)| now_ms.saturating_sub(*at) < SHOWS_AFTER_MS).map_or(0, |(_, bytes)| bytes)
    }

    /// Of a guest at ease, while the host is: 0 where it is not due.
    pub fn cold_bytes(&self, vm: &Vm, word: Word, since_given_ms: u64, now_ms: u64) -> (u64, Whose) {
        let is_at_ease = matches!(word, Word::Believed(view) if view.available_ratio() >= WANT_RATIO);
        // One at a time: else it could not be told whose step has cost what.
        if !is_at_ease || self.own.is_under_way() {
            return (0, Whose::Guest);
        }
        let is_due = now_ms >= self.next_ms;
        let step = share(vm.resident_bytes, self.step_ratio).min(STEP_MOST_BYTES);
        match if is_due { bounded(vm, step, since_given_ms) } else { 0 } {
            0 if is_due || self.judged.is_none() => (self.own.cold_bytes(vm, now_ms), Whose::Qemu),
            bytes => (bytes, Whose::Guest),
        }
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

impl Before {
    fn of(vm: &Vm) -> Self {
        Self { bytes: 0, major_faults: vm.major_faults, swapped_bytes: vm.swapped_bytes }
    }
}

/// What a VM may have to fetch back in a minute.
pub(crate) fn refault_budget(vm: &Vm) -> u64 {
    share(vm.resident_bytes, REFAULT_BUDGET_RATIO)
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
pub(crate) mod tests {
    use super::*;
    use crate::observe::{Control, View};

    const AT_EASE: Word = Word::Believed(View { usable_bytes: 200 * MIB, available_bytes: 150 * MIB });
    const WANTING: Word = Word::Believed(View { usable_bytes: 200 * MIB, available_bytes: 20 * MIB });

    pub fn vm(resident_mib: u64, major_faults: u64) -> Vm {
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
            own_bytes: 0,
            swapped_bytes: 0,
            major_faults,
            has_balloon: true,
            may_page_out: true,
            guest: None,
        }
    }

    /// The steps of ten minutes, in MiB, where each costs this many refaults and this share of it stays out.
    fn steps(faults_a_step: u64, stays_ratio: f64) -> Vec<u64> {
        let (mut seen, mut steps) = (vm(1000, 7), Vec::new());
        let mut paging = Paging::first(&seen, 0);
        for now_ms in (0..10 * MINUTE_MS).step_by(2_000) {
            paging = paging.observed(&seen, now_ms);
            let (bytes, _) = paging.cold_bytes(&seen, AT_EASE, u64::MAX, now_ms);
            if bytes > 0 {
                paging.ordered(bytes, Whose::Guest, now_ms);
                steps.push(bytes / MIB);
                seen.major_faults += faults_a_step;
                seen.swapped_bytes += share(bytes, stays_ratio);
            }
        }
        steps
    }

    #[test]
    fn cold_memory_goes_in_steps_that_grow_while_they_cost_little() {
        assert_eq!(steps(0, 1.0)[..5], [40, 80, 128, 128, 128]);
        assert_eq!(steps(0, 1.0).len(), 59);
        // 1000 MiB resident: 512 pages a minute.
        let affordable = steps(60, 1.0);
        assert!(affordable.len() == 59 && affordable[..5] == [40, 80, 128, 128, 128], "{affordable:?}");
        let dear = steps(200, 1.0);
        assert!(dear.len() < 25 && dear.iter().all(|mib| *mib == 40), "{dear:?}");
    }

    #[test]
    fn steps_over_the_budget_or_without_fruit_come_ever_more_seldom() {
        assert!(steps(600, 1.0).len() <= 6, "{:?}", steps(600, 1.0));
        assert!(steps(0, 0.1).len() <= 9, "{:?}", steps(0, 0.1));
    }

    #[test]
    fn nothing_goes_below_the_floor_under_pressure_or_just_after_a_gift() {
        let paging = Paging::first(&vm(1000, 0), 0);
        let later = MINUTE_MS;
        let cold = |vm: &Vm, word, since| paging.cold_bytes(vm, word, since, later);
        let needed = |vm: &Vm, word, since| paging.needed_bytes(vm, word, since, later);
        assert_eq!(cold(&vm(1000, 0), WANTING, u64::MAX).0, 0);
        assert_eq!(needed(&vm(1000, 0), WANTING, u64::MAX), 0);
        assert_eq!(cold(&vm(1000, 0), Word::Silent, u64::MAX).0, 0);
        let at_floor = Vm { own_bytes: 60 * MIB, ..vm(512, 0) };
        assert_eq!(cold(&at_floor, AT_EASE, u64::MAX), (15 * MIB, Whose::Qemu), "no floor counts QEMU's own");
        assert_eq!(cold(&Vm { own_bytes: 11 * MIB, ..vm(512, 0) }, AT_EASE, u64::MAX).0, 0);
        assert_eq!(cold(&Vm { may_page_out: false, ..at_floor }, AT_EASE, u64::MAX).0, 0);
        assert_eq!(needed(&vm(1000, 0), AT_EASE, HOLD_AFTER_GIVE_MS - 1), 0);
        assert_eq!(needed(&vm(512, 0), AT_EASE, u64::MAX), 0);
        assert_eq!(needed(&vm(530, 0), AT_EASE, u64::MAX), 18 * MIB);
        assert_eq!(needed(&vm(1000, 0), Word::Silent, u64::MAX), 250 * MIB);
        assert_eq!(needed(&Vm { may_page_out: false, ..vm(1000, 0) }, AT_EASE, u64::MAX), 0);
    }
}
