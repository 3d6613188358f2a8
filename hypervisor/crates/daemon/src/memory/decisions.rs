//! The controller's decisions as they are kept: bounded, each with what it brought, measured a while later. Steps of the
//! slow page-out are told together (routine.rs), every other decision by itself.
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use quetzal_control::{Action, Decision, Whose};
use quetzal_vm::view::UnixMs;
use serde::{Deserialize, Serialize};

use super::routine::{Routine, Steps};

/// For people to look back on; the journal has the rest.
const DECISIONS_KEPT: usize = 1_000;
/// When what a decision brought is measured.
const EFFECT_AFTER_MS: u64 = 10_000;
/// What a VM refuses is told once in this time.
const REFUSAL_TOLD_EVERY_MS: u64 = 60_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDecision {
    pub time: UnixMs,
    #[serde(flatten)]
    pub decision: Decision,
    /// By how much QEMU's resident memory fell; less than nothing where it grew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_bytes: Option<i64>,
    /// Of several told as one, whose bytes and effects are summed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
}

/// A decision whose effect is still to be measured.
#[derive(Debug)]
struct Pending {
    due_ms: u64,
    kept: Arc<KeptDecision>,
    pid: u32,
    resident_bytes: u64,
}

#[derive(Debug, Default)]
pub struct Decisions {
    kept: VecDeque<Arc<KeptDecision>>,
    pending: Vec<Pending>,
    routine: Routine,
    /// When it was last looked at what is to be measured.
    measured_ms: u64,
    refusal_told_ms: BTreeMap<Arc<str>, u64>,
}

impl Decisions {
    /// Oldest first.
    pub fn of(&self, vm_id: &str) -> Vec<Arc<KeptDecision>> {
        self.kept.iter().filter(|kept| vm_id.is_empty() || &*kept.decision.vm_id == vm_id).cloned().collect()
    }

    /// `resident`: the process and what it holds now, for measuring the effect. Answers what the journal is to get now.
    pub fn add(&mut self, decision: Decision, resident: Option<(u32, u64)>, now_ms: u64) -> Option<Arc<KeptDecision>> {
        let kept = Arc::new(KeptDecision::new(decision));
        self.keep(Arc::clone(&kept));
        let has_effect = kept.decision.carried_out && !matches!(kept.decision.action, Action::AskForRoom { .. });
        let measured_on = resident.filter(|_| has_effect);
        if let Some((pid, resident_bytes)) = measured_on {
            let due_ms = now_ms + EFFECT_AFTER_MS;
            self.pending.push(Pending { due_ms, kept: Arc::clone(&kept), pid, resident_bytes });
        }
        match measured_on {
            Some((pid, _)) if kept.decision.is_routine => {
                self.routine.add(&kept.decision, pid, now_ms);
                None
            }
            _ => Some(kept),
        }
    }

    /// A wish that was refused is made again every few seconds for as long as it holds: the journal gets one of a VM's in a
    /// while.
    pub fn add_refused(&mut self, decision: Decision, now_ms: u64) -> Option<Arc<KeptDecision>> {
        let kept = Arc::new(KeptDecision::new(decision));
        self.keep(Arc::clone(&kept));
        is_due(&mut self.refusal_told_ms, &kept.decision.vm_id, REFUSAL_TOLD_EVERY_MS, now_ms).then_some(kept)
    }

    fn keep(&mut self, kept: Arc<KeptDecision>) {
        self.kept.push_back(kept);
        if self.kept.len() > DECISIONS_KEPT {
            self.kept.pop_front();
        }
    }

