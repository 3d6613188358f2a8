//! KSM's switches while they are tuned: one look at the profit, and the rate that follows from it, held against whoever
//! else moves them. How fast to scan is `quetzal_control`'s to say.
use quetzal_control::ksm::{Doing, Rate, Seen, Tuner};
use quetzal_host::HostError;
use quetzal_host::ksm::{Ksm, Scanner};

pub struct Tuning {
    ksm: Ksm,
    scanner: Option<Scanner>,
    tuner: Tuner,
    rate: Rate,
    /// As last told.
    doing: Doing,
}

impl Tuning {
    /// Moves nothing yet.
    pub fn begin(ksm: Ksm, budget_ratio: f64, mergeable_bytes: u64, now_ms: u64) -> Result<Self, HostError> {
        let scanner = ksm.scanner();
        let seen = seen(&ksm, scanner.as_ref(), mergeable_bytes, now_ms)?;
        Ok(Self { tuner: Tuner::new(seen, budget_ratio), ksm, scanner, rate: Rate::Stop, doing: Doing::NothingToMerge })
    }

    /// Answers what there is to tell: scanning began or ended.
    pub fn step(&mut self, budget_ratio: f64, mergeable_bytes: u64, now_ms: u64) -> Result<Option<String>, HostError> {
        let seen = seen(&self.ksm, self.scanner.as_ref(), mergeable_bytes, now_ms)?;
        (self.tuner, self.rate) = self.tuner.next(seen, budget_ratio);
        // Not only where the rate is another: an operator or another program may have moved the switches since.
        match self.rate {
            Rate::Scan { pages, sleep_ms } => self.ksm.scan(pages, sleep_ms)?,
            Rate::Stop => self.ksm.rest()?,
        }
        let before = std::mem::replace(&mut self.doing, self.tuner.doing());
        Ok((self.doing != before).then(|| said(self.doing, &seen)))
    }

    pub fn rate(&self) -> Rate {
        self.rate
    }

    pub fn cpu_used_ratio(&self) -> Option<f64> {
        self.tuner.cpu_ratio
    }
}

/// One sentence with the figures that it follows from.
fn said(doing: Doing, seen: &Seen) -> String {
    const MIB: i64 = 1 << 20;
    let profit = seen.profit_bytes / MIB;
    match doing {
        Doing::Scanning => {
            let mergeable = seen.mergeable_bytes >> 20;
            format!("KSM scans {mergeable} MiB of VMs for like pages; its profit is {profit} MiB")
        }
        Doing::Resting => format!("KSM rests: its profit of {profit} MiB does not grow; it tries again later"),
        Doing::NothingToMerge => format!("KSM rests: no VM's memory may be merged; its profit is {profit} MiB"),
    }
}

fn seen(ksm: &Ksm, scanner: Option<&Scanner>, mergeable_bytes: u64, now_ms: u64) -> Result<Seen, HostError> {
    let figures = ksm.figures()?;
    Ok(Seen {
        now_ms,
        profit_bytes: figures.profit_bytes,
        cpu_ns: scanner.and_then(Scanner::cpu_ns),
        full_scans: figures.full_scans,
        mergeable_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const BUDGET: f64 = 0.05;
    const MERGEABLE: u64 = 1 << 30;

    fn switches() -> (tempfile::TempDir, std::path::PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/kernel/mm/ksm");
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("run", "0"),
            ("pages_to_scan", "100"),
            ("sleep_millisecs", "20"),
            ("pages_sharing", "0"),
            ("general_profit", "0"),
            ("full_scans", "0"),
        ] {
            fs::write(folder.join(name), format!("{text}\n")).unwrap();
        }
        (root, folder)
    }

    #[test]
    fn the_scanner_runs_again_after_somebody_stopped_it_though_the_rate_is_the_same() {
        let (root, folder) = switches();
        let run = || fs::read_to_string(folder.join("run")).unwrap().trim().to_owned();
        let mut tuning = Tuning::begin(Ksm::in_root(root.path()).unwrap(), BUDGET, MERGEABLE, 0).unwrap();
        let told = tuning.step(BUDGET, MERGEABLE, 2_000).unwrap();
        assert_eq!(told.as_deref(), Some("KSM scans 1024 MiB of VMs for like pages; its profit is 0 MiB"));
        let rate = tuning.rate();
        assert_eq!(run(), "1");
        fs::write(folder.join("run"), "0\n").unwrap();
        assert_eq!(tuning.step(BUDGET, MERGEABLE, 4_000).unwrap(), None);
        assert_eq!((tuning.rate(), run().as_str()), (rate, "1"));
        let told = tuning.step(BUDGET, 0, 6_000).unwrap().unwrap();
        assert!(told.starts_with("KSM rests: no VM's memory may be merged"), "{told}");
        assert_eq!((tuning.rate(), run().as_str()), (Rate::Stop, "0"));
    }

    #[test]
    fn scanning_that_brings_nothing_is_told_once_with_its_profit() {
        let (root, folder) = switches();
        fs::write(folder.join("general_profit"), "-3145728").unwrap();
        let mut tuning = Tuning::begin(Ksm::in_root(root.path()).unwrap(), BUDGET, MERGEABLE, 0).unwrap();
        let mut told = Vec::new();
        for beat in 1..20 {
            fs::write(folder.join("full_scans"), beat.to_string()).unwrap();
            told.extend(tuning.step(BUDGET, MERGEABLE, beat * 2_000).unwrap());
        }
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].starts_with("KSM rests: its profit of -3 MiB does not grow"), "{told:?}");
    }
}
