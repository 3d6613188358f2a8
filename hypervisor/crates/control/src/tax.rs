//! Who gives first: shares per page with a tax on idle memory.
//! Waldspurger, "Memory Resource Management in VMware ESX Server", OSDI 2002, section 5.2:
//! ρ = S / (P · (f + k · (1 − f))), k = 1 / (1 − τ); S shares, P pages, f the active part, τ the tax.
use crate::observe::Word;

/// A tax of 1 would divide by zero; so an idle page counts a thousandfold.
const TAX_MAX: f64 = 0.999;

/// The VM with the least of it gives first, the one with the most gets first.
pub(crate) fn shares_per_page(shares: u32, held_bytes: u64, active_ratio: f64, idle_tax_ratio: f64) -> f64 {
    let k = 1.0 / (1.0 - idle_tax_ratio.clamp(0.0, TAX_MAX));
    let active = active_ratio.clamp(0.0, 1.0);
    let pages = held_bytes.max(1) as f64 / 4096.0;
    f64::from(shares) / (pages * (active + k * (1.0 - active)))
}

/// The active part of a guest's memory. Of one that cannot be believed all counts as active, so that it gains nothing
/// and loses nothing by its word.
pub(crate) fn active_ratio(word: Word) -> f64 {
    match word {
        Word::Believed(view) => 1.0 - view.available_ratio(),
        Word::Silent | Word::Unsettled | Word::Impossible(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn at_waldspurgers_tax_an_idle_page_counts_four_times_an_active_one() {
        let busy = shares_per_page(1000, GIB, 1.0, 0.75);
        let idle = shares_per_page(1000, GIB, 0.0, 0.75);
        assert!((busy / idle - 4.0).abs() < 1e-9, "{busy} {idle}");
        assert!((shares_per_page(1000, GIB, 0.0, 0.0) - busy).abs() < 1e-12, "no tax, no difference");
    }

    #[test]
    fn more_shares_and_less_memory_make_a_claim_better() {
        let claim = |shares, held| shares_per_page(shares, held, 0.5, 0.75);
        assert!(claim(2000, GIB) > claim(1000, GIB));
        assert!(claim(1000, GIB) > claim(1000, 2 * GIB));
        assert!(shares_per_page(1, 0, 0.0, 1.0).is_finite());
    }
}
