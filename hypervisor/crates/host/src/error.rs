//! The crate's one error: failed operations with their facts. The cause is in `source()`, never repeated in the
//! sentence; whoever shows an error prints the chain once.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("cannot read {}", path.display())]
    ReadFile { path: PathBuf, source: io::Error },

    #[error("{} does not read as {expected}", path.display())]
    Malformed {
        path: PathBuf,
        expected: &'static str,
    },

    #[error("process {pid} is gone")]
    ProcessGone { pid: u32 },

    #[error("cannot watch process {pid}")]
    WatchProcess { pid: u32, source: io::Error },

    #[error("cannot send signal {signal} to process {pid}")]
    SignalProcess {
        pid: u32,
        signal: i32,
        source: io::Error,
    },

    #[error("{program} is not in PATH; install it or give its full path")]
    ProgramMissing { program: String },

    #[error("a command line or environment of {} holds a NUL byte", program.display())]
    NulInCommand { program: PathBuf },

    #[error("cannot start {}: failed to {step}", program.display())]
    Spawn {
        program: PathBuf,
        step: &'static str,
        source: io::Error,
    },

    #[error(
        "there is no system user {name}; create it with: useradd --system --no-create-home --shell /usr/sbin/nologin {name}"
    )]
    UserMissing { name: String },

    #[error("user {name} is root; name an unprivileged user")]
    UserIsRoot { name: String },

    #[error("cannot look up user {name}")]
    LookUpUser { name: String, source: io::Error },

    #[error("cannot give {} to user {user}", path.display())]
    GiveFile {
        path: PathBuf,
        user: String,
        source: io::Error,
    },

    #[error("cannot make folder {}", path.display())]
    MakeFolder { path: PathBuf, source: io::Error },

    #[error("{} is not a folder of our own; move it away", path.display())]
    ForeignFolder { path: PathBuf },

    #[error("volume path {relative:?} leaves its pool {}; use a relative path without \"..\" or symbolic links", pool.display())]
    OutsidePool { pool: PathBuf, relative: PathBuf },

    #[error("volume {} is already there", path.display())]
    VolumeExists { path: PathBuf },

    #[error("cannot make volume {}", path.display())]
    MakeVolume { path: PathBuf, source: io::Error },

    #[error("{program} could not make volume {}: {message}", path.display())]
    VolumeTool {
        program: &'static str,
        path: PathBuf,
        message: String,
    },

    #[error("cannot use image {}: {reason}", path.display())]
    UnsafeImage { path: PathBuf, reason: &'static str },
}

impl HostError {
    /// Reads of one-value kernel files all fail the same way; this keeps their call sites to a line.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::ReadFile {
            path: path.to_owned(),
            source,
        }
    }
}
