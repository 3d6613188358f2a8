//! The host's memory: what is wished of sharing, compression and the controller, kept over restarts; the loop that carries
//! it out; the controller's decisions. The rules are `quetzal_control`'s, the kernel's switches `quetzal_host`'s.
mod decisions;
mod keeper;
mod mechanisms;
mod observe;
mod request;
mod routine;
mod sharing;
mod tuning;
pub mod wire;
mod wishes;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use quetzal_control::{HostState, Thresholds};
use quetzal_host::{HostError, facts, pageout};
use quetzal_vm::record::{self, RecordError};
use quetzal_vm::refusal::{Refusal, RefusalCode};
use quetzal_vm::sink::{EventDraft, EventKind, EventSink};

use crate::journal::Journal;
use crate::registry::Registry;

use decisions::Decisions;
pub use decisions::KeptDecision;
use mechanisms::Mechanisms;
pub use request::Request;
use sharing::SharingView;
pub use wishes::{CompressionMode, KsmMode, Wishes};

/// The file of what is wished, in quetzald's own folder.
const WISHES: &str = "memory.json";
/// How long the end of the service waits for a step of the loop that is under way.
const FAREWELL: Duration = Duration::from_secs(1);

pub struct Memory {
    registry: Arc<Registry>,
    journal: Arc<Journal>,
    wishes_path: std::path::PathBuf,
    total_bytes: u64,
    /// Held through a change and through each step of the loop: neither sees half of the other's.
    mechanisms: tokio::sync::Mutex<Mechanisms>,
    shown: Mutex<Shown>,
    decisions: Mutex<Decisions>,
}

/// What others may see.
#[derive(Debug, Clone, Default)]
struct Shown {
    wishes: Wishes,
    state: HostState,
    sharing: SharingView,
}

/// The whole answer about the host's memory.
pub struct Picture {
    pub wishes: Wishes,
    pub sharing: SharingView,
    pub state: HostState,
    pub thresholds: Thresholds,
}

impl Memory {
    /// Reads what is wished and takes up, or puts back, what an earlier quetzald had moved.
    pub async fn open(own_dir: &Path, boot_id: &str, registry: Arc<Registry>, journal: Arc<Journal>) -> Arc<Self> {
        let wishes_path = own_dir.join(WISHES);
        let wishes: Wishes = record::read(&wishes_path)
            .unwrap_or_else(|error| {
                tracing::error!(%error, "the settings of memory are left at their defaults");
                None
            })
            .unwrap_or_default();
        let memory = Arc::new(Self {
            registry,
            journal,
            wishes_path,
            total_bytes: facts::read().memory_bytes,
            mechanisms: tokio::sync::Mutex::new(Mechanisms::open(own_dir, boot_id)),
            shown: Mutex::new(Shown { wishes: wishes.clone(), ..Shown::default() }),
            decisions: Mutex::default(),
        });
        memory.tell_reserve();
        let mut mechanisms = memory.mechanisms.lock().await;
        let taken_up = mechanisms.take_up(&wishes, memory.total_bytes);
        drop(mechanisms);
        for error in taken_up {
            let message = format!("a setting of memory could not be taken up again: {}", error.with_causes());
            tracing::error!("{message}");
            memory.tell(message);
        }
        memory
    }

    pub fn host_bytes(&self) -> u64 {
        self.total_bytes
    }

    pub fn picture(&self) -> Picture {
        let wishes = self.shown().wishes.clone();
        self.picture_with(wishes)
    }

    /// As it is, or would be, with these wishes.
    fn picture_with(&self, wishes: Wishes) -> Picture {
        let shown = self.shown().clone();
        let thresholds = Thresholds::of(&wishes.controller, self.total_bytes);
        // Nobody watches while nothing is controlled: the state is then what this moment says.
        let available = pageout::available_bytes().unwrap_or(self.total_bytes);
        let state = shown.state.next(available, &thresholds);
        Picture { wishes, sharing: shown.sharing, state, thresholds }
    }

    pub fn decisions(&self, vm_id: &str) -> Vec<Arc<KeptDecision>> {
        self.kept().of(vm_id)
    }

    /// Changes what the request names. A step that the host refuses undoes those before it.
    pub async fn set(&self, request: Request, is_dry_run: bool) -> Result<Picture, Refusal> {
        let mut mechanisms = self.mechanisms.lock().await;
        let before = self.shown().wishes.clone();
        let mut wishes = request.over(&before);
        wishes.check(self.total_bytes)?;
        mechanisms.check(&before, &wishes, self.total_bytes).map_err(refusal)?;
        if is_dry_run {
            return Ok(self.picture_with(wishes));
        }
        mechanisms.apply(&before, &mut wishes, self.total_bytes).map_err(refusal)?;
        if let Err(error) = self.store(&wishes) {
            let mut back = before.clone();
            if let Err(error) = mechanisms.apply(&wishes, &mut back, self.total_bytes) {
                tracing::error!(%error, "the settings of memory before could not be put back");
            }
            return Err(Refusal::new(RefusalCode::Storage, error.to_string()));
        }
        let changes = wishes.changes_from(&before);
        self.shown().wishes = wishes;
        drop(mechanisms);
        self.tell_reserve();
        if !changes.is_empty() {
            self.tell(changes);
        }
        Ok(self.picture())
    }

    /// To the VMs: what their starts and moves have to leave, as the host is now.
    fn tell_reserve(&self) {
        let Picture { wishes, state, thresholds, .. } = self.picture();
        let start_from_bytes = match state {
            _ if !wishes.controller.enabled => 0,
            HostState::Low => thresholds.hard_bytes,
            HostState::High | HostState::Soft | HostState::Hard => thresholds.low_bytes,
        };
        self.registry.reserve().tell(thresholds.soft_bytes, start_from_bytes);
    }

    fn store(&self, wishes: &Wishes) -> Result<(), RecordError> {
        mechanisms::write_private(&self.wishes_path, wishes)
    }

    /// Puts the host's switches back as they were. What is wished stays written down for the next start.
    pub async fn end(&self) {
        let untold = self.kept().cut_short();
        untold.into_iter().for_each(|kept| self.tell_decision(kept));
        let Ok(mut mechanisms) = tokio::time::timeout(FAREWELL, self.mechanisms.lock()).await else {
            return tracing::error!("the host's memory switches stay as they are: a step with them hangs");
        };
        for error in mechanisms.restore() {
            tracing::error!(
                error = error.with_causes(),
                "a switch of the host's memory stays as it is until the next end"
            );
        }
    }

    fn tell_decision(&self, kept: Arc<KeptDecision>) {
        let message = kept.message();
        self.journal.record_decision(kept, message);
    }

    /// An event of the host itself.
    fn tell(&self, message: String) {
        self.journal.record(EventDraft {
            kind: EventKind::HostMemoryChanged,
            vm_id: String::new(),
            operation_id: String::new(),
            vm: None,
            previous_state: None,
            message,
            outcome: None,
        });
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().expect("no thread panics while it holds what is shown")
    }

    fn kept(&self) -> MutexGuard<'_, Decisions> {
        self.decisions.lock().expect("no thread panics while it holds the decisions")
    }
}

fn refusal(error: HostError) -> Refusal {
    let (code, field) = match &error {
        HostError::UnknownAlgorithm { .. } => (RefusalCode::OutOfRange, "compression.algorithm"),
        HostError::DoesNotFit { .. } => (RefusalCode::InsufficientResources, ""),
        _ => (RefusalCode::Unsupported, ""),
    };
    Refusal::new(code, error.with_causes()).at(field)
}
