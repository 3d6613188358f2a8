//! The decision: who wants memory, who gives it, what is paged out, and when room is asked for. One round for the VMs
//! that are controlled; a second one, told but not done, as if those that only want advice were controlled too.
use std::sync::Arc;

use crate::bytes::{percent, said, share, whole_mib};
use crate::decision::{Action, Decision, Whose};
use crate::give::{Urgency, Wish, wish};
use crate::observe::{Control, Observations, Vm, Word};
use crate::page_out::GAIN_RATIO;
use crate::pressure::{HostState, Thresholds};
use crate::settings::Settings;
use crate::state::{Advice, Memo, State};
use crate::take::{STEP_MIN_BYTES, Source, TAKE_EVERY_MS, spread, takeable_bytes};
use crate::tax::{active_ratio, shares_per_page};

/// Guests report freed pages by themselves within 4 s: a host that is only SOFT waits for that first.
const REPORTING_MS: u64 = 4_000;
/// A host stays in SOFT this long, with nothing to be had from balloons, before memory is paged out for it.
const BALLOONS_FAIL_MS: u64 = 20_000;
/// Room is asked for when the host is hard pressed for so long and nothing is on its way …
const ASK_AFTER_MS: u64 = 10_000;
/// … and again this often.
const ASK_EVERY_MS: u64 = 60_000;
/// What was taken for a shortage is given back only of what the host has beyond this much of its high threshold.
const PLENTY_RATIO: f64 = 1.25;
/// Advice about one VM comes no sooner after the last …
const ADVISE_MIN_MS: u64 = 30_000;
/// … and the same, within a twentieth, no sooner than this.
const ADVISE_AGAIN_MS: u64 = 600_000;
const ADVICE_DIFFERS_DIVISOR: u64 = 20;

/// Pure. The decisions hold for this moment; the state is to be passed to the next call.
pub fn decide(observations: &Observations, state: &State, settings: &Settings) -> (Vec<Decision>, State) {
    let thresholds = Thresholds::of(settings, observations.host.total_bytes);
    let mut next = state.observed(observations, &thresholds);
    if !settings.enabled {
        return (Vec::new(), next);
    }
    // Both rounds judge the same moment: advice is what would be decided if all were controlled.
    let mut drafts = Vec::new();
    for audience in [Control::On, Control::Recommend] {
        if observations.vms.iter().any(|vm| vm.control == audience) {
            let round = Round::new(observations, &next, settings, thresholds, audience);
            drafts.extend(round.drafts().into_iter().map(|draft| (audience, draft)));
        }
    }
    let settled = |(audience, draft)| settle(draft, observations, audience, &mut next);
    let decisions = drafts.into_iter().filter_map(settled).collect();
    (decisions, next)
}

struct Draft {
    index: usize,
    action: Action,
    reason: String,
    is_routine: bool,
    word: Word,
}

struct Party<'a> {
    index: usize,
    vm: &'a Vm,
    memo: &'a Memo,
    word: Word,
    claim: f64,
}

struct Round<'a> {
    observations: &'a Observations,
    state: &'a State,
    settings: &'a Settings,
    thresholds: Thresholds,
    parties: Vec<Party<'a>>,
}

/// A wish that the host could not fulfil.
struct Unmet<'a> {
    bytes: u64,
    claim: f64,
    vm_id: &'a str,
}

impl<'a> Round<'a> {
    fn new(
        observations: &'a Observations,
        state: &'a State,
        settings: &'a Settings,
        thresholds: Thresholds,
        audience: Control,
    ) -> Self {
        let takes_part = |vm: &Vm| vm.control == Control::On || vm.control == audience;
        let parties = observations.vms.iter().enumerate().filter(|(_, vm)| takes_part(vm)).filter_map(|(index, vm)| {
            let memo = state.vms.get(&vm.id)?;
            let word = vm.word(memo.settled(observations.now_ms));
            let claim = shares_per_page(vm.shares, vm.actual(), active_ratio(word), settings.idle_tax_ratio);
            Some(Party { index, vm, memo, word, claim })
        });
        Self { observations, state, settings, thresholds, parties: parties.collect() }
    }

