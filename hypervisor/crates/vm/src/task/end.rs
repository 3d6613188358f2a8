//! The beginnings and ends of a QEMU: launched, not launched, found again after a restart, gone, and the end of a stop.
use std::sync::Arc;

use quetzal_host::pidfd::Exit;

use super::{Ending, Machine, News, VmTask};
use crate::adopt::Found;
use crate::crash;
use crate::launch::LaunchFailure;
use crate::machine::Started;
use crate::metrics::VmProbe;
use crate::order::Escalation;
use crate::record;
use crate::refusal::chain;
use crate::room::Room;
use crate::sink::{EventKind, Outcome};
use crate::socket;
use crate::state::VmState;
use crate::stop::StopDue;

impl VmTask {
    pub(super) fn launched(&mut self, started: Started) {
        let Machine::Starting { operation_id, .. } = &self.machine else { return };
        let operation_id = operation_id.clone();
        let warnings = self.install(started);
        let Machine::On(live) = &self.machine else { return };
        let (run, mut room) = (live.run.clone(), Room::at_boot(&live.spec));
        self.set_floor(&mut room);
        let message = format!("running ({})", run.accelerator);
        self.enter(VmState::Running, &operation_id, &message, |view| {
            Self::show_running(view, &run);
            view.room = Some(room);
        });
        for warning in warnings.into_iter().chain(self.catch_up_with_policy()) {
            self.tell(EventKind::Warning, &operation_id, &warning);
        }
        self.finish(&operation_id, Outcome::Succeeded, "started");
        // A power cut that was asked for while QEMU was already past cancelling.
        if !self.force_offs.is_empty()
            && let Machine::On(live) = &self.machine
        {
            self.ending = Some(Ending::Forced);
            if let Err(error) = live.kill() {
                tracing::error!(vm_id = self.id(), error = chain(&error), "could not cut the power");
            }
        }
    }

    /// Takes the living QEMU into the task's care: its news comes through the queue from here on.
    fn install(&mut self, started: Started) -> Vec<String> {
        let Started { live, events, warnings } = started;
        let reporter = self.reporter();
        tokio::spawn(crate::machine::watch(live.pidfd.clone(), events, live.consoles.clone(), reporter));
        self.probe.send_replace(Some(Arc::new(VmProbe::new(&live, &self.paths))));
        self.consoles.send_replace(Some(live.consoles.clone()));
        self.machine = Machine::On(Box::new(live));
        warnings
    }

    pub(super) fn launch_failed(&mut self, failure: LaunchFailure) {
        let Machine::Starting { operation_id, previous, .. } = &self.machine else { return };
        let (operation_id, previous) = (operation_id.clone(), *previous);
        self.machine = Machine::Off;
        let back = if previous == VmState::Defined { VmState::Defined } else { VmState::Stopped };
        match failure {
            LaunchFailure::Cancelled => {
                self.enter(back, &operation_id, "start undone", |_| {});
                self.finish(&operation_id, Outcome::Cancelled, "start cancelled and undone");
            }
            LaunchFailure::Host { message } => {
                self.enter(back, &operation_id, &message, |_| {});
                self.finish(&operation_id, Outcome::Failed, &message);
            }
            LaunchFailure::Died { report } => {
                let message = report.cause.clone();
                self.enter(VmState::Crashed, &operation_id, &message, |view| view.crash = Some(report));
                self.finish(&operation_id, Outcome::Failed, &message);
            }
        }
        self.finish_force_offs();
    }

    /// Nobody expected it and its status is not ours: the kernel may tell a moment later, and a crash has its cause.
    pub(super) fn qemu_exited(&mut self, exit: Exit) {
        match &self.machine {
            Machine::On(live) if exit == Exit::Unknown && self.ending.is_none() => {
                let (pidfd, reporter) = (Arc::clone(&live.pidfd), self.reporter());
                tokio::spawn(async move { reporter.tell(News::ExitTold(pidfd.told().await)).await });
            }
            _ => self.qemu_ended(exit),
        }
    }

    pub(super) fn qemu_ended(&mut self, exit: Exit) {
        let Machine::On(live) = std::mem::replace(&mut self.machine, Machine::Off) else { return };
        self.probe.send_replace(None);
        for (_, operation_id) in std::mem::take(&mut self.asked) {
            self.finish(&operation_id, Outcome::Failed, "QEMU ended before it had done this");
        }
        self.fail_works("QEMU ended before it had done this");
        if let Err(error) = record::remove(&self.paths.run()) {
            tracing::warn!(vm_id = self.id(), %error, "a record of a dead QEMU stays; it will not be believed");
        }
        socket::remove(&self.paths);
        // Its control group goes before anybody is told of the end.
        let consoles = live.consoles.clone();
        drop(live);
        let crash = match self.ending.take() {
            Some(ending) => {
                self.ended_as_expected(&ending);
                None
            }
            None => Some(crash::report(&crash::cause(exit), exit, &self.paths, Some(&consoles))),
        };
        let stopping = self.stopping.take();
        if let Some(report) = crash {
            let cause = report.cause.clone();
            self.enter(VmState::Crashed, "", &cause, |view| {
                *view = view.clone().without_process();
                view.crash = Some(report);
            });
            if let Some(stopping) = stopping {
                self.finish(&stopping.operation_id, Outcome::Failed, &cause);
            }
        } else if let Some(stopping) = stopping {
            self.finish(&stopping.operation_id, Outcome::Succeeded, "stopped");
        }
        self.finish_force_offs();
    }

