use super::*;

const MIB: i64 = 1 << 20;
const BUDGET: f64 = 0.05;
/// What a real ksmd takes a page, roughly.
const NS_PER_PAGE: f64 = 2_000.0;

/// A scanner over some memory of which a part is alike; it merges in the second full scan.
struct Scanner {
    seen: Seen,
    alike_bytes: i64,
    scanned: f64,
    is_gone: bool,
}

impl Scanner {
    fn new(mergeable_mib: u64, alike_mib: i64) -> Self {
        let seen =
            Seen { now_ms: 0, profit_bytes: 0, cpu_ns: Some(0), full_scans: 0, mergeable_bytes: mergeable_mib << 20 };
        Self { seen, alike_bytes: alike_mib * MIB, scanned: 0.0, is_gone: false }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole pages and bytes are meant; minutes of them fit in 64 bits"
    )]
    fn run(&mut self, rate: Rate, ms: u64) {
        self.seen.now_ms += ms;
        if let Rate::Scan { pages, sleep_ms } = rate {
            let took_ms = f64::from(pages) * NS_PER_PAGE / 1e6;
            let wakes = ms as f64 / (f64::from(sleep_ms) + took_ms);
            let pages = wakes * f64::from(pages);
            self.scanned += pages;
            *self.seen.cpu_ns.as_mut().unwrap() += (pages * NS_PER_PAGE) as u64;
            self.seen.full_scans = (self.scanned * 4096.0 / self.seen.mergeable_bytes as f64) as u64;
        }
        let share = if self.is_gone { 0.0 } else { (self.seen.full_scans as f64 / 2.0).min(1.0) };
        // Bookkeeping costs 64 bytes a page looked at.
        let upkeep = if self.seen.full_scans > 0 { self.seen.mergeable_bytes as i64 / 64 } else { 0 };
        self.seen.profit_bytes = (self.alike_bytes as f64 * share) as i64 - upkeep;
    }
}

fn simulate(scanner: &mut Scanner, tuner: &mut Tuner, seconds: u64, budget: f64) -> Vec<Rate> {
    let mut rates = Vec::new();
    for _ in 0..seconds / 2 {
        let (next, rate) = tuner.next(scanner.seen, budget);
        *tuner = next;
        scanner.run(rate, 2_000);
        rates.push(rate);
    }
    rates
}

#[test]
fn like_memory_is_merged_quickly_and_then_only_watched() {
    let mut scanner = Scanner::new(600, 300);
    let mut tuner = Tuner::new(scanner.seen, BUDGET);
    simulate(&mut scanner, &mut tuner, 10, BUDGET);
    assert!(scanner.seen.profit_bytes > 250 * MIB, "{}", scanner.seen.profit_bytes / MIB);
    let before = scanner.seen.cpu_ns.unwrap();
    simulate(&mut scanner, &mut tuner, 120, BUDGET);
    assert_eq!(tuner.phase, Phase::Watching);
    let before_long = scanner.seen.cpu_ns.unwrap();
    assert!(before_long > before, "it goes on looking");
    simulate(&mut scanner, &mut tuner, 600, BUDGET);
    let used = (scanner.seen.cpu_ns.unwrap() - before_long) as f64 / 600e9;
    assert!(used <= BUDGET * WATCH_RATIO * 1.2, "{used}");
}

#[test]
fn the_budget_is_kept_whatever_there_is_to_merge() {
    for budget in [0.01, 0.05, 0.3] {
        let mut scanner = Scanner::new(64 << 10, 32 << 10);
        let mut tuner = Tuner::new(scanner.seen, budget);
        simulate(&mut scanner, &mut tuner, 600, budget);
        let used = scanner.seen.cpu_ns.unwrap() as f64 / 600e9;
        assert!(used <= budget * 1.25 + 0.002, "{used} of {budget}");
    }
}

#[test]
fn without_profit_the_scanner_stops_and_tries_again_later_or_when_vms_come() {
    let mut scanner = Scanner::new(600, 0);
    let mut tuner = Tuner::new(scanner.seen, BUDGET);
    let rates = simulate(&mut scanner, &mut tuner, 120, BUDGET);
    assert_eq!(rates.last(), Some(&Rate::Stop));
    assert!(matches!(tuner.phase, Phase::Resting { .. }));
    let rates = simulate(&mut scanner, &mut tuner, 400, BUDGET);
    assert!(rates.iter().any(|rate| matches!(rate, Rate::Scan { .. })), "it tries again");
    simulate(&mut scanner, &mut tuner, 120, BUDGET);
    scanner.seen.mergeable_bytes *= 2;
    let rates = simulate(&mut scanner, &mut tuner, 4, BUDGET);
    assert!(matches!(rates.last(), Some(Rate::Scan { .. })), "new VMs are scanned at once");
}

#[test]
fn a_large_host_without_profit_is_not_searched_for_hours() {
    // 2 TiB: one full scan takes 6 hours at this budget.
    let mut scanner = Scanner::new(2 << 20, 0);
    let mut tuner = Tuner::new(scanner.seen, BUDGET);
    simulate(&mut scanner, &mut tuner, SEARCH_MS / 1_000 - 60, BUDGET);
    assert_eq!((tuner.phase, scanner.seen.full_scans), (Phase::Searching, 0));
    simulate(&mut scanner, &mut tuner, 120, BUDGET);
    assert!(matches!(tuner.phase, Phase::Resting { .. }), "{:?}", tuner.phase);
}

#[test]
fn a_large_host_whose_profit_stands_still_is_watched_from_then_on() {
    let mut seen = Seen { profit_bytes: 100 * MIB, ..Scanner::new(2 << 20, 0).seen };
    let mut tuner = Tuner::new(seen, BUDGET);
    for now_ms in [SEARCH_MS, SEARCH_MS + 2_000, SEARCH_MS + 4_000] {
        seen.now_ms = now_ms;
        (tuner, _) = tuner.next(seen, BUDGET);
        assert_eq!(tuner.phase, Phase::Watching, "at {now_ms}");
    }
    seen.profit_bytes += GAIN_BYTES;
    assert_eq!(tuner.next(seen, BUDGET).0.phase, Phase::Searching);
}

#[test]
fn profit_that_goes_away_ends_the_watch() {
    let mut scanner = Scanner::new(600, 300);
    let mut tuner = Tuner::new(scanner.seen, BUDGET);
    simulate(&mut scanner, &mut tuner, 120, BUDGET);
    scanner.is_gone = true;
    let rates = simulate(&mut scanner, &mut tuner, 4, BUDGET);
    assert_eq!(rates.last(), Some(&Rate::Stop));
}

#[test]
fn nothing_to_merge_is_not_scanned_and_an_unreadable_cpu_time_is_no_obstacle() {
    let scanner = Scanner::new(0, 0);
    let (_, rate) = Tuner::new(scanner.seen, BUDGET).next(scanner.seen, BUDGET);
    assert_eq!(rate, Rate::Stop);
    let seen = Seen { cpu_ns: None, ..Scanner::new(100, 0).seen };
    let (_, rate) = Tuner::new(seen, BUDGET).next(Seen { now_ms: 2_000, ..seen }, BUDGET);
    assert!(matches!(rate, Rate::Scan { .. }));
}
