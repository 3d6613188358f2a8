//! How short of memory the host is: four states by its available memory, with hysteresis.
//!
//! ```text
//!          < soft            < hard            < low
//!   HIGH ─────────> SOFT ─────────> HARD ─────────> LOW
//!   HIGH <───────── SOFT <───────── HARD <───────── LOW
//!          >= high           >= soft           >= hard
//! ```
//! A fall may skip states and so may a rise; between the two thresholds of a state nothing changes.
use serde::{Deserialize, Serialize};

use crate::bytes::share;
use crate::settings::Settings;

/// Of a host's memory up to here the thresholds take their full ratio …
const COUNTED_WHOLE_BYTES: u64 = 32 << 30;
/// … and of what is beyond a sixth of it: 6 % of a host of 1 TiB would be 61 GiB kept free; so it is 11.8 GiB, near the
/// 1 % that ESXi keeps of memory beyond its first 28 GiB (its "sliding scale" of Mem.MinFree).
const COUNTED_BEYOND_DIVISOR: u64 = 6;

/// Ordered from ease to need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HostState {
    #[default]
    High,
    Soft,
    Hard,
    Low,
}

/// Bytes of available memory under which the states begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    pub high_bytes: u64,
    pub soft_bytes: u64,
    pub hard_bytes: u64,
    pub low_bytes: u64,
}

impl Thresholds {
    pub fn of(settings: &Settings, total_bytes: u64) -> Self {
        let beyond = total_bytes.saturating_sub(COUNTED_WHOLE_BYTES);
        let counted = total_bytes - beyond + beyond / COUNTED_BEYOND_DIVISOR;
        Self {
            high_bytes: share(counted, settings.high_ratio),
            soft_bytes: share(counted, settings.soft_ratio),
            hard_bytes: share(counted, settings.hard_ratio),
            low_bytes: share(counted, settings.low_ratio),
        }
    }
}

impl HostState {
    pub fn next(self, available_bytes: u64, thresholds: &Thresholds) -> Self {
        let at = |high, soft, hard| match available_bytes {
            bytes if bytes >= high => Self::High,
            bytes if bytes >= soft => Self::Soft,
            bytes if bytes >= hard => Self::Hard,
            _ => Self::Low,
        };
        let falling = at(thresholds.soft_bytes, thresholds.hard_bytes, thresholds.low_bytes);
        let rising = at(thresholds.high_bytes, thresholds.soft_bytes, thresholds.hard_bytes);
        if falling > self { falling } else { rising.min(self) }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Soft => "SOFT",
            Self::Hard => "HARD",
            Self::Low => "LOW",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_host_keeps_its_ratios_up_to_32_gib_and_a_sixth_of_them_beyond() {
        let of = |gib: u64| Thresholds::of(&Settings::default(), gib * GIB);
        assert_eq!(of(10).high_bytes, share(10 * GIB, 0.06));
        assert_eq!(of(32).low_bytes, share(32 * GIB, 0.01));
        let big = of(1024);
        assert!(big.high_bytes > 11 * GIB && big.high_bytes < 12 * GIB, "{}", big.high_bytes);
        assert!(big.low_bytes < big.hard_bytes && big.hard_bytes < big.soft_bytes && big.soft_bytes < big.high_bytes);
    }

    #[test]
    fn a_state_is_entered_under_its_threshold_and_left_only_above_the_next() {
        let thresholds = Thresholds::of(&Settings::default(), 10_000 * 1024);
        let percent = |figure: u64| figure * 100 * 1024;
        use HostState::{Hard, High, Low, Soft};
        let walk = [
            (7, High),
            (5, High),
            (3, Soft),
            (5, Soft),
            (6, High),
            (1, Hard),
            (3, Hard),
            (4, Soft),
            (0, Low),
            (1, Low),
            (2, Hard),
            (9, High),
            (0, Low),
            (5, Soft),
            (6, High),
        ];
        let mut state = High;
        for (available, expected) in walk {
            state = state.next(percent(available), &thresholds);
            assert_eq!(state, expected, "at {available} %");
        }
    }
}
