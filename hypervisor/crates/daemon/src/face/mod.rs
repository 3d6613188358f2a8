//! The gRPC face: reads a request, asks the registry, journal, tick or console, answers. No rules of its own.

pub mod console;
pub mod cpu;
pub mod event;
pub mod host;
pub mod memory;
pub mod metrics;
pub mod vm;

use std::pin::Pin;

use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::Status;

/// Messages on their way to one slow stream reader; beyond, the sender waits.
const STREAM_MESSAGES: usize = 32;

/// Resolves when the service is ending: streams never end by themselves.
async fn told_to_close(mut closing: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}

type AnswerStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
