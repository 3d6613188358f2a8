//! The daemon's journal: events numbered from 1 without holes, appended to files, kept in memory at the end, and read by
//! any number of followers at their own pace. Knows nothing of gRPC or of what an event means.
//!
//! An append is one `write` into the page cache (so it outlives the daemon's death) and then wakes the followers; a
//! task of its own syncs to disk shortly after, so a power cut may cost the last `SYNC_DELAY`.
mod ledger;
mod segment;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use quetzal_vm::sink::{Acceptance, EventDraft, EventKind, EventSink, Outcome};
use quetzal_vm::state::VmState;
use quetzal_vm::view::{UnixMs, VmView};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use crate::memory::KeptDecision;
use ledger::Ledger;
use segment::{Line, Segment};

/// A segment is closed at this size: small enough to be parsed at start-up within a few milliseconds.
const SEGMENT_BYTES: u64 = 1 << 20;
/// Older segments are deleted: 32 MiB hold some 20,000 events.
const SEGMENTS_KEPT: usize = 32;
/// Events held in memory for followers that are nearly up to date.
const TAIL_EVENTS: usize = 2048;
/// How long after an append the disk is asked to make it durable; many appends share one sync.
const SYNC_DELAY: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("cannot {action} the journal at '{}': {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the journal '{}' is damaged at line {line}: {reason}; move the file away to start a new one", path.display())]
    Damaged { path: PathBuf, line: usize, reason: String },
}

/// An event as it is stored and published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEvent {
    pub sequence: u64,
    pub time: UnixMs,
    pub kind: EventKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vm_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operation_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm: Option<Arc<VmView>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_state: Option<VmState>,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Arc<KeptDecision>>,
}

/// What a follower gets next.
#[derive(Debug, PartialEq)]
pub struct Batch {
    /// Set when events between the follower's cursor and this number are no longer kept.
    pub trimmed_before: Option<u64>,
    pub events: Vec<Arc<StoredEvent>>,
}

pub struct Journal {
    inner: Mutex<Inner>,
    latest: watch::Sender<u64>,
    unsynced: Notify,
}

struct Inner {
    directory: PathBuf,
    current: Segment,
    /// First sequence numbers of all kept segments, the current one last.
    segments: VecDeque<u64>,
    next_sequence: u64,
    tail: VecDeque<Arc<StoredEvent>>,
    ledger: Ledger,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    segment_bytes: u64,
    segments_kept: usize,
    tail_events: usize,
}

const LIMITS: Limits = Limits { segment_bytes: SEGMENT_BYTES, segments_kept: SEGMENTS_KEPT, tail_events: TAIL_EVENTS };

/// Where the next events are to be found.
enum Source {
    Memory(Batch),
    Disk { path: PathBuf, trimmed_before: Option<u64>, after: u64 },
}

impl Journal {
    /// Opens or creates; a line torn by a crash at the very end is cut off.
    pub fn open(directory: &Path) -> Result<Arc<Self>, JournalError> {
        Self::open_with(directory, LIMITS)
    }

    fn open_with(directory: &Path, limits: Limits) -> Result<Arc<Self>, JournalError> {
        let segments = segment::list(directory)?;
        let mut ledger = Ledger::default();
        let mut tail = VecDeque::new();
        let mut next_sequence = segments.back().copied().unwrap_or(1);
        let current = Segment::open(directory, next_sequence, |line| match line {
            Line::Event(event) => {
                next_sequence = event.sequence + 1;
                ledger.note(&event);
                tail.push_back(event);
            }
            Line::Accepted { operation_id, vm_id } => ledger.accept(&operation_id, &vm_id),
            Line::Carried(carried) => ledger = carried,
        })?;
        let segments = if segments.is_empty() { VecDeque::from([1]) } else { segments };
        while tail.len() > limits.tail_events {
            tail.pop_front();
        }
        let inner = Inner { directory: directory.to_owned(), current, segments, next_sequence, tail, ledger, limits };
        let (latest, _) = watch::channel(next_sequence - 1);
        Ok(Arc::new(Self { inner: Mutex::new(inner), latest, unsynced: Notify::new() }))
    }

    /// The number of the newest event; 0 when there is none.
    pub fn latest(&self) -> u64 {
        *self.latest.borrow()
    }

    pub fn follow(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// The events after `cursor` that are at hand in one piece; none when the follower is up to date.
    pub async fn read_after(&self, cursor: u64) -> Result<Batch, JournalError> {
        loop {
            let source = self.lock().locate(cursor);
            match source {
                Source::Memory(batch) => return Ok(batch),
                Source::Disk { path, trimmed_before, after } => {
                    let read = tokio::task::spawn_blocking(move || segment::read_events(&path, after)).await;
                    match read.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
                        // Trimmed between looking and reading: look again.
                        Err(JournalError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                        Ok(events) => return Ok(Batch { trimmed_before, events }),
                    }
                }
            }
        }
    }

    /// Operations accepted but not finished: after a restart, those that the daemon's death interrupted.
    pub fn pending(&self) -> Vec<(String, String)> {
        self.lock().ledger.pending()
    }

    /// The VM on which this operation is under way.
    pub fn vm_of_pending(&self, operation_id: &str) -> Option<String> {
        self.lock().ledger.vm_of_pending(operation_id)
    }

    pub fn is_known(&self, operation_id: &str) -> bool {
        self.known(operation_id) == Acceptance::Known
    }

    /// The newest view of a VM among the events in memory.
    pub fn last_view(&self, vm_id: &str) -> Option<VmView> {
        let inner = self.lock();
        let newest = inner.tail.iter().rev().find(|event| event.vm_id == vm_id && event.vm.is_some());
        newest.and_then(|event| event.vm.as_deref().cloned())
    }

    /// The VM that this operation deleted, as it last was; known for as long as the event is in memory.
    pub fn deleted_by(&self, operation_id: &str) -> Option<Arc<VmView>> {
        let inner = self.lock();
        let is_it =
            |event: &&Arc<StoredEvent>| event.kind == EventKind::VmDeleted && event.operation_id == operation_id;
        inner.tail.iter().rev().find(is_it).and_then(|event| event.vm.clone())
    }

    /// Makes appends durable in groups until the daemon ends.
    pub async fn keep_synced(self: Arc<Self>) {
        loop {
            self.unsynced.notified().await;
            tokio::time::sleep(SYNC_DELAY).await;
            let journal = Arc::clone(&self);
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || journal.sync()).await {
                tracing::error!(%error, "events may be lost at a power cut");
            }
        }
    }

