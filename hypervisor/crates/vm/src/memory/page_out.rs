//! Paging a guest's memory out to the host's swap, piece by piece round the guest's memory, so that it can be stopped and
//! a later one goes on where this one ended; and by and by QEMU's own, which is as cold as its guest. The guest does not
//! take part and may be paused.
use std::ops::Range;
use std::sync::{Arc, Mutex};

use quetzal_host::pageout;
use quetzal_host::pidfd::PidFd;
use quetzal_host::{HostError, guest_ram};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::facts::MemoryProbe;
use super::megabytes;
use crate::order::Scope;
use crate::refusal::chain;
use crate::sink::Outcome;
use crate::task::WorkEnd;

/// At about 1 ms a MB, a cancellation waits for some 16 ms.
const PIECE_BYTES: u64 = 16 << 20;
const PAGE_BYTES: u64 = 4096;
/// Each page-out of QEMU's own memory goes through this part of it.
const OWN_DIVISOR: u64 = 4;
/// A page-out sends at most so often to swap what it is to bring.
const SENT_FACTOR: u64 = 2;
/// Less free swap than this counts as none.
pub(crate) const SWAP_LEAST_BYTES: u64 = 1 << 20;

pub(crate) struct PageOut {
    pub process: Arc<PidFd>,
    pub memory: Arc<MemoryProbe>,
    /// 0: everything.
    pub bytes: u64,
    pub scope: Scope,
}

enum Stop {
    Done,
    SwapFull,
    Cancelled,
}

/// A piece that was gone through.
struct Gone {
    length: u64,
    /// Of it, what went to swap; some may be back by now.
    sent: u64,
}

impl PageOut {
    pub async fn carry_out(self, mut cancelled: oneshot::Receiver<()>) -> WorkEnd {
        let begun = Instant::now();
        let pid = self.process.pid();
        let before = pageout::swapped_bytes(pid).unwrap_or(0);
        let gone = || pageout::swapped_bytes(pid).unwrap_or(0).saturating_sub(before);
        let mut stop = match self.scope {
            Scope::Guest | Scope::WithQemu => self.go_round(&mut cancelled, &gone).await,
            Scope::Qemu => Ok(Stop::Done),
        };
        if matches!(stop, Ok(Stop::Done)) && self.scope != Scope::Guest {
            stop = self.go_through_own(&mut cancelled).await;
        }
        let (gone, took) = (gone(), begun.elapsed().as_secs_f32());
        let went = format!("{} went to swap (took {took:.2} s)", megabytes(gone));
        match stop {
            Ok(Stop::Cancelled) => WorkEnd::new(Outcome::Cancelled, format!("cancelled; {went}, and stays there")),
            Ok(Stop::SwapFull) => {
                let message = format!("the host's swap is full: {went}; give it more, or enable compression");
                WorkEnd::new(if gone > 0 { Outcome::Succeeded } else { Outcome::Failed }, message)
            }
            Ok(Stop::Done) if gone == 0 => WorkEnd::new(
                Outcome::Succeeded,
                "nothing went to swap: what is resident is shared with other VMs, or in use at this moment",
            ),
            Ok(Stop::Done) => WorkEnd::new(Outcome::Succeeded, went),
            Err(error) => WorkEnd::new(Outcome::Failed, format!("{}; {went}", chain(&error))),
        }
    }

    async fn go_round(
        &self,
        cancelled: &mut oneshot::Receiver<()>,
        gone: &(impl Fn() -> u64 + Send + Sync),
    ) -> Result<Stop, HostError> {
        let mappings = self.guest()?;
        let place = &self.memory.page_out_at;
        let mut left: u64 = mappings.iter().map(|mapping| mapping.end - mapping.start).sum();
        let mut sent = 0;
        while left > 0 {
            let wanted = wanted(self.bytes, gone(), sent);
            if wanted == 0 {
                return Ok(Stop::Done);
            }
            let piece = match self.next_piece(&mappings, place, wanted.min(left), cancelled).await? {
                Ok(piece) => piece,
                Err(stop) => return Ok(stop),
            };
            left -= piece.length;
            sent += piece.sent;
        }
        Ok(Stop::Done)
    }

    async fn go_through_own(&self, cancelled: &mut oneshot::Receiver<()>) -> Result<Stop, HostError> {
        let mappings = guest_ram::besides(self.process.pid(), &self.guest()?);
        let whole: u64 = mappings.iter().map(|mapping| mapping.end - mapping.start).sum();
        let mut left = whole.div_ceil(OWN_DIVISOR);
        while left > 0 {
            left -= match self.next_piece(&mappings, &self.memory.own_page_out_at, left, cancelled).await? {
                Ok(piece) => piece.length.min(left),
                Err(stop) => return Ok(stop),
            };
        }
        Ok(Stop::Done)
    }

