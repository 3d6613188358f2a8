//! The memory verbs of a running VM: which figures are accepted, and the work that an accepted one sets going. How QEMU
//! is told is `crate::memory`'s.
use std::sync::Arc;

use quetzal_host::pageout;
use serde_json::Value;

use super::work::{REPLACED, WorkKind};
use super::{Machine, VmTask};
use crate::argv::MEMORY_SLOTS;
use crate::machine::Live;
use crate::memory::{self, Balloon, Driver, MemoryProbe, PageOut, Resize, SWAP_LEAST_BYTES, megabytes};
use crate::order::{Order, Scope};
use crate::refusal::{Refusal, RefusalCode, chain};
use crate::room::{Room, floor_bytes};
use crate::spec::{Feature, PLUG_BLOCK_BYTES};

const PAGE_BYTES: u64 = 4096;
/// Linux takes modules into use in blocks of this size.
const MODULE_BLOCK_BYTES: u64 = 128 << 20;

impl VmTask {
    /// What can be known before anything is touched, for the verbs of this file.
    pub(super) fn check_memory(&self, order: &Order) -> Result<(), Refusal> {
        let (Machine::On(live), Some(room)) = (&self.machine, self.view.borrow().room) else { return Ok(()) };
        match order {
            Order::Balloon { target_bytes } => self.check_balloon(live, &room, *target_bytes),
            Order::ResizeMemory { target_bytes } => self.check_resize(live, &room, *target_bytes),
            Order::PageOut { .. } => check_page_out(live),
            _ => Ok(()),
        }
    }

    fn check_balloon(&self, live: &Live, room: &Room, target_bytes: u64) -> Result<(), Refusal> {
        if !live.spec.has(Feature::Ballooning) {
            return Err(self.lacks("a balloon", "ballooning"));
        }
        let facts = self.memory().and_then(|memory| memory.facts()).unwrap_or_default();
        if facts.balloon_driver == Driver::Absent {
            return Err(unsupported(format!(
                "the guest of VM \"{}\" does not drive its balloon: its kernel needs virtio_balloon, or is still booting",
                self.id()
            )));
        }
        let has = live.spec.memory_bytes() + facts.plugged_bytes();
        // The place of a resize is taken, and its size with it.
        let size = self.resized_from().map_or(room.memory_target_bytes, |before| before.memory_target_bytes);
        let (least, most) = (room.balloon_floor_bytes, size.min(has));
        in_range("a balloon target", target_bytes, least, most)
    }

    fn check_resize(&self, live: &Live, room: &Room, target_bytes: u64) -> Result<(), Refusal> {
        if !live.spec.has(Feature::Hotplug) {
            return Err(self.lacks("room for more memory", "hotplug"));
        }
        let facts = self.memory().and_then(|memory| memory.facts()).unwrap_or_default();
        let boot = live.spec.memory_bytes();
        in_range("a memory size", target_bytes, boot + facts.module_bytes, room.memory_max_bytes)?;
        let has = boot + facts.plugged_bytes();
        let target = plug_target(boot, target_bytes);
        if facts.may_use_virtio_mem() || target == has {
            return Ok(());
        }
        let who = format!("the guest of VM \"{}\" does not drive virtio_mem", self.id());
        let Some(more) = target.checked_sub(has) else {
            return Err(unsupported(format!(
                "{who}, so it cannot give memory back; load that driver in it, use the balloon, or restart the VM"
            )));
        };
        let out_of_range = |message: String| Err(Refusal::new(RefusalCode::OutOfRange, message).at("target_bytes"));
        if !more.is_multiple_of(MODULE_BLOCK_BYTES) {
            let below = has + more / MODULE_BLOCK_BYTES * MODULE_BLOCK_BYTES;
            let (below, above) = (megabytes(below), megabytes(below + MODULE_BLOCK_BYTES));
            return out_of_range(format!("{who} and takes memory in modules of 128 MB: give {below} or {above}"));
        }
        if facts.modules.len() >= MEMORY_SLOTS as usize {
            return out_of_range(format!(
                "{who}, and all {MEMORY_SLOTS} slots for modules are taken; it can have at most {} until the VM is \
                 restarted with more memory_mb, or that driver is loaded",
                megabytes(has)
            ));
        }
        Ok(())
    }

    fn lacks(&self, what: &str, feature: &str) -> Refusal {
        let id = self.id();
        unsupported(format!("VM \"{id}\" was started without {what}; add \"{feature}\" to its features and restart it"))
            .at("features")
    }

    pub(super) fn balloon(&mut self, operation_id: &str, target_bytes: u64) {
        let (Some((qmp, memory)), Some(mut room)) = (self.reach(), self.view.borrow().room) else { return };
        let resized_from = self.resized_from();
        let before = resized_from.unwrap_or(room).balloon_target_bytes;
        let target = target_bytes.next_multiple_of(PAGE_BYTES);
        room.balloon_target_bytes = target;
        if let Some(before) = resized_from {
            room.memory_target_bytes = before.memory_target_bytes;
        }
        let instead = replaced(operation_id, before, target);
        self.show_room(room, operation_id, &format!("asked to leave itself {}", megabytes(target)));
        let balloon = Balloon { qmp, memory, before, target, resized_from };
        self.begin_work(WorkKind::Memory, operation_id, &instead, |cancelled| balloon.carry_out(cancelled));
    }

