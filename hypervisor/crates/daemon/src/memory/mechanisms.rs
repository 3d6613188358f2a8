//! The host's own switches (KSM, zram, zswap) as quetzald moves them: what was there before is written down first and put
//! back at the end, by the next start where this one crashes. Steps that are refused undo those before them.
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use quetzal_control::Thresholds;
use quetzal_host::HostError;
use quetzal_host::ksm::{Ksm, KsmSettings, Run};
use quetzal_host::pageout;
use quetzal_host::zram::{self, Zram};
use quetzal_host::zswap::{Zswap, ZswapSettings};
use quetzal_vm::record::{self, RecordError};
use serde::{Deserialize, Serialize};

use super::wishes::{CompressionMode, CompressionWish, KsmMode, Wishes};

const PRIOR: &str = "memory-prior.json";
const OWN_MODE: u32 = 0o600;
const MIB: u64 = 1 << 20;

/// What was there before quetzald moved it; absent: not moved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Prior {
    /// After a boot nothing of it holds.
    boot_id: String,
    ksm: Option<KsmSettings>,
    /// The number of the device that is ours.
    zram: Option<u32>,
    zswap: Option<ZswapSettings>,
}

pub struct Mechanisms {
    path: PathBuf,
    prior: Prior,
}

/// A swap's undoing may take minutes: it must not hold up the other tasks of its thread.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// Readable by quetzald alone.
pub fn write_private<T: Serialize>(path: &Path, value: &T) -> Result<(), RecordError> {
    record::write(path, value)?;
    fs::set_permissions(path, Permissions::from_mode(OWN_MODE)).map_err(|source| RecordError::File {
        action: "protect",
        path: path.to_owned(),
        source,
    })
}

impl Mechanisms {
    pub fn open(own_dir: &Path, boot_id: &str) -> Self {
        let path = own_dir.join(PRIOR);
        let kept = record::read::<Prior>(&path).unwrap_or_else(|error| {
            tracing::error!(%error, "what the host's memory switches were before is not known");
            None
        });
        let fresh = || Prior { boot_id: boot_id.to_owned(), ..Prior::default() };
        let prior = kept.filter(|prior| prior.boot_id == boot_id).unwrap_or_else(fresh);
        Self { path, prior }
    }

    /// After a start: what is still wished is gone on with, the rest of what a dead quetzald moved is put back.
    pub fn take_up(&mut self, wishes: &Wishes, total_bytes: u64) -> Vec<HostError> {
        aside(|| {
            let mut errors = Vec::new();
            let ksm = fits_still(wishes, total_bytes).and_then(|()| self.set_ksm(wishes.ksm.mode));
            errors.extend(ksm.err());
            let is_there = match wishes.compression.mode {
                CompressionMode::Untouched => false,
                CompressionMode::Zram => self.prior.zram.is_some_and(|number| Zram(number).area().is_some()),
                CompressionMode::Zswap => self.prior.zswap.is_some(),
            };
            if !is_there {
                let begun = self.end_compression().and_then(|()| {
                    let mut wish = wishes.compression.clone();
                    self.begin_compression(&mut wish, total_bytes)
                });
                errors.extend(begun.err());
            }
            errors
        })
    }

    /// Whether the change could be made, as far as that can be known without making it.
    pub fn check(&self, before: &Wishes, after: &Wishes, total_bytes: u64) -> Result<(), HostError> {
        if after.ksm.mode != before.ksm.mode && after.ksm.mode != KsmMode::Untouched {
            let ksm = Ksm::open()?;
            ksm.check()?;
            if after.ksm.mode == KsmMode::Unmerged {
                unmerging_fits(&ksm, after, total_bytes)?;
            }
        }
        if after.compression == before.compression {
            return Ok(());
        }
        let algorithm = &after.compression.algorithm;
        match after.compression.mode {
            CompressionMode::Untouched => Ok(()),
            CompressionMode::Zram => zram::check().and_then(|()| zram::check_algorithm(algorithm)),
            CompressionMode::Zswap => Zswap::open().and_then(|zswap| zswap.check()).and_then(|()| Zswap::check_swap()),
        }
    }

    /// Fills in what the kernel chose.
    pub fn apply(&mut self, before: &Wishes, after: &mut Wishes, total_bytes: u64) -> Result<(), HostError> {
        aside(|| {
            if after.ksm.mode != before.ksm.mode {
                fits_still(after, total_bytes)?;
                self.set_ksm(after.ksm.mode)?;
            }
            if after.compression == before.compression {
                return Ok(());
            }
            let changed = self.end_compression().and_then(|()| {
                let begun = self.begin_compression(&mut after.compression, total_bytes);
                if begun.is_err() {
                    self.put_back(|own| own.begin_compression(&mut before.compression.clone(), total_bytes));
                }
                begun
            });
            if changed.is_err() && after.ksm.mode != before.ksm.mode {
                self.put_back(|own| own.set_ksm(before.ksm.mode));
            }
            changed
        })
    }

    fn put_back(&mut self, step: impl FnOnce(&mut Self) -> Result<(), HostError>) {
        if let Err(error) = step(self) {
            tracing::error!(error = error.with_causes(), "a setting of memory could not be put back");
        }
    }

    /// Everything as it was before quetzald; what does not go stays written down.
    pub fn restore(&mut self) -> Vec<HostError> {
        aside(|| [self.end_compression().err(), self.set_ksm(KsmMode::Untouched).err()].into_iter().flatten().collect())
    }