    /// A decision of the memory controller, with its words as the event's.
    pub fn record_decision(&self, decision: Arc<KeptDecision>, message: String) {
        let draft = EventDraft {
            kind: EventKind::MemoryDecision,
            vm_id: decision.decision.vm_id.to_string(),
            operation_id: String::new(),
            vm: None,
            previous_state: None,
            message,
            outcome: None,
        };
        self.append(draft, Some(decision));
    }

    fn append(&self, draft: EventDraft, decision: Option<Arc<KeptDecision>>) {
        let sequence = self.lock().append(draft, decision);
        self.latest.send_replace(sequence);
        self.unsynced.notify_one();
    }

    pub fn sync(&self) -> Result<(), JournalError> {
        let duplicate = self.lock().current.duplicate()?;
        duplicate.sync()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread panics while it holds the journal")
    }
}

impl EventSink for Journal {
    fn record(&self, draft: EventDraft) {
        self.append(draft, None);
    }

    fn known(&self, operation_id: &str) -> Acceptance {
        self.lock().ledger.known(operation_id)
    }

    fn accept(&self, operation_id: &str, vm_id: &str) {
        let mut inner = self.lock();
        inner.ledger.accept(operation_id, vm_id);
        inner.write(&Line::Accepted { operation_id: operation_id.to_owned(), vm_id: vm_id.to_owned() });
    }
}

impl Inner {
    fn append(&mut self, draft: EventDraft, decision: Option<Arc<KeptDecision>>) -> u64 {
        let event = Arc::new(StoredEvent {
            sequence: self.next_sequence,
            time: UnixMs::now(),
            kind: draft.kind,
            vm_id: draft.vm_id,
            operation_id: draft.operation_id,
            vm: draft.vm,
            previous_state: draft.previous_state,
            message: draft.message,
            outcome: draft.outcome,
            decision,
        });
        self.rotate_if_full(event.sequence);
        self.ledger.note(&event);
        self.write(&Line::Event(Arc::clone(&event)));
        self.next_sequence += 1;
        self.tail.push_back(Arc::clone(&event));
        if self.tail.len() > self.limits.tail_events {
            self.tail.pop_front();
        }
        event.sequence
    }

    /// A full disk must not stop a VM's task: the event still reaches every follower, and the log says what happened.
    fn write(&mut self, line: &Line) {
        if let Err(error) = self.current.write(line) {
            tracing::error!(%error, "an event is not stored and will be missing after a restart");
        }
    }

    fn rotate_if_full(&mut self, first: u64) {
        if self.current.bytes() < self.limits.segment_bytes {
            return;
        }
        let opened = Segment::open(&self.directory, first, |_| {}).and_then(|mut segment| {
            segment.write(&Line::Carried(self.ledger.clone()))?;
            Ok(segment)
        });
        match opened {
            Ok(segment) => {
                if let Err(error) = std::mem::replace(&mut self.current, segment).sync() {
                    tracing::error!(%error, "events may be lost at a power cut");
                }
                self.segments.push_back(first);
                self.trim();
            }
            Err(error) => tracing::error!(%error, "the journal's file grows beyond its limit"),
        }
    }

    fn trim(&mut self) {
        while self.segments.len() > self.limits.segments_kept {
            let Some(first) = self.segments.pop_front() else { return };
            if let Err(error) = std::fs::remove_file(segment::path(&self.directory, first)) {
                tracing::warn!(%error, first, "an old part of the journal could not be deleted");
            }
        }
    }

    fn locate(&self, cursor: u64) -> Source {
        let latest = self.next_sequence - 1;
        let oldest = self.segments.front().copied().unwrap_or(1);
        // A cursor from beyond the end belongs to another journal: everything is news to that follower.
        let foreign = cursor > latest;
        let trimmed_before = (foreign || cursor + 1 < oldest).then_some(oldest);
        let after = if trimmed_before.is_some() { oldest - 1 } else { cursor };
        let in_memory = self.tail.front().map_or(self.next_sequence, |event| event.sequence);
        if after + 1 >= in_memory {
            let events = self.tail.iter().skip_while(|event| event.sequence <= after).cloned().collect();
            return Source::Memory(Batch { trimmed_before, events });
        }
        let holder = self.segments.iter().rev().find(|first| **first <= after + 1).copied().unwrap_or(oldest);
        Source::Disk { path: segment::path(&self.directory, holder), trimmed_before, after }
    }
}

#[cfg(test)]
mod tests;