    pub(super) fn resize_memory(&mut self, operation_id: &str, target_bytes: u64) {
        let (Some((qmp, memory)), Some(before)) = (self.reach(), self.view.borrow().room) else { return };
        // One that takes the place of another goes back to what held before both.
        let before = self.resized_from().unwrap_or(before);
        let Machine::On(live) = &self.machine else { return };
        let (has_balloon, target) =
            (live.spec.has(Feature::Ballooning), plug_target(live.spec.memory_bytes(), target_bytes));
        let room = Room { memory_target_bytes: target, balloon_target_bytes: target, ..before };
        self.show_room(room, operation_id, &format!("asked to have {}", megabytes(target)));
        let resize = Resize { qmp, memory, before, target, has_balloon };
        self.begin_work(WorkKind::Memory, operation_id, REPLACED, |cancelled| resize.carry_out(cancelled));
        self.note_resize(before);
    }

    pub(super) fn page_out(&mut self, operation_id: &str, bytes: u64, scope: Scope) {
        let (Machine::On(live), Some(memory)) = (&self.machine, self.memory()) else { return };
        let order = PageOut { process: Arc::clone(&live.pidfd), memory, bytes, scope };
        self.begin_work(WorkKind::PageOut, operation_id, REPLACED, |cancelled| order.carry_out(cancelled));
    }

    pub(super) fn merge(&mut self, on: bool) {
        let Some((qmp, memory)) = self.reach() else { return };
        tokio::spawn(memory::merge(qmp, memory, on));
    }

    /// For a QEMU that was taken up again: the daemon may have died between writing a target down and asking for it.
    pub(super) fn reaffirm_memory(&self) {
        let (Machine::On(live), Some(room)) = (&self.machine, self.view.borrow().room) else { return };
        let Some((qmp, memory)) = self.reach() else { return };
        tokio::spawn(memory::reaffirm(qmp, memory, room, live.spec.has(Feature::Ballooning)));
    }

    /// The guest plugged in or out what was asked earlier: it may come seconds after the operation's end.
    pub(super) fn plugged_memory_changed(&mut self, data: &Value) {
        let Some(bytes) = data["size"].as_u64() else { return };
        if let Some(memory) = self.memory() {
            memory.set_virtio_mem(bytes);
        }
        let present = self.view.borrow().room;
        if let Some(mut room) = present {
            self.set_floor(&mut room);
            self.show_room(room, "", "what the balloon can take has changed with the memory plugged in");
        }
    }

    /// The floor follows the definition and what is plugged in.
    pub(super) fn set_floor(&self, room: &mut Room) {
        let Machine::On(live) = &self.machine else { return };
        let plugged = self.memory().and_then(|memory| memory.facts()).map_or(0, |facts| facts.virtio_mem_bytes());
        room.balloon_floor_bytes = floor_bytes(&live.spec, &self.spec, plugged);
    }

    fn memory(&self) -> Option<Arc<MemoryProbe>> {
        self.probe.borrow().as_ref().map(|probe| Arc::clone(probe.memory()))
    }

    fn reach(&self) -> Option<(quetzal_qmp::Qmp, Arc<MemoryProbe>)> {
        match &self.machine {
            Machine::On(live) => live.qmp.clone().zip(self.memory()),
            Machine::Off | Machine::Starting { .. } => None,
        }
    }
}

/// What ends an operation whose place a balloon order takes: the controller's bear no id.
fn replaced(operation_id: &str, before: u64, target: u64) -> String {
    let target_said = megabytes(target);
    match operation_id.is_empty() {
        false => REPLACED.to_owned(),
        true if target > before => {
            format!("the memory controller gave the guest memory back: it may have {target_said}")
        }
        true => format!("the memory controller took memory: the guest is to leave itself {target_said}"),
    }
}

/// Whole blocks beyond the boot memory.
fn plug_target(boot_bytes: u64, target_bytes: u64) -> u64 {
    boot_bytes + target_bytes.saturating_sub(boot_bytes).next_multiple_of(PLUG_BLOCK_BYTES)
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(RefusalCode::Unsupported, message)
}

fn in_range(what: &str, given: u64, least: u64, most: u64) -> Result<(), Refusal> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let (given, least, most) = (megabytes(given), megabytes(least), megabytes(most));
    let message = format!("{what} of {given} is out of range; give {least} to {most}");
    Err(Refusal::new(RefusalCode::OutOfRange, message).at("target_bytes"))
}

fn check_page_out(live: &Live) -> Result<(), Refusal> {
    let swap = pageout::swap();
    let mend = "enable compression ('quetzal memory host --compression zram'), or add swap to the host";
    if swap.total_bytes == 0 {
        return Err(unsupported(format!("this host has no swap, so the guest's memory could go nowhere; {mend}")));
    }
    if swap.free_bytes < SWAP_LEAST_BYTES {
        let message = format!("the {} of swap of this host are full; {mend}", megabytes(swap.total_bytes));
        return Err(Refusal::new(RefusalCode::InsufficientResources, message));
    }
    pageout::may_page_out(&live.pidfd).map_err(|error| unsupported(chain(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_ends_with_the_word_of_who_took_its_place() {
        const MIB: u64 = 1 << 20;
        assert_eq!(replaced("7", MIB, 2 * MIB), REPLACED);
        let given = "the memory controller gave the guest memory back: it may have 2 MB";
        assert_eq!(replaced("", MIB, 2 * MIB), given);
        assert!(replaced("", 2 * MIB, MIB).contains("took memory: the guest is to leave itself 1 MB"));
    }
}
