//! Disk files: made sparse and whole or not at all, never outside their pool, never from an image that names other
//! files. Knows paths and sizes; must not know which VM a volume is for. All calls block: run them off the event loop.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, ResolveFlags};

use crate::HostError;

/// st_blocks counts in these, whatever the file system's own block size (stat(2)).
const STAT_BLOCK_BYTES: u64 = 512;
/// Disks belong to QEMU's user and are nobody else's to read.
const VOLUME_MODE: u32 = 0o600;
/// A tool's complaint is kept to what a person reads.
const TOOL_MESSAGE_MAX_CHARS: usize = 500;
const QEMU_IMG: &str = "qemu-img";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Raw,
    Qcow2,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
        }
    }
}

/// Makes an empty sparse volume. Fails with `VolumeExists` rather than touch one that is there.
pub fn create(path: &Path, size_bytes: u64, format: Format) -> Result<(), HostError> {
    whole_or_not_at_all(path, |part| match format {
        Format::Raw => {
            let file = new_file(part)?;
            file.set_len(size_bytes).map_err(|source| made(path, source))
        }
        Format::Qcow2 => {
            let size = size_bytes.to_string();
            qemu_img(path, &[s("create"), s("-q"), s("-f"), s("qcow2"), part.as_os_str(), s(&size)])
        }
    })
}

/// Makes a volume with an image's content, at least `size_bytes` long (None: as long as the image).
pub fn from_image(image: &Path, path: &Path, size_bytes: Option<u64>, format: Format) -> Result<(), HostError> {
    let source_format = safe_image_format(image)?;
    whole_or_not_at_all(path, |part| {
        let (from, to) = (s(source_format.name()), s(format.name()));
        qemu_img(path, &[s("convert"), s("-q"), s("-f"), from, s("-O"), to, image.as_os_str(), part.as_os_str()])?;
        let Some(size_bytes) = size_bytes else {
            return Ok(());
        };
        if virtual_size(part, format)? >= size_bytes {
            return Ok(());
        }
        let size = size_bytes.to_string();
        qemu_img(path, &[s("resize"), s("-q"), s("-f"), to, part.as_os_str(), s(&size)])
    })
}

/// Bytes the file takes on the host's disk; less than its length when sparse.
pub fn allocated_bytes(path: &Path) -> Result<u64, HostError> {
    let found = fs::symlink_metadata(path).map_err(|source| HostError::read(path, source))?;
    Ok(found.blocks() * STAT_BLOCK_BYTES)
}

/// The path of `relative` in `pool`, if nothing on the way (".." or a symbolic link, there or planted) leads out of
/// it. The volume itself, and folders above it, need not exist yet. The answer holds as long as only we may write to
/// the folders on the way: give QEMU's user the disk files, not the folders.
pub fn check_inside(pool: &Path, relative: &Path) -> Result<PathBuf, HostError> {
    let outside = || HostError::OutsidePool { pool: pool.to_owned(), relative: relative.to_owned() };
    let mut names = relative.components().peekable();
    if names.peek().is_none() || !names.all(|part| matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    let folder = File::open(pool).map_err(|source| HostError::read(pool, source))?;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    for prefix in relative.ancestors().filter(|prefix| !prefix.as_os_str().is_empty()) {
        match rustix::fs::openat2(&folder, prefix, flags, Mode::empty(), resolve) {
            Ok(_) => break,
            // Not made yet: what is above it decides.
            Err(rustix::io::Errno::NOENT) => {}
            Err(rustix::io::Errno::LOOP | rustix::io::Errno::XDEV) => return Err(outside()),
            Err(error) => return Err(HostError::read(&pool.join(prefix), error.into())),
        }
    }
    Ok(pool.join(relative))
}

/// Works under a temporary name beside `path` and gives it its name at the end, never over an existing file.
fn whole_or_not_at_all(path: &Path, make: impl FnOnce(&Path) -> Result<(), HostError>) -> Result<(), HostError> {
    if path.symlink_metadata().is_ok() {
        return Err(HostError::VolumeExists { path: path.to_owned() });
    }
    let part = part_path(path);
    // What a crash left of an earlier attempt is of no use.
    let _ = fs::remove_file(&part);
    let result = make(&part).and_then(|()| {
        fs::set_permissions(&part, std::os::unix::fs::PermissionsExt::from_mode(VOLUME_MODE))
            .map_err(|source| made(path, source))?;
        rustix::fs::renameat_with(CWD, &part, CWD, path, RenameFlags::NOREPLACE).map_err(|error| match error {
            rustix::io::Errno::EXIST => HostError::VolumeExists { path: path.to_owned() },
            other => made(path, other.into()),
        })
    });
    if result.is_err() {
        let _ = fs::remove_file(&part);
    }
    result
}

fn part_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

fn new_file(path: &Path) -> Result<File, HostError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(VOLUME_MODE);
    options.open(path).map_err(|source| made(path, source))
}