    fn guest(&self) -> Result<Vec<Range<u64>>, HostError> {
        let sizes = self.memory.facts().map(|facts| facts.backend_bytes.clone()).unwrap_or_default();
        guest_ram::find(self.process.pid(), &sizes)
    }

    /// Pages out at most so much from where the last piece ended. How much it went through, or why it is the end.
    async fn next_piece(
        &self,
        mappings: &[Range<u64>],
        place: &Mutex<u64>,
        most: u64,
        cancelled: &mut oneshot::Receiver<()>,
    ) -> Result<Result<Gone, Stop>, HostError> {
        if pageout::swap().free_bytes < SWAP_LEAST_BYTES {
            return Ok(Err(Stop::SwapFull));
        }
        let whole: u64 = mappings.iter().map(|mapping| mapping.end - mapping.start).sum();
        let at = *place.lock().expect("no thread panics while it holds a number") % whole;
        let piece = piece(mappings, at, most.next_multiple_of(PAGE_BYTES).min(PIECE_BYTES));
        let length = piece.end - piece.start;
        let process = Arc::clone(&self.process);
        let paged = tokio::task::spawn_blocking(move || {
            let swapped = || pageout::swapped_within(process.pid(), &piece);
            let before = swapped();
            pageout::page_out(&process, &piece)?;
            // Where the kernel cannot say, all of it counts.
            Ok(before.zip(swapped()).map_or(length, |(before, now)| now.saturating_sub(before)))
        });
        let sent = paged.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        *place.lock().expect("no thread panics while it holds a number") = at + length;
        Ok(if cancelled.try_recv().is_ok() { Err(Stop::Cancelled) } else { Ok(Gone { length, sent }) })
    }
}

/// How much more to go through for `bytes` (0: everything) when so much is gone by now and so much was sent. A guest whose
/// pages come back as fast as they go is left alone after twice what was wished, not paged out whole.
fn wanted(bytes: u64, gone: u64, sent: u64) -> u64 {
    if bytes == 0 {
        return PIECE_BYTES;
    }
    bytes.saturating_sub(gone).min(bytes.saturating_mul(SENT_FACTOR).saturating_sub(sent))
}

/// What lies `at` bytes into the mappings one after the other, at most `length` long and within one of them.
fn piece(mappings: &[Range<u64>], at: u64, length: u64) -> Range<u64> {
    let mut skip = at;
    for mapping in mappings {
        let size = mapping.end - mapping.start;
        if skip < size {
            let start = mapping.start + skip;
            return start..(start + length).min(mapping.end);
        }
        skip -= size;
    }
    0..0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_guest_whose_pages_come_back_at_once_is_left_after_twice_what_was_wished() {
        let wished = 40 << 20;
        let mut sent = 0;
        loop {
            // Nothing stays gone.
            let piece = wanted(wished, 0, sent).min(PIECE_BYTES);
            if piece == 0 {
                break;
            }
            sent += piece;
        }
        assert_eq!(sent, 2 * wished);
        assert_eq!(wanted(wished, wished, wished), 0, "what was wished is gone");
        assert_eq!(wanted(wished, 10 << 20, 10 << 20), 30 << 20);
        assert_eq!(wanted(wished, 0, 0), wished);
        assert_eq!(wanted(0, u64::MAX, u64::MAX), PIECE_BYTES, "everything is everything");
    }

    proptest! {
        #[test]
        fn one_round_touches_every_byte_once_wherever_it_begins(
            sizes in proptest::collection::vec(1_u64..50, 1..4), begin in 0_u64..150, step in 1_u64..20,
        ) {
            let mut start = 0;
            let mappings: Vec<Range<u64>> = sizes
                .iter()
                .map(|size| {
                    start += 1000;
                    start..start + size
                })
                .collect();
            let whole: u64 = sizes.iter().sum();
            let (mut at, mut left, mut seen) = (begin % whole, whole, Vec::new());
            while left > 0 {
                let piece = piece(&mappings, at % whole, step.min(left));
                prop_assert!(!piece.is_empty());
                left -= piece.end - piece.start;
                at += piece.end - piece.start;
                seen.extend(piece);
            }
            seen.sort_unstable();
            let all: Vec<u64> = mappings.into_iter().flatten().collect();
            prop_assert_eq!(seen, all);
        }
    }
}
