//! Sizes: shares of them, whole MiB, and how they are said.

pub(crate) const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// `bytes` times a ratio that is not negative.
#[expect(clippy::cast_possible_truncation, reason = "a ratio of a memory's size fits, and a cast saturates")]
pub(crate) fn share(bytes: u64, ratio: f64) -> u64 {
    (bytes as f64 * ratio.max(0.0)) as u64
}

pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Balloons and people count in MiB.
pub(crate) fn whole_mib(bytes: u64) -> u64 {
    bytes / MIB * MIB
}

/// "312 MiB", "1.5 GiB".
pub fn said(bytes: u64) -> String {
    if bytes >= 10 * GIB {
        format!("{} GiB", bytes / GIB)
    } else if bytes >= GIB {
        format!("{:.1} GiB", bytes as f64 / GIB as f64)
    } else {
        format!("{} MiB", bytes / MIB)
    }
}

pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}
