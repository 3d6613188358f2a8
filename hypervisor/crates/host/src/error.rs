//! The crate's one error: failed operations with their facts. The cause is in `source()`, never repeated in the
//! sentence; whoever shows an error prints the chain once.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("cannot make control group {}", path.display())]
    MakeCgroup { path: PathBuf, source: io::Error },

    #[error("cannot move process {pid} into {}", path.display())]
    JoinCgroup { pid: u32, path: PathBuf, source: io::Error },

    #[error("control group {} holds processes of its own and so cannot hand controllers down", path.display())]
    CrowdedCgroup { path: PathBuf },

    #[error("cannot choose the CPUs of thread {tid}")]
    Affinity { tid: u32, source: io::Error },

    #[error("this host has no {controller} controller")]
    NoController { controller: &'static str },

    #[error("cannot write {value:?} to {}", path.display())]
    SetCgroup { path: PathBuf, value: String, source: io::Error },

    #[error("VM id {vm_id:?} cannot name a control group")]
    CgroupName { vm_id: String },

    #[error("{} does not answer {question} as QEMU does; name a QEMU binary", binary.display())]
    QemuAnswer { binary: PathBuf, question: &'static str },

    #[error("cannot read {}", path.display())]
    ReadFile { path: PathBuf, source: io::Error },

    #[error("{} does not read as {expected}", path.display())]
    Malformed { path: PathBuf, expected: &'static str },

    #[error("process {pid} is gone")]
    ProcessGone { pid: u32 },

    #[error("cannot watch process {pid}")]
    WatchProcess { pid: u32, source: io::Error },

    #[error("cannot send signal {signal} to process {pid}")]
    SignalProcess { pid: u32, signal: i32, source: io::Error },

    #[error("process {pid} maps no guest memory of {bytes} bytes")]
    GuestRamNotFound { pid: u32, bytes: u64 },

    #[error(
        "quetzald may not page out the memory of process {pid}: run it as root, or with CAP_SYS_NICE and CAP_SYS_PTRACE"
    )]
    PageOutDenied { pid: u32, source: io::Error },

    #[error("cannot page out memory of process {pid}")]
    PageOut { pid: u32, source: io::Error },

    #[error("{program} is not in PATH; install it or give its full path")]
    ProgramMissing { program: String },

    #[error("a command line or environment of {} holds a NUL byte", program.display())]
    NulInCommand { program: PathBuf },

    #[error("cannot start {}: failed to {step}", program.display())]
    Spawn { program: PathBuf, step: &'static str, source: io::Error },

    #[error(
        "there is no system user {name}; create it with: useradd --system --no-create-home --shell /usr/sbin/nologin {name}"
    )]
    UserMissing { name: String },

    #[error("user {name} is root; name an unprivileged user")]
    UserIsRoot { name: String },

    #[error("cannot look up user {name}")]
    LookUpUser { name: String, source: io::Error },

    #[error("cannot give {} to user {user}", path.display())]
    GiveFile { path: PathBuf, user: String, source: io::Error },

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
    VolumeTool { program: &'static str, path: PathBuf, message: String },

    #[error("cannot set {} to \"{value}\"; {mend}", path.display())]
    SetKnob { path: PathBuf, value: String, mend: &'static str, source: io::Error },

    #[error("quetzald may not move {}; {mend}", path.display())]
    KnobDenied { path: PathBuf, mend: &'static str, source: io::Error },

    #[error("this host has no {what}; {mend}")]
    NotOffered { what: &'static str, mend: &'static str },

    #[error("{what} \"{given}\" is not known here; give one of: {known}")]
    UnknownAlgorithm { what: &'static str, given: String, known: String },

    #[error("{what} takes {needed_mib} MiB of memory and {spare_mib} MiB can be spared; {mend}")]
    DoesNotFit { what: String, needed_mib: u64, spare_mib: u64, mend: &'static str },

    #[error("cannot use {} as swap", path.display())]
    SwapOn { path: PathBuf, source: io::Error },

    #[error("cannot take {} out of the host's swap", path.display())]
    SwapOff { path: PathBuf, source: io::Error },

    #[error("cannot use image {}: {reason}", path.display())]
    UnsafeImage { path: PathBuf, reason: &'static str },
}

impl HostError {
    /// The sentence with its causes, for messages that are shown as they are.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }

    /// Reads of one-value kernel files all fail the same way; this keeps their call sites to a line.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::ReadFile { path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_followed_by_its_causes_once() {
        let error = HostError::read(Path::new("/x"), io::Error::from_raw_os_error(libc::ENOENT));
        assert_eq!(error.to_string(), "cannot read /x");
        assert_eq!(error.with_causes(), "cannot read /x: No such file or directory (os error 2)");
    }
}
