//! What is told of a guest, late: its reports come every few seconds and arrive seconds after they were made, and so does
//! QEMU's word of its balloon. Each tells when it was made.
use super::TICK_MS;

const SECOND_MS: u64 = 1_000;
/// What is older than this nobody asks for any more.
const KEPT_MS: u64 = 60_000;

/// What a guest said at one moment, and what was true of it then.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub total_bytes: u64,
    pub available_bytes: u64,
    /// That it wanted memory then, and did not hide it.
    pub was_wanting: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Late {
    /// 0: at every tick.
    pub report_every_ms: u64,
    pub report_late_ms: u64,
    pub answer_late_ms: u64,
    reports: Vec<(u64, Told)>,
    actual: Vec<(u64, u64)>,
}

impl Late {
    pub fn by(report_every_ms: u64, report_late_ms: u64, answer_late_ms: u64) -> Self {
        Self { report_every_ms, report_late_ms, answer_late_ms, ..Self::default() }
    }

    pub fn note(&mut self, now_ms: u64, actual_bytes: u64, told: Option<Told>) {
        let is_due = self.reports.last().is_none_or(|(made, _)| now_ms - made >= self.report_every_ms.max(TICK_MS));
        self.reports.extend(told.filter(|_| is_due).map(|told| (now_ms, told)));
        self.actual.push((now_ms, actual_bytes));
        let is_new = |at: u64| at + KEPT_MS >= now_ms;
        // The last report stays, however old: that is what a guest that fell silent leaves behind.
        let last = self.reports.last().map_or(0, |(made, _)| *made);
        self.reports.retain(|(made, _)| is_new(*made) || *made == last);
        self.actual.retain(|(at, _)| is_new(*at));
    }

    /// The newest report that has arrived, and its age in whole seconds.
    pub fn newest(&self, now_ms: u64) -> Option<(u64, Told)> {
        let (made, told) = self.reports.iter().rev().find(|(made, _)| made + self.report_late_ms <= now_ms)?;
        Some(((now_ms - made).next_multiple_of(SECOND_MS), *told))
    }

    /// When that report was made.
    pub fn newest_made_ms(&self, now_ms: u64) -> Option<u64> {
        self.reports.iter().rev().map(|(made, _)| *made).find(|made| made + self.report_late_ms <= now_ms)
    }

    /// What the balloon left the guest, by the newest answer that has arrived; the first is there at once.
    pub fn actual(&self, now_ms: u64) -> Option<u64> {
        let arrived = self.actual.iter().rev().find(|(at, _)| at + self.answer_late_ms <= now_ms);
        arrived.or(self.actual.first()).map(|(_, bytes)| *bytes)
    }

    /// Of another process nothing has been told yet.
    pub fn begin_anew(&mut self) {
        self.reports.clear();
        self.actual.clear();
    }
}
