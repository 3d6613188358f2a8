//! A console's bytes on disk, bounded: `ttyS0.log` is being written, `ttyS0.log.N` is the full segment N before it.
//! Segments are of equal length, so that a segment's number says where in the stream it lies: after the daemon's death
//! the offsets are found again from the names alone. A log that fails is given up until the next start.
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

pub(super) struct ConsoleLog {
    path: PathBuf,
    segment_bytes: u64,
    /// Number of the segment being written, and what it holds.
    segment: u64,
    length: u64,
    /// `None`: given up.
    file: Option<File>,
}

impl ConsoleLog {
    /// Goes on with the log at `path`, else starts one; also returns its last bytes, at most `tail_bytes`.
    pub fn open(path: PathBuf, segment_bytes: u64, tail_bytes: usize) -> (Self, Vec<u8>) {
        let mut log = Self { path, segment_bytes, segment: 0, length: 0, file: None };
        let kept = log.find(tail_bytes).unwrap_or_else(|error| {
            log.give_up(&error);
            Vec::new()
        });
        (log, kept)
    }

    /// Offset of the byte after the last.
    pub fn end(&self) -> u64 {
        self.segment * self.segment_bytes + self.length
    }

    pub async fn append(&mut self, bytes: &[u8]) {
        if self.file.is_some()
            && let Err(error) = self.write(bytes).await
        {
            self.give_up(&error);
        }
    }

    pub async fn flush(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.flush().await
        {
            self.give_up(&error);
        }
    }

    fn find(&mut self, tail_bytes: usize) -> io::Result<Vec<u8>> {
        let full = full_segments(&self.path)?;
        let mut kept = Vec::new();
        if self.path.exists() {
            if let Some(last) = full.last() {
                self.segment = last + 1;
                kept = tail(&numbered(&self.path, *last), tail_bytes)?;
            }
            kept.extend(tail(&self.path, tail_bytes)?);
            kept.drain(..kept.len().saturating_sub(tail_bytes));
        } else {
            full.iter().try_for_each(|number| std::fs::remove_file(numbered(&self.path, *number)))?;
        }
        let file = private().append(true).open(&self.path)?;
        self.length = file.metadata()?.len();
        self.file = Some(File::from_std(file));
        Ok(kept)
    }

    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(file) = &mut self.file
            && !bytes.is_empty()
        {
            let room = usize::try_from(self.segment_bytes - self.length).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            file.write_all(now).await?;
            self.length += now.len() as u64;
            if self.length == self.segment_bytes {
                file.flush().await?;
                self.begin_segment()?;
            }
            bytes = later;
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, numbered(&self.path, self.segment))?;
        if let Some(before) = self.segment.checked_sub(1) {
            std::fs::remove_file(numbered(&self.path, before))?;
        }
        self.file = Some(File::from_std(private().append(true).open(&self.path)?));
        self.segment += 1;
        self.length = 0;
        Ok(())
    }

    fn give_up(&mut self, error: &io::Error) {
        tracing::warn!(path = %self.path.display(), %error, "the console's log is given up until the VM's next start");
        self.file = None;
    }
}

fn private() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// The numbers of the full segments beside `path`, in order; usually none or one.
fn full_segments(path: &Path) -> io::Result<Vec<u64>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let prefix = format!("{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        numbers.extend(name.to_string_lossy().strip_prefix(&prefix).and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn tail(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