/// Runs qemu-img; `path` is the volume it is for, named in the error.
fn qemu_img(path: &Path, args: &[&OsStr]) -> Result<(), HostError> {
    let output = Command::new(QEMU_IMG).args(args).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HostError::ProgramMissing { program: QEMU_IMG.to_owned() },
        _ => made(path, error),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let message = complaint.trim().chars().take(TOOL_MESSAGE_MAX_CHARS).collect();
    Err(HostError::VolumeTool { program: QEMU_IMG, path: path.to_owned(), message })
}

/// The first bytes of a qcow2 file, big-endian (QEMU's docs/interop/qcow2): magic 0..4, backing file offset 8..16,
/// virtual size 24..32, incompatible features 72..80 (version 3 up).
const QCOW2_HEADER_BYTES: usize = 80;
const QCOW2_MAGIC: &[u8; 4] = b"QFI\xfb";
const QCOW2_EXTERNAL_DATA: u64 = 1 << 2;

/// Tells the format by the magic alone, as QEMU's probing would follow a backing file named by a crafted image.
fn safe_image_format(image: &Path) -> Result<Format, HostError> {
    let header = header(image)?;
    let Some(header) = header.filter(|header| header.starts_with(QCOW2_MAGIC)) else {
        return Ok(Format::Raw);
    };
    let unsafe_image = |reason| Err(HostError::UnsafeImage { path: image.to_owned(), reason });
    if big_endian(&header, 8) != 0 {
        return unsafe_image("it has a backing file; flatten it with qemu-img convert");
    }
    if header[7] >= 3 && big_endian(&header, 72) & QCOW2_EXTERNAL_DATA != 0 {
        return unsafe_image("it keeps its data in another file; flatten it with qemu-img convert");
    }
    Ok(Format::Qcow2)
}

fn virtual_size(path: &Path, format: Format) -> Result<u64, HostError> {
    match (format, header(path)?) {
        (Format::Qcow2, Some(header)) => Ok(big_endian(&header, 24)),
        (Format::Qcow2, None) => Err(HostError::Malformed { path: path.to_owned(), expected: "a qcow2 file" }),
        (Format::Raw, _) => fs::metadata(path).map(|found| found.len()).map_err(|error| HostError::read(path, error)),
    }
}

fn header(path: &Path) -> Result<Option<[u8; QCOW2_HEADER_BYTES]>, HostError> {
    let failed = |source| HostError::read(path, source);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(HostError::UnsafeImage { path: path.to_owned(), reason: "it is not a regular file" });
    }
    let mut header = [0; QCOW2_HEADER_BYTES];
    match File::open(path).map_err(failed)?.read_exact(&mut header) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn big_endian(header: &[u8; QCOW2_HEADER_BYTES], at: usize) -> u64 {
    u64::from_be_bytes(header[at..at + 8].try_into().expect("eight bytes are eight bytes"))
}

fn made(path: &Path, source: io::Error) -> HostError {
    HostError::MakeVolume { path: path.to_owned(), source }
}

fn s(text: &str) -> &OsStr {
    OsStr::new(text)
}

#[cfg(test)]
#[path = "volume_tests.rs"]
mod tests;
