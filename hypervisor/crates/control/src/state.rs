//! What the controller remembers from one decision to the next: the host's state and, of each controlled VM, when its
//! memory was last changed, by whomever.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::observe::{Control, Observations, SILENT_AFTER_MS, Settled, Vm};
use crate::page_out::Paging;
use crate::pressure::{HostState, Thresholds};
use crate::take::HOLD_AFTER_GIVE_MS;

/// A VM that is not seen for a look, or that nobody controls for a moment, is the same afterwards: what was given to it
/// then still counts.
const FORGET_AFTER_MS: u64 = HOLD_AFTER_GIVE_MS;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub(crate) host: HostState,
    /// Since when the host is not in HIGH.
    pub(crate) short_since_ms: Option<u64>,
    /// Since when it is in HARD or LOW.
    pub(crate) hard_since_ms: Option<u64>,
    pub(crate) asked_ms: Option<u64>,
    pub(crate) vms: BTreeMap<Arc<str>, Memo>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Memo {
    seen_ms: u64,
    pub target_bytes: u64,
    actual_bytes: u64,
    /// When what the guest has last changed; absent: not since the controller knows it.
    grown_ms: Option<u64>,
    shrunk_ms: Option<u64>,
    /// Also the first sight of the VM: nobody knows what was done to it before.
    pub taken_ms: u64,
    pub given_ms: Option<u64>,
    pub paging: Paging,
    pub advised: Option<Advice>,
}

/// What was last recommended about a VM that is not to be touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advice {
    pub at_ms: u64,
    pub to_bytes: u64,
}

impl State {
    pub fn host(&self) -> HostState {
        self.host
    }

    /// While nobody is controlled: the host's state is forgotten, what was done to VMs is not yet.
    #[must_use]
    pub fn unwatched(self) -> Self {
        Self { asked_ms: self.asked_ms, vms: self.vms, ..Self::default() }
    }

    /// The state with what has been seen since. VMs that are gone or no longer controlled are forgotten after a while.
    pub(crate) fn observed(&self, observations: &Observations, thresholds: &Thresholds) -> Self {
        let now_ms = observations.now_ms;
        let host = self.host.next(observations.host.available_bytes, thresholds);
        let since = |holds: bool, before: Option<u64>| holds.then(|| before.unwrap_or(now_ms));
        let controlled = observations.vms.iter().filter(|vm| vm.control != Control::Off);
        let lives = |memo: &Memo| now_ms.saturating_sub(memo.seen_ms) < FORGET_AFTER_MS;
        let known = self.vms.iter().filter(|(_, memo)| lives(memo)).map(|(id, memo)| (Arc::clone(id), memo.clone()));
        let mut vms: BTreeMap<_, _> = known.collect();
        for vm in controlled {
            let memo = vms.remove(&vm.id).unwrap_or_else(|| Memo::first(vm, now_ms));
            vms.insert(Arc::clone(&vm.id), memo.observed(vm, now_ms));
        }
        Self {
            host,
            short_since_ms: since(host > HostState::High, self.short_since_ms),
            hard_since_ms: since(host >= HostState::Hard, self.hard_since_ms),
            asked_ms: self.asked_ms,
            vms,
        }
    }
}

impl Memo {
    fn first(vm: &Vm, now_ms: u64) -> Self {
        Self {
            seen_ms: now_ms,
            target_bytes: vm.target_bytes,
            actual_bytes: vm.actual(),
            grown_ms: None,
            shrunk_ms: None,
            taken_ms: now_ms,
            given_ms: None,
            paging: Paging::first(vm, now_ms),
            advised: None,
        }
    }

    /// A target that the controller did not set is somebody's hand, or an order that was refused: either way it counts
    /// as a change just made.
    fn observed(mut self, vm: &Vm, now_ms: u64) -> Self {
        if vm.target_bytes < self.target_bytes {
            self.taken_ms = now_ms;
        } else if vm.target_bytes > self.target_bytes {
            self.given_ms = Some(now_ms);
        }
        if vm.actual() > self.actual_bytes {
            self.grown_ms = Some(now_ms);
        } else if vm.actual() < self.actual_bytes {
            self.shrunk_ms = Some(now_ms);
        }
        self.seen_ms = now_ms;
        self.target_bytes = vm.target_bytes;
        self.actual_bytes = vm.actual();
        self.paging = self.paging.observed(vm, now_ms);
        self
    }

    pub fn settled(&self, now_ms: u64) -> Settled {
        let since = |at: Option<u64>| at.map_or(u64::MAX, |at| now_ms.saturating_sub(at));
        // QEMU's word of the balloon comes late too. What is not reached by then is not obeyed, and stays as it is.
        let is_growing = self.target_bytes > self.actual_bytes && self.since_given_ms(now_ms) < SILENT_AFTER_MS;
        let is_shrinking = self.target_bytes < self.actual_bytes && self.since_taken_ms(now_ms) < SILENT_AFTER_MS;
        let shrunk_ms = if is_shrinking { 0 } else { since(self.shrunk_ms) };
        Settled { is_growing, grown_ms: since(self.grown_ms), shrunk_ms }
    }

    pub fn since_taken_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.taken_ms)
    }

    pub fn since_given_ms(&self, now_ms: u64) -> u64 {
        self.given_ms.map_or(u64::MAX, |at| now_ms.saturating_sub(at))
    }
}
