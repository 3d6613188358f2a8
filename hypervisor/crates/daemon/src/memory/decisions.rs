//! The controller's decisions as they are kept: bounded, each with what it brought, measured a while later.
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use quetzal_control::{Action, Decision, Whose};
use quetzal_vm::view::UnixMs;
use serde::{Deserialize, Serialize};

/// For people to look back on; the journal has the rest.
const DECISIONS_KEPT: usize = 1_000;
/// When what a decision brought is measured.
const EFFECT_AFTER_MS: u64 = 10_000;
/// Steps of the slow page-out are alike: the journal gets one of a VM's in this time.
const ROUTINE_TOLD_EVERY_MS: u64 = 600_000;
/// As those, of what a VM refuses.
const REFUSAL_TOLD_EVERY_MS: u64 = 60_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDecision {
    pub time: UnixMs,
    #[serde(flatten)]
    pub decision: Decision,
    /// By how much QEMU's resident memory fell; less than nothing where it grew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_bytes: Option<i64>,
}

/// A decision whose effect is still to be measured.
#[derive(Debug)]
struct Pending {
    due_ms: u64,
    kept: Arc<KeptDecision>,
    pid: u32,
    resident_bytes: u64,
    is_told: bool,
}

#[derive(Debug, Default)]
pub struct Decisions {
    kept: VecDeque<Arc<KeptDecision>>,
    pending: Vec<Pending>,
    routine_told_ms: BTreeMap<Arc<str>, u64>,
    refusal_told_ms: BTreeMap<Arc<str>, u64>,
}

impl Decisions {
    /// Oldest first.
    pub fn of(&self, vm_id: &str) -> Vec<Arc<KeptDecision>> {
        self.kept.iter().filter(|kept| vm_id.is_empty() || &*kept.decision.vm_id == vm_id).cloned().collect()
    }

    /// `resident`: the process and what it holds now, for measuring the effect. Answers what the journal is to get.
    pub fn add(&mut self, decision: Decision, resident: Option<(u32, u64)>, now_ms: u64) -> Option<Arc<KeptDecision>> {
        let kept = Arc::new(KeptDecision { time: UnixMs::now(), decision, effect_bytes: None });
        let vm_id = &kept.decision.vm_id;
        let is_told =
            !kept.decision.is_routine || is_due(&mut self.routine_told_ms, vm_id, ROUTINE_TOLD_EVERY_MS, now_ms);
        self.keep(kept, resident, is_told, now_ms)
    }

    /// A wish that was refused is made again every few seconds for as long as it holds: the journal gets one of a VM's in a
    /// while.
    pub fn add_refused(&mut self, decision: Decision, now_ms: u64) -> Option<Arc<KeptDecision>> {
        let kept = Arc::new(KeptDecision { time: UnixMs::now(), decision, effect_bytes: None });
        let is_told = is_due(&mut self.refusal_told_ms, &kept.decision.vm_id, REFUSAL_TOLD_EVERY_MS, now_ms);
        self.keep(kept, None, is_told, now_ms)
    }

    fn keep(
        &mut self,
        kept: Arc<KeptDecision>,
        resident: Option<(u32, u64)>,
        is_told: bool,
        now_ms: u64,
    ) -> Option<Arc<KeptDecision>> {
        self.kept.push_back(Arc::clone(&kept));
        if self.kept.len() > DECISIONS_KEPT {
            self.kept.pop_front();
        }
        let has_effect = kept.decision.carried_out && !matches!(kept.decision.action, Action::AskForRoom { .. });
        if let Some((pid, resident_bytes)) = resident.filter(|_| has_effect) {
            let due_ms = now_ms + EFFECT_AFTER_MS;
            self.pending.push(Pending { due_ms, kept: Arc::clone(&kept), pid, resident_bytes, is_told });
        }
        is_told.then_some(kept)
    }

    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Measures what is due; `resident` answers for a VM's process, None where it has ended. Answers what the journal is to
    /// get again, now with the effect.
    pub fn measure(&mut self, now_ms: u64, resident: impl Fn(&str, u32) -> Option<u64>) -> Vec<Arc<KeptDecision>> {
        let (due, pending) = std::mem::take(&mut self.pending).into_iter().partition(|one| one.due_ms <= now_ms);
        self.pending = pending;
        let due: Vec<Pending> = due;
        due.into_iter()
            .filter_map(|one| {
                let now_bytes = resident(&one.kept.decision.vm_id, one.pid)?;
                let effect = i128::from(one.resident_bytes) - i128::from(now_bytes);
                let measured = Arc::new(KeptDecision {
                    effect_bytes: i64::try_from(effect).ok(),
                    ..KeptDecision::clone(&one.kept)
                });
                if let Some(place) = self.kept.iter_mut().find(|kept| Arc::ptr_eq(kept, &one.kept)) {
                    *place = Arc::clone(&measured);
                }
                one.is_told.then_some(measured)
            })
            .collect()
    }
}

