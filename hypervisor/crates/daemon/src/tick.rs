//! The one tick: once a second, while anybody watches, a sample of the host and of every VM with a living QEMU, in one
//! message. QEMUs are asked first and get a moment to answer; what has not come is old by its stated age, never waited for.
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use quetzal_api::v1::MetricsTick;
use quetzal_host::sampler::HostSampler;
use quetzal_vm::metrics::VmProbe;
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use crate::metrics_wire;
use crate::registry::Registry;

const TICK: Duration = Duration::from_secs(1);
/// Thirty idle QEMUs answer within 15 ms on two busy cores. One that hangs costs a tick this much once, for it is not
/// asked again before its answer's deadline.
const ANSWER_WAIT: Duration = Duration::from_millis(50);

pub struct Ticker {
    registry: Arc<Registry>,
    ticks: watch::Sender<Option<Arc<MetricsTick>>>,
    started: Instant,
    /// Somebody has come to watch.
    watched: Notify,
}

impl Ticker {
    pub fn new(registry: Arc<Registry>) -> Arc<Self> {
        Arc::new(Self { registry, ticks: watch::channel(None).0, started: Instant::now(), watched: Notify::new() })
    }

    /// The latest tick and those to come.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<MetricsTick>>> {
        let ticks = self.ticks.subscribe();
        self.watched.notify_one();
        ticks
    }

    /// Runs for ever; sleeps while nobody watches.
    pub async fn run(self: Arc<Self>, mut sampler: HostSampler) {
        loop {
            // An old tick must not greet the next watcher as if it were fresh.
            self.ticks.send_replace(None);
            while self.ticks.receiver_count() == 0 {
                self.watched.notified().await;
            }
            let mut interval = tokio::time::interval(TICK);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            while self.ticks.receiver_count() > 0 {
                interval.tick().await;
                self.tick(&mut sampler).await;
            }
        }
    }

    async fn tick(&self, sampler: &mut HostSampler) {
        let probes: Vec<Arc<VmProbe>> = self.registry.all().iter().filter_map(|handle| handle.probe()).collect();
        let asked: Vec<_> = probes.iter().filter_map(VmProbe::ask).collect();
        let answered = async {
            for answer in asked {
                let _ = answer.await;
            }
        };
        let _ = tokio::time::timeout(ANSWER_WAIT, answered).await;
        let host = metrics_wire::host(&sampler.sample());
        let vms = probes.iter().map(|probe| metrics_wire::vm(&probe.sample())).collect();
        let tick = MetricsTick {
            time: Some(SystemTime::now().into()),
            monotonic_ns: u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX),
            host: Some(host),
            vms,
        };
        self.ticks.send_replace(Some(Arc::new(tick)));
    }
}
