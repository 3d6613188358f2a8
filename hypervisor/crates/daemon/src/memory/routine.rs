//! Steps of the slow page-out, which are many and alike: those of one VM and a few minutes are told as one decision, with
//! the sum of what was asked for and of what it brought.
use std::collections::BTreeMap;
use std::sync::Arc;

use quetzal_control::{Action, Decision, Whose};
use serde::{Deserialize, Serialize};

use super::decisions::KeptDecision;

/// A busy host has a step of a VM every 10 s: thirty are told as one.
const TOLD_EVERY_MS: u64 = 300_000;
const MIB: u64 = 1 << 20;

/// What several decisions told as one were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    pub count: u32,
    /// From the first of them to when they were told.
    pub within_ms: u64,
    /// Of the sum: what was asked of QEMU's own memory.
    pub of_qemu_bytes: u64,
}

/// The steps of one process.
#[derive(Debug)]
struct Sum {
    pid: u32,
    began_ms: u64,
    count: u32,
    /// Of them; what they brought is told in the order in which they were made.
    unmeasured: u32,
    asked_bytes: u64,
    of_qemu_bytes: u64,
    /// Absent before the first is measured.
    effect_bytes: Option<i64>,
    last: Decision,
}

/// By VM, oldest first.
#[derive(Debug, Default)]
pub struct Routine(BTreeMap<Arc<str>, Vec<Sum>>);

impl Routine {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, decision: &Decision, pid: u32, now_ms: u64) {
        let Action::PageOut { bytes, of } = decision.action else { return };
        let sums = self.0.entry(Arc::clone(&decision.vm_id)).or_default();
        if sums.last().is_none_or(|sum| sum.pid != pid || sum.is_full(now_ms)) {
            sums.push(Sum::begun(pid, now_ms, decision));
        }
        let Some(sum) = sums.last_mut() else { return };
        sum.count += 1;
        sum.unmeasured += 1;
        sum.asked_bytes += bytes;
        sum.of_qemu_bytes += if of == Whose::Qemu { bytes } else { 0 };
        sum.last = decision.clone();
    }

    /// What the oldest step that is not measured yet brought; absent: it could not be measured.
    pub fn measured(&mut self, vm_id: &str, pid: u32, effect_bytes: Option<i64>) {
        let mut sums = self.0.get_mut(vm_id).into_iter().flatten();
        let Some(sum) = sums.find(|sum| sum.pid == pid && sum.unmeasured > 0) else { return };
        sum.unmeasured -= 1;
        if let Some(bytes) = effect_bytes {
            sum.effect_bytes = Some(sum.effect_bytes.unwrap_or_default().saturating_add(bytes));
        }
    }

    /// Takes out what is to be told: what is full and measured, and all of a process that has ended.
    pub fn over(&mut self, now_ms: u64, is_alive: impl Fn(&str, u32) -> bool) -> Vec<KeptDecision> {
        let mut told = Vec::new();
        self.0.retain(|vm_id, sums| {
            let is_over = |sum: &mut Sum| (sum.unmeasured == 0 && sum.is_full(now_ms)) || !is_alive(vm_id, sum.pid);
            told.extend(sums.extract_if(.., is_over).map(|sum| sum.told(now_ms)));
            !sums.is_empty()
        });
        told
    }
}

impl Sum {
    fn begun(pid: u32, now_ms: u64, decision: &Decision) -> Self {
        let last = decision.clone();
        Self {
            pid,
            began_ms: now_ms,
            count: 0,
            unmeasured: 0,
            asked_bytes: 0,
            of_qemu_bytes: 0,
            effect_bytes: None,
            last,
        }
    }

    fn is_full(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.began_ms) >= TOLD_EVERY_MS
    }

    fn told(self, now_ms: u64) -> KeptDecision {
        let of = if self.of_qemu_bytes == self.asked_bytes { Whose::Qemu } else { Whose::Guest };
        let action = Action::PageOut { bytes: self.asked_bytes, of };
        let steps = Steps {
            count: self.count,
            within_ms: now_ms.saturating_sub(self.began_ms),
            of_qemu_bytes: self.of_qemu_bytes,
        };
        KeptDecision {
            effect_bytes: self.effect_bytes,
            steps: Some(steps),
            ..KeptDecision::new(Decision { action, ..self.last })
        }
    }
}

impl Steps {
    /// " in 12 steps within 5 min, 15 MiB of it QEMU's own".
    pub fn said(&self) -> String {
        const SECOND_MS: u64 = 1_000;
        const MINUTE_S: u64 = 60;
        let seconds = self.within_ms / SECOND_MS;
        let within = if seconds < MINUTE_S { format!("{seconds} s") } else { format!("{} min", seconds / MINUTE_S) };
        let steps = if self.count == 1 { "one step".to_owned() } else { format!("{} steps", self.count) };
        let own = match self.of_qemu_bytes / MIB {
            0 => String::new(),
            mib => format!(", {mib} MiB of it QEMU's own"),
        };
        format!(" in {steps} within {within}{own}")
    }
}
