//! The task that owns one QMP socket: writes commands, sorts what comes back, and ends when either side goes.
use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use crate::message::{Message, parse};
use crate::{Call, QmpError, QmpEvent};

/// The longest line taken from QEMU; its largest answers (block nodes of many disks) stay below 1 MiB.
const LINE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Events that wait for a reader. A storm beyond it drops the newest rather than blocking answers.
const QUEUED_EVENTS_MAX: usize = 256;

type Answer = oneshot::Sender<Result<Value, QmpError>>;

/// Waits for the greeting, then serves `queue` until QEMU or every caller is gone.
pub(crate) async fn open(
    stream: UnixStream,
    queue: mpsc::Receiver<Call>,
) -> Result<mpsc::Receiver<QmpEvent>, QmpError> {
    let (read, write) = stream.into_split();
    let mut lines = Lines { reader: BufReader::new(read), line: Vec::new() };
    match lines.next().await.map(|message| message.ok_or("it hung up".to_owned())) {
        Ok(Ok(Message::Greeting)) => {}
        Ok(Ok(other)) => return Err(QmpError::Handshake { reason: format!("it said {other:?}") }),
        Ok(Err(reason)) | Err(reason) => return Err(QmpError::Handshake { reason }),
    }
    let (events, receiver) = mpsc::channel(QUEUED_EVENTS_MAX);
    tokio::spawn(serve(lines, write, queue, events));
    Ok(receiver)
}

async fn serve(
    lines: Lines,
    mut write: OwnedWriteHalf,
    mut queue: mpsc::Receiver<Call>,
    events: mpsc::Sender<QmpEvent>,
) {
    // Reading a line must not be cut in half by a command, so it has a task of its own.
    let (messages, mut inbox) = mpsc::channel(QUEUED_EVENTS_MAX);
    let reader = tokio::spawn(read_all(lines, messages));
    let mut pending: HashMap<u64, (String, Answer)> = HashMap::new();
    let mut last_id = 0;
    let reason = loop {
        tokio::select! {
            message = inbox.recv() => match message {
                Some(Ok(message)) => settle(message, &mut pending, &events),
                Some(Err(reason)) => break Some(reason),
                None => break None,
            },
            call = queue.recv() => {
                let Some(call) = call else { break None };
                last_id += 1;
                let text = request(last_id, &call);
                pending.retain(|_, (_, answer)| !answer.is_closed());
                pending.insert(last_id, (call.command, call.answer));
                if let Err(error) = write.write_all(text.as_bytes()).await {
                    break Some(error.to_string());
                }
            }
        }
    };
    reader.abort();
    for (_, (_, answer)) in pending.drain() {
        // A caller that has left needs no answer.
        let _ = answer.send(Err(QmpError::Closed { reason: reason.clone() }));
    }
}

fn request(id: u64, call: &Call) -> String {
    let body = match &call.arguments {
        Value::Null => json!({ "execute": call.command, "id": id }),
        arguments => json!({ "execute": call.command, "arguments": arguments, "id": id }),
    };
    format!("{body}\n")
}

fn settle(message: Message, pending: &mut HashMap<u64, (String, Answer)>, events: &mpsc::Sender<QmpEvent>) {
    match message {
        Message::Greeting => {}
        Message::Event(event) => drop(events.try_send(event)),
        Message::Returned { id, value } => {
            if let Some((_, answer)) = id.and_then(|id| pending.remove(&id)) {
                let _ = answer.send(Ok(value));
            }
        }
        Message::Failed { id, class, description } => {
            if let Some((command, answer)) = id.and_then(|id| pending.remove(&id)) {
                let _ = answer.send(Err(QmpError::Refused { command, class, description }));
            }
        }
    }
}

async fn read_all(mut lines: Lines, messages: mpsc::Sender<Result<Message, String>>) {
    loop {
        let message = match lines.next().await {
            Ok(None) => return,
            Ok(Some(message)) => Ok(message),
            Err(reason) => Err(reason),
        };
        let is_over = message.is_err();
        if messages.send(message).await.is_err() || is_over {
            return;
        }
    }
}

struct Lines {
    reader: BufReader<OwnedReadHalf>,
    line: Vec<u8>,
}

impl Lines {
    /// The next message; `None` when QEMU has hung up.
    async fn next(&mut self) -> Result<Option<Message>, String> {
        self.line.clear();
        let mut limited = (&mut self.reader).take(LINE_MAX_BYTES);
        let length = limited.read_until(b'\n', &mut self.line).await.map_err(|error| error.to_string())?;
        if length == 0 {
            return Ok(None);
        }
        if !self.line.ends_with(b"\n") {
            let is_too_long = u64::try_from(length).is_ok_and(|length| length == LINE_MAX_BYTES);
            return if is_too_long { Err(format!("a line of more than {LINE_MAX_BYTES} bytes")) } else { Ok(None) };
        }
        parse(&self.line).map(Some)
    }
}
