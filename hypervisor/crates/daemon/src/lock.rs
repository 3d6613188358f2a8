//! One daemon per state folder: a lock on a file in it, held by the kernel for as long as the process lives.
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another quetzald (process {pid}) already serves the state folder '{}'; stop it first, or use another --state-dir", folder.display())]
    Held { folder: PathBuf, pid: String },
    #[error("cannot write to the state folder '{}': {source}; make it writable, or use another --state-dir", folder.display())]
    NotWritable { folder: PathBuf, source: std::io::Error },
}

/// Released by dropping it, and by the kernel in any case.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Takes the lock on `own_dir` (made if missing), which lies in the state folder `folder`.
pub fn take(folder: &Path, own_dir: &Path) -> Result<StateLock, LockError> {
    let not_writable = |source| LockError::NotWritable { folder: folder.to_owned(), source };
    fs::create_dir_all(own_dir).map_err(not_writable)?;
    let path = own_dir.join("lock");
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(not_writable)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            // The holder's pid is a courtesy of the message.
            let _ = file.read_to_string(&mut pid);
            return Err(LockError::Held { folder: folder.to_owned(), pid: pid.trim().to_owned() });
        }
        Err(error) => return Err(not_writable(error.into())),
    }
    file.set_len(0).map_err(not_writable)?;
    writeln!(file, "{}", std::process::id()).map_err(not_writable)?;
    Ok(StateLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_and_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("hypervisor");
        let held = take(folder.path(), &own).unwrap();
        let error = take(folder.path(), &own).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(held);
        take(folder.path(), &own).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plain");
        std::fs::write(&file, "").unwrap();
        let error = take(&file, &file.join("hypervisor")).unwrap_err().to_string();
        assert!(error.contains("plain'") && error.contains("--state-dir"), "{error}");
    }
}
