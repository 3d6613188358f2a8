//! How many vCPUs a running guest has: plugs new ones into QEMU, and has the guest's agent take them into use or out of
//! it. Ends when the guest agrees, or with what it reached and why.
use std::sync::Arc;
use std::time::Duration;

use quetzal_qmp::Qmp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::control::place_threads;
use super::slots::{Slot, slots};
use crate::agent::{Agent, AgentError};
use crate::metrics::VmProbe;
use crate::sink::Outcome;
use crate::spec::CpuPolicy;
use crate::task::WorkEnd;

/// An answer of QEMU or the agent takes a millisecond; a guest brings a vCPU up within a few of these.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The agent of a guest that has just come to its prompt opens its port a moment later.
const AGENT_WAIT: Duration = Duration::from_secs(5);
const ASK_DEADLINE: Duration = Duration::from_secs(10);
/// A guest that calibrates its delay loop takes 18 s for a vCPU, and is deaf meanwhile.
const SET_DEADLINE: Duration = Duration::from_secs(45);
const SETTLE_DEADLINE: Duration = Duration::from_secs(60);
/// A guest lets go of a vCPU that it does not use within milliseconds.
const UNPLUG_DEADLINE: Duration = Duration::from_secs(10);
/// QEMU's name of the port, and what it says of it.
const AGENT_PORT: &str = "agent";

pub(crate) struct Change {
    pub qmp: Qmp,
    pub agent: Agent,
    pub pid: u32,
    pub policy: CpuPolicy,
    pub probe: Option<Arc<VmProbe>>,
    /// Why QEMU keeps a vCPU that the guest uses no more; None: it is unplugged.
    pub stays: Option<&'static str>,
    /// vCPUs asked for so far, and now.
    pub before: u32,
    pub count: u32,
}

/// What the guest says of a vCPU.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct GuestVcpu {
    logical_id: u64,
    online: bool,
    #[serde(default)]
    can_offline: bool,
}

pub(crate) async fn set_vcpus(change: Change, cancelled: oneshot::Receiver<()>) -> WorkEnd {
    let begun = Instant::now();
    let (before, count) = (change.before, change.count);
    let ended = tokio::select! {
        ended = change.carry_out() => ended,
        Ok(()) = cancelled => {
            let reached = change.seen().await.unwrap_or(before);
            let message = format!("cancelled; the guest uses {}", vcpus(reached));
            return WorkEnd::new(Outcome::Cancelled, message).with_room(move |room| room.vcpus_target = reached);
        }
    };
    match ended {
        Ok(note) => {
            let took = begun.elapsed().as_secs_f32();
            WorkEnd::new(Outcome::Succeeded, format!("{note} (took {took:.2} s)"))
                .with_room(move |room| room.vcpus_target = count)
        }
        Err(reason) => {
            let reached = change.seen().await.unwrap_or(before);
            WorkEnd::new(Outcome::Failed, format!("{reason}; the guest uses {}", vcpus(reached)))
                .with_room(move |room| room.vcpus_target = reached)
        }
    }
}

impl Change {
    async fn carry_out(&self) -> Result<String, String> {
        let had = self.present().await?;
        let present = self.plug().await?;
        if self.has_agent().await? {
            self.settle().await?;
            return Ok(self.retire(present).await);
        }
        if self.count < self.before {
            if let Some(why) = self.stays {
                return Err(format!(
                    "the guest runs no agent, which alone takes vCPUs out of its use ({why}); install qemu-guest-agent in it, or try again once it has booted"
                ));
            }
            self.unplug().await?;
            return Ok(format!("the guest has {}", vcpus(self.count)));
        }
        if had > self.before {
            return Err("the guest runs no agent, which alone brings back what it took out of use; install qemu-guest-agent in it".to_owned());
        }
        Ok(format!(
            "{} are plugged in; the guest runs no agent that could say whether it uses them",
            vcpus(present.max(self.count))
        ))
    }

    /// Fills QEMU's places up to the count; gives how many are filled then.
    async fn plug(&self) -> Result<u32, String> {
        let slots = self.slots().await?;
        let missing = self.count.saturating_sub(self.tell_present(&slots));
        let mut free = slots.iter().filter(|slot| slot.taken_by.is_none());
        for _ in 0..missing {
            let slot = free.next().ok_or_else(|| "QEMU has no place left for a vCPU".to_owned())?;
            self.qmp.execute("device_add", slot.device()).await.map_err(|error| error.to_string())?;
            place_threads(self.pid, &self.policy).map_err(|refusal| refusal.message)?;
        }
        if missing == 0 { Ok(taken(&slots)) } else { self.present().await }
    }

