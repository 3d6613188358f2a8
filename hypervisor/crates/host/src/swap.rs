//! The host's swap areas: the list, a fresh area's header, and taking one in and out. Must not know what device it is on.
#![expect(unsafe_code, reason = "swapon and swapoff are system calls without a wrapper")]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::HostError;

const LIST: &str = "/proc/swaps";
const PAGE_BYTES: u64 = 4096;
const KIB: u64 = 1024;
/// Where the header's version, last page and label are (include/linux/swap.h, union swap_header), and its magic at the
/// end of the first page.
const VERSION_AT: u64 = 1024;
const LABEL_AT: u64 = VERSION_AT + 12 + 16;
const MAGIC_AT: u64 = PAGE_BYTES - 10;
const MAGIC: &[u8; 10] = b"SWAPSPACE2";
/// Marks an area as made by quetzald.
const LABEL: &[u8; 8] = b"quetzald";
/// The kernel's SWAP_FLAG_PREFER with the highest priority: compressed memory is used before any disk.
const PREFER_MOST: libc::c_int = 0x8000 | 0x7fff;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    pub path: PathBuf,
    pub size_bytes: u64,
    pub used_bytes: u64,
}

/// What the host swaps to now.
pub fn areas() -> Vec<Area> {
    fs::read_to_string(LIST).map_or_else(|_| Vec::new(), |text| parse(&text))
}

/// "Filename Type Size Used Priority", the sizes in KiB, under a line of titles.
fn parse(text: &str) -> Vec<Area> {
    let area = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let path = fields.next()?.into();
        let mut bytes = fields.skip(1).map_while(|field| field.parse::<u64>().ok()).map(|kib| kib * KIB);
        Some(Area { path, size_bytes: bytes.next()?, used_bytes: bytes.next()? })
    };
    text.lines().skip(1).filter_map(area).collect()
}

/// Writes the header of an empty area over the whole of a device. What was on it is lost.
pub fn format(path: &Path, size_bytes: u64) -> Result<(), HostError> {
    let failed = |source| HostError::SwapOn { path: path.to_owned(), source };
    let last_page = u32::try_from(size_bytes / PAGE_BYTES - 1).unwrap_or(u32::MAX);
    let device = OpenOptions::new().write(true).open(path).map_err(failed)?;
    let version = 1_u32;
    device.write_all_at(&version.to_ne_bytes(), VERSION_AT).map_err(failed)?;
    device.write_all_at(&last_page.to_ne_bytes(), VERSION_AT + 4).map_err(failed)?;
    device.write_all_at(LABEL, LABEL_AT).map_err(failed)?;
    device.write_all_at(MAGIC, MAGIC_AT).map_err(failed)?;
    device.sync_all().map_err(failed)
}

/// Whether quetzald wrote this area's header.
pub fn is_ours(path: &Path) -> bool {
    let mut label = [0; LABEL.len()];
    File::open(path).and_then(|device| device.read_exact_at(&mut label, LABEL_AT)).is_ok() && label == *LABEL
}

pub fn on(path: &Path) -> Result<(), HostError> {
    let name = c_path(path);
    // SAFETY: `name` is a NUL-terminated string that lives through the call.
    let result = unsafe { libc::swapon(name.as_ptr(), PREFER_MOST) };
    check(result).map_err(|source| HostError::SwapOn { path: path.to_owned(), source })
}

/// Brings everything in it back into memory first: up to minutes. The kernel refuses where it would not fit.
pub fn off(path: &Path) -> Result<(), HostError> {
    let name = c_path(path);
    // SAFETY: `name` is a NUL-terminated string that lives through the call.
    let result = unsafe { libc::swapoff(name.as_ptr()) };
    check(result).map_err(|source| HostError::SwapOff { path: path.to_owned(), source })
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).expect("a device's path holds no NUL")
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_is_read_in_bytes() {
        let text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram1  partition\t1024\t8\t32767\n/swap file\t1\t0\t-2\n";
        let areas = parse(text);
        assert_eq!(areas[0], Area { path: "/dev/zram1".into(), size_bytes: 1 << 20, used_bytes: 8192 });
        assert_eq!(areas[1].path, Path::new("/swap"));
        assert_eq!(parse(""), []);
    }

    #[test]
    fn a_formatted_area_carries_the_kernels_magic_and_our_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("area");
        fs::write(&path, vec![0; 64 << 10]).unwrap();
        assert!(!is_ours(&path));
        format(&path, 64 << 10).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(&bytes[4086..4096], MAGIC);
        assert_eq!(bytes[1024..1032], [1_u32.to_ne_bytes(), 15_u32.to_ne_bytes()].concat());
        assert!(is_ours(&path));
        assert!(!is_ours(&folder.path().join("none")));
    }
}