    fn set_ksm(&mut self, mode: KsmMode) -> Result<(), HostError> {
        if mode == KsmMode::Untouched {
            let Some(prior) = self.prior.ksm.clone() else { return Ok(()) };
            Ksm::open()?.restore(&prior)?;
            self.prior.ksm = None;
            self.write_down();
            return Ok(());
        }
        let ksm = Ksm::open()?;
        ksm.check()?;
        if self.prior.ksm.is_none() {
            self.prior.ksm = Some(ksm.settings()?);
            self.write_down();
        }
        match mode {
            // The tuner says when to scan.
            KsmMode::Untouched | KsmMode::Tuned => Ok(()),
            KsmMode::Stopped => ksm.run(Run::Stopped),
            KsmMode::Unmerged => ksm.run(Run::Unmerged),
        }
    }

    fn begin_compression(&mut self, wish: &mut CompressionWish, total_bytes: u64) -> Result<(), HostError> {
        match wish.mode {
            CompressionMode::Untouched => {}
            CompressionMode::Zram => {
                let device = Zram::add()?;
                self.prior.zram = Some(device.0);
                self.write_down();
                match device.begin(wish.size_bytes, &wish.algorithm) {
                    Ok(algorithm) => wish.algorithm = algorithm,
                    Err(error) => {
                        self.put_back(Self::end_compression);
                        return Err(error);
                    }
                }
            }
            CompressionMode::Zswap => {
                let zswap = Zswap::open()?;
                Zswap::check_swap()?;
                self.prior.zswap = Some(zswap.settings()?);
                self.write_down();
                match zswap.begin(wish.size_bytes, total_bytes, &wish.algorithm) {
                    Ok(algorithm) => wish.algorithm = algorithm,
                    Err(error) => {
                        self.put_back(Self::end_compression);
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    fn end_compression(&mut self) -> Result<(), HostError> {
        if let Some(number) = self.prior.zram {
            Zram(number).remove()?;
            self.prior.zram = None;
            self.write_down();
        }
        if let Some(prior) = self.prior.zswap.clone() {
            Zswap::open()?.restore(&prior)?;
            self.prior.zswap = None;
            self.write_down();
        }
        Ok(())
    }

    /// Before the switch is moved: a crash in between then puts back what nobody has moved yet, which does no harm.
    fn write_down(&self) {
        if let Err(error) = write_private(&self.path, &self.prior) {
            tracing::error!(%error, "what the host's memory switches were would be lost at a crash");
        }
    }
}

/// What a moment ago fitted may no longer.
fn fits_still(wishes: &Wishes, total_bytes: u64) -> Result<(), HostError> {
    match wishes.ksm.mode {
        KsmMode::Unmerged => unmerging_fits(&Ksm::open()?, wishes, total_bytes),
        KsmMode::Untouched | KsmMode::Tuned | KsmMode::Stopped => Ok(()),
    }
}

fn unmerging_fits(ksm: &Ksm, wishes: &Wishes, total_bytes: u64) -> Result<(), HostError> {
    let thresholds = Thresholds::of(&wishes.controller, total_bytes);
    fits(ksm.figures()?.merged_bytes, spare_bytes(pageout::available_bytes().unwrap_or(0), &thresholds))
}

/// From the soft threshold on balloons would have to take back what was given away here.
fn spare_bytes(available_bytes: u64, thresholds: &Thresholds) -> u64 {
    available_bytes.saturating_sub(thresholds.soft_bytes)
}

fn fits(merged_bytes: u64, spare_bytes: u64) -> Result<(), HostError> {
    if merged_bytes <= spare_bytes {
        return Ok(());
    }
    Err(HostError::DoesNotFit {
        what: "unmerging".to_owned(),
        needed_mib: merged_bytes / MIB,
        spare_mib: spare_bytes / MIB,
        mend: "stop a VM first, or choose \"stopped\", which leaves merged what is merged",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmerging_what_would_not_fit_is_refused_with_the_figures() {
        assert!(fits(5 * MIB, 5 * MIB).is_ok());
        let thresholds = Thresholds::of(&quetzal_control::Settings::default(), 10_000 * MIB);
        assert_eq!(spare_bytes(1_000 * MIB, &thresholds), 600 * MIB, "the soft threshold of 4 % stays");
        assert_eq!(spare_bytes(1, &thresholds), 0);
        let error = fits(900 * MIB, 300 * MIB).unwrap_err().to_string();
        assert!(error.starts_with("unmerging takes 900 MiB of memory and 300 MiB can be spared; stop a VM"), "{error}");
    }

    #[test]
    fn what_another_boot_wrote_down_is_not_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let ksm = KsmSettings { run: 1, pages_to_scan: 7, sleep_ms: 9, advisor: None };
        let prior = Prior { boot_id: "then".into(), ksm: Some(ksm), zram: Some(3), zswap: None };
        write_private(&folder.path().join(PRIOR), &prior).unwrap();
        assert_eq!(Mechanisms::open(folder.path(), "then").prior, prior);
        assert_eq!(Mechanisms::open(folder.path(), "now").prior, Prior { boot_id: "now".into(), ..Prior::default() });
        fs::write(folder.path().join(PRIOR), "no JSON").unwrap();
        assert_eq!(Mechanisms::open(folder.path(), "now").prior.ksm, None);
    }
}
