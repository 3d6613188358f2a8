//! How a VM's task tells the world: a new view with the next generation, its event, and the record on disk, always in
//! this order, so that whoever lists at a journal number has seen at least that.
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::VmTask;
use crate::record::{self, StateRecord};
use crate::sink::{EventDraft, EventKind, Outcome};
use crate::spec::runs_alike;
use crate::state::VmState;
use crate::view::{UnixMs, VmView};

/// A guest in a boot loop resets many times a second; more than one event in this time tells nobody more.
const RESET_EVENT_PACE: Duration = Duration::from_secs(1);

impl VmTask {
    /// Enters a state (or stays in it) with whatever else changed, and says so.
    pub(super) fn enter(&mut self, state: VmState, operation_id: &str, message: &str, edit: impl FnOnce(&mut VmView)) {
        let previous = self.state();
        self.change(EventKind::VmStateChanged, Some(previous), operation_id, message, |view| {
            if view.state != state {
                view.state_since = UnixMs::now();
            }
            view.state = state;
            if state != VmState::Crashed {
                view.crash = None;
            }
            edit(view);
        });
    }

    /// Something else about the VM changed.
    pub(super) fn change(
        &mut self,
        kind: EventKind,
        previous_state: Option<VmState>,
        operation_id: &str,
        message: &str,
        edit: impl FnOnce(&mut VmView),
    ) {
        let mut view = VmView::clone(&self.view.borrow());
        view.generation += 1;
        edit(&mut view);
        let view = Arc::new(view);
        self.view.send_replace(Arc::clone(&view));
        self.context.sink.record(EventDraft {
            kind,
            vm_id: self.spec.id.clone(),
            operation_id: operation_id.to_owned(),
            vm: Some(Arc::clone(&view)),
            previous_state,
            message: message.to_owned(),
            outcome: None,
        });
        let stored = StateRecord { view: VmView::clone(&view) };
        if let Err(error) = record::write(&self.paths.state(), &stored) {
            tracing::error!(vm_id = self.id(), %error, "the VM's state is not stored and will be guessed after a restart");
        }
    }

    /// An event about the VM that leaves its view as it is.
    pub(super) fn tell(&self, kind: EventKind, operation_id: &str, message: &str) {
        if kind == EventKind::Warning {
            tracing::warn!(vm_id = self.id(), message);
        }
        self.context.sink.record(EventDraft {
            kind,
            vm_id: self.spec.id.clone(),
            operation_id: operation_id.to_owned(),
            vm: Some(Arc::clone(&self.view.borrow())),
            previous_state: None,
            message: message.to_owned(),
            outcome: None,
        });
    }

    /// Exactly once for an accepted operation. The daemon's own wishes have no id and end silently.
    pub(super) fn finish(&self, operation_id: &str, outcome: Outcome, message: &str) {
        if operation_id.is_empty() {
            return;
        }
        self.context.sink.record(EventDraft {
            kind: EventKind::OperationFinished,
            vm_id: self.spec.id.clone(),
            operation_id: operation_id.to_owned(),
            vm: Some(Arc::clone(&self.view.borrow())),
            previous_state: None,
            message: message.to_owned(),
            outcome: Some(outcome),
        });
    }

    pub(super) fn accept(&self, operation_id: &str) {
        if !operation_id.is_empty() {
            self.context.sink.accept(operation_id, &self.spec.id);
        }
    }

    /// Copies the running QEMU's facts into the view.
    pub(super) fn show_running(view: &mut VmView, run: &crate::record::RunRecord) {
        view.network_in_use = Some(run.network_in_use.clone());
        view.accelerator = Some(run.accelerator.clone());
        view.pid = Some(run.pid);
        view.started_at = Some(run.started_at);
        view.qemu_version = Some(run.qemu_version.clone());
        view.restart_required = !runs_alike(&run.spec_json, &view.spec_json);
    }
}

/// Lets one reset through in a while and counts the others.
#[derive(Debug, Default)]
pub(crate) struct ResetThrottle {
    last: Option<Instant>,
    swallowed: u64,
}

impl ResetThrottle {
    /// `Some(n)`: tell it, and that `n` before it were not told.
    /// One that somebody asked for is always told.
    pub fn pass(&mut self, now: Instant, is_asked: bool) -> Option<u64> {
        if !is_asked && self.last.is_some_and(|last| now.duration_since(last) < RESET_EVENT_PACE) {
            self.swallowed += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.swallowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_resets_is_told_once_a_second_with_its_count() {
        let mut throttle = ResetThrottle::default();
        let start = Instant::now();
        assert_eq!(throttle.pass(start, false), Some(0));
        for ms in [1, 500, 999] {
            assert_eq!(throttle.pass(start + Duration::from_millis(ms), false), None);
        }
        assert_eq!(throttle.pass(start + Duration::from_millis(999), true), Some(3));
        assert_eq!(throttle.pass(start + Duration::from_millis(1000), false), None);
        assert_eq!(throttle.pass(start + Duration::from_millis(2000), false), Some(1));
        assert_eq!(throttle.pass(start + Duration::from_millis(5000), false), Some(0));
    }
}
