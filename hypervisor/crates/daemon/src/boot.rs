//! Which boot of the host this is, and whether quetzald has already served it: autostart happens once a boot.
use std::fs;
use std::path::Path;

use quetzal_vm::record::{self, RecordError};

/// The kernel's name for this boot; empty where it does not say, which then never changes.
pub fn id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    FirstThisBoot,
    Again,
}

/// Remembers this boot in `own_dir`.
pub fn visit(own_dir: &Path, boot_id: &str) -> Result<Visit, RecordError> {
    let path = own_dir.join("boot_id");
    if record::read::<String>(&path).ok().flatten().as_deref() == Some(boot_id) {
        return Ok(Visit::Again);
    }
    record::write(&path, &boot_id)?;
    Ok(Visit::FirstThisBoot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_is_visited_first_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(visit(folder.path(), "a").unwrap(), Visit::FirstThisBoot);
        assert_eq!(visit(folder.path(), "a").unwrap(), Visit::Again);
        assert_eq!(visit(folder.path(), "b").unwrap(), Visit::FirstThisBoot);
    }
}
