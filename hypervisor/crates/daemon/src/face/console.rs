//! ConsoleService: a VM's serial ports. Reading replays and goes live; the pen is held for as long as the input stream.
use std::sync::Arc;

use quetzal_api::v1::console_service_server::ConsoleService;
use quetzal_api::v1::{
    ConsoleAudience, ConsoleChunk, ConsoleInput, ConsoleInputResult, ConsoleOutput, ReadConsoleRequest,
    console_input_result, console_output, read_console_request,
};
use quetzal_vm::console::{Audience, CHUNK_MAX_BYTES, Chunk, Console, Pen, PenError, ReadFrom, TakeOver};
use quetzal_vm::refusal::{Refusal, RefusalCode};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{AnswerStream, STREAM_MESSAGES, told_to_close};
use crate::refusal::to_wire;
use crate::registry::Registry;

/// The port that is meant when none is named.
const DEFAULT_PORT: &str = "ttyS0";
/// What a new reader sees of the past when it does not say.
const DEFAULT_REPLAY_BYTES: u64 = 64 * 1024;

pub struct ConsoleFace {
    pub registry: Arc<Registry>,
    pub closing: watch::Receiver<bool>,
}

impl ConsoleFace {
    async fn console(&self, vm_id: &str, port: &str) -> Result<Console, Refusal> {
        let handle = self.registry.get(vm_id)?;
        let port = if port.is_empty() { DEFAULT_PORT } else { port };
        let consoles = handle.settled_consoles().await.ok_or_else(|| {
            Refusal::new(RefusalCode::InvalidState, format!("VM \"{vm_id}\" has no console to show; start it first"))
        })?;
        consoles.port(port).cloned().ok_or_else(|| {
            let names: Vec<_> = consoles.names().collect();
            let message = format!("VM \"{vm_id}\" has no serial port \"{port}\"; it has {}", names.join(" and "));
            Refusal::new(RefusalCode::Unsupported, message).at("port")
        })
    }
}

#[tonic::async_trait]
impl ConsoleService for ConsoleFace {
    type ReadConsoleStream = AnswerStream<ConsoleOutput>;
    type WriteConsoleStream = AnswerStream<ConsoleInputResult>;

    async fn read_console(
        &self,
        request: Request<ReadConsoleRequest>,
    ) -> Result<Response<Self::ReadConsoleStream>, Status> {
        let request = request.into_inner();
        let (sender, receiver) = mpsc::channel(STREAM_MESSAGES);
        let from = match request.from {
            Some(read_console_request::From::Offset(offset)) => ReadFrom::Offset(offset),
            Some(read_console_request::From::LastBytes(count)) => ReadFrom::Last(count),
            None => ReadFrom::Last(DEFAULT_REPLAY_BYTES),
        };
        match self.console(&request.vm_id, &request.port).await {
            Ok(console) => {
                let closing = self.closing.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = show(console, from, &sender) => {}
                        () = told_to_close(closing) => {}
                        () = sender.closed() => {}
                    }
                });
            }
            Err(refusal) => {
                let item = console_output::Item::Refusal(to_wire(refusal));
                // Room for one message is certain.
                let _ = sender.send(Ok(ConsoleOutput { item: Some(item) })).await;
            }
        }
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn write_console(
        &self,
        request: Request<Streaming<ConsoleInput>>,
    ) -> Result<Response<Self::WriteConsoleStream>, Status> {
        let mut inputs = request.into_inner();
        let first = inputs.message().await?.ok_or_else(|| {
            Status::invalid_argument("the input stream ended before its first message, which names the console")
        })?;
        let (sender, receiver) = mpsc::channel(STREAM_MESSAGES);
        let take_over = if first.take_over { TakeOver::Yes } else { TakeOver::No };
        let taken = match self.console(&first.vm_id, &first.port).await {
            Ok(console) => console
                .take_pen(first.writer.clone(), take_over)
                .map_err(|busy| Refusal::new(RefusalCode::ConsoleBusy, busy.to_string())),
            Err(refusal) => Err(refusal),
        };
        match taken {
            Ok(pen) => {
                let closing = self.closing.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = write(pen, first, inputs, &sender) => {}
                        () = told_to_close(closing) => {}
                        () = sender.closed() => {}
                    }
                });
            }
            Err(refusal) => {
                let item = console_input_result::Item::Refusal(to_wire(refusal));
                // Room for one message is certain.
                let _ = sender.send(Ok(ConsoleInputResult { item: Some(item) })).await;
            }
        }
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

