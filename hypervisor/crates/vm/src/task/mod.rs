//! One task owns one VM: everything that happens to it comes through one queue and is decided here, in order.
//!
//! ```text
//! callers ──Call──┐
//! launch ─────────┤            ┌─> view (watch)   ─> list, get
//! QMP events ─────┼─> queue ─> VmTask ─> sink     ─> journal ─> followers
//! QEMU's end ─────┤            └─> probe, consoles (watch) ─> metrics tick, console readers
//! timers, replies ┘
//! ```
//! The task never waits for QEMU or a disk: whatever takes time runs beside it and reports back through the queue. News
//! of an earlier run of QEMU is recognised by its number and dropped.
mod end;
mod memory;
mod policy;
mod publish;
mod qemu_news;
mod vcpus;
mod verbs;
mod work;

use std::sync::Arc;

use quetzal_host::pidfd::Exit;
use quetzal_qmp::{QmpError, QmpEvent};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::adopt;
use crate::context::VmContext;
use crate::launch::LaunchFailure;
use crate::machine::{Consoles, Live, Started};
use crate::metrics::VmProbe;
use crate::order::{Call, VmHandle};
use crate::paths::VmPaths;
use crate::record::RunRecord;
use crate::spec::VmSpec;
use crate::state::VmState;
use crate::stop::{Pressing, StopDue};
use crate::view::VmView;

/// Calls waiting for one VM; more callers wait in line. A person's hands and a server's retries stay far below.
const QUEUE_MESSAGES: usize = 256;

pub(crate) use work::WorkEnd;

pub(crate) enum Message {
    Call(Call),
    News { run: u64, news: News },
}

/// What the work beside the task reports.
pub(crate) enum News {
    Launched(Box<Result<Started, LaunchFailure>>),
    Qmp(QmpEvent),
    Exited(Exit),
    /// As `Exited`, of a QEMU that was not our child: the kernel has been asked what it knows.
    ExitTold(Exit),
    Answered {
        question: Question,
        operation_id: String,
        result: Result<Value, QmpError>,
    },
    StopDue(StopDue),
    WorkEnded {
        number: u64,
        end: work::WorkEnd,
    },
}

/// A QMP command whose answer ends an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Reset,
    /// Reset of a guest that panicked: it runs again afterwards.
    ResetPanicked,
    Pause,
    Resume,
}

pub(crate) enum Machine {
    Off,
    Starting { cancel: Option<oneshot::Sender<()>>, operation_id: String, previous: VmState },
    On(Box<Live>),
}

/// Why QEMU's end is expected; without one it is a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The guest (or QEMU itself, politely) ended the run.
    Shutdown {
        reason: String,
    },
    Forced,
}

pub(crate) struct Stopping {
    pub operation_id: String,
    /// Ends with the stop.
    pub _pressing: Pressing,
}

/// A VM as it is found on disk at start-up, or as it has just been defined.
pub struct Stored {
    pub spec: VmSpec,
    pub view: VmView,
    /// A QEMU that may still live.
    pub run: Option<RunRecord>,
    /// Operations that the daemon's death interrupted.
    pub interrupted: Vec<String>,
}

pub struct VmTask {
    pub(crate) context: Arc<VmContext>,
    pub(crate) paths: VmPaths,
    pub(crate) spec: VmSpec,
    pub(crate) machine: Machine,
    /// Grows with every start: tells news of this QEMU from an earlier one's.
    pub(crate) run: u64,
    pub(crate) stopping: Option<Stopping>,
    pub(crate) ending: Option<Ending>,
    /// Operations to be finished when QEMU has ended.
    pub(crate) force_offs: Vec<String>,
    /// Operations that QEMU is carrying out; whoever takes one out of the list ends it.
    pub(crate) asked: Vec<(Question, String)>,
    pub(crate) works: Vec<work::Work>,
    pub(crate) works_begun: u64,
    pub(crate) is_panicked: bool,
    pub(crate) resets: publish::ResetThrottle,
    pub(crate) view: watch::Sender<Arc<VmView>>,
    pub(crate) probe: watch::Sender<Option<Arc<VmProbe>>>,
    pub(crate) consoles: watch::Sender<Option<Consoles>>,
    pub(crate) me: mpsc::Sender<Message>,
    is_deleted: bool,
}

impl VmTask {
    /// Starts the task. `ready` resolves once a QEMU left by an earlier daemon has been taken up (or found dead).
    pub fn spawn(context: Arc<VmContext>, stored: Stored) -> (VmHandle, JoinHandle<()>, oneshot::Receiver<()>) {
        let (me, inbox) = mpsc::channel(QUEUE_MESSAGES);
        let (view, view_reader) = watch::channel(Arc::new(stored.view));
        let (probe, probe_reader) = watch::channel(None);
        let (consoles, consoles_reader) = watch::channel(None);
        let handle = VmHandle { queue: me.clone(), view: view_reader, probe: probe_reader, consoles: consoles_reader };
        let paths = context.folders.vm(&stored.spec.id);
        let task = Self {
            context,
            paths,
            spec: stored.spec,
            machine: Machine::Off,
            run: 0,
            stopping: None,
            ending: None,
            force_offs: Vec::new(),
            asked: Vec::new(),
            works: Vec::new(),
            works_begun: 0,
            is_panicked: false,
            resets: publish::ResetThrottle::default(),
            view,
            probe,
            consoles,
            me,
            is_deleted: false,
        };
        let (ready_sender, ready) = oneshot::channel();
        let joined = tokio::spawn(task.run(inbox, stored.run, stored.interrupted, ready_sender));
        (handle, joined, ready)
    }

    async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Message>,
        run: Option<RunRecord>,
        interrupted: Vec<String>,
        ready: oneshot::Sender<()>,
    ) {
        let found = match run {
            Some(record) => Some(adopt::look_for(&self.paths, &self.context, record).await),
            None => None,
        };
        self.come_back(found, interrupted);
        // Nobody waits any more when adoption took longer than the daemon grants.
        let _ = ready.send(());
        while let Some(message) = inbox.recv().await {
            match message {
                Message::Call(call) => self.answer(call).await,
                Message::News { run, news } if run == self.run => self.hear(news),
                Message::News { .. } => {}
            }
            if self.is_deleted {
                return;
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Launched(outcome) => match *outcome {
                Ok(started) => self.launched(started),
                Err(failure) => self.launch_failed(failure),
            },
            News::Qmp(event) => self.hear_qemu(&event),
            News::Exited(exit) => self.qemu_exited(exit),
            News::ExitTold(exit) => self.qemu_ended(exit),
            News::Answered { question, operation_id, result } => self.answered(question, &operation_id, result),
            News::StopDue(due) => self.stop_due(due),
            News::WorkEnded { number, end } => self.work_ended(number, end),
        }
    }

    pub(crate) fn state(&self) -> VmState {
        self.view.borrow().state
    }

    pub(crate) fn id(&self) -> &str {
        &self.spec.id
    }

    /// For work beside the task: reports back under the present run's number.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter { run: self.run, queue: self.me.clone() }
    }
}

#[derive(Clone)]
pub(crate) struct Reporter {
    run: u64,
    queue: mpsc::Sender<Message>,
}

impl Reporter {
    /// A task that has ended needs no news.
    pub async fn tell(&self, news: News) {
        let _ = self.queue.send(Message::News { run: self.run, news }).await;
    }
}
