//! The balloon: asks the guest's driver, and waits until it has, or moves no more. QEMU's figures leave out what
//! virtio-mem has plugged in, ours count it.
use std::time::Duration;

use quetzal_qmp::{Qmp, QmpError};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::sink::Outcome;
use crate::task::WorkEnd;

const MIB: u64 = 1 << 20;
/// An answer takes QEMU 0.2 ms, and a guest gives 128 MB within 0.3 s.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A driver that finds no free page tries again five times a second; a busy emulated guest takes seconds to run it.
const STILL_AFTER: Duration = Duration::from_secs(3);
/// A guest that gives a little now and then is not waited for any longer.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) async fn balloon(qmp: Qmp, before: u64, target: u64, cancelled: oneshot::Receiver<()>) -> WorkEnd {
    let begun = Instant::now();
    let outcome = tokio::select! {
        outcome = move_to(&qmp, target, begun) => outcome,
        Ok(()) = cancelled => {
            let back = ask(&qmp, before).await;
            let message = match back {
                Ok(_) => format!("cancelled; the guest may have {} MB again", before / MIB),
                Err(error) => format!("cancelled, but the old target is not back: {error}"),
            };
            return WorkEnd::new(Outcome::Cancelled, message).with_room(move |room| room.balloon_target_bytes = before);
        }
    };
    match outcome {
        Ok(Reached { bytes, moved: false }) if bytes != target => {
            let _ = ask(&qmp, before).await;
            let message = format!(
                "the guest did not answer: it has {} MB, as before; its kernel needs the driver virtio_balloon",
                bytes / MIB
            );
            WorkEnd::new(Outcome::Failed, message).with_room(move |room| room.balloon_target_bytes = before)
        }
        Ok(Reached { bytes, .. }) if bytes != target => WorkEnd::new(
            Outcome::Failed,
            format!(
                "the guest has {} MB, {} MB short of its target: it has no more free memory to give, and goes on trying",
                bytes / MIB,
                bytes.abs_diff(target).div_ceil(MIB)
            ),
        ),
        Ok(Reached { bytes, .. }) => {
            let took = begun.elapsed().as_secs_f32();
            WorkEnd::new(Outcome::Succeeded, format!("the guest has {} MB (took {took:.2} s)", bytes / MIB))
        }
        Err(error) => {
            WorkEnd::new(Outcome::Failed, error.to_string()).with_room(move |room| room.balloon_target_bytes = before)
        }
    }
}

struct Reached {
    bytes: u64,
    moved: bool,
}

async fn move_to(qmp: &Qmp, target: u64, begun: Instant) -> Result<Reached, QmpError> {
    let first = actual(qmp).await?;
    let plugged = ask(qmp, target).await?;
    let (mut last, mut last_move) = (first, Instant::now());
    loop {
        let now = actual(qmp).await?;
        if now != last {
            (last, last_move) = (now, Instant::now());
        }
        if now + plugged == target || last_move.elapsed() > STILL_AFTER || begun.elapsed() > DEADLINE {
            return Ok(Reached { bytes: now + plugged, moved: last != first });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn actual(qmp: &Qmp) -> Result<u64, QmpError> {
    let answer = qmp.execute("query-balloon", Value::Null).await?;
    Ok(answer["actual"].as_u64().unwrap_or(0))
}

/// Gives what virtio-mem has plugged in.
async fn ask(qmp: &Qmp, target: u64) -> Result<u64, QmpError> {
    qmp.execute("balloon", json!({ "value": target })).await?;
    Ok(0)
}
