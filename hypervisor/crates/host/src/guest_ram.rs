//! The host's side of a guest's memory: where QEMU maps it, and what of it is resident, merged or paged out. Must not
//! know QMP: which sizes the guest's memory has is the caller's knowledge.

use std::fs::{self, File};
use std::io;
use std::ops::Range;

use crate::HostError;
use crate::kernel_file::value_of;
use crate::pagemap;

/// QEMU aligns a guest's memory to the larger page, where it is at least that large.
const ALIGNMENT: u64 = 2 << 20;
/// Smaller mappings are stacks and tables that are in use all the time.
const OWN_LEAST_BYTES: u64 = 256 << 10;
/// smaps gives sizes in these, in spite of the "kB" it prints.
const KIB: u64 = 1024;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GuestRam {
    pub resident_bytes: u64,
    pub swapped_bytes: u64,
    /// Of the resident, merged by KSM. None where this source does not tell; `ksm_stat` of the process does.
    pub merged_bytes: Option<u64>,
}

/// Follows the memory of one QEMU; finds its mappings anew when their sizes change.
#[derive(Debug)]
pub struct GuestRamSampler {
    pid: u32,
    pagemap: Option<File>,
    sizes: Vec<u64>,
    mappings: Vec<Range<u64>>,
}

impl GuestRamSampler {
    pub fn new(pid: u32) -> Self {
        let pagemap = File::open(format!("/proc/{pid}/pagemap")).ok();
        Self { pid, pagemap, sizes: Vec::new(), mappings: Vec::new() }
    }

    /// `sizes`: those of the guest's memory backends. None when they are not (all) found, or the process has ended.
    pub fn sample(&mut self, sizes: &[u64]) -> Option<GuestRam> {
        if self.sizes != sizes || self.mappings.is_empty() {
            self.mappings = find(self.pid, sizes).ok()?;
            self.sizes = sizes.to_vec();
        }
        self.scanned().ok().or_else(|| self.read_smaps())
    }

    fn scanned(&self) -> io::Result<GuestRam> {
        let pagemap = self.pagemap.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut ram = GuestRam::default();
        for mapping in &self.mappings {
            let extent = pagemap::scan(pagemap, mapping)?;
            ram.resident_bytes += extent.resident;
            ram.swapped_bytes += extent.swapped;
        }
        Ok(ram)
    }

    /// For kernels before 6.7: 200 times as dear.
    fn read_smaps(&self) -> Option<GuestRam> {
        parse_smaps(&fs::read_to_string(format!("/proc/{}/smaps", self.pid)).ok()?, &self.mappings)
    }
}

/// Where the process maps memory of exactly these sizes, in the order of `sizes`.
///
/// # Errors
/// `ProcessGone`, or `GuestRamNotFound` when a size is not there.
pub fn find(pid: u32, sizes: &[u64]) -> Result<Vec<Range<u64>>, HostError> {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).map_err(|_| HostError::ProcessGone { pid })?;
    let mut candidates: Vec<Range<u64>> = text.lines().filter_map(anonymous).collect();
    let mut found = Vec::new();
    for size in sizes {
        let fits =
            |range: &Range<u64>| range.end - range.start == *size && range.start.is_multiple_of(ALIGNMENT.min(*size));
        let place = candidates.iter().position(fits).ok_or(HostError::GuestRamNotFound { pid, bytes: *size })?;
        found.push(candidates.swap_remove(place));
    }
    Ok(found)
}

/// What else the process maps that belongs to no file, in pieces worth a system call: QEMU's heap, its cache of translated
/// code. Empty once it has ended.
pub fn besides(pid: u32, guest: &[Range<u64>]) -> Vec<Range<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let is_guests = |range: &Range<u64>| guest.iter().any(|one| one.start < range.end && range.start < one.end);
    let is_large = |range: &Range<u64>| range.end - range.start >= OWN_LEAST_BYTES;
    text.lines().filter_map(of_no_file).filter(|range| is_large(range) && !is_guests(range)).collect()
}

/// Private, writable, of no file and without a name: "start-end rw-p 00000000 00:00 0".
fn anonymous(line: &str) -> Option<Range<u64>> {
    let mut fields = line.split_ascii_whitespace();
    let range = address_range(fields.next()?)?;
    let is_anonymous = fields.eq(["rw-p", "00000000", "00:00", "0"]);
    is_anonymous.then_some(range)
}

/// As `anonymous`, and the heap and memory that is run as code too.
fn of_no_file(line: &str) -> Option<Range<u64>> {
    let mut fields = line.split_ascii_whitespace();
    let range = address_range(fields.next()?)?;
    let is_writable = matches!(fields.next()?, "rw-p" | "rwxp");
    let rest: Vec<&str> = fields.collect();
    let is_of_no_file = matches!(rest.as_slice(), [_, "00:00", "0"] | [_, "00:00", "0", "[heap]"]);
    (is_writable && is_of_no_file).then_some(range)
}

fn address_range(text: &str) -> Option<Range<u64>> {
    let (start, end) = text.split_once('-')?;
    Some(u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
}

fn parse_smaps(text: &str, mappings: &[Range<u64>]) -> Option<GuestRam> {
    let mut ram = GuestRam { merged_bytes: Some(0), ..GuestRam::default() };
    for mapping in mappings {
        let head = format!("{:x}-{:x} ", mapping.start, mapping.end);
        let entry = &text[text.find(&head)?..];
        let entry = &entry[..entry.find("VmFlags").unwrap_or(entry.len())];
        let bytes = |name| value_of::<u64>(entry, name).map(|kib| kib * KIB);
        ram.resident_bytes += bytes("Rss")?;
        ram.swapped_bytes += bytes("Swap")?;
        ram.merged_bytes = ram.merged_bytes.zip(bytes("KSM")).map(|(sum, more)| sum + more);
    }
    Some(ram)
}

#[cfg(test)]
#[path = "guest_ram_tests.rs"]
mod tests;
