//! A process held by a pidfd: waiting for its end and signalling it can never meet a recycled pid.
//! Works for children and for adopted processes; only a child's exit status is known.
#![expect(unsafe_code, reason = "registering a descriptor with the event loop promises that it stays open")]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

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
    /// It was not our child (adopted after a restart), so the kernel does not tell us.
    Unknown,
}

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

    /// Waits for the process to end and, if it is our child, reaps it. Safe to drop half-way and to call again;
    /// a second call after the end of a child gives `Unknown`, for its status was handed out already.
    pub async fn wait(&self) -> Result<Exit, HostError> {
        let failed = |source| HostError::WatchProcess { pid: self.pid, source };
        // SAFETY: the borrow keeps the descriptor open for as long as it is registered.
        let watched = unsafe { AsyncFd::register_with_interest(self.fd.as_fd(), Interest::READABLE) }
            .map_err(|error| failed(error.into()))?;
        // The guard is dropped without clearing readiness: a pidfd that became readable stays so.
        let _ready = watched.readable().await.map_err(failed)?;
        Ok(self.reap())
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
    }

    #[test]
    fn a_pid_that_cannot_be_is_gone() {
        for pid in [0, u32::MAX] {
            assert!(matches!(PidFd::open(pid), Err(HostError::ProcessGone { .. })));
        }
    }
}
