//! What a VM's task can be asked, and the handle through which everybody asks. Knows no rules.
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::machine::Consoles;
use crate::metrics::VmProbe;
use crate::refusal::{Refusal, RefusalCode};
use crate::spec::VmSpec;
use crate::state::VmState;
use crate::task::Message;
use crate::view::VmView;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Real,
    /// Check only.
    DryRun,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escalation {
    None,
    ForceOff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disks {
    Keep,
    Remove,
}

#[derive(Debug)]
pub enum Order {
    /// Replaces the definition.
    Define(Box<VmSpec>),
    Start,
    Stop {
        timeout: Duration,
        escalation: Escalation,
    },
    ForceOff,
    Reset,
    Pause,
    Resume,
    /// What the guest is to leave itself, plugged memory counted in.
    Balloon {
        target_bytes: u64,
    },
    /// What the guest is to have: boot memory and plugged memory, the balloon empty.
    ResizeMemory {
        target_bytes: u64,
    },
    /// At most so much of the guest's memory to the host's swap; 0: everything.
    PageOut {
        bytes: u64,
        scope: Scope,
    },
    /// vCPUs that the guest is to use.
    SetVcpus {
        count: u32,
    },
    /// Whether the guest's memory may be merged with others'. The daemon's own wish: no operation.
    Merge {
        on: bool,
    },
    Delete(Disks),
    /// The call's operation id names the operation to cancel.
    Cancel,
}

/// Whose memory is paged out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Guest,
    /// A part of QEMU's own goes along.
    WithQemu,
    /// QEMU's own alone.
    Qemu,
}

impl Order {
    fn moves_memory(&self) -> bool {
        matches!(self, Self::Balloon { .. } | Self::ResizeMemory { .. } | Self::PageOut { .. })
    }
}

/// An accepted verb answers with the VM as it then is.
pub type Answer = Result<Arc<VmView>, Refusal>;

#[derive(Debug)]
pub struct Call {
    /// Empty for the daemon's own wishes (autostart).
    pub operation_id: String,
    pub mode: Mode,
    pub order: Order,
    pub reply: oneshot::Sender<Answer>,
}

/// Cheap to clone; reading never waits for the task.
#[derive(Clone)]
pub struct VmHandle {
    pub(crate) queue: mpsc::Sender<Message>,
    pub(crate) view: watch::Receiver<Arc<VmView>>,
    pub(crate) probe: watch::Receiver<Option<Arc<VmProbe>>>,
    pub(crate) consoles: watch::Receiver<Option<Consoles>>,
}

impl VmHandle {
    pub fn view(&self) -> Arc<VmView> {
        Arc::clone(&self.view.borrow())
    }

    /// Absent while no QEMU lives.
    pub fn probe(&self) -> Option<Arc<VmProbe>> {
        self.probe.borrow().clone()
    }

    /// Those of the living or the last QEMU; absent when none has run since quetzald started.
    pub fn consoles(&self) -> Option<Consoles> {
        self.consoles.borrow().clone()
    }

    /// As `consoles`, but of a QEMU that is just starting when one is.
    pub async fn settled_consoles(&self) -> Option<Consoles> {
        let mut view = self.view.clone();
        // The task's end settles it too.
        let _ = view.wait_for(|view| view.state != VmState::Starting).await;
        self.consoles()
    }

    pub async fn call(&self, operation_id: &str, mode: Mode, order: Order) -> Answer {
        let (reply, answer) = oneshot::channel();
        let call = Call { operation_id: operation_id.to_owned(), mode, order, reply };
        let gone = || {
            let id = &self.view.borrow().id;
            Refusal::new(RefusalCode::VmNotFound, format!("VM \"{id}\" was deleted a moment ago"))
        };
        if call.order.moves_memory()
            && let Some(probe) = self.probe()
        {
            // Here, beside the task, which judges by it and never waits for QEMU.
            probe.look_at_memory().await;
        }
        self.queue.send(Message::Call(call)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
