//! A client of the QEMU Machine Protocol: JSON lines over a unix socket. Knows commands and events, not VMs.
//!
//! One task owns the socket. Commands carry an id, so many may be under way and a slow one holds up no other.
#![forbid(unsafe_code)]

mod connection;
mod message;

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

/// QEMU answers within milliseconds; some jobs' commands flush a disk first.
pub const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// Commands waiting for the socket. QEMU reads at once, so more than a few mean that it hangs.
const QUEUED_CALLS_MAX: usize = 64;

/// Something that QEMU says of its own accord, e.g. `SHUTDOWN`.
#[derive(Debug, Clone, PartialEq)]
pub struct QmpEvent {
    pub name: String,
    /// `null` where the event has no data.
    pub data: Value,
    /// When it happened, by QEMU's clock.
    pub time: SystemTime,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum QmpError {
    #[error("QEMU's control socket cannot be reached: {reason}")]
    Connect { reason: String },
    #[error("QEMU did not greet as QMP does: {reason}")]
    Handshake { reason: String },
    #[error("QEMU did not answer {command} within {deadline_ms} ms")]
    Deadline { command: String, deadline_ms: u128 },
    #[error("QEMU closed its control socket{}", .reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Closed { reason: Option<String> },
    /// QEMU's own refusal of a command.
    #[error("QEMU refused {command}: {description}")]
    Refused { command: String, class: String, description: String },
}

/// A handle on one QEMU; clones share the connection, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Qmp {
    calls: mpsc::Sender<Call>,
}

/// A command on its way to the socket's task.
#[derive(Debug)]
struct Call {
    command: String,
    arguments: Value,
    /// Descriptors are not passed over QMP here, so text is all there is.
    answer: oneshot::Sender<Result<Value, QmpError>>,
}

impl Qmp {
    /// Connects, shakes hands and negotiates no capabilities. The receiver closes when QEMU goes.
    ///
    /// # Errors
    /// `Connect`, `Handshake`, or `Deadline` when the whole takes longer than `deadline`.
    pub async fn connect(path: &Path, deadline: Duration) -> Result<(Self, mpsc::Receiver<QmpEvent>), QmpError> {
        let open = async {
            UnixStream::connect(path)
                .await
                .map_err(|error| QmpError::Connect { reason: format!("{}: {error}", path.display()) })
        };
        let stream = within(deadline, "connect", open).await?;
        Self::over(stream, deadline).await
    }

    /// As [`Qmp::connect`], over a socket that is connected already.
    ///
    /// # Errors
    /// `Handshake`, or `Deadline`.
    pub async fn over(stream: UnixStream, deadline: Duration) -> Result<(Self, mpsc::Receiver<QmpEvent>), QmpError> {
        let (calls, queue) = mpsc::channel(QUEUED_CALLS_MAX);
        let events = within(deadline, "the greeting", connection::open(stream, queue)).await?;
        let qmp = Self { calls };
        within(deadline, "qmp_capabilities", qmp.execute("qmp_capabilities", Value::Null)).await?;
        Ok((qmp, events))
    }

    /// Runs a command; `arguments` is an object, or `null` for none.
    ///
    /// # Errors
    /// `Refused` with QEMU's description, `Deadline` after [`CALL_DEADLINE`], or `Closed`.
    pub async fn execute(&self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        self.execute_within(command, arguments, CALL_DEADLINE).await
    }

    /// As [`Qmp::execute`], with a deadline of one's own.
    ///
    /// # Errors
    /// As there.
    pub async fn execute_within(&self, command: &str, arguments: Value, deadline: Duration) -> Result<Value, QmpError> {
        let (answer, answered) = oneshot::channel();
        let call = Call { command: command.to_owned(), arguments, answer };
        let run = async {
            let closed = || QmpError::Closed { reason: None };
            self.calls.send(call).await.map_err(|_| closed())?;
            answered.await.map_err(|_| closed())?
        };
        within(deadline, command, run).await
    }
}

async fn within<T>(
    deadline: Duration,
    command: &str,
    work: impl Future<Output = Result<T, QmpError>>,
) -> Result<T, QmpError> {
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or_else(|_| Err(QmpError::Deadline { command: command.to_owned(), deadline_ms: deadline.as_millis() }))
}
