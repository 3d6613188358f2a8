//! What the controller is told about the host and its VMs, and how far a guest's word is believed.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bytes::{MIB, ratio};

/// A guest's driver reports every 2 s; one that is silent for this long does not answer.
pub(crate) const SILENT_AFTER_MS: u64 = 15_000;
/// Reports carry whole seconds.
const REPORT_GRAIN_MS: u64 = 1_000;
/// A guest cannot have more than QEMU gave it; firmware tables and rounding are forgiven.
const TOTAL_SLACK_BYTES: u64 = 16 * MIB;
/// Memory in use has been written to, so the host holds it. This share of the VM's size is forgiven: zero pages, reports
/// from before a change, memory that the guest's kernel reserves and never touches.
const UNBACKED_DIVISOR: u64 = 4;
/// What a guest's kernel keeps for itself before it counts: its own image and tables, and a record for each page. Seen:
/// 39 MiB of 256, 150 of 4096. One that keeps more is taken for busier than it is, which does no harm.
const RESERVED_BYTES: u64 = 24 * MIB;
const RESERVED_DIVISOR: u64 = 32;
/// A guest with less of its memory available wants more.
pub(crate) const WANT_RATIO: f64 = 0.35;
/// A guest with less of its memory available is in need: it gets all that it may have. (Ours: Linux begins to thrash its
/// page cache about here.)
pub(crate) const NEED_RATIO: f64 = 0.15;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    Off,
    Recommend,
    On,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Observations {
    /// On any clock that never goes back.
    pub now_ms: u64,
    pub host: Host,
    /// The running VMs.
    pub vms: Vec<Vm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    pub total_bytes: u64,
    pub available_bytes: u64,
    /// What the compressed swap can still take in; 0 where there is none.
    pub page_out_room_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vm {
    pub id: Arc<str>,
    pub control: Control,
    pub shares: u32,
    /// Boot memory and what is plugged in.
    pub size_bytes: u64,
    pub floor_bytes: u64,
    pub ceiling_bytes: u64,
    /// What the balloon was last told to leave the guest.
    pub target_bytes: u64,
    /// What it leaves; absent: no answer yet.
    pub actual_bytes: Option<u64>,
    /// In the host's memory.
    pub resident_bytes: u64,
    /// QEMU's own memory that is resident and belongs to no file: it could be paged out, and no floor counts it.
    pub own_bytes: u64,
    pub swapped_bytes: u64,
    /// Of QEMU's process, as a total: pages that had to be fetched back.
    pub major_faults: u64,
    pub has_balloon: bool,
    pub may_page_out: bool,
    /// Absent: the guest has never reported.
    pub guest: Option<GuestReport>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestReport {
    pub age_ms: u64,
    pub total_bytes: u64,
    pub available_bytes: u64,
}

/// A guest's word, weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Believed(View),
    /// No report, or an old one.
    Silent,
    /// A report from before its memory changed, which says nothing of how it is now.
    Unsettled,
    /// Figures that no guest of this size can have.
    Impossible(&'static str),
}

/// What the guest can use now (the balloon taken off), and what of that is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub usable_bytes: u64,
    pub available_bytes: u64,
}

/// How long ago the guest's memory last grew and shrank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    /// It was given memory, and its balloon is not known to have followed: a report may be from before that or from after.
    pub is_growing: bool,
    pub grown_ms: u64,
    pub shrunk_ms: u64,
}

impl View {
    pub(crate) fn available_ratio(self) -> f64 {
        ratio(self.available_bytes, self.usable_bytes)
    }
}

impl Vm {
    pub(crate) fn actual(&self) -> u64 {
        self.actual_bytes.unwrap_or(self.target_bytes).min(self.size_bytes)
    }

    /// The most that the controller may leave the guest.
    pub(crate) fn most_bytes(&self) -> u64 {
        self.ceiling_bytes.min(self.size_bytes).max(self.floor_bytes.min(self.size_bytes))
    }

    pub(crate) fn least_bytes(&self) -> u64 {
        self.floor_bytes.min(self.size_bytes)
    }

    /// `settled`: since when its memory has not changed. A guest that wants memory while it is taken from is in want all
    /// the more, and one that was idle before it was given some is idle: only the opposite says nothing.
    pub(crate) fn word(&self, settled: Settled) -> Word {
        let Some(report) = self.guest else { return Word::Silent };
        if report.age_ms > SILENT_AFTER_MS {
            return Word::Silent;
        }
        if report.total_bytes == 0 || report.total_bytes > self.size_bytes.saturating_add(TOTAL_SLACK_BYTES) {
            return Word::Impossible("it claims more memory than it has");
        }
        if report.available_bytes > report.total_bytes {
            return Word::Impossible("it claims more available than there is");
        }
        let view = self.view(&report);
        // Otherwise the report and what is known of the balloon are of different moments.
        if settled.is_growing || report.available_bytes > view.usable_bytes.saturating_add(TOTAL_SLACK_BYTES) {
            return Word::Unsettled;
        }
        let changed_ms = if view.available_ratio() < WANT_RATIO { settled.grown_ms } else { settled.shrunk_ms };
        if report.age_ms.saturating_add(REPORT_GRAIN_MS) > changed_ms {
            return Word::Unsettled;
        }
        let in_use = view.usable_bytes - view.available_bytes;
        let backed = self.resident_bytes.saturating_add(self.swapped_bytes);
        if in_use > backed.saturating_add(self.size_bytes / UNBACKED_DIVISOR) {
            return Word::Impossible("it claims to use more than the host ever gave it");
        }
        Word::Believed(view)
    }

    /// Linux counts the balloon's pages in its total where the balloon deflates on want of memory (ours does), and takes
    /// them off where it does not. The total tells which it is.
    fn view(&self, report: &GuestReport) -> View {
        let balloon = self.size_bytes - self.actual();
        let reserved = RESERVED_BYTES + self.size_bytes / RESERVED_DIVISOR;
        let whole = report.total_bytes.max(self.size_bytes.saturating_sub(reserved));
        let counts_balloon = report.total_bytes > whole.saturating_sub(balloon / 2);
        let usable_bytes =
            if counts_balloon { report.total_bytes.saturating_sub(balloon) } else { report.total_bytes }.max(1);
        View { usable_bytes, available_bytes: report.available_bytes.min(usable_bytes) }
    }
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