    fn drafts(&self) -> Vec<Draft> {
        let (mut drafts, unmet) = self.give();
        let taken = self.take(&unmet, &mut drafts);
        let shortage = self.shortage().saturating_sub(taken);
        let paged_out = self.page_out_in_need(shortage, taken, &mut drafts);
        if self.state.host == HostState::High {
            self.page_out_cold(&mut drafts);
        }
        if taken == 0 && paged_out == 0 && shortage > 0 {
            self.ask_for_room(shortage, &mut drafts);
        }
        drafts
    }

    fn now_ms(&self) -> u64 {
        self.observations.now_ms
    }

    fn host_is(&self) -> String {
        format!(
            "host memory is {}: {} available, {} wanted",
            self.state.host.name(),
            said(self.observations.host.available_bytes),
            said(self.thresholds.high_bytes)
        )
    }

    /// Bytes that were ordered away from controlled guests and do not show yet.
    fn on_its_way(&self) -> u64 {
        let controlled = self.parties.iter().filter(|party| party.vm.control == Control::On);
        let of = |party: &Party| {
            let balloon = party.vm.actual().saturating_sub(party.vm.target_bytes);
            let is_fresh = party.memo.since_taken_ms(self.now_ms()) < TAKE_EVERY_MS;
            let paged = share(party.memo.paging.pending_bytes(self.now_ms()), GAIN_RATIO);
            paged + if is_fresh { balloon } else { 0 }
        };
        controlled.map(of).sum()
    }

    /// What is wanting to the high threshold, beyond what is on its way.
    fn shortage(&self) -> u64 {
        let short_ms = self.state.short_since_ms.map_or(0, |since| self.now_ms().saturating_sub(since));
        let is_due = self.state.host >= HostState::Hard || short_ms >= REPORTING_MS;
        if self.state.host == HostState::High || !is_due {
            return 0;
        }
        let missing = self.thresholds.high_bytes.saturating_sub(self.observations.host.available_bytes);
        missing.saturating_sub(self.on_its_way())
    }

