//! EventService: replays the journal to a follower, then goes live. Each follower reads at its own pace.
use std::sync::Arc;

use quetzal_api::v1::event_service_server::EventService;
use quetzal_api::v1::watch_events_response::Item;
use quetzal_api::v1::{WatchEventsRequest, WatchEventsResponse};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{AnswerStream, STREAM_MESSAGES, told_to_close};
use crate::journal::Journal;
use crate::refusal::of_journal;
use crate::wire;

pub struct EventFace {
    pub journal: Arc<Journal>,
    pub closing: watch::Receiver<bool>,
}

type Sender = mpsc::Sender<Result<WatchEventsResponse, Status>>;

/// The reader has left.
struct Gone;

#[tonic::async_trait]
impl EventService for EventFace {
    type WatchEventsStream = AnswerStream<WatchEventsResponse>;

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let (sender, receiver) = mpsc::channel(STREAM_MESSAGES);
        let (journal, closing) = (Arc::clone(&self.journal), self.closing.clone());
        let cursor = request.into_inner().after_sequence;
        tokio::spawn(async move {
            tokio::select! {
                // Both ways out mean that nobody reads on.
                _ = follow(&journal, cursor, &sender) => {}
                () = told_to_close(closing) => {}
                () = sender.closed() => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

async fn follow(journal: &Journal, mut cursor: u64, sender: &Sender) -> Result<(), Gone> {
    let mut news = journal.follow();
    let mut is_live = false;
    loop {
        news.mark_unchanged();
        let batch = match journal.read_after(cursor).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "a follower cannot be served");
                return sender.send(Err(of_journal(&error))).await.map_err(|_| Gone);
            }
        };
        if let Some(first) = batch.trimmed_before {
            send(sender, Item::TrimmedBefore(first)).await?;
            cursor = first - 1;
        }
        let is_up_to_date = batch.events.is_empty();
        for event in batch.events {
            cursor = event.sequence;
            send(sender, Item::Event(wire::event(&event))).await?;
        }
        if !is_up_to_date {
            continue;
        }
        if !is_live {
            is_live = true;
            send(sender, Item::LiveFrom(cursor + 1)).await?;
        }
        news.changed().await.map_err(|_| Gone)?;
    }
}

async fn send(sender: &Sender, item: Item) -> Result<(), Gone> {
    sender.send(Ok(WatchEventsResponse { item: Some(item) })).await.map_err(|_| Gone)
}
