//! Sharing of like pages: which domain's VMs may merge, told to their QEMUs, and KSM's rate. Two domains are never
//! mergeable at once: the one that goes is out, by the kernel's own word, before the one that comes is let in.
use std::collections::BTreeMap;
use std::time::Duration;

use quetzal_control::domain::{Active, Sharer};
use quetzal_control::ksm::Rate;
use quetzal_host::HostError;
use quetzal_host::ksm::{self, Ksm};
use quetzal_vm::order::{Mode, Order, VmHandle};

use super::tuning::Tuning;

/// How often the domains are weighed anew while no VM comes or goes.
const WEIGH_EVERY_MS: u64 = 10_000;
/// A VM's task answers at once; one that does not is asked again at the next step.
const ORDER_PATIENCE: Duration = Duration::from_secs(1);

/// A running VM with the feature "tps".
pub struct Member {
    pub handle: VmHandle,
    pub id: String,
    pub pid: u32,
    pub domain: String,
    /// New memory has to be told too.
    pub memory_bytes: u64,
    pub resident_bytes: u64,
    pub merged_bytes: u64,
    /// Its QEMU did not take what it was last told.
    pub is_unheard: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SharingView {
    pub active_domain: String,
    pub reason: String,
    pub pages_per_scan: u32,
    pub sleep_ms: u32,
    pub cpu_used_ratio: Option<f64>,
}

/// What a QEMU was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    pid: u32,
    memory_bytes: u64,
    may_merge: bool,
}

#[derive(Default)]
pub struct Sharing {
    active: Active,
    told: BTreeMap<String, Told>,
    members: Vec<(String, u32, String)>,
    weighed_ms: u64,
    tuning: Option<Tuning>,
}

impl Sharing {
    pub fn is_idle(&self) -> bool {
        self.told.is_empty() && self.tuning.is_none() && self.active.domain.is_empty()
    }

    pub fn is_tuning(&self) -> bool {
        self.tuning.is_some()
    }

