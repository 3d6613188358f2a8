//! How fast KSM scans: at the rate that its profit pays for, within a budget of CPU time, and not at all where it brings
//! nothing. Pure.
//!
//! ```text
//!              nothing gained in two scans              more to merge, or rested
//!   SEARCHING ────────────────────────────> WATCHING ────────────────────────┐
//!      ^  │ no profit after two scans           │ profit gone                │
//!      │  └───────────────> RESTING <───────────┘                            │
//!      │                       │ rested, or other VMs                        │
//!      └───────────────────────┴─────────────────────────────────────────────┘
//! ```
//! The budget is a bucket of CPU time: it fills at the budget's rate and holds a minute of it, so that new VMs are
//! scanned quickly and the mean stays. An empty bucket stops the scanner until a quarter is there again.

/// The bucket holds this much of the budget's time.
const BUCKET_MS: u64 = 60_000;
const NS_PER_MS: f64 = 1e6;
/// Pages a wake-up: between the kernel's own default and one that takes most of a core.
const PAGES_LEAST: u32 = 100;
const PAGES_MOST: u32 = 10_000;
/// The kernel's own default.
const SLEEP_MS: u32 = 20;
/// How many full scans may bring nothing. The first only learns checksums; the second merges.
const FRUITLESS_SCANS: u64 = 2;
/// A full scan of a large host takes hours at its rate: a search that has brought nothing for so long is over too. Two
/// scans of some 100 GiB fit in it at the default budget; a scanner that rested goes on where it was.
const SEARCH_MS: u64 = 1_800_000;
/// A gain worth scanning on for.
const GAIN_BYTES: i64 = 1 << 20;
/// Profit may come back when guests have settled: tried again after this.
const REST_MS: u64 = 300_000;
/// Much more or less to merge than when the scanner came to rest: tried again.
const CHANGE_RATIO: f64 = 0.10;
/// Watching for new like pages takes this part of the budget.
const WATCH_RATIO: f64 = 0.25;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub now_ms: u64,
    /// What merging saves less what its bookkeeping takes.
    pub profit_bytes: i64,
    /// CPU time of the scanner so far; absent where it cannot be read: then only the profit counts.
    pub cpu_ns: Option<u64>,
    pub full_scans: u64,
    /// Resident memory of the VMs that may merge.
    pub mergeable_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    Scan { pages: u32, sleep_ms: u32 },
    Stop,
}

