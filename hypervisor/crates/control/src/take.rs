//! Memory from guests by their balloons: how much each can give now, and who gives how much of what is needed.
use crate::bytes::{MIB, share, whole_mib};
use crate::observe::{Vm, Word};
use crate::state::Memo;
use crate::tax::shares_per_page;

/// Slowly: at most this share of what the guest has …
const TAKE_RATIO: f64 = 0.10;
/// … in this time.
pub(crate) const TAKE_EVERY_MS: u64 = 10_000;
/// Nothing is taken for so long after something was given: no swing back and forth is quicker than this.
pub(crate) const HOLD_AFTER_GIVE_MS: u64 = 60_000;
/// What is left available after a take, above the 35 % at which the guest would want it back.
const SPARE_RATIO: f64 = 0.40;
/// Smaller steps are not worth a guest's work.
pub(crate) const STEP_MIN_BYTES: u64 = 4 * MIB;
/// A balloon this far from its target is not obeyed, or was deflated by a guest in need.
const DISOBEYED_BYTES: u64 = 8 * MIB;
/// Fineness with which a need is spread over the VMs.
const QUANTA: u64 = 64;

/// The most that the guest can give now, down to `least_bytes`. 0 under guest pressure, by a guest that is not believed,
/// and too soon after the last change.
pub(crate) fn takeable_bytes(vm: &Vm, memo: &Memo, word: Word, least_bytes: u64, now_ms: u64) -> u64 {
    let Word::Believed(view) = word else { return 0 };
    let is_too_soon = memo.since_taken_ms(now_ms) < TAKE_EVERY_MS || memo.since_given_ms(now_ms) < HOLD_AFTER_GIVE_MS;
    let is_disobeyed = vm.actual() > vm.target_bytes.saturating_add(DISOBEYED_BYTES);
    if !vm.has_balloon || is_too_soon || is_disobeyed {
        return 0;
    }
    // x may go where (available − x) / (usable − x) stays at the spare ratio.
    let spare = view.available_bytes.saturating_sub(share(view.usable_bytes, SPARE_RATIO));
    let spare = share(spare, 1.0 / (1.0 - SPARE_RATIO));
    let step = share(vm.target_bytes, TAKE_RATIO);
    // What is paged out is taken already.
    let above_least = vm.target_bytes.saturating_sub(vm.swapped_bytes).saturating_sub(least_bytes);
    let bytes = whole_mib(spare.min(step).min(above_least));
    if bytes < STEP_MIN_BYTES { 0 } else { bytes }
}

/// A VM that can give, and its claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub takeable_bytes: u64,
    pub shares: u32,
    pub held_bytes: u64,
    pub idle_bytes: u64,
}

impl Source {
    /// Its shares per page after `taken`, which comes from its idle memory.
    fn claim(&self, taken: u64, idle_tax_ratio: f64) -> f64 {
        let held = self.held_bytes.saturating_sub(taken).max(1);
        let active = self.held_bytes.saturating_sub(self.idle_bytes).min(held);
        shares_per_page(self.shares, held, active as f64 / held as f64, idle_tax_ratio)
    }
}

/// Takes from whoever has the least shares per page, a little at a time, until the need is met or nobody can give more.
/// One figure a source.
pub(crate) fn spread(need_bytes: u64, sources: &[Source], idle_tax_ratio: f64) -> Vec<u64> {
    let mut taken = vec![0; sources.len()];
    let mut left = need_bytes;
    let quantum = (need_bytes / QUANTA).max(STEP_MIN_BYTES);
    while left > 0 {
        let can_give = (0..sources.len()).filter(|index| taken[*index] < sources[*index].takeable_bytes);
        let claims = can_give.map(|index| (index, sources[index].claim(taken[index], idle_tax_ratio)));
        let Some((index, _)) = claims.min_by(|one, other| one.1.total_cmp(&other.1)) else { break };
        let piece = quantum.min(sources[index].takeable_bytes - taken[index]);
        taken[index] += piece;
        left = left.saturating_sub(piece);
    }
    taken.into_iter().map(|bytes| if bytes < STEP_MIN_BYTES { 0 } else { whole_mib(bytes) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn source(shares: u32, idle_mib: u64) -> Source {
        Source { takeable_bytes: GIB / 10, shares, held_bytes: GIB, idle_bytes: idle_mib * MIB }
    }

    #[test]
    fn the_idle_give_before_the_busy_and_the_poor_before_the_rich() {
        let need = 50 * MIB;
        let by = |sources: &[Source]| spread(need, sources, 0.75);
        let taken = by(&[source(1000, 100), source(1000, 900)]);
        assert_eq!(taken[0], 0);
        assert!(taken[1] >= need && taken[1] < need + STEP_MIN_BYTES, "{taken:?}");
        let taken = by(&[source(1000, 500), source(3000, 500)]);
        assert!(taken[0] >= need && taken[1] == 0, "{taken:?}");
    }

    #[test]
    fn without_tax_and_with_like_shares_all_give_alike() {
        let taken = spread(80 * MIB, &[source(1000, 100), source(1000, 900)], 0.0);
        assert_eq!(taken[0], taken[1]);
    }

    #[test]
    fn no_more_is_taken_than_there_is() {
        let taken = spread(GIB, &[source(1000, 100), source(1000, 900)], 0.75);
        assert_eq!(taken, [whole_mib(GIB / 10); 2]);
        assert_eq!(spread(GIB, &[], 0.75), Vec::<u64>::new());
    }
}
