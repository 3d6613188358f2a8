//! Memory plugged in and out of a running guest: virtio-mem where the guest drives it, else memory modules, which can
//! only be added. A resize empties the balloon: the guest is to have what was asked for.
use std::sync::Arc;
use std::time::Duration;

use quetzal_qmp::{Qmp, QmpError};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::balloon::{Balloon, LOOK_EVERY, Reached};
use super::facts::{Driver, Facts, MemoryProbe, VIRTIO_MEM_PATH};
use super::megabytes;
use crate::room::Room;
use crate::sink::Outcome;
use crate::task::WorkEnd;

/// virtio-mem's driver tries again 5 s after a shrink that did not fit; whoever has waited as long has seen what it does.
const STILL_AFTER: Duration = Duration::from_secs(6);
/// A large guest moves some GB a second; one that gives a little now and then is not waited for any longer.
const DEADLINE: Duration = Duration::from_secs(120);
/// A guest answers a new module within 50 ms; emulated and busy, ten seconds were seen.
const MODULE_DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Resize {
    pub qmp: Qmp,
    pub memory: Arc<MemoryProbe>,
    pub before: Room,
    pub target: u64,
    pub has_balloon: bool,
}

/// How a resize stopped short of its target.
enum Short {
    Qmp(QmpError),
    /// It moved, but not all the way: the target stays, for the guest goes on trying.
    On(String),
    /// Nothing came of it: the old target holds again.
    Back(String),
}

impl From<QmpError> for Short {
    fn from(error: QmpError) -> Self {
        Self::Qmp(error)
    }
}

impl Resize {
    pub async fn carry_out(self, cancelled: oneshot::Receiver<()>) -> WorkEnd {
        let begun = Instant::now();
        let done = tokio::select! {
            done = self.resize() => done,
            Ok(()) = cancelled => {
                let mut end = self.undone("cancelled; the old size is asked for again".to_owned()).await;
                end.outcome = Outcome::Cancelled;
                return end;
            }
        };
        match done {
            Ok(()) => {
                let took = begun.elapsed().as_secs_f32();
                WorkEnd::new(Outcome::Succeeded, format!("the guest has {} (took {took:.2} s)", megabytes(self.target)))
            }
            Err(Short::On(message)) => WorkEnd::new(Outcome::Failed, message),
            Err(Short::Back(message)) => self.undone(message).await,
            Err(Short::Qmp(error)) => self.undone(error.to_string()).await,
        }
    }

    async fn resize(&self) -> Result<(), Short> {
        let facts = self.memory.look(&self.qmp).await?;
        let has = self.memory.boot_bytes + facts.plugged_bytes();
        // Memory that the balloon holds cannot be unplugged; memory that is plugged in is there for it to let go.
        if self.target < has {
            self.empty_balloon().await?;
        }
        if facts.may_use_virtio_mem() {
            self.by_virtio_mem(&facts).await?;
        } else {
            self.by_module(&facts).await?;
        }
        if self.target >= has { self.empty_balloon().await } else { Ok(()) }
    }

    async fn empty_balloon(&self) -> Result<(), Short> {
        if self.has_balloon {
            Balloon::empty(&self.qmp, &self.memory).await?;
        }
        Ok(())
    }

    async fn by_virtio_mem(&self, facts: &Facts) -> Result<(), Short> {
        let fixed = self.memory.boot_bytes + facts.module_bytes;
        let (wanted, had) = (self.target.saturating_sub(fixed), facts.virtio_mem_bytes());
        let reached = self.request(wanted, had).await?;
        if reached.bytes == wanted {
            return Ok(());
        }
        if !reached.has_moved && facts.virtio_mem_driver != Driver::Present {
            self.set_requested(had).await?;
            return if wanted > had { self.by_module(facts).await } else { Err(Short::Back(no_driver())) };
        }
        let left = reached.bytes.abs_diff(wanted);
        Err(Short::On(if wanted < had {
            format!(
                "the guest gave back {} of {}: in the other {} are pages that its kernel cannot move; it goes on trying",
                megabytes(had.saturating_sub(reached.bytes)),
                megabytes(had - wanted),
                megabytes(left)
            )
        } else {
            format!(
                "the guest took {} and not the other {}",
                megabytes(wanted - had - left.min(wanted - had)),
                megabytes(left)
            )
        }))
    }

