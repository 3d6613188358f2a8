//! What of a process's memory is resident or swapped, by one ioctl on its page map (PAGEMAP_SCAN, Linux 6.7): for a guest
//! of 256 MB some 15 µs, against 3 ms for the text of /proc/PID/smaps.
#![expect(unsafe_code, reason = "an ioctl fills a table of ours")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;

/// uapi/linux/fs.h, `_IOWR('f', 16, struct pm_scan_arg)`; missing from the libc crate.
const PAGEMAP_SCAN: libc::Ioctl = 0xc060_6610;
const PRESENT: u64 = 1 << 3;
const SWAPPED: u64 = 1 << 4;
/// The shared page of zeros: takes no memory.
const ZERO_PAGE: u64 = 1 << 5;
/// Runs of like pages that one call may tell of: 24 KiB of table.
const RUNS_MAX: usize = 1024;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Run {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[repr(C)]
#[derive(Default)]
struct Request {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    table: u64,
    table_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// Bytes resident and swapped in a range of addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub resident: u64,
    pub swapped: u64,
}

/// Fails where the kernel does not know the request, or the process has ended.
pub(crate) fn scan(pagemap: &File, range: &Range<u64>) -> io::Result<Extent> {
    let mut extent = Extent::default();
    let mut runs = [Run::default(); RUNS_MAX];
    let mut from = range.start;
    while from < range.end {
        let mut request = Request {
            size: size_of::<Request>() as u64,
            start: from,
            end: range.end,
            table: runs.as_mut_ptr() as u64,
            table_len: RUNS_MAX as u64,
            category_anyof_mask: PRESENT | SWAPPED,
            return_mask: PRESENT | SWAPPED | ZERO_PAGE,
            ..Request::default()
        };
        // SAFETY: the request says how long it and its table are; both outlive the call, and nobody else has them.
        let count = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut request) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for run in &runs[..count.min(RUNS_MAX)] {
            let bytes = run.end - run.start;
            if run.categories & PRESENT != 0 && run.categories & ZERO_PAGE == 0 {
                extent.resident += bytes;
            } else if run.categories & SWAPPED != 0 {
                extent.swapped += bytes;
            }
        }
        if request.walk_end <= from {
            break;
        }
        from = request.walk_end;
    }
    Ok(extent)
}