type OutputSender = mpsc::Sender<Result<ConsoleOutput, Status>>;
type ResultSender = mpsc::Sender<Result<ConsoleInputResult, Status>>;

/// Until the port closes (after its last byte) or the reader leaves.
async fn show(console: Console, from: ReadFrom, sender: &OutputSender) {
    let mut reader = console.read_from(from);
    let mut audience = console.audience();
    let present = audience.borrow_and_update().clone();
    let mut next = Some(console_output::Item::Audience(audience_to_wire(present)));
    while let Some(item) = next {
        if sender.send(Ok(ConsoleOutput { item: Some(item) })).await.is_err() {
            return;
        }
        next = tokio::select! {
            biased;
            Ok(()) = audience.changed() => {
                let present = audience.borrow_and_update().clone();
                Some(console_output::Item::Audience(audience_to_wire(present)))
            }
            chunk = reader.next() => chunk.map(|chunk| console_output::Item::Chunk(chunk_to_wire(chunk))),
        };
    }
}

/// Writes in order until the stream ends or the pen is worthless.
async fn write(mut pen: Pen, first: ConsoleInput, mut inputs: Streaming<ConsoleInput>, sender: &ResultSender) {
    let mut next = Some(first);
    while let Some(input) = next {
        let result = write_one(&mut pen, input).await;
        let is_over = result.is_err();
        let item = result.map_or_else(
            |refusal| console_input_result::Item::Refusal(to_wire(refusal)),
            console_input_result::Item::AcceptedSequence,
        );
        if sender.send(Ok(ConsoleInputResult { item: Some(item) })).await.is_err() || is_over {
            return;
        }
        next = tokio::select! {
            lost = pen.lost() => {
                let item = console_input_result::Item::Refusal(to_wire(pen_lost(&lost)));
                // The writer may have left at the same moment.
                let _ = sender.send(Ok(ConsoleInputResult { item: Some(item) })).await;
                None
            }
            // A broken stream ends like a closed one: the pen is given back.
            message = inputs.message() => message.ok().flatten(),
        };
    }
}

async fn write_one(pen: &mut Pen, input: ConsoleInput) -> Result<u64, Refusal> {
    if input.data.len() > CHUNK_MAX_BYTES {
        let message =
            format!("{} bytes in one message are more than {CHUNK_MAX_BYTES}; send them in parts", input.data.len());
        return Err(Refusal::new(RefusalCode::InvalidState, message).at("data"));
    }
    // The first message may only take the pen.
    if !input.data.is_empty() {
        pen.write(input.data).await.map_err(|error| pen_lost(&error))?;
    }
    Ok(input.sequence)
}

fn pen_lost(error: &PenError) -> Refusal {
    let code = match error {
        PenError::TakenOver { .. } => RefusalCode::ConsoleBusy,
        PenError::Closed | PenError::Stalled => RefusalCode::InvalidState,
    };
    Refusal::new(code, error.to_string())
}

fn chunk_to_wire(chunk: Chunk) -> ConsoleChunk {
    ConsoleChunk { offset: chunk.offset, data: chunk.data, skipped_bytes: chunk.skipped_bytes }
}

fn audience_to_wire(audience: Audience) -> ConsoleAudience {
    ConsoleAudience { writer: audience.writer.unwrap_or_default(), readers: audience.readers }
}
