//! What of the host's memory is to stay available: told by whoever watches the host, judged by here. Knows neither states
//! nor ratios.
use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::megabytes;
use crate::refusal::{Refusal, RefusalCode};

/// Nothing is kept back until it is told.
#[derive(Debug, Default)]
pub struct Reserve {
    spare_from_bytes: AtomicU64,
    start_from_bytes: AtomicU64,
}

impl Reserve {
    /// Available memory above the first figure can be spared; under the second no VM is started.
    pub fn tell(&self, spare_from_bytes: u64, start_from_bytes: u64) {
        self.spare_from_bytes.store(spare_from_bytes, Ordering::Relaxed);
        self.start_from_bytes.store(start_from_bytes, Ordering::Relaxed);
    }

    pub(crate) fn allows_start(&self, available_bytes: u64) -> Result<(), Refusal> {
        let needed = self.start_from_bytes.load(Ordering::Relaxed);
        if available_bytes >= needed {
            return Ok(());
        }
        let message = format!(
            "the memory of the host is LOW: {} are available and no VM starts under {}; stop or shrink a VM first, or \
             enable compression ('quetzal memory host --compression zram')",
            megabytes(available_bytes),
            megabytes(needed)
        );
        Err(Refusal::new(RefusalCode::InsufficientResources, message).at("memory_mb"))
    }

    /// For a VM that goes to another sharing domain: each page of its own that is merged becomes one of its own again.
    pub(crate) fn allows_unmerging(&self, merged_bytes: u64, available_bytes: u64) -> Result<(), Refusal> {
        let spare = available_bytes.saturating_sub(self.spare_from_bytes.load(Ordering::Relaxed));
        if merged_bytes <= spare {
            return Ok(());
        }
        let message = format!(
            "in another sharing domain its merged pages take {} of memory again and {} can be spared; stop or shrink a \
             VM first",
            megabytes(merged_bytes),
            megabytes(spare)
        );
        Err(Refusal::new(RefusalCode::InsufficientResources, message).at("memory_policy.sharing_domain"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_host_short_of_memory_starts_no_vm_and_says_how_short() {
        let reserve = Reserve::default();
        assert_eq!(reserve.allows_start(0), Ok(()));
        reserve.tell(900 * MIB, 240 * MIB);
        assert_eq!(reserve.allows_start(240 * MIB), Ok(()));
        let refusal = reserve.allows_start(239 * MIB).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::InsufficientResources);
        assert!(refusal.message.contains("LOW: 239 MB are available and no VM starts under 240 MB"), "{refusal}");
    }

    #[test]
    fn unmerging_leaves_what_is_kept_back_alone() {
        let reserve = Reserve::default();
        reserve.tell(900 * MIB, 0);
        assert_eq!(reserve.allows_unmerging(100 * MIB, 1000 * MIB), Ok(()));
        assert_eq!(reserve.allows_unmerging(0, 0), Ok(()));
        let refusal = reserve.allows_unmerging(101 * MIB, 1000 * MIB).unwrap_err();
        assert_eq!(refusal.field, "memory_policy.sharing_domain");
        assert!(refusal.message.contains("take 101 MB of memory again and 100 MB can be spared"), "{refusal}");
    }
}