    fn ended_as_expected(&mut self, ending: &Ending) {
        let operation_id = match ending {
            Ending::Forced => self.force_offs.first().cloned(),
            Ending::Shutdown { .. } => None,
        };
        let stop_operation = self.stopping.as_ref().map(|stopping| stopping.operation_id.clone());
        let message = match ending {
            Ending::Forced if self.stopping.is_some() && self.force_offs.is_empty() => {
                "the guest did not power down in time: its power was cut".to_owned()
            }
            Ending::Forced => "powered off".to_owned(),
            Ending::Shutdown { reason } if reason == "guest-shutdown" => "the guest powered down".to_owned(),
            Ending::Shutdown { reason } if reason == "host-signal" => {
                "QEMU was ended by a signal from outside quetzald".to_owned()
            }
            Ending::Shutdown { reason } => format!("stopped ({reason})"),
        };
        let operation_id = operation_id.or(stop_operation).unwrap_or_default();
        self.enter(VmState::Stopped, &operation_id, &message, |view| *view = view.clone().without_process());
    }

    pub(super) fn stop_due(&mut self, due: StopDue) {
        let Some(stopping) = &self.stopping else { return };
        let operation_id = stopping.operation_id.clone();
        match due.escalation {
            Escalation::None => {
                self.stopping = None;
                let message = format!(
                    "the guest did not power down within {} s and runs on; ask again, or cut its power by forcing it off",
                    due.after.as_secs_f32()
                );
                self.enter(VmState::Running, &operation_id, &message, |_| {});
                self.finish(&operation_id, Outcome::Failed, &message);
            }
            Escalation::ForceOff => {
                let Machine::On(live) = &self.machine else { return };
                self.ending = Some(Ending::Forced);
                if let Err(error) = live.kill() {
                    self.ending = None;
                    self.stopping = None;
                    let message = format!("could not cut the power: {}", chain(&error));
                    self.enter(VmState::Running, &operation_id, &message, |_| {});
                    self.finish(&operation_id, Outcome::Failed, &message);
                }
            }
        }
    }

    /// First thing after a start of the daemon: what became of the VM meanwhile. Ends what the daemon's death interrupted.
    pub(super) fn come_back(&mut self, found: Option<Found>, interrupted: Vec<String>) {
        let was_off = matches!(self.state(), VmState::Defined | VmState::Stopped | VmState::Crashed);
        match found {
            Some(Found::Alive { started, state, is_panicked, note }) => {
                self.run += 1;
                let shut_down = note.clone();
                let warnings = self.install(*started);
                let Machine::On(live) = &self.machine else { return };
                let (run, room) = (live.run.clone(), Room::at_boot(&live.spec));
                let message = format!("found running again as process {}", run.pid);
                let previous = self.state();
                self.is_panicked = is_panicked;
                self.change(EventKind::VmAdopted, Some(previous), "", &message, |view| {
                    if view.state != state {
                        view.state_since = crate::view::UnixMs::now();
                    }
                    view.state = state;
                    view.crash = None;
                    Self::show_running(view, &run);
                    view.room.get_or_insert(room);
                });
                for warning in warnings.into_iter().chain(self.enforce_policy()) {
                    self.tell(EventKind::Warning, "", &warning);
                }
                self.reaffirm_memory();
                self.resume_vcpus();
                if let Some(reason) = shut_down {
                    self.hear_qemu(&quetzal_qmp_event("SHUTDOWN", &reason));
                }
                for operation_id in interrupted {
                    self.finish_interrupted(&operation_id, previous, state);
                }
            }
            Some(Found::Dead { report }) => {
                let cause = report.cause.clone();
                let _ = record::remove(&self.paths.run());
                self.enter(VmState::Crashed, "", &cause, |view| {
                    *view = view.clone().without_process();
                    view.crash = Some(report);
                });
                for operation_id in interrupted {
                    self.finish(&operation_id, Outcome::Failed, &cause);
                }
            }
            None => {
                if !was_off {
                    let message = "quetzald was ended while the VM was being started or stopped; no QEMU is left";
                    self.enter(VmState::Stopped, "", message, |view| *view = view.clone().without_process());
                }
                for operation_id in interrupted {
                    self.finish(&operation_id, Outcome::Failed, "quetzald was ended while this was under way");
                }
            }
        }
    }

    fn finish_interrupted(&self, operation_id: &str, previous: VmState, state: VmState) {
        if previous == VmState::Starting && state == VmState::Running {
            self.finish(operation_id, Outcome::Succeeded, "started; quetzald was restarted meanwhile");
        } else {
            let message = "quetzald was restarted while this was under way; the VM runs on: ask again";
            self.finish(operation_id, Outcome::Failed, message);
        }
    }
}

fn quetzal_qmp_event(name: &str, reason: &str) -> quetzal_qmp::QmpEvent {
    quetzal_qmp::QmpEvent {
        name: name.to_owned(),
        data: serde_json::json!({ "guest": true, "reason": reason }),
        time: std::time::SystemTime::now(),
    }
}
