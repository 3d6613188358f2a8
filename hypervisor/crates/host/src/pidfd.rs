//! A process held by a pidfd: waiting for its end and signalling it can never meet a recycled pid.
//! Works for children and for adopted processes, of which Linux tells the exit status from 6.15 on.
#![expect(
    unsafe_code,
    reason = "registering a descriptor promises that it stays open; an ioctl without a safe wrapper"
)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub use rustix::process::Signal;

use crate::HostError;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// It was not our child (adopted after a restart), and the kernel does not tell us, or not yet.
    Unknown,
}

/// uapi/linux/pidfd.h: struct pidfd_info as it first was.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup_id: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// _IOWR(0xff, 11, struct pidfd_info).
const PIDFD_GET_INFO: libc::c_ulong = 0xc040_ff0b;
const PIDFD_INFO_EXIT: u64 = 1 << 3;
/// The status is there once the process's parent has asked for it: init does at once, or every second or so.
const STATUS_WAIT: Duration = Duration::from_secs(3);
const STATUS_LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct PidFd {
    pid: u32,
    fd: OwnedFd,
}

impl PidFd {
    /// Fails with `ProcessGone` when no process has this pid. A caller that adopts compares
    /// `process::start_time` after opening: only then is it the process it knew.
    pub fn open(pid: u32) -> Result<Self, HostError> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(HostError::ProcessGone { pid })?;
        match rustix::process::pidfd_open(raw, PidfdFlags::NONBLOCK) {
            Ok(fd) => Ok(Self { pid, fd }),
            Err(rustix::io::Errno::SRCH) => Err(HostError::ProcessGone { pid }),
            Err(error) => Err(HostError::WatchProcess { pid, source: error.into() }),
        }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the process to end and, if it is our child, reaps it. Safe to drop half-way. A second call after the
    /// end of a child gives `Unknown`, for its status was handed out already; `told` has it still.
    pub async fn wait(&self) -> Result<Exit, HostError> {
        let failed = |source| HostError::WatchProcess { pid: self.pid, source };
        // SAFETY: the borrow keeps the descriptor open for as long as it is registered.
        let watched = unsafe { AsyncFd::register_with_interest(self.fd.as_fd(), Interest::READABLE) }
            .map_err(|error| failed(error.into()))?;
        // The guard is dropped without clearing readiness: a pidfd that became readable stays so.
        let _ready = watched.readable().await.map_err(failed)?;
        Ok(self.reap())
    }

    /// How a process ended that has ended and was not our child, waiting a moment for its parent to ask first. `Unknown`
    /// at once where the kernel cannot tell.
    pub async fn told(&self) -> Exit {
        let told = async {
            loop {
                match self.info() {
                    Ok(Some(status)) => return exit_of(status),
                    Ok(None) => tokio::time::sleep(STATUS_LOOK).await,
                    Err(_) => return Exit::Unknown,
                }
            }
        };
        tokio::time::timeout(STATUS_WAIT, told).await.unwrap_or(Exit::Unknown)
    }

    /// None: nobody has reaped it yet.
    fn info(&self) -> std::io::Result<Option<ExitStatus>> {
        let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
        // SAFETY: the kernel writes at most the size that the request's number has in it, which is the struct's.
        match unsafe { libc::ioctl(self.fd.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) } {
            -1 => Err(std::io::Error::last_os_error()),
            _ if info.mask & PIDFD_INFO_EXIT == 0 => Ok(None),
            _ => Ok(Some(ExitStatus::from_raw(info.exit_code))),
        }
    }

    /// Delivers a signal. A process that is already gone needs none: that is no error.
    pub fn kill(&self, signal: Signal) -> Result<(), HostError> {
        match rustix::process::pidfd_send_signal(&self.fd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => {
                Err(HostError::SignalProcess { pid: self.pid, signal: signal.as_raw(), source: error.into() })
            }
        }
    }

    fn reap(&self) -> Exit {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        match rustix::process::waitid(WaitId::PidFd(self.fd.as_fd()), options) {
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, Some(signal)) => Exit::Signal(signal),
                (None, None) => Exit::Unknown,
            },
            Ok(None) | Err(_) => Exit::Unknown,
        }
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A child that ended while nobody waited would stay a zombie until quetzald ends.
impl Drop for PidFd {
    fn drop(&mut self) {
        let _ = self.reap();
    }
}

#[cfg(test)]
#[expect(clippy::zombie_processes, reason = "reaping is what the pidfd is tested for")]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn the_exit_code_of_a_child_is_reported_and_the_child_reaped() {
        let child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
        let pidfd = PidFd::open(child.id()).unwrap();
        assert_eq!(pidfd.wait().await.unwrap(), Exit::Code(7));
        assert!(matches!(PidFd::open(child.id()), Err(HostError::ProcessGone { .. })));
    }

    #[tokio::test]
    async fn a_kill_is_seen_within_a_moment() {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let pidfd = PidFd::open(child.id()).unwrap();
        let idle = tokio::time::timeout(Duration::from_millis(50), pidfd.wait()).await;
        assert!(idle.is_err(), "it is still alive");
        let killed_at = Instant::now();
        pidfd.kill(Signal::KILL).unwrap();
        assert_eq!(pidfd.wait().await.unwrap(), Exit::Signal(9));
        assert!(killed_at.elapsed() < Duration::from_secs(1));
        pidfd.kill(Signal::KILL).unwrap();
        assert_eq!(pidfd.wait().await.unwrap(), Exit::Unknown, "the status is handed out once");
    }

    #[tokio::test]
    async fn the_end_of_a_process_that_is_not_our_child_is_seen() {
        let output = Command::new("sh")
            .args(["-c", "sleep 60 >/dev/null 2>&1 & echo $!"])
            .stderr(Stdio::null())
            .output()
            .unwrap();
        let pid: u32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let pidfd = PidFd::open(pid).unwrap();
        pidfd.kill(Signal::TERM).unwrap();
        let exit = tokio::time::timeout(Duration::from_secs(5), pidfd.wait()).await.unwrap();
        assert_eq!(exit.unwrap(), Exit::Unknown);
        if pidfd.info().is_err() {
            eprintln!("skipped: this kernel tells no exit status of other people's children (Linux 6.15 does)");
            return;
        }
        assert_eq!(pidfd.told().await, Exit::Signal(15));
    }

    #[test]
    fn the_struct_is_as_large_as_the_request_says() {
        assert_eq!(size_of::<PidfdInfo>() as libc::c_ulong, (PIDFD_GET_INFO >> 16) & 0x3fff);
        assert_eq!(exit_of(ExitStatus::from_raw(7 << 8)), Exit::Code(7));
        assert_eq!(exit_of(ExitStatus::from_raw(9)), Exit::Signal(9));
    }

    #[test]
    fn a_pid_that_cannot_be_is_gone() {
        for pid in [0, u32::MAX] {
            assert!(matches!(PidFd::open(pid), Err(HostError::ProcessGone { .. })));
        }
    }
}