/// What a tuner's scanner does, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    Scanning,
    /// It brought nothing.
    Resting,
    /// No VM's memory may be merged.
    NothingToMerge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Searching,
    Watching,
    Resting { since_ms: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuner {
    phase: Phase,
    /// Profit and scans when it last grew worth the name.
    best_profit_bytes: i64,
    best_scans: u64,
    best_ms: u64,
    /// To merge when the phase began.
    mergeable_bytes: u64,
    bucket_ns: f64,
    is_spent: bool,
    pages: u32,
    last: Seen,
    /// Share of one core that the scanner took between the last two looks.
    pub cpu_ratio: Option<f64>,
}

impl Tuner {
    pub fn new(seen: Seen, budget_ratio: f64) -> Self {
        Self {
            phase: Phase::Searching,
            best_profit_bytes: seen.profit_bytes,
            best_scans: seen.full_scans,
            best_ms: seen.now_ms,
            mergeable_bytes: seen.mergeable_bytes,
            bucket_ns: bucket_ns(budget_ratio),
            is_spent: false,
            pages: PAGES_MOST,
            last: seen,
            cpu_ratio: None,
        }
    }

    pub fn next(mut self, seen: Seen, budget_ratio: f64) -> (Self, Rate) {
        self.account(seen, budget_ratio);
        self.phase = self.next_phase(seen);
        self.last = seen;
        let rate = self.rate(budget_ratio, seen);
        (self, rate)
    }

    /// Whether and why it looks for like pages; pauses in which the budget fills again count as looking.
    pub fn doing(&self) -> Doing {
        match self.phase {
            _ if self.last.mergeable_bytes == 0 => Doing::NothingToMerge,
            Phase::Resting { .. } => Doing::Resting,
            Phase::Searching | Phase::Watching => Doing::Scanning,
        }
    }

    fn account(&mut self, seen: Seen, budget_ratio: f64) {
        let passed_ns = seen.now_ms.saturating_sub(self.last.now_ms) as f64 * NS_PER_MS;
        let used_ns = seen.cpu_ns.zip(self.last.cpu_ns).map(|(now, before)| now.saturating_sub(before) as f64);
        self.cpu_ratio = used_ns.filter(|_| passed_ns > 0.0).map(|used| used / passed_ns);
        let full = bucket_ns(budget_ratio);
        self.bucket_ns = (self.bucket_ns + passed_ns * budget_ratio - used_ns.unwrap_or(0.0)).clamp(-full, full);
        if self.bucket_ns <= 0.0 {
            self.is_spent = true;
        } else if self.bucket_ns >= full / 4.0 {
            self.is_spent = false;
        }
    }

    fn next_phase(&mut self, seen: Seen) -> Phase {
        let changed = {
            let (now, then) = (seen.mergeable_bytes as f64, self.mergeable_bytes as f64);
            (now - then).abs() > then * CHANGE_RATIO
        };
        let gained = seen.profit_bytes >= self.best_profit_bytes.saturating_add(GAIN_BYTES);
        if gained {
            self.note_best(seen);
        }
        let fruitless = seen.full_scans.saturating_sub(self.best_scans) > FRUITLESS_SCANS
            || seen.now_ms.saturating_sub(self.best_ms) >= SEARCH_MS;
        match self.phase {
            Phase::Searching if fruitless && seen.profit_bytes > 0 => self.begin(Phase::Watching, seen),
            Phase::Searching if fruitless => self.begin(Phase::Resting { since_ms: seen.now_ms }, seen),
            Phase::Watching if seen.profit_bytes <= 0 => self.begin(Phase::Resting { since_ms: seen.now_ms }, seen),
            Phase::Watching if changed || gained => self.begin(Phase::Searching, seen),
            Phase::Resting { since_ms } if changed || seen.now_ms.saturating_sub(since_ms) >= REST_MS => {
                self.begin(Phase::Searching, seen)
            }
            phase => phase,
        }
    }

    fn begin(&mut self, phase: Phase, seen: Seen) -> Phase {
        self.mergeable_bytes = seen.mergeable_bytes;
        if phase == Phase::Searching {
            self.note_best(seen);
        }
        phase
    }

    fn note_best(&mut self, seen: Seen) {
        self.best_profit_bytes = seen.profit_bytes;
        self.best_scans = seen.full_scans;
        self.best_ms = seen.now_ms;
    }

    fn rate(&mut self, budget_ratio: f64, seen: Seen) -> Rate {
        let is_resting = matches!(self.phase, Phase::Resting { .. });
        if is_resting || self.is_spent || seen.mergeable_bytes == 0 {
            return Rate::Stop;
        }
        let wished = match self.phase {
            Phase::Watching => budget_ratio * WATCH_RATIO,
            // Saved time is spent at full speed.
            _ if self.bucket_ns > bucket_ns(budget_ratio) / 2.0 => 1.0,
            _ => budget_ratio,
        };
        if let Some(used) = self.cpu_ratio.filter(|used| *used > 0.0) {
            self.pages = scaled(self.pages, (wished / used).clamp(0.25, 2.0));
        }
        Rate::Scan { pages: self.pages, sleep_ms: SLEEP_MS }
    }
}

fn bucket_ns(budget_ratio: f64) -> f64 {
    BUCKET_MS as f64 * NS_PER_MS * budget_ratio
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the two limits")]
fn scaled(pages: u32, factor: f64) -> u32 {
    (f64::from(pages) * factor).clamp(f64::from(PAGES_LEAST), f64::from(PAGES_MOST)) as u32
}

#[cfg(test)]
#[path = "ksm_tests.rs"]
mod tests;
