//! The kernel's compressed cache in front of the host's own swap: its parameters, as they are and as they were.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::HostError;
use crate::knob;
use crate::swap;

const FOLDER: &str = "sys/module/zswap/parameters";
const MISSING: HostError =
    HostError::NotOffered { what: "zswap", mend: "use a kernel with CONFIG_ZSWAP, or choose zram" };
const NO_SWAP: HostError = HostError::NotOffered {
    what: "swap for zswap to stand before",
    mend: "add some (swapon), or choose zram, which needs none",
};
const ALGORITHM: &str = "give a compressor that this kernel has (/proc/crypto lists them), e.g. lzo or lz4";
/// As the kernel itself tries them.
const PREFERRED: [&str; 4] = ["zstd", "lz4", "lzo-rle", "lzo"];
const PERCENT: u64 = 100;

/// The parameters that quetzald moves, for putting them back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZswapSettings {
    pub enabled: String,
    pub compressor: String,
    pub max_pool_percent: u64,
}

#[derive(Debug, Clone)]
pub struct Zswap {
    folder: PathBuf,
}

impl Zswap {
    /// `NotOffered` where the kernel has none.
    pub fn open() -> Result<Self, HostError> {
        Self::in_root(Path::new("/"))
    }

    pub fn in_root(root: &Path) -> Result<Self, HostError> {
        let folder = root.join(FOLDER);
        if folder.join("enabled").exists() { Ok(Self { folder }) } else { Err(MISSING) }
    }

    /// Whether this process may move the parameters, without moving them.
    pub fn check(&self) -> Result<(), HostError> {
        knob::check(&self.knob("enabled"))
    }

    /// Whether there is anything that it could stand before.
    pub fn check_swap() -> Result<(), HostError> {
        if swap::areas().is_empty() { Err(NO_SWAP) } else { Ok(()) }
    }

    pub fn settings(&self) -> Result<ZswapSettings, HostError> {
        Ok(ZswapSettings {
            enabled: knob::read(&self.knob("enabled"))?,
            compressor: knob::read(&self.knob("compressor"))?,
            max_pool_percent: knob::read_number(&self.knob("max_pool_percent"))?,
        })
    }

    pub fn is_on(&self) -> bool {
        knob::read(&self.knob("enabled")).is_ok_and(|text| text == "Y")
    }

    /// Answers the algorithm. `pool_bytes` is the most that the cache may take of the host's `total_bytes`.
    pub fn begin(&self, pool_bytes: u64, total_bytes: u64, algorithm: &str) -> Result<String, HostError> {
        if !algorithm.is_empty() {
            knob::write_or(&self.knob("compressor"), algorithm, ALGORITHM)?;
        } else {
            // The first that the kernel takes; none of them is no reason to go without.
            let _ = PREFERRED.iter().find(|name| knob::write(&self.knob("compressor"), name).is_ok());
        }
        let percent = (pool_bytes * PERCENT).div_ceil(total_bytes.max(1)).clamp(1, PERCENT);
        knob::write(&self.knob("max_pool_percent"), percent)?;
        knob::write(&self.knob("enabled"), "Y")?;
        knob::read(&self.knob("compressor"))
    }

    /// What the cache holds by then is found there still, and nothing more is put in.
    pub fn restore(&self, settings: &ZswapSettings) -> Result<(), HostError> {
        knob::write(&self.knob("enabled"), &settings.enabled)?;
        knob::write(&self.knob("compressor"), &settings.compressor)?;
        knob::write(&self.knob("max_pool_percent"), settings.max_pool_percent)
    }

    fn knob(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_parameters_are_set_and_go_back_as_they_were() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [("enabled", "N\n"), ("compressor", "lzo\n"), ("max_pool_percent", "20\n")] {
            fs::write(folder.join(name), text).unwrap();
        }
        let zswap = Zswap::in_root(root.path()).unwrap();
        let before = zswap.settings().unwrap();
        assert_eq!(zswap.begin(1 << 30, 4 << 30, "lz4").unwrap(), "lz4");
        let now = ZswapSettings { enabled: "Y".into(), compressor: "lz4".into(), max_pool_percent: 25 };
        assert_eq!(zswap.settings().unwrap(), now);
        assert!(zswap.is_on());
        zswap.restore(&before).unwrap();
        assert_eq!(zswap.settings().unwrap(), before);
    }

    #[test]
    fn a_kernel_without_zswap_is_told_with_its_mend() {
        let error = Zswap::in_root(tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(error.contains("no zswap") && error.contains("choose zram"), "{error}");
    }
}