    /// Whether there is anything to choose or to tell: VMs came or went, one has not heard yet, or the domains are to be
    /// weighed anew. `present`: the VMs with the feature, by id, process and
    /// domain.
    pub fn is_due<'a>(&'a self, present: impl Iterator<Item = (&'a str, u32, &'a str)>, now_ms: u64) -> bool {
        let is_same = present.eq(self.members.iter().map(|(id, pid, domain)| (id.as_str(), *pid, domain.as_str())));
        let all_know = self.told.len() == self.members.len();
        !(is_same && all_know) || now_ms.saturating_sub(self.weighed_ms) >= WEIGH_EVERY_MS
    }

    /// Chooses the domain and tells the QEMUs. Answers the choice's reason when the choice is another. `strangers`: the
    /// processes of the VMs that are no members.
    pub async fn choose(
        &mut self,
        members: &[Member],
        strangers: &[u32],
        spare_bytes: u64,
        now_ms: u64,
    ) -> Option<String> {
        let present: Vec<_> =
            members.iter().map(|member| (member.id.clone(), member.pid, member.domain.clone())).collect();
        let is_due = present != self.members || now_ms.saturating_sub(self.weighed_ms) >= WEIGH_EVERY_MS;
        let before = self.active.domain.clone();
        if is_due {
            let sharers: Vec<Sharer> = members.iter().map(Member::sharer).collect();
            self.active = self.active.next(&sharers, spare_bytes, now_ms);
            self.members = present;
            self.weighed_ms = now_ms;
        }
        let heard = members.iter().filter(|member| !member.is_unheard).map(|member| (member.id.as_str(), member.pid));
        forget_others(&mut self.told, heard);
        let active = self.active.domain.clone();
        for member in members.iter().filter(|member| member.domain != active) {
            self.tell(member, false).await;
        }
        let waits = |member: &&Member| member.domain == active && !self.knows(member, true);
        let waiting: Vec<&Member> = members.iter().filter(waits).collect();
        let others = members.iter().filter(|member| member.domain != active).map(|member| member.pid);
        if !waiting.is_empty() && are_out(others, strangers, ksm::may_merge) {
            for member in waiting {
                self.tell(member, true).await;
            }
        }
        (before != active && !active.is_empty()).then(|| self.active.reason.clone())
    }

    fn knows(&self, member: &Member, may_merge: bool) -> bool {
        self.told.get(&member.id) == Some(&member.told(may_merge))
    }

    async fn tell(&mut self, member: &Member, may_merge: bool) {
        if self.knows(member, may_merge) {
            return;
        }
        let call = member.handle.call("", Mode::Real, Order::Merge { on: may_merge });
        match tokio::time::timeout(ORDER_PATIENCE, call).await {
            Ok(Ok(_)) => drop(self.told.insert(member.id.clone(), member.told(may_merge))),
            Ok(Err(refusal)) => tracing::debug!(vm_id = member.id, %refusal, "sharing is told later"),
            Err(_) => tracing::debug!(vm_id = member.id, "sharing is told later: its task is busy"),
        }
    }

    /// One look at the profit, and the rate that follows from it.
    /// Answers what there is to tell.
    pub fn tune(&mut self, budget_ratio: f64, members: &[Member], now_ms: u64) -> Result<Option<String>, HostError> {
        let may_merge = |member: &&Member| self.knows(member, true);
        let mergeable_bytes = members.iter().filter(may_merge).map(|member| member.resident_bytes).sum();
        let tuning = match &mut self.tuning {
            Some(tuning) => tuning,
            none => none.insert(Tuning::begin(Ksm::open()?, budget_ratio, mergeable_bytes, now_ms)?),
        };
        tuning.step(budget_ratio, mergeable_bytes, now_ms)
    }

    /// Somebody else has the switches now.
    pub fn leave(&mut self) {
        self.tuning = None;
    }

    pub fn view(&self) -> SharingView {
        let (pages_per_scan, sleep_ms) = match self.tuning.as_ref().map(Tuning::rate) {
            Some(Rate::Scan { pages, sleep_ms }) => (pages, sleep_ms),
            Some(Rate::Stop) | None => (0, 0),
        };
        SharingView {
            active_domain: self.active.domain.clone(),
            reason: self.active.reason.clone(),
            pages_per_scan,
            sleep_ms,
            cpu_used_ratio: self.tuning.as_ref().and_then(Tuning::cpu_used_ratio),
        }
    }
}

/// By the kernel's word, of each that is not of the domain to be let in: why it is none of its members does not matter.
fn are_out(others: impl Iterator<Item = u32>, strangers: &[u32], may_merge: impl Fn(u32) -> bool) -> bool {
    others.chain(strangers.iter().copied()).all(|pid| !may_merge(pid))
}

/// Whoever is gone, runs anew or did not hear is told again.
fn forget_others<'a>(told: &mut BTreeMap<String, Told>, heard: impl Iterator<Item = (&'a str, u32)> + Clone) {
    told.retain(|id, told| heard.clone().any(|(heard_id, pid)| heard_id == id && pid == told.pid));
}

impl Member {
    fn sharer(&self) -> Sharer<'_> {
        Sharer { domain: &self.domain, resident_bytes: self.resident_bytes, merged_bytes: self.merged_bytes }
    }

    fn told(&self, may_merge: bool) -> Told {
        Told { pid: self.pid, memory_bytes: self.memory_bytes, may_merge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qemu_that_did_not_hear_runs_anew_or_is_gone_is_told_again() {
        let one = Told { pid: 7, memory_bytes: 1, may_merge: true };
        let mut told: BTreeMap<String, Told> = ["a", "b", "c"].map(|id| (id.to_owned(), one)).into();
        forget_others(&mut told, [("a", 7), ("b", 8)].into_iter());
        assert_eq!(told.into_keys().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn nobody_is_let_in_while_any_other_may_merge_member_or_not() {
        let answer = |others: &[u32], strangers: &[u32], mergeable: &[u32]| {
            are_out(others.iter().copied(), strangers, |pid| mergeable.contains(&pid))
        };
        assert!(answer(&[1], &[2], &[]) && answer(&[], &[], &[3]));
        assert!(!answer(&[1], &[2], &[1]));
        assert!(!answer(&[1], &[2], &[2]) && !answer(&[], &[2], &[2]));
    }
}
