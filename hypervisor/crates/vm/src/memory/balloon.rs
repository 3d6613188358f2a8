//! The balloon: asks the guest's driver, and waits until it has, or moves no more. QEMU's figures leave out what
//! virtio-mem has plugged in; ours count it.
use std::sync::Arc;
use std::time::Duration;

use quetzal_qmp::{Qmp, QmpError};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::facts::{Facts, MemoryProbe};
use super::megabytes;
use super::resize::Resize;
use crate::room::Room;
use crate::sink::Outcome;
use crate::task::WorkEnd;

/// An answer takes QEMU 0.2 ms, and a guest gives 128 MB within 0.3 s.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Most are there within this; each look wakes QEMU and costs the neighbours, so whoever takes longer is asked less often.
const SOON: Duration = Duration::from_millis(500);
const LOOK_SELDOM: Duration = Duration::from_millis(50);
/// A driver that finds no free page tries again five times a second; a busy emulated guest takes seconds to run it.
const STILL_AFTER: Duration = Duration::from_secs(4);
/// A guest that gives a little now and then is not waited for any longer.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Balloon {
    pub qmp: Qmp,
    pub memory: Arc<MemoryProbe>,
    pub before: u64,
    pub target: u64,
    /// Its place was a resize's, which is taken back first: this is what held before.
    pub resized_from: Option<Room>,
}

/// How far something moved, and whether it moved at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    pub bytes: u64,
    pub has_moved: bool,
}

/// QEMU did not answer, before or after it was asked for the target.
struct Fault {
    error: QmpError,
    is_asked: bool,
}

impl Balloon {
    pub async fn carry_out(self, cancelled: oneshot::Receiver<()>) -> WorkEnd {
        let begun = Instant::now();
        tokio::select! {
            reached = self.move_to(self.target) => self.judge(reached, begun).await,
            Ok(()) = cancelled => {
                let end = match self.ask(self.before).await {
                    Ok(_) => format!("cancelled; the guest may have {} again", megabytes(self.before)),
                    Err(error) => format!("cancelled, but the old target is not back: {error}"),
                };
                self.back(Outcome::Cancelled, end)
            }
        }
    }

    /// For a resize: everything that the guest has, the balloon empty.
    pub(super) async fn empty(qmp: &Qmp, memory: &Arc<MemoryProbe>) -> Result<Reached, QmpError> {
        let whole = u64::MAX;
        let balloon =
            Self { qmp: qmp.clone(), memory: Arc::clone(memory), before: whole, target: whole, resized_from: None };
        balloon.move_to(whole).await.map_err(|fault| fault.error)
    }

    async fn judge(self, reached: Result<Reached, Fault>, begun: Instant) -> WorkEnd {
        let target = self.target;
        match reached {
            Ok(reached) if reached.bytes == target => {
                let took = begun.elapsed().as_secs_f32();
                let message = format!("the guest has {} (took {took:.2} s)", megabytes(target));
                WorkEnd::new(Outcome::Succeeded, message)
            }
            Ok(reached) if reached.has_moved => {
                let (has, short) = (megabytes(reached.bytes), megabytes(reached.bytes.abs_diff(target)));
                let message = if reached.bytes > target {
                    format!(
                        "the guest has {has}: it has no free memory to give the last {short} from, and goes on trying"
                    )
                } else {
                    format!("the guest has {has}: it has not taken the last {short} back yet, and goes on")
                };
                WorkEnd::new(Outcome::Failed, message)
            }
            Ok(reached) => {
                let back = self.ask(self.before).await;
                let message = format!(
                    "the guest did not answer and has {}, as before; its kernel needs the driver virtio_balloon{}",
                    megabytes(reached.bytes),
                    back.err().map(|error| format!(" ({error})")).unwrap_or_default()
                );
                self.back(Outcome::Failed, message)
            }
            Err(Fault { error, is_asked: false }) => self.back(Outcome::Failed, error.to_string()),
            // It may have been heard: what is shown is to hold.
            Err(Fault { error, is_asked: true }) => match self.ask(self.before).await {
                Ok(_) => self.back(Outcome::Failed, error.to_string()),
                Err(_) => WorkEnd::new(
                    Outcome::Failed,
                    format!("{error}; QEMU may have heard of {} before it fell silent", megabytes(target)),
                ),
            },
        }
    }

    fn back(&self, outcome: Outcome, message: String) -> WorkEnd {
        let before = self.before;
        WorkEnd::new(outcome, message).with_room(move |room| room.balloon_target_bytes = before)
    }

    async fn move_to(&self, target: u64) -> Result<Reached, Fault> {
        let first = self.actual().await.map_err(|error| Fault { error, is_asked: false })?;
        self.follow(target, first).await.map_err(|error| Fault { error, is_asked: true })
    }

    async fn follow(&self, target: u64, first: u64) -> Result<Reached, QmpError> {
        let begun = Instant::now();
        if let Some(before) = self.resized_from {
            let (qmp, memory) = (self.qmp.clone(), Arc::clone(&self.memory));
            Resize { qmp, memory, before, target, has_balloon: false }.undo().await?;
        }
        let (wish, plugged) = self.ask(target).await?;
        let (mut last, mut last_move) = (first, Instant::now());
        loop {
            let now = self.actual().await?;
            if now != last {
                (last, last_move) = (now, Instant::now());
            }
            if now == wish || last_move.elapsed() > STILL_AFTER || begun.elapsed() > DEADLINE {
                return Ok(Reached { bytes: now + plugged, has_moved: last != first });
            }
            tokio::time::sleep(if begun.elapsed() < SOON { LOOK_EVERY } else { LOOK_SELDOM }).await;
        }
    }

    async fn actual(&self) -> Result<u64, QmpError> {
        let answer = self.qmp.execute("query-balloon", Value::Null).await?;
        let bytes = answer["actual"].as_u64().unwrap_or(0);
        self.memory.set_balloon(bytes);
        Ok(bytes)
    }

    /// Gives the target as QEMU counts, and what virtio-mem adds to it.
    pub(super) async fn ask(&self, target: u64) -> Result<(u64, u64), QmpError> {
        let facts = self.memory.look(&self.qmp).await?;
        let wish = for_qemu(target, self.memory.boot_bytes, &facts);
        self.qmp.execute("balloon", json!({ "value": wish })).await?;
        Ok((wish, facts.virtio_mem_bytes()))
    }
}

/// QEMU takes more than there is without a word, and then never reaches it.
fn for_qemu(target: u64, boot_bytes: u64, facts: &Facts) -> u64 {
    target.saturating_sub(facts.virtio_mem_bytes()).min(boot_bytes + facts.module_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::facts::VirtioMem;

    #[test]
    fn qemus_target_leaves_out_virtio_mem_and_is_never_more_than_there_is() {
        let mut facts = Facts::default();
        assert_eq!(for_qemu(200, 256, &facts), 200);
        assert_eq!(for_qemu(u64::MAX, 256, &facts), 256);
        facts.virtio_mem = Some(VirtioMem { plugged_bytes: 100, requested_bytes: 100 });
        assert_eq!((for_qemu(356, 256, &facts), for_qemu(300, 256, &facts)), (256, 200));
        facts.module_bytes = 128;
        assert_eq!((for_qemu(484, 256, &facts), for_qemu(1, 256, &facts)), (384, 0));
    }
}
