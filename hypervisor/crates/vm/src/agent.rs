//! The guest agent: JSON lines over a virtio port, one command at a time. Its port is connected and drained for as long
//! as QEMU lives, for an agent that finds nobody there triples an idle guest's CPU. What it says is a guest's word:
//! bounded in length and time, and judged by whoever asked.
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use crate::paths::VmPaths;
use crate::socket;

/// Commands that wait for the one under way.
const QUEUED_CALLS_MAX: usize = 4;
/// Far above the answers that we ask for (64 vCPUs take 4 KB).
const LINE_MAX_BYTES: u64 = 64 * 1024;
/// Stands before an answer to a synchronisation, and in no JSON.
const MARK: u8 = 0xff;
/// Answers to earlier commands that nobody waited for, before the marked one.
const STALE_LINES_MAX: u32 = 16;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AgentError {
    #[error("the guest agent did not answer {command} within {} s", deadline.as_secs())]
    Deadline { command: &'static str, deadline: Duration },
    #[error("the guest agent refused {command}: {description}")]
    Refused { command: &'static str, description: String },
    #[error("the guest agent said what no agent says")]
    Nonsense,
    #[error("the guest agent's port cannot be reached")]
    Unreachable,
}

/// Cheap to clone; all clones share the port.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    calls: mpsc::Sender<Call>,
}

#[derive(Debug)]
struct Call {
    command: &'static str,
    arguments: Value,
    deadline: Duration,
    answer: oneshot::Sender<Result<Value, AgentError>>,
}

/// Returns at once. The connection is kept until QEMU closes it, or the last handle is gone.
pub(crate) fn connect(paths: &VmPaths) -> Agent {
    let (calls, queue) = mpsc::channel(QUEUED_CALLS_MAX);
    match socket::connect(&paths.socket("qga")) {
        Ok(stream) => drop(tokio::spawn(serve(stream, queue))),
        Err(error) => {
            tracing::warn!(%error, folder = %paths.volatile.display(), "the guest agent's port cannot be reached");
        }
    }
    Agent { calls }
}

impl Agent {
    /// `arguments` is an object, or null for none.
    pub async fn execute(
        &self,
        command: &'static str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, AgentError> {
        let (answer, answered) = oneshot::channel();
        let call = Call { command, arguments, deadline, answer };
        self.calls.send(call).await.map_err(|_| AgentError::Unreachable)?;
        answered.await.map_err(|_| AgentError::Unreachable)?
    }
}

async fn serve(stream: UnixStream, mut queue: mpsc::Receiver<Call>) {
    let (read, write) = stream.into_split();
    let mut port = Port { reader: BufReader::new(read), writer: write, syncs: 0 };
    loop {
        tokio::select! {
            unheard = port.reader.fill_buf() => match unheard {
                Ok([]) | Err(_) => return,
                Ok(bytes) => {
                    let count = bytes.len();
                    port.reader.consume(count);
                }
            },
            call = queue.recv() => {
                let Some(call) = call else { return };
                let (command, deadline) = (call.command, call.deadline);
                let answer = tokio::time::timeout(deadline, port.converse(command, call.arguments)).await;
                let late = Err(AgentError::Deadline { command, deadline });
                // A caller that has left needs no answer.
                let _ = call.answer.send(answer.unwrap_or(late));
            }
        }
    }
}

struct Port {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    syncs: u64,
}

impl Port {
    /// First agrees with the agent on where its answers begin: an earlier one may have come too late.
    async fn converse(&mut self, command: &'static str, arguments: Value) -> Result<Value, AgentError> {
        self.synchronise().await?;
        let body = match arguments {
            Value::Null => json!({ "execute": command }),
            arguments => json!({ "execute": command, "arguments": arguments }),
        };
        self.send(format!("{body}\n").as_bytes()).await?;
        let mut answer = self.line().await?;
        if let Some(error) = answer.get("error") {
            let said = error["desc"].as_str().unwrap_or("no reason given");
            let description = said.chars().filter(|character| !character.is_control()).take(200).collect();
            return Err(AgentError::Refused { command, description });
        }
        answer.get_mut("return").map(Value::take).ok_or(AgentError::Nonsense)
    }

    async fn synchronise(&mut self) -> Result<(), AgentError> {
        self.syncs += 1;
        let wish = json!({ "execute": "guest-sync-delimited", "arguments": { "id": self.syncs } });
        let mut text = vec![MARK];
        text.extend(format!("{wish}\n").into_bytes());
        self.send(&text).await?;
        for _ in 0..STALE_LINES_MAX {
            self.until(MARK).await?;
            if self.line().await?["return"].as_u64() == Some(self.syncs) {
                return Ok(());
            }
        }
        Err(AgentError::Nonsense)
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), AgentError> {
        self.writer.write_all(bytes).await.map_err(|_| AgentError::Unreachable)
    }

    async fn line(&mut self) -> Result<Value, AgentError> {
        let bytes = self.until(b'\n').await?;
        serde_json::from_slice(&bytes).map_err(|_| AgentError::Nonsense)
    }

    async fn until(&mut self, end: u8) -> Result<Vec<u8>, AgentError> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(LINE_MAX_BYTES);
        limited.read_until(end, &mut bytes).await.map_err(|_| AgentError::Unreachable)?;
        if bytes.last() == Some(&end) {
            return Ok(bytes);
        }
        Err(if bytes.is_empty() { AgentError::Unreachable } else { AgentError::Nonsense })
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
