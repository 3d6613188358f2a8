//! Memory for a guest that wants it: how much, and why. Given at once where the host has it.
use crate::bytes::{percent, said, share};
use crate::observe::{NEED_RATIO, Vm, WANT_RATIO, Word};
use crate::pressure::HostState;
use crate::state::Memo;

/// A guest that wants memory gets this much more of what it has.
const GIVE_RATIO: f64 = 0.30;
/// Long enough for the guest to deflate and to report anew.
const GIVE_AGAIN_MS: u64 = 4_000;
/// What was taken for a shortage comes back in steps, once it is over for good.
const RELAX_RATIO: f64 = 0.10;
const RELAX_AFTER_TAKE_MS: u64 = 60_000;
const RELAX_EVERY_MS: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Its floor was promised: given even where the host is short.
    Floor,
    /// From what the host can spare without becoming short.
    Want,
    /// From what it has in plenty.
    Relax,
}

pub(crate) struct Wish {
    pub urgency: Urgency,
    pub goal_bytes: u64,
    pub reason: String,
}

pub(crate) fn wish(vm: &Vm, memo: &Memo, word: Word, host: HostState, now_ms: u64) -> Option<Wish> {
    if !vm.has_balloon {
        return None;
    }
    let (target, most) = (vm.target_bytes, vm.most_bytes());
    let wish = |urgency, goal_bytes: u64, reason| (goal_bytes > target).then_some(Wish { urgency, goal_bytes, reason });
    if target < vm.least_bytes() {
        return wish(Urgency::Floor, vm.least_bytes(), format!("its floor is {}", said(vm.least_bytes())));
    }
    if let Word::Believed(view) = word
        && view.available_ratio() < WANT_RATIO
    {
        if memo.since_given_ms(now_ms) < GIVE_AGAIN_MS {
            return None;
        }
        let has = format!(
            "the guest has {} ({}) of its {} available",
            percent(view.available_ratio()),
            said(view.available_bytes),
            said(view.usable_bytes)
        );
        if view.available_ratio() < NEED_RATIO {
            return wish(Urgency::Want, most, format!("{has}, under {}: all that it may have", percent(NEED_RATIO)));
        }
        let goal = target.saturating_add(share(target, GIVE_RATIO)).min(most);
        return wish(Urgency::Want, goal, format!("{has}, under {}", percent(WANT_RATIO)));
    }
    let is_over = host == HostState::High
        && memo.since_taken_ms(now_ms) >= RELAX_AFTER_TAKE_MS
        && memo.since_given_ms(now_ms) >= RELAX_EVERY_MS;
    if !is_over {
        return None;
    }
    let goal = target.saturating_add(share(target, RELAX_RATIO)).min(most);
    wish(Urgency::Relax, goal, "the host has memory in plenty again".to_owned())
}
