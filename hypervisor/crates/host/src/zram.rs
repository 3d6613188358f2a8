//! A swap device in compressed memory, made and unmade: always a new one, never one that was there before.

use std::fs;
use std::path::{Path, PathBuf};

use crate::HostError;
use crate::knob;
use crate::pageout;
use crate::swap;

const HOT_ADD: &str = "/sys/class/zram-control/hot_add";
const HOT_REMOVE: &str = "/sys/class/zram-control/hot_remove";
const MISSING: HostError = HostError::NotOffered { what: "zram", mend: "load it: modprobe zram num_devices=0" };
const MIB: u64 = 1 << 20;
/// The best first: closest packing at a bearable cost. (A kernel may have been built without any of them.)
const PREFERRED: [&str; 4] = ["zstd", "lz4", "lzo-rle", "lzo"];
const IN_USE: &str = "another program uses the device: leave it to that one";

/// The number of a device that is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zram(pub u32);

/// Bytes before and after compression, and what they take with bookkeeping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ZramFigures {
    pub original_bytes: u64,
    pub compressed_bytes: u64,
    pub memory_used_bytes: u64,
}

/// Whether this process can make one, without making it.
pub fn check() -> Result<(), HostError> {
    if !Path::new(HOT_ADD).exists() {
        return Err(MISSING);
    }
    // Reading makes a device, so that the rights are asked for.
    knob::allowed(Path::new(HOT_ADD), rustix::fs::Access::READ_OK)
}

impl Zram {
    /// A new, empty device. Note its number down before the next step: after a crash nothing else knows it as ours.
    pub fn add() -> Result<Self, HostError> {
        check()?;
        knob::read_number(Path::new(HOT_ADD)).map(Self)
    }

    /// Gives it its size and takes it into the host's swap. Answers the algorithm; undone by `remove`, in failure too.
    pub fn begin(self, size_bytes: u64, algorithm: &str) -> Result<String, HostError> {
        let known = knob::read(&self.knob("comp_algorithm"))?;
        let algorithm = choose(&known, algorithm)?;
        knob::write(&self.knob("comp_algorithm"), &algorithm)?;
        knob::write(&self.knob("disksize"), size_bytes)?;
        if let Err(error) = swap::format(&self.device(), size_bytes) {
            // Empty again: `remove` would take a device with a size and no mark for somebody else's.
            knob::write(&self.knob("reset"), 1)?;
            return Err(error);
        }
        swap::on(&self.device())?;
        Ok(algorithm)
    }

    /// Out of the swap and away. A device that is not marked as ours, or that is gone, is left alone.
    pub fn remove(self) -> Result<(), HostError> {
        if !self.folder().exists() {
            return Ok(());
        }
        let is_empty = knob::read(&self.knob("disksize")).is_ok_and(|size| size == "0");
        if !is_empty && !swap::is_ours(&self.device()) {
            return Ok(());
        }
        if let Some(area) = self.area() {
            fits(area.used_bytes, pageout::available_bytes().unwrap_or(0))?;
            swap::off(&self.device())?;
        }
        knob::write_or(&self.knob("reset"), 1, IN_USE)?;
        knob::write_or(Path::new(HOT_REMOVE), self.0, IN_USE)
    }

    /// As a part of the host's swap; None where it is not.
    pub fn area(self) -> Option<swap::Area> {
        swap::areas().into_iter().find(|area| area.path == self.device())
    }

    pub fn figures(self) -> Option<ZramFigures> {
        let text = fs::read_to_string(self.knob("mm_stat")).ok()?;
        let mut fields = text.split_ascii_whitespace().map_while(|field| field.parse().ok());
        let mut next = || fields.next();
        Some(ZramFigures { original_bytes: next()?, compressed_bytes: next()?, memory_used_bytes: next()? })
    }

    fn device(self) -> PathBuf {
        PathBuf::from(format!("/dev/zram{}", self.0))
    }

    fn folder(self) -> PathBuf {
        PathBuf::from(format!("/sys/block/zram{}", self.0))
    }

    fn knob(self, name: &str) -> PathBuf {
        self.folder().join(name)
    }
}

/// What is in it comes back into memory when it goes.
fn fits(used_bytes: u64, available_bytes: u64) -> Result<(), HostError> {
    if used_bytes <= available_bytes {
        return Ok(());
    }
    Err(HostError::DoesNotFit {
        what: "bringing back what is compressed".to_owned(),
        needed_mib: used_bytes / MIB,
        spare_mib: available_bytes / MIB,
        mend: "stop or shrink a VM first",
    })
}

/// The wished algorithm, or the best of those that the kernel has.
pub(crate) fn choose(known: &str, wished: &str) -> Result<String, HostError> {
    let (known, present) = knob::choices(known);
    if wished.is_empty() {
        let best = PREFERRED.into_iter().find(|name| known.contains(name));
        return Ok(best.or(present).unwrap_or_default().to_owned());
    }
    if known.contains(&wished) {
        return Ok(wished.to_owned());
    }
    Err(HostError::UnknownAlgorithm {
        what: "compression algorithm",
        given: wished.to_owned(),
        known: known.join(", "),
    })
}

/// The algorithms of this kernel's zram, as far as a device that is there tells them; else nothing is known before one
/// is made.
pub fn check_algorithm(wished: &str) -> Result<(), HostError> {
    let devices = fs::read_dir("/sys/block").into_iter().flatten().flatten().map(|entry| entry.path());
    let lists = devices
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("zram")))
        .filter_map(|path| knob::read(&path.join("comp_algorithm")).ok());
    for list in lists.take(1) {
        choose(&list, wished)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wished_algorithm_is_taken_or_refused_with_those_there_are() {
        let known = "[lzo-rle] lzo lz4";
        assert_eq!(choose(known, "lzo").unwrap(), "lzo");
        assert_eq!(choose(known, "").unwrap(), "lz4");
        assert_eq!(choose("lzo [842]", "").unwrap(), "lzo");
        assert_eq!(choose("[842]", "").unwrap(), "842");
        let error = choose(known, "zstd").unwrap_err().to_string();
        assert_eq!(error, "compression algorithm \"zstd\" is not known here; give one of: lzo-rle, lzo, lz4");
    }

    #[test]
    fn what_would_not_fit_back_is_refused_with_the_figures() {
        assert!(fits(5, 5).is_ok());
        let error = fits(300 * MIB, 200 * MIB).unwrap_err().to_string();
        assert!(error.contains("takes 300 MiB") && error.contains("200 MiB can be spared"), "{error}");
    }
}