    fn give(&self) -> (Vec<Draft>, Vec<Unmet<'a>>) {
        let mut wishes: Vec<(&Party<'a>, Wish)> = self
            .parties
            .iter()
            .filter_map(|party| {
                let wish = wish(party.vm, party.memo, party.word, self.state.host, self.now_ms())?;
                Some((party, wish))
            })
            .collect();
        wishes.sort_by(|one, other| one.1.urgency.cmp(&other.1.urgency).then(other.0.claim.total_cmp(&one.0.claim)));
        let available = self.observations.host.available_bytes;
        let being_given: u64 =
            self.parties.iter().map(|party| party.vm.target_bytes.saturating_sub(party.vm.actual())).sum();
        let mut spent = being_given;
        let plenty = share(self.thresholds.high_bytes, PLENTY_RATIO);
        let (mut drafts, mut unmet) = (Vec::new(), Vec::new());
        for (party, wish) in wishes {
            let from_bytes = party.vm.target_bytes;
            let wished = wish.goal_bytes - from_bytes;
            let room = match wish.urgency {
                Urgency::Floor => wished,
                Urgency::Want => available.saturating_sub(self.thresholds.soft_bytes).saturating_sub(spent),
                Urgency::Relax => available.saturating_sub(plenty).saturating_sub(spent),
            };
            let granted = if room >= wished { wished } else { whole_mib(room) };
            if wish.urgency == Urgency::Want && granted < wished {
                unmet.push(Unmet { bytes: wished - granted, claim: party.claim, vm_id: &party.vm.id });
            }
            if granted < wished && granted < STEP_MIN_BYTES {
                continue;
            }
            spent += granted;
            let mut reason = wish.reason;
            if granted < wished {
                reason.push_str(&format!("; the host can spare no more than {} of {}", said(granted), said(wished)));
            }
            let action = Action::Balloon { from_bytes, to_bytes: from_bytes + granted };
            drafts.push(party.draft(action, reason));
        }
        (drafts, unmet)
    }

    /// By balloon: down to the ceilings, then for the shortage, then for guests in want with a better claim.
    fn take(&self, unmet: &[Unmet], drafts: &mut Vec<Draft>) -> u64 {
        let shortage = self.shortage();
        let wanted: u64 = unmet.iter().map(|wish| wish.bytes).sum();
        let wanted = wanted.saturating_sub(self.on_its_way());
        let best = unmet.iter().max_by(|one, other| one.claim.total_cmp(&other.claim));
        let free = |party: &Party| !drafts.iter().any(|draft| draft.index == party.index);
        let givers: Vec<&Party> = self.parties.iter().filter(|party| free(party)).collect();
        let sources: Vec<Source> = givers.iter().map(|party| party.source(self.now_ms())).collect();
        let mut taken = spread(shortage, &sources, self.settings.idle_tax_ratio);
        if let Some(best) = best.filter(|_| wanted > 0) {
            let poorer: Vec<Source> = givers
                .iter()
                .zip(&sources)
                .zip(&taken)
                .map(|((party, source), taken)| Source {
                    takeable_bytes: if party.claim < best.claim { source.takeable_bytes - taken } else { 0 },
                    ..*source
                })
                .collect();
            let more = spread(wanted, &poorer, self.settings.idle_tax_ratio);
            taken.iter_mut().zip(more).for_each(|(taken, more)| *taken += more);
        }
        let mut total = 0;
        for (party, bytes) in givers.iter().zip(taken) {
            let over = party.over_ceiling_bytes(self.now_ms());
            if bytes.max(over) == 0 {
                continue;
            }
            let why = match best {
                _ if bytes == 0 => format!("its ceiling is {}", said(party.vm.most_bytes())),
                Some(best) if shortage == 0 => format!("VM \"{}\" wants memory and has the better claim", best.vm_id),
                _ => self.host_is(),
            };
            let bytes = bytes.max(over);
            total += bytes;
            let from_bytes = party.vm.target_bytes;
            let action = Action::Balloon { from_bytes, to_bytes: from_bytes - bytes };
            drafts.push(party.draft(action, format!("{why}; {}", party.idle())));
        }
        total
    }

    fn page_out_in_need(&self, shortage: u64, ballooned: u64, drafts: &mut Vec<Draft>) -> u64 {
        let short_ms = self.state.short_since_ms.map_or(0, |since| self.now_ms().saturating_sub(since));
        let balloons_fail = ballooned == 0 && short_ms >= BALLOONS_FAIL_MS;
        if shortage == 0 || !(self.state.host >= HostState::Hard || balloons_fail) {
            return 0;
        }
        let mut room = self.observations.host.page_out_room_bytes;
        let mut left = share(shortage, 1.0 / GAIN_RATIO);
        let mut ordered = 0;
        for party in self.by_claim() {
            let given = party.memo.since_given_ms(self.now_ms());
            let most = party.memo.paging.needed_bytes(party.vm, party.word, given, self.now_ms());
            let bytes = whole_mib(most.min(left).min(room));
            if bytes < STEP_MIN_BYTES || drafts.iter().any(|draft| draft.index == party.index) {
                continue;
            }
            left -= bytes;
            room -= bytes;
            ordered += bytes;
            let what = if ballooned == 0 { "no balloon can give more" } else { "balloons alone are too slow" };
            drafts
                .push(party.draft(Action::PageOut { bytes, of: Whose::Guest }, format!("{}; {what}", self.host_is())));
        }
        ordered
    }

    fn page_out_cold(&self, drafts: &mut Vec<Draft>) {
        let mut room = self.observations.host.page_out_room_bytes;
        for party in &self.parties {
            let given = party.memo.since_given_ms(self.now_ms());
            let (bytes, of) = party.memo.paging.cold_bytes(party.vm, party.word, given, self.now_ms());
            let bytes = bytes.min(room);
            if bytes == 0 || drafts.iter().any(|draft| draft.index == party.index) {
                continue;
            }
            room -= bytes;
            let what = match of {
                Whose::Guest => "what is cold is compressed",
                Whose::Qemu => "the guest is at its floor, and what of QEMU's own memory is cold is compressed",
            };
            let reason = format!("{}; {what} while refaults stay under 0.2 % a minute", party.idle());
            drafts.push(Draft { is_routine: true, ..party.draft(Action::PageOut { bytes, of }, reason) });
        }
    }

    /// Names the VM whose leaving costs the least: the one with the weakest claim.
    fn ask_for_room(&self, missing_bytes: u64, drafts: &mut Vec<Draft>) {
        let since = |at: Option<u64>| at.map(|at| self.now_ms().saturating_sub(at));
        let is_due = since(self.state.hard_since_ms).is_some_and(|ms| ms >= ASK_AFTER_MS)
            && since(self.state.asked_ms).is_none_or(|ms| ms >= ASK_EVERY_MS)
            && self.on_its_way() == 0;
        if let Some(party) = self.by_claim().first().filter(|_| is_due) {
            let reason = format!(
                "{}; no guest can give more: start no VM here, and stop or migrate one, this one first",
                self.host_is()
            );
            drafts.push(party.draft(Action::AskForRoom { missing_bytes }, reason));
        }
    }

    fn by_claim(&self) -> Vec<&Party<'a>> {
        let mut parties: Vec<_> = self.parties.iter().collect();
        parties.sort_by(|one, other| one.claim.total_cmp(&other.claim));
        parties
    }
}

