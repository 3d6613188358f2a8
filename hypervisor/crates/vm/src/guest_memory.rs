//! What a guest's balloon driver says of the guest's memory. It comes from the guest and may be forged: what cannot be
//! true is dropped, and what is left is told as the guest's word.
use serde_json::Value;

use crate::view::UnixMs;

/// QEMU dates a report by the host's clock; one from further ahead was dated by a clock that has been set back since.
const CLOCK_TOLERANCE_MS: u64 = 5_000;

/// The guest's own word: absent where it did not report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestMemory {
    pub updated_at: Option<UnixMs>,
    pub total_bytes: Option<u64>,
    pub free_bytes: Option<u64>,
    pub available_bytes: Option<u64>,
    pub cache_bytes: Option<u64>,
    pub swap_in_bytes: Option<u64>,
    pub swap_out_bytes: Option<u64>,
    pub major_faults: Option<u64>,
    pub minor_faults: Option<u64>,
}

/// `now` and `most_bytes` (the most memory that the guest can see) are what the report is judged by. `last-update` 0 means
/// that the guest has never reported; -1 and 2^64-1 that it does not know a figure.
pub(crate) fn guest_memory(answer: &Value, now: UnixMs, most_bytes: u64) -> Option<GuestMemory> {
    const LARGEST_PLAUSIBLE: u64 = 1 << 60;
    let updated = answer["last-update"].as_u64().filter(|seconds| *seconds > 0 && *seconds < LARGEST_PLAUSIBLE)?;
    let updated_at = UnixMs(updated.saturating_mul(1000));
    if updated_at.0 > now.0.saturating_add(CLOCK_TOLERANCE_MS) {
        return None;
    }
    let stats = &answer["stats"];
    let figure = |key: &str| stats[key].as_u64().filter(|value| *value < LARGEST_PLAUSIBLE);
    let total = figure("stat-total-memory").filter(|total| *total > 0 && *total <= most_bytes);
    let part = |key: &str| figure(key).filter(|part| *part <= total.unwrap_or(most_bytes));
    Some(GuestMemory {
        updated_at: Some(updated_at),
        total_bytes: total,
        free_bytes: part("stat-free-memory"),
        available_bytes: part("stat-available-memory"),
        cache_bytes: part("stat-disk-caches"),
        swap_in_bytes: figure("stat-swap-in"),
        swap_out_bytes: figure("stat-swap-out"),
        major_faults: figure("stat-major-faults"),
        minor_faults: figure("stat-minor-faults"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: UnixMs = UnixMs(1_700_000_002_000);
    const MOST: u64 = 1000;

    fn told(stats: Value) -> GuestMemory {
        guest_memory(&json!({ "last-update": 1_700_000_000, "stats": stats }), NOW, MOST).unwrap()
    }

    #[test]
    fn unknown_figures_are_absent() {
        let memory = told(json!({
            "stat-total-memory": 256, "stat-free-memory": u64::MAX, "stat-available-memory": -1,
            "stat-disk-caches": (1u64 << 61), "stat-swap-in": "7", "stat-major-faults": 0,
        }));
        assert_eq!(memory.total_bytes, Some(256));
        assert_eq!(memory.major_faults, Some(0));
        let absent = [memory.free_bytes, memory.available_bytes, memory.cache_bytes, memory.swap_in_bytes];
        assert_eq!(absent, [None; 4]);
    }

    #[test]
    fn a_guest_that_never_reported_has_no_memory_figures() {
        for answer in
            [json!({ "last-update": 0, "stats": { "stat-total-memory": 5 } }), json!({ "stats": {} }), json!("x")]
        {
            assert_eq!(guest_memory(&answer, NOW, MOST), None);
        }
    }

    #[test]
    fn more_memory_than_the_guest_was_given_is_its_invention() {
        let memory =
            told(json!({ "stat-total-memory": 1001, "stat-free-memory": 1000, "stat-available-memory": 1001 }));
        assert_eq!((memory.total_bytes, memory.free_bytes, memory.available_bytes), (None, Some(1000), None));
        assert_eq!(told(json!({ "stat-total-memory": 0 })).total_bytes, None);
    }

    #[test]
    fn a_part_is_not_larger_than_the_whole() {
        let memory = told(json!({
            "stat-total-memory": 500, "stat-free-memory": 501, "stat-available-memory": 500, "stat-disk-caches": 900,
        }));
        assert_eq!((memory.total_bytes, memory.available_bytes), (Some(500), Some(500)));
        assert_eq!((memory.free_bytes, memory.cache_bytes), (None, None));
    }

    #[test]
    fn a_report_from_the_future_is_not_believed() {
        let at = |seconds: u64| guest_memory(&json!({ "last-update": seconds, "stats": {} }), NOW, MOST);
        assert!(at(1_700_000_007).is_some());
        assert_eq!(at(1_700_000_008), None);
        assert_eq!(at(u64::MAX), None);
    }
}
