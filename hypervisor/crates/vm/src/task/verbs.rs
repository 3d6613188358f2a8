//! The verbs: which are accepted (the state machine decides), and what an accepted one sets going.
use std::sync::Arc;

use serde_json::Value;

use super::{Ending, Machine, News, Question, Stopping, VmTask};
use crate::launch;
use crate::order::{Answer, Call, Disks, Escalation, Mode, Order};
use crate::refusal::{Refusal, RefusalCode, chain};
use crate::sink::{Acceptance, EventKind, Outcome};
use crate::spec::{VmSpec, changed_fields, runs_alike};
use crate::state::{Verb, VmState, decide};
use crate::stop;

impl VmTask {
    pub(super) async fn answer(&mut self, call: Call) {
        let answer = self.obey(&call.operation_id, call.mode, call.order).await;
        // A caller that left needs no answer; the journal has what happened.
        let _ = call.reply.send(answer);
    }

    async fn obey(&mut self, operation_id: &str, mode: Mode, order: Order) -> Answer {
        if matches!(order, Order::Cancel) {
            self.cancel(operation_id)?;
            return Ok(self.present());
        }
        if mode == Mode::Real && self.context.sink.known(operation_id) == Acceptance::Known {
            return Ok(self.present());
        }
        self.check(&order)?;
        self.check_turn(operation_id, &order)?;
        if mode == Mode::DryRun {
            return Ok(self.present());
        }
        self.accept(operation_id);
        match order {
            Order::Define(spec) => self.define(operation_id, *spec)?,
            Order::Start => self.start(operation_id),
            Order::Stop { timeout, escalation } => self.stop(operation_id, timeout, escalation),
            Order::ForceOff => self.force_off(operation_id),
            Order::Reset if self.is_panicked => self.ask(Question::ResetPanicked, "system_reset", operation_id),
            Order::Reset => self.ask(Question::Reset, "system_reset", operation_id),
            Order::Pause => self.ask(Question::Pause, "stop", operation_id),
            Order::Resume => self.ask(Question::Resume, "cont", operation_id),
            Order::Balloon { target_bytes } => self.balloon(operation_id, target_bytes),
            Order::ResizeMemory { target_bytes } => self.resize_memory(operation_id, target_bytes),
            Order::PageOut { bytes, scope } => self.page_out(operation_id, bytes, scope),
            Order::SetVcpus { count } => self.set_vcpus(operation_id, count),
            Order::Merge { on } => self.merge(on),
            Order::Delete(disks) => return self.delete(operation_id, disks).await,
            Order::Cancel => unreachable!("answered above"),
        }
        Ok(self.present())
    }

    fn present(&self) -> Arc<crate::view::VmView> {
        Arc::clone(&self.view.borrow())
    }

    /// Everything that can be known before anything is touched.
    fn check(&self, order: &Order) -> Result<(), Refusal> {
        if let Order::Define(spec) = order {
            return self.check_policy(spec);
        }
        let Some(verb) = verb_of(order) else { return Ok(()) };
        decide(self.state(), verb)
            .map_err(|denial| Refusal::new(RefusalCode::InvalidState, format!("VM \"{}\": {denial}", self.id())))?;
        let cuts_power = matches!(order, Order::ForceOff | Order::Stop { escalation: Escalation::ForceOff, .. });
        if self.spec.protected && (cuts_power || matches!(order, Order::Delete(_))) {
            return Err(Refusal::new(
                RefusalCode::Protected,
                format!(
                    "VM \"{id}\" is protected against deletion and forced power-off: 'quetzal vm unprotect {id}' takes the protection off",
                    id = self.id()
                ),
            )
            .at("protected"));
        }
        self.check_memory(order)?;
        self.check_vcpus(order)?;
        if matches!(order, Order::Start) {
            launch::preflight(&self.spec, &self.paths, &self.context)?;
        }
        if needs_answers(order) && matches!(&self.machine, Machine::On(live) if live.qmp.is_none()) {
            return Err(Refusal::wrong_state(
                self.id(),
                self.state(),
                "its QEMU does not answer on its control socket; only forced power-off can reach it",
            ));
        }
        Ok(())
    }

