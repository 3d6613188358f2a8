//! The VMs of this host by id: loaded at start-up, added by definition, removed by deletion. Passes verbs on to the VM's
//! own task and decides nothing about its state.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use quetzal_vm::context::VmContext;
use quetzal_vm::cpu::check_pins;
use quetzal_vm::launch::images_exist;
use quetzal_vm::order::{Answer, Mode, Order, VmHandle};
use quetzal_vm::record::{self, RecordError, RunRecord, StateRecord};
use quetzal_vm::refusal::{Refusal, RefusalCode};
use quetzal_vm::reserve::Reserve;
use quetzal_vm::sink::{EventDraft, EventKind, EventSink, Outcome};
use quetzal_vm::spec::{HostLimits, VmSpec};
use quetzal_vm::task::{Stored, VmTask};
use quetzal_vm::view::VmView;
use tokio::sync::Mutex;

use crate::journal::Journal;
use crate::refusal::of_spec;

/// Running VMs are taken up within milliseconds; one whose QEMU hangs is taken up while others are already served.
const ADOPTION_WAIT: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("cannot list the VMs in '{}'", folder.display())]
    List { folder: PathBuf, source: std::io::Error },
}

/// What a definition is allowed to do to a VM that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    CreateOnly,
    CreateOrReplace,
}

pub struct Registry {
    context: Arc<VmContext>,
    journal: Arc<Journal>,
    vms: RwLock<BTreeMap<String, VmHandle>>,
    /// Definitions and deletions come one at a time: they compare names over all VMs.
    membership: Mutex<()>,
}

impl Registry {
    pub fn new(context: Arc<VmContext>, journal: Arc<Journal>) -> Self {
        Self { context, journal, vms: RwLock::default(), membership: Mutex::new(()) }
    }

