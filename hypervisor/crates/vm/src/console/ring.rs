//! The last bytes of a stream under their absolute offsets. Pure.
use std::collections::VecDeque;

/// Grows to its capacity with what comes; then the oldest bytes give way.
#[derive(Debug)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Offset of the byte after the newest.
    end: u64,
}

impl Ring {
    /// A ring at offset `end` whose last bytes are `kept`.
    pub fn continuing(capacity: usize, end: u64, kept: &[u8]) -> Self {
        let mut ring = Self { bytes: VecDeque::new(), capacity, end: end - kept.len() as u64 };
        ring.push(kept);
        ring
    }

    /// Appends, and returns the new end.
    pub fn push(&mut self, bytes: &[u8]) -> u64 {
        let fitting = &bytes[bytes.len().saturating_sub(self.capacity)..];
        let too_many = (self.bytes.len() + fitting.len()).saturating_sub(self.capacity);
        self.bytes.drain(..too_many);
        self.bytes.extend(fitting);
        self.end += bytes.len() as u64;
        self.end
    }

    pub fn end(&self) -> u64 {
        self.end
    }

    /// Offset of the oldest byte that is kept.
    pub fn oldest(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// At most `count` bytes from `offset`, which is kept or the end.
    pub fn copy(&self, offset: u64, count: usize) -> Vec<u8> {
        let start = usize::try_from(offset - self.oldest()).expect("a kept offset is within the capacity");
        let stop = start.saturating_add(count).min(self.bytes.len());
        self.bytes.range(start..stop).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_ring_holds_the_last_bytes_of_all_that_was_pushed(
            capacity in 1_usize..50,
            pushes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20),
        ) {
            let mut ring = Ring::continuing(capacity, 0, &[]);
            let mut all = Vec::new();
            for push in pushes {
                all.extend_from_slice(&push);
                prop_assert_eq!(ring.push(&push), all.len() as u64);
                let oldest = all.len().saturating_sub(capacity);
                prop_assert_eq!(ring.oldest(), oldest as u64);
                prop_assert_eq!(ring.copy(ring.oldest(), capacity), all[oldest..].to_vec());
            }
        }
    }
}
