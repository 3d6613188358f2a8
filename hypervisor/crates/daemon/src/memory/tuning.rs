//! KSM's switches while they are tuned: one look at the profit, and the rate that follows from it, held against whoever
//! else moves them. How fast to scan is `quetzal_control`'s to say.
use quetzal_control::ksm::{Rate, Seen, Tuner};
use quetzal_host::HostError;
use quetzal_host::ksm::{Ksm, Scanner};

pub struct Tuning {
    ksm: Ksm,
    scanner: Option<Scanner>,
    tuner: Tuner,
    rate: Rate,
}

impl Tuning {
    /// Moves nothing yet.
    pub fn begin(ksm: Ksm, budget_ratio: f64, mergeable_bytes: u64, now_ms: u64) -> Result<Self, HostError> {
        let scanner = ksm.scanner();
        let seen = seen(&ksm, scanner.as_ref(), mergeable_bytes, now_ms)?;
        Ok(Self { tuner: Tuner::new(seen, budget_ratio), ksm, scanner, rate: Rate::Stop })
    }

    pub fn step(&mut self, budget_ratio: f64, mergeable_bytes: u64, now_ms: u64) -> Result<(), HostError> {
        let seen = seen(&self.ksm, self.scanner.as_ref(), mergeable_bytes, now_ms)?;
        (self.tuner, self.rate) = self.tuner.next(seen, budget_ratio);
        // Not only where the rate is another: an operator or another program may have moved the switches since.
        match self.rate {
            Rate::Scan { pages, sleep_ms } => self.ksm.scan(pages, sleep_ms),
            Rate::Stop => self.ksm.rest(),
        }
    }

    pub fn rate(&self) -> Rate {
        self.rate
    }

    pub fn cpu_used_ratio(&self) -> Option<f64> {
        self.tuner.cpu_ratio
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
        tuning.step(BUDGET, MERGEABLE, 2_000).unwrap();
        let rate = tuning.rate();
        assert_eq!(run(), "1");
        fs::write(folder.join("run"), "0\n").unwrap();
        tuning.step(BUDGET, MERGEABLE, 4_000).unwrap();
        assert_eq!((tuning.rate(), run().as_str()), (rate, "1"));
        tuning.step(BUDGET, 0, 6_000).unwrap();
        assert_eq!((tuning.rate(), run().as_str()), (Rate::Stop, "0"));
    }
}
