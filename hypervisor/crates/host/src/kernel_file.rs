//! A file of /proc or /sys, opened once and read again and again: reading an open one costs a third of opening it.
//! Knows nothing of what the text means.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// First read size; all sampled files but /proc/stat of large machines fit, in one system call.
const FIRST_READ_BYTES: usize = 8 * 1024;
/// Larger than any of these files; a bound against a file that never ends.
const FILE_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reused between reads, so that sampling allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct ReadBuffer(Vec<u8>);

#[derive(Debug)]
pub(crate) struct KernelFile {
    path: PathBuf,
    file: Option<File>,
}

impl KernelFile {
    pub(crate) fn open(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let file = File::open(&path).ok();
        Self { path, file }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text as it is now, of a file that the kernel writes as one record: those of a process, a thread, a
    /// group, and all of /sys. None when the file was missing when opened or its object (a process, a device) is gone.
    /// Never opens again: a path under /proc may by now name another process.
    pub(crate) fn read<'b>(&mut self, buffer: &'b mut ReadBuffer) -> Option<&'b str> {
        self.read_until(End::ShortRead, buffer)
    }

    fn read_until<'b>(&mut self, end: End, buffer: &'b mut ReadBuffer) -> Option<&'b str> {
        let length = read_all(self.file.as_ref()?, end, &mut buffer.0);
        if length.is_none() {
            self.file = None;
        }
        std::str::from_utf8(&buffer.0[..length?]).ok()
    }

    /// As `read`, but opens again what was missing: for sources that may come later (a module loaded, a device made).
    pub(crate) fn read_or_reopen<'b>(&mut self, buffer: &'b mut ReadBuffer) -> Option<&'b str> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        self.read(buffer)
    }

    /// As `read_or_reopen`, of a file of many records (a line for each device): the kernel stops between two of them
    /// where its own buffer is full.
    pub(crate) fn read_records_or_reopen<'b>(&mut self, buffer: &'b mut ReadBuffer) -> Option<&'b str> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        self.read_until(End::Nothing, buffer)
    }
}

/// What shows that a file has been read to its end. Each read costs a system call and the making of the whole text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Less than there was room for.
    ShortRead,
    Nothing,
}

fn read_all(file: &File, end: End, buffer: &mut Vec<u8>) -> Option<usize> {
    if buffer.len() < FIRST_READ_BYTES {
        buffer.resize(FIRST_READ_BYTES, 0);
    }
    let mut length = 0;
    loop {
        if length == buffer.len() {
            if length >= FILE_MAX_BYTES {
                return None;
            }
            buffer.resize(length * 2, 0);
        }
        match file.read_at(&mut buffer[length..], u64::try_from(length).ok()?) {
            Ok(0) => return Some(length),
            Ok(count) => {
                length += count;
                if end == End::ShortRead && length < buffer.len() {
                    return Some(length);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// The number after `name` in a text of "name: number unit" or "name number" lines.
pub(crate) fn value_of<T: std::str::FromStr>(text: &str, name: &str) -> Option<T> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        if !rest.starts_with([' ', '\t']) {
            return None;
        }
        rest.split_ascii_whitespace().next()?.parse().ok()
    })
}

/// The only number in a one-value file.
pub(crate) fn single<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_open_file_is_read_as_it_is_now_whatever_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "one").unwrap();
        let (mut file, mut buffer) = (KernelFile::open(&path), ReadBuffer::default());
        assert_eq!(file.read(&mut buffer), Some("one"));
        let long = "x".repeat(3 * FIRST_READ_BYTES + 1);
        fs::write(&path, &long).unwrap();
        assert_eq!(file.read(&mut buffer), Some(long.as_str()));
        fs::write(&path, "").unwrap();
        assert_eq!(file.read(&mut buffer), Some(""));
    }

    #[test]
    fn only_a_reopening_read_finds_a_file_that_came_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let (mut file, mut buffer) = (KernelFile::open(&path), ReadBuffer::default());
        fs::write(&path, "late").unwrap();
        assert_eq!(file.read(&mut buffer), None);
        assert_eq!(file.read_or_reopen(&mut buffer), Some("late"));
    }

    #[test]
    fn values_are_found_by_their_whole_name() {
        let text = "Zswapped:  12 kB\nZswap: 7 kB\nksm_process_profit -3\n";
        assert_eq!(value_of(text, "Zswap"), Some(7_u64));
        assert_eq!(value_of(text, "Zswapped"), Some(12_u64));
        assert_eq!(value_of(text, "ksm_process_profit"), Some(-3_i64));
        assert_eq!(value_of::<u64>(text, "ksm"), None);
        assert_eq!(single::<i64>("-1\n"), Some(-1));
    }
}
