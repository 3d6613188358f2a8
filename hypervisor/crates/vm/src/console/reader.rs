//! One reader of a console at its own pace: what it was too slow for is counted, not waited for.
use std::sync::Arc;

use tokio::sync::watch;

use super::{Progress, Shared};

/// The most bytes in one chunk; a message of the console's contract holds no more.
pub const CHUNK_MAX_BYTES: usize = 32 * 1024;

/// Where reading starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFrom {
    /// At an absolute offset. One beyond the end is of an earlier run of the VM: reading starts at the oldest kept byte.
    Offset(u64),
    /// That many bytes before the end, or at the oldest kept byte.
    Last(u64),
}

/// Bytes as they came from the guest: not to be trusted, nor cut at characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Of the first byte of `data`.
    pub offset: u64,
    /// At least one byte, at most [`CHUNK_MAX_BYTES`].
    pub data: Vec<u8>,
    /// Bytes lost to this reader just before `offset`.
    pub skipped_bytes: u64,
}

/// Counted in the audience until dropped.
pub struct ConsoleReader {
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    next: u64,
}

impl ConsoleReader {
    pub(super) fn new(shared: Arc<Shared>, from: ReadFrom) -> Self {
        let progress = shared.progress.subscribe();
        let next = {
            let ring = shared.ring();
            match from {
                ReadFrom::Offset(offset) if offset <= ring.end() => offset,
                ReadFrom::Offset(_) => ring.oldest(),
                ReadFrom::Last(count) => ring.end().saturating_sub(count).max(ring.oldest()),
            }
        };
        shared.audience.send_modify(|audience| audience.readers += 1);
        Self { shared, progress, next }
    }

    /// The next bytes, as soon as there are any; `None` after the last byte of a closed port. May be dropped while it
    /// waits without losing anything.
    pub async fn next(&mut self) -> Option<Chunk> {
        loop {
            // Read before the ring is: a port that was closed then has nothing to add to what the ring holds now.
            let is_closed = self.progress.borrow_and_update().is_closed;
            if let Some(chunk) = self.kept() {
                return Some(chunk);
            }
            if is_closed || self.progress.changed().await.is_err() {
                return None;
            }
        }
    }

    fn kept(&mut self) -> Option<Chunk> {
        let ring = self.shared.ring();
        let offset = self.next.max(ring.oldest());
        let data = ring.copy(offset, CHUNK_MAX_BYTES);
        if data.is_empty() {
            return None;
        }
        let skipped_bytes = offset - self.next;
        self.next = offset + data.len() as u64;
        Some(Chunk { offset, data, skipped_bytes })
    }
}

impl Drop for ConsoleReader {
    fn drop(&mut self) {
        self.shared.audience.send_modify(|audience| audience.readers -= 1);
    }
}
