//! Paging another process's memory out: process_madvise(2) with MADV_PAGEOUT, piece by piece, so that the caller can stop
//! in between. Where the pages go (a disk, zram, zswap) is the kernel's business.
#![expect(unsafe_code, reason = "process_madvise has no safe wrapper")]

use std::fs;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};

use crate::HostError;
use crate::kernel_file::value_of;
use crate::pagemap;
use crate::pidfd::PidFd;

/// uapi/asm-generic/mman-common.h.
const MADV_PAGEOUT: libc::c_int = 21;
const KIB: u64 = 1024;

/// The host's swap; all of it, compressed or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swap {
    pub total_bytes: u64,
    pub free_bytes: u64,
}

pub fn swap() -> Swap {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let bytes = |name| value_of::<u64>(&text, name).map_or(0, |kib| kib * KIB);
    Swap { total_bytes: bytes("SwapTotal"), free_bytes: bytes("SwapFree") }
}

/// What new work could take of the host's memory without swapping; None where the kernel does not say.
pub fn available_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    value_of::<u64>(&text, "MemAvailable").map(|kib| kib * KIB)
}

/// What of the process is in swap by the kernel's count, a shared page for each that shares it.
pub fn swapped_bytes(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    value_of::<u64>(&text, "VmSwap").map(|kib| kib * KIB)
}

/// The same within a range of its addresses; None where the kernel cannot say (before Linux 6.7) or the process is gone.
pub fn swapped_within(pid: u32, range: &Range<u64>) -> Option<u64> {
    let pagemap = fs::File::open(format!("/proc/{pid}/pagemap")).ok()?;
    pagemap::scan(&pagemap, range).ok().map(|extent| extent.swapped)
}

/// Asks the kernel to page a range of the process's addresses out; what cannot go (locked, shared, no swap left) stays,
/// and nobody tells. Blocks for about 1 ms a MB.
///
/// # Errors
/// `PageOutDenied` without the right, `PageOut` otherwise.
pub fn page_out(process: &PidFd, range: &Range<u64>) -> Result<(), HostError> {
    let pid = process.pid();
    let (base, length) = (range.start, range.end.saturating_sub(range.start));
    let part = libc::iovec {
        iov_base: usize::try_from(base).map_err(|_| HostError::ProcessGone { pid })? as *mut libc::c_void,
        iov_len: usize::try_from(length).map_err(|_| HostError::ProcessGone { pid })?,
    };
    // SAFETY: the one element lives through the call, and its address is the other process's: nothing here is touched.
    let done = unsafe {
        libc::syscall(libc::SYS_process_madvise, process.as_fd().as_raw_fd(), &raw const part, 1_usize, MADV_PAGEOUT, 0)
    };
    if done >= 0 {
        return Ok(());
    }
    let source = io::Error::last_os_error();
    Err(match source.raw_os_error() {
        Some(libc::EPERM) => HostError::PageOutDenied { pid, source },
        Some(libc::ESRCH) => HostError::ProcessGone { pid },
        _ => HostError::PageOut { pid, source },
    })
}

/// Whether the kernel would let us; an empty range changes nothing.
///
/// # Errors
/// As `page_out`.
pub fn may_page_out(process: &PidFd) -> Result<(), HostError> {
    page_out(process, &(0..0))
}

#[cfg(test)]
#[path = "pageout_tests.rs"]
mod tests;
