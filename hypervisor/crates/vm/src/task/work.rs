//! Work beside the task that ends an operation: moving memory or vCPUs, or paging out, takes up to minutes. One of a
//! kind at a time: a newer one takes the place of an older. Knows nothing of what the work is.
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{News, VmTask};
use crate::order::Order;
use crate::refusal::Refusal;
use crate::room::Room;
use crate::sink::{EventKind, Outcome};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkKind {
    /// Balloon and plugged memory: they move each other.
    Memory,
    PageOut,
    Vcpus,
}

/// How a work ended, and what then holds of the VM's room.
pub(crate) struct WorkEnd {
    pub outcome: Outcome,
    /// One sentence: what was reached, and why no more.
    pub message: String,
    pub room: Option<RoomEdit>,
}

pub(crate) type RoomEdit = Box<dyn FnOnce(&mut Room) + Send>;

pub(crate) struct Work {
    kind: WorkKind,
    number: u64,
    /// Empty: the memory controller's own.
    operation_id: String,
    /// Of a resize, what held before it.
    resized_from: Option<Room>,
    cancel: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl WorkEnd {
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), room: None }
    }

    pub fn with_room(mut self, edit: impl FnOnce(&mut Room) + Send + 'static) -> Self {
        self.room = Some(Box::new(edit));
        self
    }
}

/// How a work ends whose place one of the same kind takes.
pub(super) const REPLACED: &str = "a newer operation of this kind took its place";

/// Whether the controller's wish waits for an operator's work of its kind.
fn waits(order: &Order, is_resize: bool, balloon_target_bytes: u64) -> bool {
    match order {
        // A resize empties the balloon anyway.
        Order::Balloon { target_bytes } => is_resize || *target_bytes <= balloon_target_bytes,
        _ => true,
    }
}

impl VmTask {
    /// `work` is given what tells it of a cancellation: it then ends by itself, with what it has reached. `instead` is how
    /// one ends whose place it takes.
    pub(super) fn begin_work<F>(
        &mut self,
        kind: WorkKind,
        operation_id: &str,
        instead: &str,
        work: impl FnOnce(oneshot::Receiver<()>) -> F,
    ) where
        F: Future<Output = WorkEnd> + Send + 'static,
    {
        if let Some(place) = self.works.iter().position(|older| older.kind == kind) {
            let older = self.works.swap_remove(place);
            self.finish(&older.operation_id, Outcome::Cancelled, instead);
        }
        self.works_begun += 1;
        let (number, reporter) = (self.works_begun, self.reporter());
        let (cancel, cancelled) = oneshot::channel();
        let work = work(cancelled);
        let running = tokio::spawn(async move {
            let end = work.await;
            reporter.tell(News::WorkEnded { number, end }).await;
        });
        let operation_id = operation_id.to_owned();
        self.works.push(Work { kind, number, operation_id, resized_from: None, cancel: Some(cancel), running });
    }

    /// The work that was begun last is a resize: whoever takes its place puts back what held before it.
    pub(super) fn note_resize(&mut self, before: Room) {
        if let Some(work) = self.works.last_mut() {
            work.resized_from = Some(before);
        }
    }

    /// What held before a resize that is under way.
    pub(super) fn resized_from(&self) -> Option<Room> {
        self.works.iter().find_map(|work| work.resized_from)
    }

    /// The controller's own wishes wait for what an operator has under way, except for memory that a guest needs now.
    pub(super) fn check_turn(&self, operation_id: &str, order: &Order) -> Result<(), Refusal> {
        let kind = match order {
            Order::Balloon { .. } => WorkKind::Memory,
            Order::PageOut { .. } => WorkKind::PageOut,
            _ => return Ok(()),
        };
        let is_operators = |work: &&Work| work.kind == kind && !work.operation_id.is_empty();
        let (Some(under_way), Some(room)) = (self.works.iter().find(is_operators), self.view.borrow().room) else {
            return Ok(());
        };
        if !operation_id.is_empty() || !waits(order, under_way.resized_from.is_some(), room.balloon_target_bytes) {
            return Ok(());
        }
        Err(Refusal::wrong_state(self.id(), self.state(), "what was asked of its memory by hand is under way"))
    }

    pub(super) fn work_ended(&mut self, number: u64, end: WorkEnd) {
        let Some(place) = self.works.iter().position(|work| work.number == number) else { return };
        let mut work = self.works.swap_remove(place);
        let operation_id = std::mem::take(&mut work.operation_id);
        if work.kind == WorkKind::Vcpus {
            self.vcpus_settled();
        }
        let present = self.view.borrow().room;
        if let Some(mut room) = present {
            end.room.into_iter().for_each(|edit| edit(&mut room));
            self.set_floor(&mut room);
            self.show_room(room, &operation_id, &end.message);
        }
        self.finish(&operation_id, end.outcome, &end.message);
    }

    /// Says so only where it changes something.
    pub(super) fn show_room(&mut self, room: Room, operation_id: &str, message: &str) {
        if self.view.borrow().room != Some(room) {
            self.change(EventKind::VmChanged, None, operation_id, message, |view| view.room = Some(room));
        }
    }

    /// Whether this operation is a work under way; it ends by itself soon.
    pub(super) fn cancel_work(&mut self, operation_id: &str) -> bool {
        let asked = self.works.iter_mut().find(|work| work.operation_id == operation_id);
        asked.and_then(|work| work.cancel.take()).is_some_and(|cancel| cancel.send(()).is_ok())
    }

    pub(super) fn is_under_way(&self, kind: WorkKind) -> bool {
        self.works.iter().any(|work| work.kind == kind)
    }

    /// QEMU has gone, and with it whatever was being moved.
    pub(super) fn fail_works(&mut self, message: &str) {
        for work in std::mem::take(&mut self.works) {
            self.finish(&work.operation_id, Outcome::Failed, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Scope;

    #[test]
    fn the_controllers_wishes_wait_for_an_operators_but_for_memory_given() {
        let balloon = |target_bytes| Order::Balloon { target_bytes };
        assert!(!waits(&balloon(300), false, 200), "a guest in need gets memory at once");
        assert!(waits(&balloon(100), false, 200) && waits(&balloon(200), false, 200));
        assert!(waits(&balloon(300), true, 200));
        assert!(waits(&Order::PageOut { bytes: 1, scope: Scope::Guest }, false, 200));
    }
}
