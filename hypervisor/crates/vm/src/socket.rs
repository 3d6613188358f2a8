//! Unix sockets of a VM, whatever the length of their path: a path too long for a socket address is reached through the
//! folder's descriptor. Knows no protocol.
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::paths::{VmPaths, fits_socket};

/// What QEMU listens on, in the order of the descriptors it inherits.
pub(crate) const NAMES: [&str; 4] = ["qmp", "ttyS0", "hvc0", "qga"];

/// Binds anew: a socket file left by an earlier QEMU is replaced.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (short, _folder) = short(path)?;
    UnixListener::bind(short)
}

/// After QEMU's end: nobody listens any more. What cannot be removed is replaced by the next start.
pub(crate) fn remove(paths: &VmPaths) {
    for name in NAMES {
        let path = paths.socket(name);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a socket of a QEMU that has ended stays behind");
        }
    }
}

/// Never waits: the listener's backlog takes the connection before QEMU looks.
pub(crate) fn connect(path: &Path) -> io::Result<tokio::net::UnixStream> {
    let (short, _folder) = short(path)?;
    let stream = UnixStream::connect(short)?;
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}

/// The folder must stay open for as long as the short name is used.
fn short(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let (Some(folder), Some(name), false) = (path.parent(), path.file_name(), fits_socket(path)) else {
        return Ok((path.to_owned(), None));
    };
    let folder = File::open(folder)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    Ok((short, Some(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sockets_of_the_vm_are_removed_and_absence_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let folders = crate::paths::Folders { state: folder.path().to_owned(), run: folder.path().to_owned() };
        let paths = folders.vm("one");
        std::fs::create_dir_all(&paths.volatile).unwrap();
        for name in NAMES {
            drop(listen(&paths.socket(name)).unwrap());
        }
        std::fs::write(paths.volatile.join("other"), "").unwrap();
        remove(&paths);
        remove(&paths);
        let left: Vec<_> =
            std::fs::read_dir(&paths.volatile).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["other"]);
    }

    #[tokio::test]
    async fn a_path_beyond_the_address_limit_works_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let path = deep.join("qmp.sock");
        drop(listen(&path).unwrap());
        let listener = listen(&path).unwrap();
        connect(&path).unwrap();
        listener.accept().unwrap();
    }
}