    async fn slots(&self) -> Result<Vec<Slot>, String> {
        let answer = self.qmp.execute("query-hotpluggable-cpus", Value::Null).await;
        answer.map(|answer| slots(&answer)).map_err(|error| error.to_string())
    }

    async fn present(&self) -> Result<u32, String> {
        Ok(self.tell_present(&self.slots().await?))
    }

    fn tell_present(&self, slots: &[Slot]) -> u32 {
        let present = taken(slots);
        if let Some(probe) = &self.probe {
            probe.set_vcpus_present(present);
        }
        present
    }

    /// Whether the guest holds its agent's port open, or soon does.
    async fn has_agent(&self) -> Result<bool, String> {
        let begun = Instant::now();
        loop {
            let is_open = self.agent_is_open().await?;
            if is_open || begun.elapsed() > AGENT_WAIT {
                return Ok(is_open);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn agent_is_open(&self) -> Result<bool, String> {
        let answer = self.qmp.execute("query-chardev", Value::Null).await.map_err(|error| error.to_string())?;
        let ports = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(ports.iter().any(|port| port["label"] == AGENT_PORT && port["frontend-open"] == true))
    }

    /// Until the guest uses as many as it should.
    async fn settle(&self) -> Result<(), String> {
        let begun = Instant::now();
        let mut obstacle = None;
        loop {
            let guest = self.guest_vcpus().await.map_err(|error| error.to_string())?;
            let online = online(&guest);
            if online == self.count {
                return Ok(());
            }
            if begun.elapsed() > SETTLE_DEADLINE {
                let reason = obstacle.unwrap_or_else(|| {
                    "the guest was too slow (one that calibrates its delay loop is helped by lpj= on its kernel's command line)".to_owned()
                });
                return Err(format!("not within {} s: {reason}", SETTLE_DEADLINE.as_secs()));
            }
            let surplus = online.saturating_sub(self.count);
            if surplus > 0 {
                self.put(&last_spare(&guest, surplus)?, false).await.map_err(|error| error.to_string())?;
            } else {
                let idle = first_idle(&guest, self.count - online);
                obstacle = self.put(&idle, true).await.err().map(|error| error.to_string());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn put(&self, ids: &[u64], is_online: bool) -> Result<(), AgentError> {
        if ids.is_empty() {
            // The guest has not found them yet.
            return Ok(());
        }
        let wishes: Vec<Value> = ids.iter().map(|id| json!({ "logical-id": id, "online": is_online })).collect();
        self.agent.execute("guest-set-vcpus", json!({ "vcpus": wishes }), SET_DEADLINE).await.map(drop)
    }

    async fn guest_vcpus(&self) -> Result<Vec<GuestVcpu>, AgentError> {
        let answer = self.agent.execute("guest-get-vcpus", Value::Null, ASK_DEADLINE).await?;
        serde_json::from_value(answer).map_err(|_| AgentError::Nonsense)
    }

    /// How many the guest uses, at most those that it has; None: it does not say.
    async fn seen(&self) -> Option<u32> {
        if !self.agent_is_open().await.ok()? {
            return None;
        }
        let online = online(&self.guest_vcpus().await.ok()?);
        Some(online.min(self.present().await.ok()?))
    }

    /// Takes what the guest uses no more out of QEMU, where that is safe. A guest that keeps it does no harm.
    async fn retire(&self, present: u32) -> String {
        let done = format!("the guest uses {}", vcpus(self.count));
        let unused = present.saturating_sub(self.count);
        match (unused, self.stays) {
            (0, _) => done,
            (_, Some(why)) => format!("{done}; {unused} more stay plugged in, unused: {why}"),
            (_, None) => match self.unplug().await {
                Ok(()) => done,
                Err(reason) => format!("{done}; {reason}"),
            },
        }
    }

    /// Those that were added while running, the last first.
    async fn unplug(&self) -> Result<(), String> {
        let slots = self.slots().await?;
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        for slot in slots.iter().skip(count).rev().filter(|slot| slot.taken_by.is_some()) {
            if !slot.is_added() {
                return Err(format!("vCPU {} was there at boot and stays plugged in", slot.index));
            }
            let wish = json!({ "id": slot.taken_by });
            self.qmp.execute("device_del", wish).await.map_err(|error| error.to_string())?;
            self.is_gone(slot.index).await?;
        }
        Ok(())
    }

    async fn is_gone(&self, index: usize) -> Result<(), String> {
        let begun = Instant::now();
        while self.slots().await?.get(index).is_some_and(|slot| slot.taken_by.is_some()) {
            if begun.elapsed() > UNPLUG_DEADLINE {
                let waited = UNPLUG_DEADLINE.as_secs();
                return Err(format!("the guest did not let go of vCPU {index} within {waited} s"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.present().await.map(drop)
    }
}

/// Why this QEMU keeps a vCPU that its guest uses no more. Seen: 7.2 dies at the next addition after one was taken out,
/// under KVM as under TCG; 10.0 only under TCG, when more were ever added than it has places.
pub fn why_vcpus_stay(accelerator: &str, qemu_version: &str) -> Option<&'static str> {
    let major: Option<u32> = qemu_version.split('.').next().and_then(|major| major.parse().ok());
    match (accelerator, major) {
        ("kvm", Some(10..)) => None,
        ("kvm", _) => Some("QEMU before version 10 does not survive taking a vCPU out"),
        _ => Some("QEMU does not survive taking a vCPU out under TCG"),
    }
}

fn taken(slots: &[Slot]) -> u32 {
    let count = slots.iter().filter(|slot| slot.taken_by.is_some()).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn online(guest: &[GuestVcpu]) -> u32 {
    u32::try_from(guest.iter().filter(|vcpu| vcpu.online).count()).unwrap_or(u32::MAX)
}

/// The last of those in use, that the guest can do without.
fn last_spare(guest: &[GuestVcpu], surplus: u32) -> Result<Vec<u64>, String> {
    let mut spare: Vec<u64> =
        guest.iter().filter(|vcpu| vcpu.online && vcpu.can_offline).map(|vcpu| vcpu.logical_id).collect();
    spare.sort_unstable_by(|one, other| other.cmp(one));
    spare.truncate(usize::try_from(surplus).unwrap_or(usize::MAX));
    if spare.is_empty() { Err("the guest says that it cannot do without the others".to_owned()) } else { Ok(spare) }
}

fn first_idle(guest: &[GuestVcpu], missing: u32) -> Vec<u64> {
    let mut idle: Vec<u64> = guest.iter().filter(|vcpu| !vcpu.online).map(|vcpu| vcpu.logical_id).collect();
    idle.sort_unstable();
    idle.truncate(usize::try_from(missing).unwrap_or(usize::MAX));
    idle
}

fn vcpus(count: u32) -> String {
    if count == 1 { "1 vCPU".to_owned() } else { format!("{count} vCPUs") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(vcpus: &[(u64, bool, bool)]) -> Vec<GuestVcpu> {
        vcpus.iter().map(|&(logical_id, online, can_offline)| GuestVcpu { logical_id, online, can_offline }).collect()
    }

    #[test]
    fn the_last_go_first_and_the_first_come_back_first() {
        let mixed = guest(&[(1, true, true), (3, false, true), (2, true, true), (0, true, false), (4, false, true)]);
        assert_eq!(online(&mixed), 3);
        assert_eq!(last_spare(&mixed, 1), Ok(vec![2]));
        assert_eq!(last_spare(&mixed, 9), Ok(vec![2, 1]));
        assert_eq!(first_idle(&mixed, 1), [3]);
        assert_eq!(first_idle(&mixed, 9), [3, 4]);
        assert!(last_spare(&guest(&[(0, true, false)]), 1).is_err());
    }

    #[test]
    fn a_vcpu_is_taken_out_only_of_a_qemu_that_survives_it() {
        assert_eq!(why_vcpus_stay("kvm", "10.0.2"), None);
        for (accelerator, version) in [("tcg", "7.2.22"), ("tcg", "10.0.2"), ("kvm", ""), ("kvm", "7.2.22")] {
            assert!(why_vcpus_stay(accelerator, version).is_some(), "{accelerator} {version}");
        }
    }
}