    fn define(&mut self, operation_id: &str, spec: VmSpec) -> Result<(), Refusal> {
        if let Err(refusal) = self.apply_policy(&self.spec, &spec) {
            self.finish(operation_id, Outcome::Failed, &refusal.message);
            return Err(refusal);
        }
        let text: Arc<str> = spec.to_json().into();
        let is_new = self.view.borrow().generation == 0;
        let is_same = *self.view.borrow().spec_json == *text;
        let before = std::mem::replace(&mut self.spec, spec);
        if is_new || !is_same {
            let running_spec = match &self.machine {
                Machine::On(live) => Some(Arc::clone(&live.run.spec_json)),
                Machine::Off | Machine::Starting { .. } => None,
            };
            let mut room = self.view.borrow().room;
            room.iter_mut().for_each(|room| self.set_floor(room));
            let message = match changed_fields(&before, &self.spec) {
                _ if is_new => "defined".to_owned(),
                fields => format!("definition changed: {fields}"),
            };
            self.change(EventKind::VmDefined, None, operation_id, &message, |view| {
                view.restart_required = running_spec.is_some_and(|running| !runs_alike(&running, &text));
                view.spec_json = text;
                view.room = room;
            });
        }
        self.finish(
            operation_id,
            Outcome::Succeeded,
            if is_same && !is_new { "already defined so" } else { "defined" },
        );
        Ok(())
    }

    fn start(&mut self, operation_id: &str) {
        self.run += 1;
        let previous = self.state();
        let (cancel, cancelled) = tokio::sync::oneshot::channel();
        self.machine = Machine::Starting { cancel: Some(cancel), operation_id: operation_id.to_owned(), previous };
        self.ending = None;
        self.is_panicked = false;
        let plan = launch::Order {
            spec: self.spec.clone(),
            spec_json: Arc::clone(&self.view.borrow().spec_json),
            paths: self.paths.clone(),
            context: Arc::clone(&self.context),
        };
        let reporter = self.reporter();
        tokio::spawn(async move {
            let outcome = launch::launch(plan, cancelled).await;
            reporter.tell(News::Launched(Box::new(outcome))).await;
        });
        self.enter(VmState::Starting, operation_id, "starting", |view| *view = view.clone().without_process());
    }

    fn stop(&mut self, operation_id: &str, timeout: std::time::Duration, escalation: Escalation) {
        self.enter(VmState::Stopping, operation_id, "asked the guest to power down", |_| {});
        let pressing = match &self.machine {
            Machine::On(live) => stop::press(live.qmp.clone(), self.reporter(), timeout, escalation),
            Machine::Off | Machine::Starting { .. } => return,
        };
        self.stopping = Some(Stopping { operation_id: operation_id.to_owned(), _pressing: pressing });
    }

    pub(super) fn force_off(&mut self, operation_id: &str) {
        self.force_offs.push(operation_id.to_owned());
        match &mut self.machine {
            Machine::Off => self.finish_force_offs(),
            // The launch undoes itself and reports; the operation ends with that report.
            Machine::Starting { cancel, .. } => drop(cancel.take().map(|cancel| cancel.send(()))),
            Machine::On(live) => {
                self.ending = Some(Ending::Forced);
                if let Err(error) = live.kill() {
                    let message = format!("could not cut the power: {}", chain(&error));
                    self.ending = None;
                    for operation_id in std::mem::take(&mut self.force_offs) {
                        self.finish(&operation_id, Outcome::Failed, &message);
                    }
                }
            }
        }
    }

    pub(super) fn finish_force_offs(&mut self) {
        for operation_id in std::mem::take(&mut self.force_offs) {
            self.finish(&operation_id, Outcome::Succeeded, "powered off");
        }
    }

