//! The verb that sets a running guest's vCPUs: which counts are accepted, and the work that an accepted one sets going.
//! How QEMU and the guest are told is `crate::cpu`'s.
use std::sync::Arc;

use super::work::{REPLACED, WorkKind};
use super::{Machine, VmTask};
use crate::cpu::{self, Change};
use crate::order::Order;
use crate::refusal::{Refusal, RefusalCode};
use crate::spec::Feature;

impl VmTask {
    pub(super) fn check_vcpus(&self, order: &Order) -> Result<(), Refusal> {
        let Order::SetVcpus { count } = order else { return Ok(()) };
        let (Machine::On(live), Some(room)) = (&self.machine, self.view.borrow().room) else { return Ok(()) };
        let most = room.vcpus_max;
        if (1..=most).contains(count) {
            return Ok(());
        }
        if *count > most && !live.spec.has(Feature::Hotplug) {
            let message = format!(
                "VM \"{}\" was started without room for more than {most} vCPUs; add \"hotplug\" to its features and restart it",
                self.id()
            );
            return Err(Refusal::new(RefusalCode::Unsupported, message).at("features"));
        }
        let message = format!(
            "{count} vCPUs are out of range; give 1 to {most}, or set cpu_policy.max_vcpus and restart the VM for more"
        );
        Err(Refusal::new(RefusalCode::OutOfRange, message).at("count"))
    }

    pub(super) fn set_vcpus(&mut self, operation_id: &str, count: u32) {
        let (Machine::On(live), Some(mut room)) = (&self.machine, self.view.borrow().room) else { return };
        let Some(qmp) = live.qmp.clone() else { return };
        let change = Change {
            qmp,
            agent: live.agent.clone(),
            pid: live.run.pid,
            policy: self.spec.cpu_policy.clone(),
            probe: self.probe.borrow().as_ref().map(Arc::clone),
            stays: cpu::why_vcpus_stay(&live.run.accelerator, &live.run.qemu_version),
            before: room.vcpus_target,
            count,
        };
        room.vcpus_target = count;
        self.show_room(room, operation_id, &format!("asked to use {count} of its vCPUs"));
        self.begin_work(WorkKind::Vcpus, operation_id, REPLACED, |cancelled| cpu::set_vcpus(change, cancelled));
    }

    /// For a QEMU that was taken up again: the daemon's death may have come between what was asked and what was done.
    /// Silent where all is as it should be.
    pub(super) fn resume_vcpus(&mut self) {
        let (Machine::On(live), Some(room)) = (&self.machine, self.view.borrow().room) else { return };
        if live.spec.vcpus != room.vcpus_target {
            self.set_vcpus("", room.vcpus_target);
        }
    }

    /// A definition put meanwhile may pin the new ones elsewhere.
    pub(super) fn vcpus_settled(&self) {
        let Machine::On(live) = &self.machine else { return };
        if let Err(refusal) = live.cpu.place_threads(&self.spec.cpu_policy) {
            tracing::error!(vm_id = self.id(), %refusal, "new vCPUs are not pinned");
        }
    }

    /// A guest that restarted itself uses all that is plugged in again: what it was asked to leave, it leaves again.
    pub(super) fn agent_came(&mut self) {
        let Some(room) = self.view.borrow().room else { return };
        let present = self.probe.borrow().as_ref().and_then(|probe| probe.vcpus_present());
        if present.is_some_and(|present| present > room.vcpus_target) && !self.is_under_way(WorkKind::Vcpus) {
            self.set_vcpus("", room.vcpus_target);
        }
    }
}