/// Whether something about the VM is to be told again; then it counts as told.
fn is_due(told_ms: &mut BTreeMap<Arc<str>, u64>, vm_id: &Arc<str>, every_ms: u64, now_ms: u64) -> bool {
    let is_due = told_ms.get(vm_id).is_none_or(|told| now_ms.saturating_sub(*told) >= every_ms);
    if is_due {
        told_ms.insert(Arc::clone(vm_id), now_ms);
    }
    is_due
}

impl KeptDecision {
    /// For the journal and the log.
    pub fn message(&self) -> String {
        const MIB: u64 = 1 << 20;
        let what = match self.decision.action {
            Action::Balloon { from_bytes, to_bytes } => {
                format!("balloon target {} to {} MiB", from_bytes / MIB, to_bytes / MIB)
            }
            Action::PageOut { bytes, of: Whose::Guest } => format!("page out {} MiB", bytes / MIB),
            Action::PageOut { bytes, of: Whose::Qemu } => format!("page out {} MiB of QEMU's own", bytes / MIB),
            Action::AskForRoom { missing_bytes } => format!("{} MiB of room wanting", missing_bytes / MIB),
        };
        let what = if self.decision.carried_out { what } else { format!("advice: {what}") };
        let effect = self.effect_bytes.map(|bytes| match bytes / MIB.cast_signed() {
            shrunk @ ..0 => format!("; QEMU grew by {} MiB", -shrunk),
            freed => format!("; {freed} MiB came free"),
        });
        let effect = effect.unwrap_or_default();
        format!("{what} ({}){effect}", self.decision.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quetzal_control::HostState;

    const MIB: u64 = 1 << 20;

    fn decision(vm_id: &str, is_routine: bool) -> Decision {
        Decision {
            vm_id: vm_id.into(),
            action: Action::PageOut { bytes: 5 * MIB, of: Whose::Guest },
            reason: "because".into(),
            carried_out: true,
            is_routine,
            state: HostState::High,
            host_available_bytes: 1,
            guest_available_bytes: None,
            guest_total_bytes: None,
        }
    }

    #[test]
    fn an_effect_is_measured_when_it_is_due_and_told_again() {
        let mut decisions = Decisions::default();
        let told = decisions.add(decision("one", false), Some((7, 100 * MIB)), 0).unwrap();
        assert_eq!((told.effect_bytes, told.message().as_str()), (None, "page out 5 MiB (because)"));
        assert_eq!(decisions.measure(EFFECT_AFTER_MS - 1, |_, _| Some(0)), []);
        let again = decisions.measure(EFFECT_AFTER_MS, |_, pid| (pid == 7).then_some(96 * MIB));
        assert_eq!(again[0].effect_bytes, Some(4 << 20));
        assert!(again[0].message().ends_with("; 4 MiB came free"));
        assert_eq!(decisions.of("one"), again);
        assert!(!decisions.has_pending());
    }

    #[test]
    fn a_process_that_ended_has_no_effect_and_advice_none_either() {
        let mut decisions = Decisions::default();
        decisions.add(decision("one", false), Some((7, 1)), 0);
        assert_eq!(decisions.measure(EFFECT_AFTER_MS, |_, _| None), []);
        decisions.add(Decision { carried_out: false, ..decision("one", false) }, Some((7, 1)), 0);
        assert!(!decisions.has_pending());
    }

    #[test]
    fn routine_steps_are_all_kept_and_told_seldom() {
        let mut decisions = Decisions::default();
        let mut told = 0;
        for step in 0..40 {
            let at = step * 30_000;
            told += usize::from(decisions.add(decision("one", true), None, at).is_some());
            told += usize::from(decisions.add(decision("two", true), None, at).is_some());
        }
        assert_eq!((told, decisions.of("one").len(), decisions.of("").len()), (4, 40, 80));
    }

    #[test]
    fn a_refusal_that_comes_again_and_again_is_told_once_a_minute_for_each_vm() {
        let mut decisions = Decisions::default();
        let refused = |vm_id| Decision { carried_out: false, ..decision(vm_id, false) };
        let mut told = 0;
        for beat in 0..45 {
            told += usize::from(decisions.add_refused(refused("one"), beat * 4_000).is_some());
            told += usize::from(decisions.add_refused(refused("two"), beat * 4_000).is_some());
        }
        assert_eq!((told, decisions.of("one").len()), (6, 45));
        assert!(decisions.add(refused("one"), None, 180_000).is_some(), "advice is another thing");
    }

    #[test]
    fn an_effect_under_nothing_is_said_as_growth() {
        let said = |bytes| {
            KeptDecision { time: UnixMs::now(), decision: decision("one", false), effect_bytes: Some(bytes) }.message()
        };
        assert!(said(-1).ends_with("; 0 MiB came free") && said(4 << 20).ends_with("; 4 MiB came free"));
        assert!(said(-(3 << 20)).ends_with("; QEMU grew by 3 MiB"), "{}", said(-(3 << 20)));
    }

    #[test]
    fn no_more_are_kept_than_the_limit() {
        let mut decisions = Decisions::default();
        for _ in 0..DECISIONS_KEPT + 5 {
            decisions.add(decision("one", false), None, 0);
        }
        assert_eq!(decisions.of("").len(), DECISIONS_KEPT);
    }
}
