//! A request for another setting of the host's memory: what it leaves open stays as it is. Pure.
use quetzal_control::Settings;

use super::wishes::{CompressionMode, CompressionWish, KsmMode, Wishes};

/// Without a size, zram may hold (and zswap take) this part of the host's memory.
const SIZE_DIVISOR: u64 = 4;
const PAGE_BYTES: u64 = 4096;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The mode, absent as it is; the budget, 0 as it is.
    pub ksm: Option<(Option<KsmMode>, f64)>,
    /// The mode, absent as it is; the size, 0 for a quarter; the algorithm, empty for the best.
    pub compression: Option<(Option<CompressionMode>, u64, String)>,
    /// Thresholds of 0 as they are.
    pub controller: Option<Settings>,
    pub host_bytes: u64,
}

impl Request {
    pub fn over(&self, before: &Wishes) -> Wishes {
        let mut wishes = before.clone();
        if let Some((mode, budget)) = self.ksm {
            wishes.ksm.mode = mode.unwrap_or(before.ksm.mode);
            // Not only 0: a NaN or a negative figure is refused by its limits.
            if budget != 0.0 {
                wishes.ksm.cpu_budget_ratio = budget;
            }
        }
        if let Some((mode, size, algorithm)) = &self.compression {
            wishes.compression = self.compression_over(before, *mode, *size, algorithm);
        }
        if let Some(controller) = self.controller {
            let or = |given: f64, before: f64| if given == 0.0 { before } else { given };
            wishes.controller = Settings {
                high_ratio: or(controller.high_ratio, before.controller.high_ratio),
                soft_ratio: or(controller.soft_ratio, before.controller.soft_ratio),
                hard_ratio: or(controller.hard_ratio, before.controller.hard_ratio),
                low_ratio: or(controller.low_ratio, before.controller.low_ratio),
                ..controller
            };
        }
        wishes
    }

    fn compression_over(
        &self,
        before: &Wishes,
        mode: Option<CompressionMode>,
        size_bytes: u64,
        algorithm: &str,
    ) -> CompressionWish {
        let mode = mode.unwrap_or(before.compression.mode);
        if mode == CompressionMode::Untouched {
            return CompressionWish::default();
        }
        let size_bytes = if size_bytes == 0 { self.host_bytes / SIZE_DIVISOR } else { size_bytes };
        // What was the best of this kind still is: asking again changes nothing.
        let is_same_kind = mode == before.compression.mode;
        let algorithm = if algorithm.is_empty() && is_same_kind { &before.compression.algorithm } else { algorithm };
        CompressionWish { mode, size_bytes: size_bytes / PAGE_BYTES * PAGE_BYTES, algorithm: algorithm.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_leaves_open_stays_and_zero_means_as_it_is() {
        let before = Wishes::default();
        assert_eq!(Request::default().over(&before), before);
        let request = Request { ksm: Some((Some(KsmMode::Tuned), 0.0)), ..Request::default() };
        let after = request.over(&before);
        assert_eq!((after.ksm.mode, after.ksm.cpu_budget_ratio), (KsmMode::Tuned, before.ksm.cpu_budget_ratio));
        let request = Request { ksm: Some((None, 0.2)), ..Request::default() };
        assert_eq!(request.over(&after).ksm.mode, KsmMode::Tuned);
    }

    #[test]
    fn compression_takes_a_quarter_of_the_host_where_no_size_is_given() {
        let request = Request {
            compression: Some((Some(CompressionMode::Zram), 0, String::new())),
            host_bytes: 4 << 30,
            ..Request::default()
        };
        assert_eq!(request.over(&Wishes::default()).compression.size_bytes, 1 << 30);
        let off =
            Request { compression: Some((Some(CompressionMode::Untouched), 99, "x".into())), ..Request::default() };
        assert_eq!(off.over(&Wishes::default()).compression, CompressionWish::default());
    }
}
