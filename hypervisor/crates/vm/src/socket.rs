//! Unix sockets of a VM, whatever the length of their path: a path too long for a socket address is reached through the
//! folder's descriptor. Knows no protocol.
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::paths::fits_socket;

/// Binds anew: a socket file left by an earlier QEMU is replaced.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (short, _folder) = short(path)?;
    UnixListener::bind(short)
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
