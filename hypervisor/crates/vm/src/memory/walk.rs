//! When the figures that make the kernel walk all of a QEMU's memory are taken again. Must not know which they are.
use quetzal_host::process::Footprint;

/// Where what the process holds has changed; …
const CHANGED_EVERY_S: u64 = 10;
/// … and where it has not: others may have come to share the same pages.
const SELDOM_EVERY_S: u64 = 60;
/// Less than this part of what is resident is no change.
const CHANGED_DIVISOR: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    Due,
    NotDue,
}

/// The last walk: what the process held then, and the second of it.
#[derive(Debug, Default)]
pub(crate) struct Walks {
    last: Option<(Footprint, u64)>,
}

impl Walks {
    /// Whether it is time. `second` counts on for this process, from a number of its own so that the walks of many VMs
    /// are spread over the seconds. "Due" counts as done.
    pub fn next(&mut self, now: Option<Footprint>, second: u64) -> Walk {
        let Some(now) = now else { return Walk::NotDue };
        let is_due = match self.last {
            None => true,
            Some((then, at)) if differs(now, then) => {
                // In its own second of the ten, unless that has been missed.
                second > at && (second.is_multiple_of(CHANGED_EVERY_S) || second - at >= CHANGED_EVERY_S)
            }
            Some((_, at)) => second.saturating_sub(at) >= SELDOM_EVERY_S,
        };
        if !is_due {
            return Walk::NotDue;
        }
        self.last = Some((now, second));
        Walk::Due
    }
}

fn differs(now: Footprint, then: Footprint) -> bool {
    let by = |one: u64, other: u64| one.abs_diff(other);
    let change = by(now.rss_bytes, then.rss_bytes)
        .max(by(now.swap_bytes, then.swap_bytes))
        .max(by(now.ksm_merged_bytes, then.ksm_merged_bytes));
    change > then.rss_bytes / CHANGED_DIVISOR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(rss: u64, swap: u64, merged: u64) -> Footprint {
        Footprint { rss_bytes: rss, swap_bytes: swap, ksm_merged_bytes: merged, ..Footprint::default() }
    }

    /// In how many of the seconds after the first walk there was another.
    fn walks(seconds: u64, at: impl Fn(u64) -> Footprint) -> usize {
        let mut walks = Walks::default();
        assert_eq!(walks.next(Some(at(0)), 7), Walk::Due, "nothing is known at first");
        (1..=seconds).filter(|second| walks.next(Some(at(*second)), 7 + second) == Walk::Due).count()
    }

    #[test]
    fn memory_at_rest_is_walked_seldom_and_changing_memory_every_ten_seconds() {
        assert_eq!(walks(120, |_| holding(10_000, 0, 0)), 2);
        // Under a hundredth, also when it comes and goes.
        assert_eq!(walks(120, |second| holding(10_000 + second % 90, 0, 0)), 2);
        assert_eq!(walks(120, |second| holding(10_000 + 500 * second, 0, 0)), 12);
        assert_eq!(walks(120, |second| holding(10_000, 500 * second, 0)), 12);
        assert_eq!(walks(120, |second| holding(10_000, 0, 500 * second)), 12);
    }

    #[test]
    fn one_change_is_seen_within_ten_seconds() {
        let mut walks = Walks::default();
        walks.next(Some(holding(10_000, 0, 0)), 1);
        let at = |second: u64| Some(holding(if second > 4 { 20_000 } else { 10_000 }, 0, 0));
        let seen = (2..).find(|second| walks.next(at(*second), *second) == Walk::Due);
        assert_eq!(seen, Some(10));
        assert_eq!(walks.next(None, 1_000), Walk::NotDue, "nobody is left to be walked");
    }
}
