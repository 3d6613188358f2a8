//! What QEMU says: QMP events and answers to the verbs' commands. QEMU's word counts, not what was asked of it: a VM is
//! PAUSED when QEMU stopped its vCPUs, whoever wished it.
use std::time::Instant;

use quetzal_qmp::{QmpError, QmpEvent};
use serde_json::Value;

use super::{Ending, Machine, Question, VmTask};
use crate::sink::{EventKind, Outcome};
use crate::state::VmState;

impl VmTask {
    pub(super) fn hear_qemu(&mut self, event: &QmpEvent) {
        match event.name.as_str() {
            "STOP" => self.vcpus_stopped(),
            "RESUME" => self.vcpus_run(),
            "RESET" => self.was_reset(&event.data),
            "SHUTDOWN" => self.is_shutting_down(&event.data),
            "GUEST_PANICKED" => self.guest_panicked(),
            "BALLOON_CHANGE" => {
                if let (Some(probe), Some(actual)) = (self.probe.borrow().as_ref(), event.data["actual"].as_u64()) {
                    probe.memory().set_balloon(actual);
                }
            }
            "MEMORY_DEVICE_SIZE_CHANGE" => self.plugged_memory_changed(&event.data),
            "BLOCK_IO_ERROR" => self.block_error(&event.data),
            "VSERPORT_CHANGE" if event.data["open"] == true => self.agent_came(),
            _ => {}
        }
    }

    fn vcpus_stopped(&mut self) {
        if self.ending.is_some() || !matches!(self.state(), VmState::Running | VmState::Stopping) {
            return;
        }
        let operation_id = self.cause(Question::Pause);
        if let Some(stopping) = self.stopping.take() {
            self.finish(&stopping.operation_id, Outcome::Failed, "the VM was paused before its guest had powered down");
        }
        self.enter(VmState::Paused, &operation_id, "paused", |_| {});
    }

    fn vcpus_run(&mut self) {
        if self.state() == VmState::Paused {
            let operation_id = self.cause(Question::Resume);
            self.is_panicked = false;
            self.enter(VmState::Running, &operation_id, "running again", |_| {});
        }
    }

    fn was_reset(&mut self, data: &Value) {
        let operation_id = self.cause(Question::Reset);
        self.is_panicked = false;
        let by_guest = data["guest"].as_bool().unwrap_or(false);
        let is_asked = !operation_id.is_empty();
        let Some(swallowed) = self.resets.pass(Instant::now(), is_asked) else { return };
        let mut message = if by_guest { "the guest restarted itself" } else { "reset" }.to_owned();
        if swallowed > 0 {
            message.push_str(&format!(" ({swallowed} resets before it within a second are not listed)"));
        }
        self.tell(EventKind::VmReset, &operation_id, &message);
        self.end_resets();
    }

    /// QEMU accepts a reset at once and does it a moment later: its event is what ends the operation.
    fn end_resets(&mut self) {
        let (done, left) =
            std::mem::take(&mut self.asked).into_iter().partition(|(question, _)| *question == Question::Reset);
        self.asked = left;
        let done: Vec<(Question, String)> = done;
        for (_, operation_id) in done {
            self.finish(&operation_id, Outcome::Succeeded, "reset");
        }
    }

    /// QEMU stays, stopped, after a shutdown (so that one is not missed while quetzald is away): it is told to leave.
    fn is_shutting_down(&mut self, data: &Value) {
        let reason = data["reason"].as_str().unwrap_or("unknown").to_owned();
        self.ending.get_or_insert(Ending::Shutdown { reason });
        let Machine::On(live) = &self.machine else { return };
        if let Some(qmp) = live.qmp.clone() {
            tokio::spawn(async move {
                // QEMU's end is what counts, and it is watched; a lost answer is its usual form.
                let _ = qmp.execute("quit", Value::Null).await;
            });
        }
    }

    fn guest_panicked(&mut self) {
        if self.is_panicked {
            return;
        }
        self.is_panicked = true;
        self.tell(
            EventKind::GuestPanicked,
            "",
            "the guest panicked and is paused for a look; reset it or cut its power",
        );
    }

    fn block_error(&mut self, data: &Value) {
        let device = data["node-name"].as_str().or(data["device"].as_str()).unwrap_or("a disk");
        let operation = data["operation"].as_str().unwrap_or("access");
        let reason = data["reason"].as_str().unwrap_or("unknown reason");
        self.tell(EventKind::Warning, "", &format!("{operation} on disk \"{device}\" failed: {reason}"));
    }

    pub(super) fn answered(&mut self, question: Question, operation_id: &str, result: Result<Value, QmpError>) {
        if result.is_ok() && question == Question::Reset {
            return;
        }
        let Some(place) = self.asked.iter().position(|(_, asked)| asked == operation_id) else { return };
        self.asked.remove(place);
        if let Err(error) = result {
            self.finish(operation_id, Outcome::Failed, &error.to_string());
            return;
        }
        let message = match question {
            Question::Reset => "reset",
            Question::ResetPanicked => "reset; running again",
            Question::Pause => {
                self.enter_unless(VmState::Running, VmState::Paused, operation_id, "paused");
                "paused"
            }
            Question::Resume => {
                self.enter_unless(VmState::Paused, VmState::Running, operation_id, "running again");
                "running again"
            }
        };
        self.finish(operation_id, Outcome::Succeeded, message);
    }

    /// The event usually came first and has done it already.
    fn enter_unless(&mut self, from: VmState, to: VmState, operation_id: &str, message: &str) {
        if self.state() == from {
            self.enter(to, operation_id, message, |_| {});
        }
    }

    /// The operation whose command caused this event, if one is under way.
    fn cause(&self, question: Question) -> String {
        let causes =
            |asked: Question| asked == question || (asked == Question::ResetPanicked && question != Question::Pause);
        let found = self.asked.iter().find(|(asked, _)| causes(*asked));
        found.map(|(_, operation_id)| operation_id.clone()).unwrap_or_default()
    }
}
