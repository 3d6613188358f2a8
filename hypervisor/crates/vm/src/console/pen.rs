//! The one pen of a console: whoever holds it writes, and everyone sees who that is.
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Shared;

/// A guest that takes no input for this long is not reading its port; a slow UART takes 32 KiB in a tenth of it.
const WRITE_DEADLINE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeOver {
    No,
    Yes,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{holder} is writing to this console; take over, or wait")]
pub struct PenBusy {
    pub holder: String,
}

/// Why the pen writes no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PenError {
    #[error("{by} has taken over this console; you are only watching now")]
    TakenOver { by: String },
    #[error("the console is closed; its VM is no longer on")]
    Closed,
    #[error("the guest has taken no input for {} s; it does not read this console", WRITE_DEADLINE.as_secs())]
    Stalled,
}

pub(super) struct Input {
    pub pen: u64,
    pub data: Vec<u8>,
    pub done: oneshot::Sender<Result<(), PenError>>,
}

/// Gives the pen back when dropped.
pub struct Pen {
    shared: Arc<Shared>,
    number: u64,
}

impl Pen {
    pub(super) fn take(shared: Arc<Shared>, writer: String, take_over: TakeOver) -> Result<Self, PenBusy> {
        let number = shared.last_pen.fetch_add(1, Ordering::Relaxed) + 1;
        let mut holder = None;
        shared.audience.send_if_modified(|audience| {
            if take_over == TakeOver::No && audience.writer.is_some() {
                holder.clone_from(&audience.writer);
                return false;
            }
            audience.writer = Some(writer);
            audience.pen = number;
            true
        });
        match holder {
            Some(holder) => Err(PenBusy { holder }),
            None => Ok(Self { shared, number }),
        }
    }

    /// Resolves when the bytes are with QEMU, in the order of the calls. Dropped while it waits, they may still get there.
    ///
    /// # Errors
    /// `TakenOver` or `Closed`, for good; `Stalled` when the guest takes nothing, and then some of the bytes may be with it.
    pub async fn write(&mut self, data: impl Into<Vec<u8>>) -> Result<(), PenError> {
        let (done, answer) = oneshot::channel();
        let input = Input { pen: self.number, data: data.into(), done };
        let write = async {
            tokio::select! {
                biased;
                error = self.lost() => Err(error),
                sent = self.shared.inputs.send(input) => sent.map_err(|_| PenError::Closed),
            }?;
            answer.await.unwrap_or(Err(PenError::Closed))
        };
        tokio::time::timeout(WRITE_DEADLINE, write).await.unwrap_or(Err(PenError::Stalled))
    }

    /// Resolves when this pen has become worthless, with the reason.
    pub async fn lost(&self) -> PenError {
        let (mut audience, mut progress) = (self.shared.audience.subscribe(), self.shared.progress.subscribe());
        // Both senders live in `self`, so neither wait can fail.
        tokio::select! {
            _ = audience.wait_for(|audience| audience.pen != self.number) => {}
            _ = progress.wait_for(|progress| progress.is_closed) => return PenError::Closed,
        }
        lost(&self.shared)
    }
}

/// Why a pen that is not the valid one is worthless.
pub(super) fn lost(shared: &Shared) -> PenError {
    let by = shared.audience.borrow().writer.clone();
    PenError::TakenOver { by: by.unwrap_or_else(|| "another writer".into()) }
}

impl Drop for Pen {
    fn drop(&mut self) {
        self.shared.audience.send_if_modified(|audience| {
            let is_mine = audience.pen == self.number;
            if is_mine {
                audience.writer = None;
                audience.pen = 0;
            }
            is_mine
        });
    }
}
