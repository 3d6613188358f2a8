//! Where a VM's task reports to. The journal implements it; tests collect in memory. Knows no storage.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::VmState;
use crate::view::VmView;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    VmDefined,
    VmDeleted,
    VmStateChanged,
    VmChanged,
    OperationFinished,
    DaemonStarted,
    VmAdopted,
    GuestPanicked,
    VmReset,
    Warning,
    /// The memory controller's word about a VM.
    MemoryDecision,
    /// How the host shares, compresses and controls memory has changed.
    HostMemoryChanged,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    Failed,
    Cancelled,
}

/// An event before the journal has given it a number and a time.
#[derive(Debug, Clone)]
pub struct EventDraft {
    pub kind: EventKind,
    /// Empty for events of the daemon itself.
    pub vm_id: String,
    /// Empty when no operation caused it.
    pub operation_id: String,
    /// The VM after the change.
    pub vm: Option<Arc<VmView>>,
    pub previous_state: Option<VmState>,
    /// One sentence for people.
    pub message: String,
    /// OPERATION_FINISHED only.
    pub outcome: Option<Outcome>,
}

/// Whether an operation id has been seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    Fresh,
    Known,
}

/// Both calls are quick (one append to a file) and never wait.
pub trait EventSink: Send + Sync {
    /// Numbers, stores and publishes.
    fn record(&self, draft: EventDraft);
    fn known(&self, operation_id: &str) -> Acceptance;
    /// Stores that the operation is under way: from here on exactly one OPERATION_FINISHED follows, over restarts too.
    fn accept(&self, operation_id: &str, vm_id: &str);
}