    /// Whether an effect is still to be measured, or steps are still to be told.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty() || !self.routine.is_empty()
    }

    /// Measures what is due; `resident` answers for a VM's process, None where it has ended. Answers what the journal is to
    /// get: each decision again, now with its effect, and the steps of the slow page-out whose time is over, as one.
    pub fn measure(&mut self, now_ms: u64, resident: impl Fn(&str, u32) -> Option<u64>) -> Vec<Arc<KeptDecision>> {
        let (due, pending) = std::mem::take(&mut self.pending).into_iter().partition(|one| one.due_ms <= now_ms);
        self.pending = pending;
        let due: Vec<Pending> = due;
        let mut told = Vec::new();
        for one in due {
            let now_bytes = resident(&one.kept.decision.vm_id, one.pid);
            let effect = now_bytes.map(|now_bytes| i128::from(one.resident_bytes) - i128::from(now_bytes));
            let effect_bytes = effect.and_then(|bytes| i64::try_from(bytes).ok());
            if one.kept.decision.is_routine {
                self.routine.measured(&one.kept.decision.vm_id, one.pid, effect_bytes);
            }
            if effect_bytes.is_none() {
                continue;
            }
            let measured = Arc::new(KeptDecision { effect_bytes, ..KeptDecision::clone(&one.kept) });
            if let Some(place) = self.kept.iter_mut().find(|kept| Arc::ptr_eq(kept, &one.kept)) {
                *place = Arc::clone(&measured);
            }
            if !measured.decision.is_routine {
                told.push(measured);
            }
        }
        let is_alive = |vm_id: &str, pid: u32| resident(vm_id, pid).is_some();
        told.extend(self.routine.over(now_ms, is_alive).into_iter().map(Arc::new));
        self.measured_ms = now_ms;
        told
    }

    /// The steps that are not told yet, whose time is cut short: nobody will look again.
    pub fn cut_short(&mut self) -> Vec<Arc<KeptDecision>> {
        self.routine.over(self.measured_ms, |_, _| false).into_iter().map(Arc::new).collect()
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
    pub fn new(decision: Decision) -> Self {
        Self { time: UnixMs::now(), decision, effect_bytes: None, steps: None }
    }

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
        let steps = self.steps.as_ref().map(Steps::said).unwrap_or_default();
        let what = if self.decision.carried_out { format!("{what}{steps}") } else { format!("advice: {what}") };
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
    fn routine_steps_are_all_kept_and_told_together_with_their_sums() {
        let (mut decisions, mut told) = (Decisions::default(), Vec::new());
        // Ten minutes of steps of 5 MiB, of which 3 come free; each is made before the one before it is measured.
        for beat in 0..=310 {
            let now_ms = beat * 2_000;
            if beat % 5 == 0 && beat < 300 {
                assert_eq!(decisions.add(decision("one", true), Some((7, 100 * MIB)), now_ms), None);
                assert_eq!(decisions.add(decision("two", true), Some((8, 100 * MIB)), now_ms), None);
            }
            told.extend(decisions.measure(now_ms, |_, _| Some(97 * MIB)));
        }
        told.extend(decisions.cut_short());
        assert_eq!((decisions.of("one").len(), decisions.of("").len()), (60, 120));
        let of_one: Vec<_> = told.iter().filter(|kept| &*kept.decision.vm_id == "one").collect();
        assert_eq!((told.len(), of_one.len()), (4, 2), "{told:#?}");
        let sums = |of: fn(&KeptDecision) -> u64| of_one.iter().map(|kept| of(kept)).sum::<u64>();
        let asked = sums(|kept| match kept.decision.action {
            Action::PageOut { bytes, .. } => bytes,
            Action::Balloon { .. } | Action::AskForRoom { .. } => 0,
        });
        assert_eq!(asked, 60 * 5 * MIB);
        assert_eq!(sums(|kept| kept.effect_bytes.unwrap().cast_unsigned()), 60 * 3 * MIB);
        assert!(
            of_one[0].message().starts_with("page out 150 MiB in 30 steps within 5 min (because); 90 MiB came free"),
            "{}",
            of_one[0].message()
        );
        assert!(!decisions.has_pending());
    }

    #[test]
    fn the_steps_of_a_vm_that_ends_are_told_at_once_with_what_was_measured() {
        let mut decisions = Decisions::default();
        decisions.add(decision("one", true), Some((7, 100 * MIB)), 0);
        assert_eq!(decisions.measure(EFFECT_AFTER_MS, |_, _| Some(98 * MIB)), []);
        decisions.add(decision("one", true), Some((7, 98 * MIB)), EFFECT_AFTER_MS);
        let told = decisions.measure(EFFECT_AFTER_MS + 2_000, |_, _| None);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].effect_bytes, told[0].steps.as_ref().unwrap().count), (Some(2 << 20), 2));
        assert!(told[0].message().starts_with("page out 10 MiB in 2 steps within 12 s (because); 2 MiB came free"));
    }

    #[test]
    fn a_routine_step_that_is_only_advice_is_told_by_itself() {
        let mut decisions = Decisions::default();
        let advice = Decision { carried_out: false, ..decision("one", true) };
        assert!(decisions.add(advice, Some((7, 1)), 0).is_some());
        assert!(!decisions.has_pending());
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
        let said =
            |bytes| KeptDecision { effect_bytes: Some(bytes), ..KeptDecision::new(decision("one", false)) }.message();
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
