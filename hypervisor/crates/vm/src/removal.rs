//! Deleting a VM's files: its disks if wished (inside its pool folder only), then its own folder, which disappears in
//! one step. Knows no state machine.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use quetzal_host::volume;

use crate::order::Disks;
use crate::paths::VmPaths;
use crate::spec::VmSpec;

#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    #[error("cannot delete '{}'", path.display())]
    Delete { path: PathBuf, source: io::Error },
}

pub(crate) fn remove(paths: &VmPaths, spec: &VmSpec, disks: Disks) -> Result<(), RemovalError> {
    if disks == Disks::Remove {
        for disk in &spec.disks {
            // A path that leaves the pool was never created by quetzald and is left alone.
            if let Ok(path) = volume::check_inside(&paths.disks, Path::new(&disk.path)) {
                absent_is_fine(fs::remove_file(&path), &path)?;
            }
        }
        remove_empty_folders(&paths.disks);
    }
    absent_is_fine(fs::remove_dir_all(&paths.volatile), &paths.volatile)?;
    let doomed = paths.kept.with_file_name(format!(".deleted-{}", spec.id));
    absent_is_fine(fs::remove_dir_all(&doomed), &doomed)?;
    absent_is_fine(fs::rename(&paths.kept, &doomed), &paths.kept)?;
    absent_is_fine(fs::remove_dir_all(&doomed), &doomed)
}

fn absent_is_fine(result: io::Result<()>, path: &Path) -> Result<(), RemovalError> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(RemovalError::Delete { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Folders that held only deleted disks go; one with anything else in it stays.
fn remove_empty_folders(folder: &Path) {
    if let Ok(entries) = fs::read_dir(folder) {
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                remove_empty_folders(&entry.path());
            }
        }
    }
    let _ = fs::remove_dir(folder);
}
