//! What an operator may choose about the controller, and its limits.
use serde::{Deserialize, Serialize};

/// Waldspurger's own choice (OSDI 2002, section 5.3).
const IDLE_TAX: f64 = 0.75;
const HIGH: f64 = 0.06;
const SOFT: f64 = 0.04;
const HARD: f64 = 0.02;
const LOW: f64 = 0.01;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// False: no VM is controlled, whatever its definition says.
    pub enabled: bool,
    /// 0 takes from all alike, 1 only from the idle.
    pub idle_tax_ratio: f64,
    /// Shares of the host's memory under which the states begin.
    pub high_ratio: f64,
    pub soft_ratio: f64,
    pub hard_ratio: f64,
    pub low_ratio: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            idle_tax_ratio: IDLE_TAX,
            high_ratio: HIGH,
            soft_ratio: SOFT,
            hard_ratio: HARD,
            low_ratio: LOW,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    /// As in the contract, e.g. "controller.idle_tax_ratio".
    pub field: &'static str,
    pub message: String,
}

impl Settings {
    pub fn check(&self) -> Result<(), SettingsError> {
        let refuse = |field, message| Err(SettingsError { field, message });
        if !(0.0..=1.0).contains(&self.idle_tax_ratio) {
            let message = format!("an idle tax of {} is out of range; give 0 to 1", self.idle_tax_ratio);
            return refuse("controller.idle_tax_ratio", message);
        }
        let thresholds = [
            ("controller.low_ratio", self.low_ratio),
            ("controller.hard_ratio", self.hard_ratio),
            ("controller.soft_ratio", self.soft_ratio),
            ("controller.high_ratio", self.high_ratio),
        ];
        let mut under = 0.0;
        for (field, ratio) in thresholds {
            if !(ratio > under && ratio <= 1.0) {
                let message = format!(
                    "a threshold of {ratio} is out of range; give 0 < low < hard < soft < high <= 1, here more than {under}"
                );
                return refuse(field, message);
            }
            under = ratio;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_and_each_fault_names_its_field() {
        let good = Settings::default();
        assert_eq!(good.check(), Ok(()));
        let field = |settings: Settings| settings.check().unwrap_err().field;
        assert_eq!(field(Settings { idle_tax_ratio: 1.1, ..good }), "controller.idle_tax_ratio");
        assert_eq!(field(Settings { idle_tax_ratio: f64::NAN, ..good }), "controller.idle_tax_ratio");
        assert_eq!(field(Settings { low_ratio: 0.0, ..good }), "controller.low_ratio");
        assert_eq!(field(Settings { hard_ratio: 0.05, ..good }), "controller.soft_ratio");
        assert_eq!(field(Settings { high_ratio: 1.5, ..good }), "controller.high_ratio");
        assert_eq!(field(Settings { high_ratio: f64::NAN, ..good }), "controller.high_ratio");
    }
}