    /// Asks the guest's driver for so much and waits until it has it, or moves no more.
    async fn request(&self, wanted: u64, had: u64) -> Result<Reached, QmpError> {
        let begun = Instant::now();
        self.set_requested(wanted).await?;
        let (mut last, mut last_move) = (had, begun);
        loop {
            let question = json!({ "path": VIRTIO_MEM_PATH, "property": "size" });
            let now = self.qmp.execute("qom-get", question).await?.as_u64().unwrap_or(0);
            self.memory.set_virtio_mem(now);
            if now != last {
                (last, last_move) = (now, Instant::now());
            }
            if now == wanted || last_move.elapsed() > STILL_AFTER || begun.elapsed() > DEADLINE {
                return Ok(Reached { bytes: now, has_moved: last != had });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn set_requested(&self, bytes: u64) -> Result<(), QmpError> {
        let wish = json!({ "path": VIRTIO_MEM_PATH, "property": "requested-size", "value": bytes });
        self.qmp.execute("qom-set", wish).await.map(drop)
    }

    async fn by_module(&self, facts: &Facts) -> Result<(), Short> {
        let has = self.memory.boot_bytes + facts.plugged_bytes();
        let Some(bytes) = self.target.checked_sub(has) else { return Err(Short::Back(no_driver())) };
        if bytes == 0 {
            return Ok(());
        }
        let number = facts.free_module();
        let (id, backend) = (format!("dimm{number}"), format!("dimm{number}-ram"));
        // As the others are now: the board's own default is what held at launch.
        let merge = json!({ "path": "/objects/pc.ram", "property": "merge" });
        let merge = self.qmp.execute("qom-get", merge).await?;
        // One that a module which did not come in has left behind.
        let _ = self.qmp.execute("object-del", json!({ "id": backend })).await;
        let object = json!({
            "qom-type": "memory-backend-ram", "id": backend, "size": bytes, "merge": merge, "reserve": false,
        });
        self.qmp.execute("object-add", object).await?;
        let device = json!({ "driver": "pc-dimm", "id": id, "memdev": backend });
        if let Err(error) = self.qmp.execute("device_add", device).await {
            let _ = self.qmp.execute("object-del", json!({ "id": backend })).await;
            return Err(Short::Qmp(error));
        }
        let is_taken = self.is_taken(&id).await?;
        self.memory.look(&self.qmp).await?;
        if is_taken {
            return Ok(());
        }
        Err(Short::On(format!(
            "a memory module of {} is in, but the guest has not taken it into use; it finds it when it boots again",
            megabytes(bytes)
        )))
    }

    /// Whether the guest's firmware interface says that the module is in use.
    async fn is_taken(&self, id: &str) -> Result<bool, QmpError> {
        let deadline = Instant::now() + MODULE_DEADLINE;
        while Instant::now() < deadline {
            let slots = self.qmp.execute("query-acpi-ospm-status", Value::Null).await?;
            let ours = slots.as_array().into_iter().flatten().find(|slot| slot["device"] == *id);
            // A source other than 0: the guest has reported on it.
            if let Some(slot) = ours.filter(|slot| slot["source"].as_u64().is_some_and(|source| source > 0)) {
                return Ok(slot["status"].as_u64() == Some(0));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(false)
    }

    /// Asks for what held before, of virtio-mem and balloon.
    pub(super) async fn undo(&self) -> Result<(), QmpError> {
        let facts = self.memory.look(&self.qmp).await?;
        if facts.may_use_virtio_mem() {
            let fixed = self.memory.boot_bytes + facts.module_bytes;
            self.set_requested(self.before.memory_target_bytes.saturating_sub(fixed)).await?;
        }
        if self.has_balloon {
            let target = self.before.balloon_target_bytes;
            let (qmp, memory) = (self.qmp.clone(), Arc::clone(&self.memory));
            Balloon { qmp, memory, before: target, target, resized_from: None }.ask(target).await?;
        }
        Ok(())
    }

    async fn undone(&self, mut message: String) -> WorkEnd {
        if let Err(error) = self.undo().await {
            message.push_str(&format!(" ({error})"));
        }
        let before = self.before;
        WorkEnd::new(Outcome::Failed, message).with_room(move |room| {
            room.memory_target_bytes = before.memory_target_bytes;
            room.balloon_target_bytes = before.balloon_target_bytes;
        })
    }
}

fn no_driver() -> String {
    "the guest did not answer: to give memory back its kernel needs the driver virtio_mem".to_owned()
}