impl Party<'_> {
    fn draft(&self, action: Action, reason: String) -> Draft {
        Draft { index: self.index, action, reason, is_routine: false, word: self.word }
    }

    fn source(&self, now_ms: u64) -> Source {
        let idle_bytes = match self.word {
            Word::Believed(view) => view.available_bytes,
            Word::Silent | Word::Unsettled | Word::Impossible(_) => 0,
        };
        let takeable_bytes = takeable_bytes(self.vm, self.memo, self.word, self.vm.least_bytes(), now_ms);
        Source { takeable_bytes, shares: self.vm.shares, held_bytes: self.vm.actual(), idle_bytes }
    }

    fn over_ceiling_bytes(&self, now_ms: u64) -> u64 {
        takeable_bytes(self.vm, self.memo, self.word, self.vm.most_bytes(), now_ms)
    }

    fn idle(&self) -> String {
        match self.word {
            Word::Believed(view) => {
                format!("the guest has {} of its {} idle", percent(view.available_ratio()), said(view.usable_bytes))
            }
            Word::Silent => "the guest does not say what it uses".to_owned(),
            Word::Unsettled => "the guest has not said what it uses since its memory changed".to_owned(),
            Word::Impossible(why) => format!("the guest is not believed: {why}"),
        }
    }
}

impl Draft {
    /// What advice is compared by.
    fn to_bytes(&self) -> u64 {
        match self.action {
            Action::Balloon { to_bytes, .. } => to_bytes,
            Action::PageOut { bytes, .. } => bytes,
            Action::AskForRoom { missing_bytes } => missing_bytes,
        }
    }
}

/// Writes a draft into the state and makes the decision of it; nothing where it concerns somebody else or was said before.
fn settle(draft: Draft, observations: &Observations, audience: Control, state: &mut State) -> Option<Decision> {
    let (vm, now_ms) = (&observations.vms[draft.index], observations.now_ms);
    if vm.control != audience {
        return None;
    }
    let memo = state.vms.get_mut(&vm.id)?;
    let to_bytes = draft.to_bytes();
    match draft.action {
        Action::AskForRoom { .. } => state.asked_ms = Some(now_ms),
        _ if audience == Control::Recommend => {
            let is_known = memo.advised.is_some_and(|said| {
                let differs = said.to_bytes.abs_diff(to_bytes) > said.to_bytes / ADVICE_DIFFERS_DIVISOR;
                let age_ms = now_ms.saturating_sub(said.at_ms);
                age_ms < ADVISE_MIN_MS || (!differs && age_ms < ADVISE_AGAIN_MS)
            });
            if is_known {
                return None;
            }
            memo.advised = Some(Advice { at_ms: now_ms, to_bytes });
        }
        Action::Balloon { from_bytes, to_bytes } => {
            memo.target_bytes = to_bytes;
            if to_bytes < from_bytes { memo.taken_ms = now_ms } else { memo.given_ms = Some(now_ms) }
        }
        Action::PageOut { bytes, of } => memo.paging.ordered(bytes, of, now_ms),
    }
    let (guest_available_bytes, guest_total_bytes) = match draft.word {
        Word::Believed(view) => (Some(view.available_bytes), Some(view.usable_bytes)),
        Word::Silent | Word::Unsettled | Word::Impossible(_) => (None, None),
    };
    Some(Decision {
        vm_id: Arc::clone(&vm.id),
        action: draft.action,
        reason: draft.reason,
        carried_out: audience == Control::On,
        is_routine: draft.is_routine,
        state: state.host,
        host_available_bytes: observations.host.available_bytes,
        guest_available_bytes,
        guest_total_bytes,
    })
}
