//! MetricsService: hands the ticks on; a reader too slow for the pace misses ticks. Counting readers is what makes the
//! tick work at all.
use std::sync::Arc;

use quetzal_api::v1::metrics_service_server::MetricsService;
use quetzal_api::v1::{MetricsTick, WatchMetricsRequest};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{AnswerStream, told_to_close};
use crate::tick::Ticker;

pub struct MetricsFace {
    pub ticker: Arc<Ticker>,
    pub closing: watch::Receiver<bool>,
}

#[tonic::async_trait]
impl MetricsService for MetricsFace {
    type WatchMetricsStream = AnswerStream<MetricsTick>;

    async fn watch_metrics(
        &self,
        _: Request<WatchMetricsRequest>,
    ) -> Result<Response<Self::WatchMetricsStream>, Status> {
        // One under way and one being made: a slow reader gets the latest after that.
        let (sender, receiver) = mpsc::channel(1);
        let (ticker, closing) = (Arc::clone(&self.ticker), self.closing.clone());
        tokio::spawn(async move {
            let mut ticks = ticker.subscribe();
            let hand_on = async {
                loop {
                    let tick = ticks.borrow_and_update().clone();
                    if let Some(tick) = tick
                        && sender.send(Ok(MetricsTick::clone(&tick))).await.is_err()
                    {
                        return;
                    }
                    if ticks.changed().await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = hand_on => {}
                () = told_to_close(closing) => {}
                () = sender.closed() => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}
