//! The VM's small files: written whole, beside the old one, then renamed over it, so that a reader never sees half of
//! one. Knows no state machine.
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::view::{UnixMs, VmView};

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("cannot {action} '{}': {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("'{}' does not hold what quetzald wrote there: {source}", path.display())]
    Form { path: PathBuf, source: serde_json::Error },
}

/// Everything needed to take up a living QEMU again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    pub pid: u32,
    /// Clock ticks since boot: with the pid it names one process for as long as the host is up.
    pub start_time: u64,
    /// The host's boot, so that a pid of an earlier one is never believed.
    pub boot_id: String,
    pub started_at: UnixMs,
    /// The definition that QEMU was started with.
    pub spec_json: Arc<str>,
    pub accelerator: String,
    pub network_in_use: String,
    pub qemu_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tap: Option<String>,
}

/// The last view, kept while and after a QEMU lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRecord {
    pub view: VmView,
}

/// `None` when the file is not there.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RecordError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(RecordError::File { action: "read", path: path.to_owned(), source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|source| RecordError::Form { path: path.to_owned(), source })
}

pub fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), RecordError> {
    let text = serde_json::to_vec_pretty(value).expect("records are plain data");
    write_text(path, &text)
}

/// Survives the daemon's death at any moment; a power cut may leave the old file.
pub fn write_text(path: &Path, text: &[u8]) -> Result<(), RecordError> {
    let failed = |action| move |source| RecordError::File { action, path: path.to_owned(), source };
    let fresh = path.with_extension("new");
    let mut file = fs::File::create(&fresh).map_err(failed("write"))?;
    file.write_all(text).map_err(failed("write"))?;
    drop(file);
    fs::rename(&fresh, path).map_err(failed("replace"))
}

pub fn remove(path: &Path) -> Result<(), RecordError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(RecordError::File { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_absence_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        assert_eq!(read::<RunRecord>(&path).unwrap(), None);
        let record = RunRecord {
            pid: 7,
            start_time: 99,
            boot_id: "b".into(),
            started_at: UnixMs(5),
            spec_json: "{}".into(),
            accelerator: "tcg".into(),
            network_in_use: "user".into(),
            qemu_version: "7.2.22".into(),
            tap: None,
        };
        write(&path, &record).unwrap();
        assert_eq!(read(&path).unwrap(), Some(record));
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(read::<RunRecord>(&path).unwrap(), None);
    }

    #[test]
    fn a_foreign_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        std::fs::write(&path, "[1]").unwrap();
        let error = read::<RunRecord>(&path).unwrap_err().to_string();
        assert!(error.contains("run.json' does not hold what quetzald wrote"), "{error}");
    }
}
