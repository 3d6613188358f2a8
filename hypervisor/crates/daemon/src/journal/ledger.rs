//! Which operations have been accepted: those under way, and the last that ended. Bounded; carried from segment to
//! segment, so that a restart reads only the newest one. Knows no files.
use std::collections::{HashMap, HashSet, VecDeque};

use quetzal_vm::sink::{Acceptance, EventKind};
use serde::{Deserialize, Serialize};

use super::StoredEvent;

/// Ended operations remembered against repetition: a caller that repeats a verb does so within seconds.
const ENDED_KEPT: usize = 4096;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Carried", into = "Carried")]
pub struct Ledger {
    /// Operation id → VM id.
    pending: HashMap<String, String>,
    ended: VecDeque<String>,
    ended_index: HashSet<String>,
}

#[derive(Serialize, Deserialize)]
struct Carried {
    pending: HashMap<String, String>,
    ended: VecDeque<String>,
}

impl From<Carried> for Ledger {
    fn from(carried: Carried) -> Self {
        let ended_index = carried.ended.iter().cloned().collect();
        Self { pending: carried.pending, ended: carried.ended, ended_index }
    }
}

impl From<Ledger> for Carried {
    fn from(ledger: Ledger) -> Self {
        Self { pending: ledger.pending, ended: ledger.ended }
    }
}

impl Ledger {
    pub fn accept(&mut self, operation_id: &str, vm_id: &str) {
        self.pending.insert(operation_id.to_owned(), vm_id.to_owned());
    }

    pub fn note(&mut self, event: &StoredEvent) {
        if event.kind != EventKind::OperationFinished {
            return;
        }
        self.pending.remove(&event.operation_id);
        if self.ended_index.insert(event.operation_id.clone()) {
            self.ended.push_back(event.operation_id.clone());
        }
        if self.ended.len() > ENDED_KEPT
            && let Some(oldest) = self.ended.pop_front()
        {
            self.ended_index.remove(&oldest);
        }
    }

    pub fn known(&self, operation_id: &str) -> Acceptance {
        if self.pending.contains_key(operation_id) || self.ended_index.contains(operation_id) {
            Acceptance::Known
        } else {
            Acceptance::Fresh
        }
    }

    pub fn pending(&self) -> Vec<(String, String)> {
        self.pending.iter().map(|(operation, vm)| (operation.clone(), vm.clone())).collect()
    }

    pub fn vm_of_pending(&self, operation_id: &str) -> Option<String> {
        self.pending.get(operation_id).cloned()
    }
}