    /// Reads every stored VM and takes up the QEMUs that still live, all at once.
    pub async fn load(&self) -> Result<(), RegistryError> {
        let folder = self.context.folders.vms();
        let list = |source| RegistryError::List { folder: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(list)?;
        let mut waits = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(list)? {
            let name = entry.map_err(list)?.file_name();
            let Some(id) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            match self.read(id) {
                Ok(Some(stored)) => waits.push(self.add(id, stored)),
                Ok(None) => {}
                Err(error) => tracing::error!(vm_id = id, error, "this VM is left out until its file is mended"),
            }
        }
        let all = async {
            for ready in waits {
                let _ = ready.await;
            }
        };
        if tokio::time::timeout(ADOPTION_WAIT, all).await.is_err() {
            tracing::warn!("a QEMU does not answer; it is taken up when it does");
        }
        Ok(())
    }

    /// Operations on VMs that are not there: the daemon's death came between a deletion (or definition) and its event.
    pub fn end_orphaned_operations(&self) {
        for (operation_id, vm_id) in self.journal.pending() {
            if self.get(&vm_id).is_ok() {
                continue;
            }
            let draft = |kind, vm, outcome| EventDraft {
                kind,
                vm_id: vm_id.clone(),
                operation_id: operation_id.clone(),
                vm,
                previous_state: None,
                message: "quetzald was ended while this was under way; the VM is not there".to_owned(),
                outcome,
            };
            if let Some(last) = self.journal.last_view(&vm_id) {
                self.journal.record(draft(EventKind::VmDeleted, Some(Arc::new(last)), None));
            }
            self.journal.record(draft(EventKind::OperationFinished, None, Some(Outcome::Failed)));
        }
    }

    fn read(&self, id: &str) -> Result<Option<Stored>, String> {
        let paths = self.context.folders.vm(id);
        let text = match std::fs::read_to_string(paths.spec()) {
            Ok(text) => text,
            // A folder without a definition is what a deletion or definition cut short leaves.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read '{}': {error}", paths.spec().display())),
        };
        // What was accepted once stays defined on a host with less memory; its start says what is missing.
        let spec = VmSpec::parse(&text, &HostLimits::UNKNOWN)
            .map_err(|error| format!("'{}' is not a definition any more: {error}", paths.spec().display()))?;
        let said = |error: RecordError| error.to_string();
        let kept = record::read::<StateRecord>(&paths.state()).map_err(said)?.map(|state| state.view);
        let newer = self
            .journal
            .last_view(id)
            .filter(|view| kept.as_ref().is_none_or(|kept| view.generation > kept.generation));
        let mut view = newer.or(kept).unwrap_or_else(|| VmView::defined(id, "".into()));
        view.spec_json = spec.to_json().into();
        let run = record::read::<RunRecord>(&paths.run()).map_err(said)?;
        let interrupted = self.journal.pending().into_iter().filter(|(_, vm)| vm == id).map(|(operation, _)| operation);
        Ok(Some(Stored { spec, view, run, interrupted: interrupted.collect() }))
    }

    fn add(&self, id: &str, stored: Stored) -> tokio::sync::oneshot::Receiver<()> {
        let (handle, _task, ready) = VmTask::spawn(Arc::clone(&self.context), stored);
        self.vms.write().expect("no thread panics while it holds the map").insert(id.to_owned(), handle);
        ready
    }

    pub fn get(&self, id: &str) -> Result<VmHandle, Refusal> {
        let vms = self.vms.read().expect("no thread panics while it holds the map");
        vms.get(id).cloned().ok_or_else(|| Refusal::no_such_vm(id))
    }

    pub fn all(&self) -> Vec<VmHandle> {
        self.vms.read().expect("no thread panics while it holds the map").values().cloned().collect()
    }

    pub async fn put(&self, operation_id: &str, spec_json: &str, mode: Mode, put: Put) -> Answer {
        let spec = VmSpec::parse(spec_json, &self.context.limits).map_err(of_spec)?;
        let _one_at_a_time = self.membership.lock().await;
        let id = spec.id.clone();
        let present = self.get(&id).ok();
        if self.journal.is_known(operation_id)
            && let Some(handle) = &present
        {
            return Ok(handle.view());
        }
        if present.is_some() && put == Put::CreateOnly {
            return Err(Refusal::new(
                RefusalCode::VmExists,
                format!("a VM with the id \"{id}\" exists already; choose another id, or replace it"),
            )
            .at("id"));
        }
        self.name_is_free(&spec)?;
        let text = spec.to_json();
        // What is defined already is not refused for an image that has gone since: nothing would change.
        if present.as_ref().is_none_or(|handle| *handle.view().spec_json != *text) {
            images_exist(&spec, &self.context)?;
        }
        if let Some(handle) = &present {
            handle.call("", Mode::DryRun, Order::Define(Box::new(spec.clone()))).await?;
        } else {
            check_pins(&spec.cpu_policy)?;
        }
        let view = VmView::defined(&id, text.into());
        if mode == Mode::DryRun {
            let replaced = present
                .map(|handle| VmView { spec_json: Arc::clone(&view.spec_json), ..VmView::clone(&handle.view()) });
            return Ok(Arc::new(replaced.unwrap_or(view)));
        }
        let before = present.as_ref().map(|handle| handle.view());
        self.store(&id, &spec.to_json())?;
        let handle = match present {
            Some(handle) => handle,
            None => {
                // Never waits: a new VM has no QEMU to look for.
                let _ready = self.add(&id, Stored { spec: spec.clone(), view, run: None, interrupted: Vec::new() });
                self.get(&id)?
            }
        };
        let answer = handle.call(operation_id, Mode::Real, Order::Define(Box::new(spec))).await;
        if let (Err(_), Some(before)) = (&answer, before) {
            // A running VM whose QEMU cannot be held to it keeps the definition that it had.
            self.store(&id, &before.spec_json)?;
        }
        answer
    }

    pub fn reserve(&self) -> &Reserve {
        &self.context.reserve
    }

    fn name_is_free(&self, spec: &VmSpec) -> Result<(), Refusal> {
        for other in self.all() {
            let view = other.view();
            if view.id != spec.id && name_in(&view.spec_json).as_deref() == Some(spec.name.as_str()) {
                return Err(Refusal::new(
                    RefusalCode::VmExists,
                    format!("the name \"{}\" belongs to VM \"{}\"; choose another", spec.name, view.id),
                )
                .at("name"));
            }
        }
        Ok(())
    }

    fn store(&self, id: &str, spec_json: &str) -> Result<(), Refusal> {
        let paths = self.context.folders.vm(id);
        let storage = |message: String| Refusal::new(RefusalCode::Storage, message);
        std::fs::create_dir_all(&paths.kept)
            .map_err(|error| storage(format!("cannot make '{}': {error}", paths.kept.display())))?;
        record::write_text(&paths.spec(), spec_json.as_bytes()).map_err(|error| storage(error.to_string()))
    }

    pub async fn verb(&self, id: &str, operation_id: &str, mode: Mode, order: Order) -> Answer {
        self.get(id)?.call(operation_id, mode, order).await
    }

    pub async fn delete(&self, id: &str, operation_id: &str, mode: Mode, order: Order) -> Answer {
        let _one_at_a_time = self.membership.lock().await;
        if let Some(last) = self.journal.deleted_by(operation_id) {
            return Ok(last);
        }
        let answer = self.get(id)?.call(operation_id, mode, order).await?;
        if mode == Mode::Real {
            self.vms.write().expect("no thread panics while it holds the map").remove(id);
        }
        Ok(answer)
    }

    pub async fn cancel(&self, operation_id: &str) -> Answer {
        let id = self.journal.vm_of_pending(operation_id).ok_or_else(|| {
            Refusal::new(RefusalCode::NotCancellable, format!("operation {operation_id} is not under way"))
        })?;
        self.verb(&id, operation_id, Mode::Real, Order::Cancel).await
    }

    /// After a boot of the host: the VMs that are to run then. Each tells by itself what becomes of it.
    pub async fn autostart(&self) {
        for handle in self.all() {
            let view = handle.view();
            let wishes = VmSpec::parse(&view.spec_json, &HostLimits::UNKNOWN).is_ok_and(|spec| spec.autostart);
            if wishes && view.pid.is_none() {
                match handle.call("", Mode::Real, Order::Start).await {
                    Ok(_) => tracing::info!(vm_id = view.id, "autostarted"),
                    Err(refusal) => tracing::error!(vm_id = view.id, %refusal, "not autostarted"),
                }
            }
        }
    }
}

/// The name in a normalised definition, where it is always present.
fn name_in(spec_json: &str) -> Option<String> {
    serde_json::from_str::<serde_json::Value>(spec_json).ok()?["name"].as_str().map(str::to_owned)
}
