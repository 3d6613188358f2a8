//! What an operator wishes of the host's memory: its written form, its limits, and what has changed between two of them.
use quetzal_control::Settings;
use quetzal_vm::refusal::{Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// A twentieth of a core: a minute's worth is saved up for new VMs.
const CPU_BUDGET: f64 = 0.05;
const CPU_BUDGET_LEAST: f64 = 0.001;
const CPU_BUDGET_MOST: f64 = 1.0;
const MIB: u64 = 1 << 20;
/// A smaller device holds not even one guest's cold pages.
const SIZE_LEAST_BYTES: u64 = 16 * MIB;
/// What may be swapped into compressed memory beyond this could not be held: pages seldom shrink to less than a quarter.
const SIZE_MOST_FACTOR: u64 = 4;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KsmMode {
    #[default]
    Untouched,
    Tuned,
    Stopped,
    Unmerged,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KsmWish {
    pub mode: KsmMode,
    pub cpu_budget_ratio: f64,
}

impl Default for KsmWish {
    fn default() -> Self {
        Self { mode: KsmMode::default(), cpu_budget_ratio: CPU_BUDGET }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompressionMode {
    #[default]
    Untouched,
    Zram,
    Zswap,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompressionWish {
    pub mode: CompressionMode,
    /// Of the zram device, uncompressed; of zswap's pool.
    pub size_bytes: u64,
    /// Empty: the best that the kernel has.
    pub algorithm: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    pub ksm: KsmWish,
    pub compression: CompressionWish,
    pub controller: Settings,
}

impl Wishes {
    pub fn check(&self, total_bytes: u64) -> Result<(), Refusal> {
        let refuse = |field: &str, message: String| Err(Refusal::new(RefusalCode::OutOfRange, message).at(field));
        let budget = self.ksm.cpu_budget_ratio;
        if !(CPU_BUDGET_LEAST..=CPU_BUDGET_MOST).contains(&budget) {
            let message = format!(
                "a CPU budget of {} % of a core is out of range; give {} to {} %",
                budget * 100.0,
                CPU_BUDGET_LEAST * 100.0,
                CPU_BUDGET_MOST * 100.0
            );
            return refuse("ksm.cpu_budget_ratio", message);
        }
        let most = match self.compression.mode {
            CompressionMode::Zswap => total_bytes,
            CompressionMode::Untouched | CompressionMode::Zram => total_bytes.saturating_mul(SIZE_MOST_FACTOR),
        };
        let size = self.compression.size_bytes;
        if self.compression.mode != CompressionMode::Untouched && !(SIZE_LEAST_BYTES..=most).contains(&size) {
            let message = format!(
                "a size of {} MiB is out of range; give {} to {} MiB",
                size / MIB,
                SIZE_LEAST_BYTES / MIB,
                most / MIB
            );
            return refuse("compression.size_bytes", message);
        }
        self.controller
            .check()
            .map_err(|error| Refusal::new(RefusalCode::OutOfRange, error.message.clone()).at(error.field))
    }

    /// One sentence; empty where nothing has.
    pub fn changes_from(&self, before: &Self) -> String {
        let mut said = Vec::new();
        if self.ksm != before.ksm {
            let budget = self.ksm.cpu_budget_ratio * 100.0;
            said.push(match self.ksm.mode {
                KsmMode::Untouched => "sharing is left as the host has it".to_owned(),
                KsmMode::Tuned => format!("sharing is tuned within {budget:.1} % of a core"),
                KsmMode::Stopped => "scanning for like pages is stopped".to_owned(),
                KsmMode::Unmerged => "scanning is stopped and what was merged is unmerged".to_owned(),
            });
        }
        if self.compression != before.compression {
            let CompressionWish { mode, size_bytes, algorithm } = &self.compression;
            said.push(match mode {
                CompressionMode::Untouched => "compression is left as the host has it".to_owned(),
                CompressionMode::Zram => format!("zram holds up to {} MiB, by {algorithm}", size_bytes / MIB),
                CompressionMode::Zswap => format!("zswap takes up to {} MiB, by {algorithm}", size_bytes / MIB),
            });
        }
        if self.controller != before.controller {
            said.push(match self.controller.enabled {
                true => format!("the controller is on, idle tax {:.0} %", self.controller.idle_tax_ratio * 100.0),
                false => "the controller is off".to_owned(),
            });
        }
        said.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn the_defaults_touch_nothing_and_pass() {
        let wishes = Wishes::default();
        assert_eq!((wishes.ksm.mode, wishes.compression.mode), (KsmMode::Untouched, CompressionMode::Untouched));
        wishes.check(GIB).unwrap();
        assert_eq!(serde_json::from_str::<Wishes>("{}").unwrap(), wishes);
        let text = serde_json::to_string(&wishes).unwrap();
        assert_eq!(serde_json::from_str::<Wishes>(&text).unwrap(), wishes);
    }

    #[test]
    fn figures_out_of_range_are_refused_with_their_limits() {
        let refused = |edit: fn(&mut Wishes)| {
            let mut wishes = Wishes::default();
            edit(&mut wishes);
            let refusal = wishes.check(GIB).unwrap_err();
            (refusal.field.clone(), refusal.message)
        };
        let (field, message) = refused(|wishes| wishes.ksm.cpu_budget_ratio = 1.5);
        assert!(field == "ksm.cpu_budget_ratio" && message.contains("give 0.1 to 100 %"), "{message}");
        assert_eq!(refused(|wishes| wishes.ksm.cpu_budget_ratio = f64::NAN).0, "ksm.cpu_budget_ratio");
        let (field, message) = refused(|wishes| {
            wishes.compression = CompressionWish { mode: CompressionMode::Zram, size_bytes: MIB, ..Default::default() };
        });
        assert!(field == "compression.size_bytes" && message.contains("give 16 to 4096 MiB"), "{message}");
        assert_eq!(refused(|wishes| wishes.controller.low_ratio = 0.5).0, "controller.hard_ratio");
    }

    #[test]
    fn a_change_is_told_in_one_sentence() {
        let before = Wishes::default();
        assert_eq!(before.changes_from(&before), "");
        let mut after = before.clone();
        after.ksm.mode = KsmMode::Tuned;
        after.controller.enabled = false;
        assert_eq!(after.changes_from(&before), "sharing is tuned within 5.0 % of a core; the controller is off");
    }
}
