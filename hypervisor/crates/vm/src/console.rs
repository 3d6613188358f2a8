//! One serial port of a VM: always drained, so that a guest never waits for a reader; readable by many from any kept
//! offset; written by whoever holds the one pen. Knows bytes, not what they mean, nor who may see them.
//!
//! ```text
//!                    ┌─> ring (last 1 MiB, absolute offsets) ─> readers, each at its own pace
//! QEMU ──socket──> drain ─> log (bounded, rotated)
//!      <──────── writer <── queue <── the pen's holder
//! ```
//! Offset 0 is the first byte since the VM was last started. After the daemon's death the offsets go on from the log;
//! what the guest said meanwhile is lost and not counted.
mod log;
mod pen;
mod reader;
mod ring;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};

use log::ConsoleLog;
use pen::Input;
use ring::Ring;

pub use pen::{Pen, PenBusy, PenError, TakeOver};
pub use reader::{CHUNK_MAX_BYTES, Chunk, ConsoleReader, ReadFrom};

/// Kept in memory for replay: hours of a quiet console, seconds of a boot at full speed.
const RING_BYTES: usize = 1 << 20;
/// A port's log takes at most twice this on disk: the segment being written and the one before.
const LOG_SEGMENT_BYTES: u64 = 4 << 20;
/// More than a serial port delivers between two wake-ups.
const READ_BYTES: usize = 16 * 1024;
/// Writes waiting for the guest; a person's typing never gets here, a pasted text waits in its own stream.
const QUEUED_INPUTS: usize = 16;

/// Who writes, and how many read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// `None`: nobody holds the pen.
    pub writer: Option<String>,
    pub readers: u32,
    /// The number of the pen that is valid; 0 while nobody holds it.
    pen: u64,
}

/// A handle; clones share the port. Stays readable after QEMU's end.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    ring_bytes: usize,
    log_segment_bytes: u64,
}

struct Shared {
    /// Held for the copying of bytes only, never over an await.
    ring: Mutex<Ring>,
    progress: watch::Sender<Progress>,
    audience: watch::Sender<Audience>,
    last_pen: AtomicU64,
    inputs: mpsc::Sender<Input>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    end: u64,
    is_closed: bool,
}

impl Console {
    /// Takes over a connected serial port. Where `log` exists, offsets and replay go on from it; else both start anew.
    /// Must be called within a tokio runtime. A log that cannot be written costs the log, never the console.
    pub fn spawn(stream: UnixStream, log: PathBuf) -> Self {
        Self::spawn_with(stream, log, Limits { ring_bytes: RING_BYTES, log_segment_bytes: LOG_SEGMENT_BYTES })
    }

    fn spawn_with(stream: UnixStream, log: PathBuf, limits: Limits) -> Self {
        let (log, kept) = ConsoleLog::open(log, limits.log_segment_bytes, limits.ring_bytes);
        let ring = Ring::continuing(limits.ring_bytes, log.end(), &kept);
        let progress = watch::Sender::new(Progress { end: ring.end(), is_closed: false });
        let (inputs, queue) = mpsc::channel(QUEUED_INPUTS);
        let shared = Arc::new(Shared {
            ring: Mutex::new(ring),
            progress,
            audience: watch::Sender::new(Audience::default()),
            last_pen: AtomicU64::new(0),
            inputs,
        });
        tokio::spawn(serve(stream, log, queue, Arc::clone(&shared)));
        Self(shared)
    }

    /// Starts reading; what is kept from there on is delivered first.
    pub fn read_from(&self, from: ReadFrom) -> ConsoleReader {
        ConsoleReader::new(Arc::clone(&self.0), from)
    }

    /// Takes the pen for `writer`, who is named to others. It is given back when the `Pen` is dropped.
    pub fn take_pen(&self, writer: impl Into<String>, take_over: TakeOver) -> Result<Pen, PenBusy> {
        Pen::take(Arc::clone(&self.0), writer.into(), take_over)
    }

    /// Changes whenever a reader comes or goes or the pen changes hands.
    pub fn audience(&self) -> watch::Receiver<Audience> {
        self.0.audience.subscribe()
    }

    /// The last bytes, at most `count`.
    pub fn tail(&self, count: usize) -> Vec<u8> {
        let ring = self.0.ring();
        let from = ring.end().saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        ring.copy(from.max(ring.oldest()), count)
    }

    /// Resolves when QEMU has closed the port, every byte is in the ring, and the log is written.
    pub async fn closed(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.0.progress.subscribe().wait_for(|progress| progress.is_closed).await;
    }
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().expect("nothing panics while it holds the ring")
    }
}

async fn serve(stream: UnixStream, mut log: ConsoleLog, queue: mpsc::Receiver<Input>, shared: Arc<Shared>) {
    let (read, write) = stream.into_split();
    // A guest that takes no input must still be drained: the two run side by side, and the drain's end ends both.
    tokio::select! {
        () = drain(read, &mut log, &shared) => {}
        () = feed(write, queue, &shared) => {}
    }
    log.flush().await;
    shared.progress.send_modify(|progress| progress.is_closed = true);
}

async fn drain(mut read: OwnedReadHalf, log: &mut ConsoleLog, shared: &Shared) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match read.read(&mut buffer).await {
            Ok(0) => return,
            Ok(count) => {
                let bytes = &buffer[..count];
                let end = shared.ring().push(bytes);
                shared.progress.send_modify(|progress| progress.end = end);
                log.append(bytes).await;
            }
            Err(error) => {
                tracing::debug!(%error, "a serial port was cut off");
                return;
            }
        }
    }
}

/// Never ends by itself: a port that takes no more input may still have something to say.
async fn feed(mut write: OwnedWriteHalf, mut queue: mpsc::Receiver<Input>, shared: &Shared) {
    while let Some(input) = queue.recv().await {
        let is_valid = shared.audience.borrow().pen == input.pen;
        let written = if is_valid { write.write_all(&input.data).await } else { Ok(()) };
        let answer = match written {
            Ok(()) if is_valid => Ok(()),
            Ok(()) => Err(pen::lost(shared)),
            Err(_) => Err(PenError::Closed),
        };
        // A holder that has left needs no answer.
        let _ = input.done.send(answer);
    }
    std::future::pending().await
}
