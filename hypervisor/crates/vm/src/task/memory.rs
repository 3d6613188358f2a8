//! The memory verbs of a running VM: which figures are accepted, and the work that an accepted one sets going. How QEMU
//! is told is `crate::memory`'s.
use quetzal_qmp::Qmp;

use super::work::WorkKind;
use super::{Machine, VmTask};
use crate::machine::Live;
use crate::memory;
use crate::order::Order;
use crate::refusal::{Refusal, RefusalCode};
use crate::room::Room;
use crate::spec::Feature;

const MIB: u64 = 1 << 20;

impl VmTask {
    /// What can be known before anything is touched, for the verbs of this file.
    pub(super) fn check_memory(&self, order: &Order) -> Result<(), Refusal> {
        let (Machine::On(live), Some(room)) = (&self.machine, self.view.borrow().room) else { return Ok(()) };
        match order {
            Order::Balloon { target_bytes } => self.check_balloon(live, &room, *target_bytes),
            Order::ResizeMemory { .. } | Order::PageOut { .. } => {
                Err(Refusal::new(RefusalCode::Unsupported, "this quetzald cannot do it yet"))
            }
            _ => Ok(()),
        }
    }

    fn check_balloon(&self, live: &Live, room: &Room, target_bytes: u64) -> Result<(), Refusal> {
        if !live.spec.has(Feature::Ballooning) {
            let message = format!(
                "VM \"{}\" was started without a balloon; add \"ballooning\" to its features and restart it",
                self.id()
            );
            return Err(Refusal::new(RefusalCode::Unsupported, message).at("features"));
        }
        let (least, most) = (room.balloon_floor_bytes, room.memory_target_bytes);
        if (least..=most).contains(&target_bytes) {
            return Ok(());
        }
        let (given, least, most) = (target_bytes / MIB, least / MIB, most / MIB);
        let message = format!("a balloon target of {given} MB is out of range; give {least} to {most} MB");
        Err(Refusal::new(RefusalCode::OutOfRange, message).at("target_bytes"))
    }

    pub(super) fn balloon(&mut self, operation_id: &str, target_bytes: u64) {
        let (Some(qmp), Some(mut room)) = (self.qmp(), self.view.borrow().room) else { return };
        let before = room.balloon_target_bytes;
        room.balloon_target_bytes = target_bytes;
        self.show_room(room, operation_id, &format!("asked to leave itself {} MB", target_bytes / MIB));
        self.begin_work(WorkKind::Memory, operation_id, |cancelled| {
            memory::balloon(qmp, before, target_bytes, cancelled)
        });
    }

    pub(super) fn resize_memory(&mut self, _operation_id: &str, _target_bytes: u64) {}

    pub(super) fn page_out(&mut self, _operation_id: &str, _bytes: u64) {}

    pub(super) fn merge(&mut self, on: bool) {
        let Some(qmp) = self.qmp() else { return };
        tokio::spawn(memory::merge(qmp, on));
    }

    fn qmp(&self) -> Option<Qmp> {
        match &self.machine {
            Machine::On(live) => live.qmp.clone(),
            Machine::Off | Machine::Starting { .. } => None,
        }
    }
}
