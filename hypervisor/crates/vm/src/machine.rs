//! A living QEMU as its task holds it: process, control socket and serial ports.
//! Dropping it touches no living QEMU: it outlives the daemon, and its tap and control group live as long as it does.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quetzal_host::HostError;
use quetzal_host::pidfd::{Exit, PidFd, Signal};
use quetzal_qmp::{Qmp, QmpEvent};
use tokio::sync::mpsc;

use crate::agent::Agent;
use crate::console::Console;
use crate::cpu::CpuControl;
use crate::record::RunRecord;
use crate::spec::VmSpec;
use crate::task::{News, Reporter};

/// After QEMU's end its sockets close at once; a reader that has not seen it by then is not waited for.
const LAST_WORDS_WAIT: Duration = Duration::from_millis(100);

pub(crate) struct Live {
    pub run: RunRecord,
    /// The definition that QEMU was started with.
    pub spec: VmSpec,
    /// Absent when an adopted QEMU does not answer.
    pub qmp: Option<Qmp>,
    pub pidfd: Arc<PidFd>,
    pub consoles: Consoles,
    pub agent: Agent,
    pub cpu: CpuControl,
}

/// A launch or adoption that succeeded.
pub(crate) struct Started {
    pub live: Live,
    /// Closed from the start when QEMU does not answer.
    pub events: mpsc::Receiver<QmpEvent>,
    /// What the operator should know, e.g. a network that is not the wished one.
    pub warnings: Vec<String>,
}

impl Live {
    pub fn kill(&self) -> Result<(), HostError> {
        self.pidfd.kill(Signal::KILL)
    }
}

/// The serial ports by name. Cheap to clone; readable after QEMU's end.
#[derive(Clone, Default)]
pub struct Consoles(Arc<BTreeMap<String, Console>>);

impl Consoles {
    pub fn new(ports: impl IntoIterator<Item = (String, Console)>) -> Self {
        Self(Arc::new(ports.into_iter().collect()))
    }

    pub fn port(&self, name: &str) -> Option<&Console> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The last bytes of a port, at most `count`.
    pub fn tail(&self, name: &str, count: usize) -> Vec<u8> {
        self.port(name).map(|console| console.tail(count)).unwrap_or_default()
    }

    /// Resolves when every port has delivered its last byte.
    pub async fn drained(&self) {
        for console in self.0.values() {
            console.closed().await;
        }
    }
}

/// Forwards QEMU's events, then its end: the end comes last, after every event and every console byte.
pub(crate) async fn watch(
    pidfd: Arc<PidFd>,
    mut events: mpsc::Receiver<QmpEvent>,
    consoles: Consoles,
    reporter: Reporter,
) {
    let mut is_open = true;
    let exit = loop {
        tokio::select! {
            event = events.recv(), if is_open => match event {
                Some(event) => reporter.tell(News::Qmp(event)).await,
                None => is_open = false,
            },
            exit = pidfd.wait() => break exit,
        }
    };
    let last_words = async {
        while let Some(event) = events.recv().await {
            reporter.tell(News::Qmp(event)).await;
        }
        consoles.drained().await;
    };
    // Whoever holds the sockets open longer than QEMU lives is not QEMU.
    let _ = tokio::time::timeout(LAST_WORDS_WAIT, last_words).await;
    let exit = exit.unwrap_or_else(|error| {
        tracing::error!(%error, "QEMU's end cannot be watched");
        Exit::Unknown
    });
    reporter.tell(News::Exited(exit)).await;
}