    /// Sends one command; its answer ends the operation.
    pub(super) fn ask(&mut self, question: Question, command: &'static str, operation_id: &str) {
        let Machine::On(live) = &self.machine else { return };
        let Some(qmp) = live.qmp.clone() else { return };
        self.asked.push((question, operation_id.to_owned()));
        let (reporter, operation_id) = (self.reporter(), operation_id.to_owned());
        tokio::spawn(async move {
            let mut result = qmp.execute(command, Value::Null).await;
            if question == Question::ResetPanicked && result.is_ok() {
                result = qmp.execute("cont", Value::Null).await;
            }
            reporter.tell(News::Answered { question, operation_id, result }).await;
        });
    }

    fn cancel(&mut self, operation_id: &str) -> Result<(), Refusal> {
        if self.cancel_work(operation_id) {
            return Ok(());
        }
        if let Machine::Starting { cancel, operation_id: starting, .. } = &mut self.machine
            && starting == operation_id
            && let Some(cancel) = cancel.take()
            && cancel.send(()).is_ok()
        {
            return Ok(());
        }
        match self.stopping.take_if(|stopping| stopping.operation_id == operation_id && self.ending.is_none()) {
            Some(stopping) => {
                drop(stopping);
                self.enter(VmState::Running, operation_id, "stopped waiting for the guest", |_| {});
                self.finish(operation_id, Outcome::Cancelled, "cancelled; the guest may still power down by itself");
                Ok(())
            }
            None => Err(Refusal::new(
                RefusalCode::NotCancellable,
                format!("operation {operation_id} can no longer be cancelled; only what is still under way can"),
            )),
        }
    }

    async fn delete(&mut self, operation_id: &str, disks: Disks) -> Answer {
        let last = self.present();
        let (paths, spec) = (self.paths.clone(), self.spec.clone());
        let removed = tokio::task::spawn_blocking(move || crate::removal::remove(&paths, &spec, disks)).await;
        let removed = removed.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        if let Err(error) = removed {
            let message = chain(&error);
            self.finish(operation_id, Outcome::Failed, &message);
            return Err(Refusal::new(RefusalCode::Storage, message));
        }
        self.tell(EventKind::VmDeleted, operation_id, "deleted");
        self.context.sink.record(crate::sink::EventDraft {
            kind: EventKind::OperationFinished,
            vm_id: self.spec.id.clone(),
            operation_id: operation_id.to_owned(),
            vm: None,
            previous_state: None,
            message: "deleted".into(),
            outcome: Some(Outcome::Succeeded),
        });
        self.is_deleted = true;
        Ok(last)
    }
}

/// Whether QEMU itself must carry it out; the other verbs work on its process.
fn needs_answers(order: &Order) -> bool {
    match order {
        Order::Reset | Order::Pause | Order::Resume | Order::Stop { .. } => true,
        Order::Balloon { .. } | Order::ResizeMemory { .. } | Order::Merge { .. } => true,
        Order::SetVcpus { .. } => true,
        Order::Define(_) | Order::Start | Order::ForceOff | Order::PageOut { .. } => false,
        Order::Delete(_) | Order::Cancel => false,
    }
}

fn verb_of(order: &Order) -> Option<Verb> {
    match order {
        Order::Define(_) | Order::Cancel => None,
        Order::Start => Some(Verb::Start),
        Order::Stop { .. } => Some(Verb::Stop),
        Order::ForceOff => Some(Verb::ForceOff),
        Order::Reset => Some(Verb::Reset),
        Order::Pause => Some(Verb::Pause),
        Order::Resume => Some(Verb::Resume),
        Order::Balloon { .. } => Some(Verb::Balloon),
        Order::ResizeMemory { .. } => Some(Verb::ResizeMemory),
        Order::SetVcpus { .. } => Some(Verb::SetVcpus),
        Order::PageOut { .. } | Order::Merge { .. } => Some(Verb::PageOut),
        Order::Delete(_) => Some(Verb::Delete),
    }
}
