//! Which sharing domain may merge. Linux's KSM merges any two mergeable pages, whoever owns them: domains are kept apart
//! by letting the VMs of one domain at a time be mergeable on a host.
use std::collections::BTreeMap;

use crate::bytes::said;

/// Another domain must have this much more to merge than the active one, so that like ones do not take turns …
const BETTER_RATIO: f64 = 1.25;
/// … and the active one has its turn for so long, for each change unmerges what was merged.
const TURN_MS: u64 = 600_000;

/// A running VM that wants to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharer<'a> {
    pub domain: &'a str,
    pub resident_bytes: u64,
    /// Merged so far: it takes this much more when it is unmerged.
    pub merged_bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Active {
    /// Empty: nobody wants to share.
    pub domain: String,
    /// Why this one and, where others wait, which.
    pub reason: String,
    since_ms: u64,
}

impl Active {
    pub fn new(domain: String, since_ms: u64) -> Self {
        Self { domain, reason: String::new(), since_ms }
    }

    /// `spare_bytes`: what unmerging may take of the host's memory.
    pub fn next(&self, sharers: &[Sharer], spare_bytes: u64, now_ms: u64) -> Self {
        let mut domains: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
        for sharer in sharers {
            let (bytes, count) = domains.entry(sharer.domain).or_default();
            *bytes += sharer.resident_bytes;
            *count += 1;
        }
        // Of equal ones the first by name, always.
        let Some((&best, _)) = domains.iter().rev().max_by_key(|(_, (bytes, _))| *bytes) else {
            return Self {
                domain: String::new(),
                reason: "no running VM has the feature \"tps\"".into(),
                since_ms: now_ms,
            };
        };
        let size = |domain: &str| domains.get(domain).copied().unwrap_or_default();
        let held = size(&self.domain);
        let is_gone = held.1 == 0;
        let is_better = size(best).0 as f64 > held.0 as f64 * BETTER_RATIO;
        let had_its_turn = now_ms.saturating_sub(self.since_ms) >= TURN_MS;
        let merged: u64 =
            sharers.iter().filter(|sharer| sharer.domain == self.domain).map(|sharer| sharer.merged_bytes).sum();
        let wants_change = best != self.domain && (is_gone || (is_better && had_its_turn));
        let fits = merged <= spare_bytes;
        let (domain, since_ms) = match wants_change && fits {
            true => (best, now_ms),
            false => (self.domain.as_str(), self.since_ms),
        };
        let mut reason = reason(domain, &domains);
        if wants_change && !fits {
            reason.push_str(&format!(
                "; \"{best}\" has more and waits: unmerging \"{domain}\" takes {}, and the host can spare {}",
                said(merged),
                said(spare_bytes)
            ));
        }
        Self { domain: domain.to_owned(), reason, since_ms }
    }
}

fn reason(active: &str, domains: &BTreeMap<&str, (u64, usize)>) -> String {
    let told =
        |(bytes, count): (u64, usize)| format!("{} in {count} VM{}", said(bytes), if count == 1 { "" } else { "s" });
    let own = told(domains.get(active).copied().unwrap_or_default());
    let others: Vec<String> = domains
        .iter()
        .filter(|(domain, _)| **domain != active)
        .map(|(domain, size)| format!("\"{domain}\" ({})", told(*size)))
        .collect();
    if others.is_empty() {
        return format!("\"{active}\" is the only domain, with {own}");
    }
    format!(
        "\"{active}\" has the most to merge, {own}; waiting, for pages of two domains must not meet: {}",
        others.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn sharer(domain: &str, resident_mib: u64, merged_mib: u64) -> Sharer<'_> {
        Sharer { domain, resident_bytes: resident_mib * MIB, merged_bytes: merged_mib * MIB }
    }

    #[test]
    fn the_domain_with_the_most_to_merge_is_active_and_says_who_waits() {
        let sharers = [sharer("a", 200, 0), sharer("b", 150, 0), sharer("b", 150, 0)];
        let active = Active::default().next(&sharers, u64::MAX, 0);
        assert_eq!(active.domain, "b");
        assert!(active.reason.contains("\"b\" has the most") && active.reason.contains("\"a\" (200 MiB in 1 VM)"));
        let nobody = active.next(&[], u64::MAX, 1);
        assert_eq!(nobody.domain, "");
        assert!(nobody.reason.contains("tps"));
    }

    #[test]
    fn a_domain_has_its_turn_and_gives_way_only_to_a_clearly_better_one() {
        let active = Active::default().next(&[sharer("a", 200, 0)], u64::MAX, 0);
        let rivals = [sharer("a", 200, 50), sharer("b", 240, 0)];
        assert_eq!(active.next(&rivals, u64::MAX, TURN_MS).domain, "a", "not better by a quarter");
        let rivals = [sharer("a", 200, 50), sharer("b", 300, 0)];
        assert_eq!(active.next(&rivals, u64::MAX, TURN_MS - 1).domain, "a", "its turn lasts");
        assert_eq!(active.next(&rivals, u64::MAX, TURN_MS).domain, "b");
        assert_eq!(active.next(&[sharer("b", 1, 0)], u64::MAX, 1).domain, "b", "at once when the other has gone");
    }

    #[test]
    fn unmerging_that_does_not_fit_is_put_off_with_its_figure() {
        let active = Active::default().next(&[sharer("a", 200, 0)], u64::MAX, 0);
        let rivals = [sharer("a", 200, 150), sharer("b", 900, 0)];
        let held = active.next(&rivals, 100 * MIB, TURN_MS);
        assert_eq!(held.domain, "a");
        assert!(held.reason.contains("takes 150 MiB") && held.reason.contains("spare 100 MiB"), "{}", held.reason);
        assert_eq!(held.next(&rivals, 150 * MIB, TURN_MS).domain, "b");
    }
}
