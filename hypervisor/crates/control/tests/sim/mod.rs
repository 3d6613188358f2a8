//! A host with simple guests, for the controller's laws: each guest uses what its random trace says, keeps the rest as
//! idle memory that it has touched, obeys its balloon quickly, slowly or never, and reports the truth, lies or nothing.
//! What is told of a guest comes late (late.rs), and the world changes meanwhile (change.rs).
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses its part")]

pub mod change;
pub mod late;

use std::sync::Arc;

use change::Change;
use late::{Late, Told};
use quetzal_control::{
    Action, Control, Decision, GuestReport, Host, Observations, Settings, State, Thresholds, Vm, Whose, decide,
};

pub const MIB: u64 = 1 << 20;
pub const TICK_MS: u64 = 2_000;
/// Guests that change their minds this often would make a careless controller swing.
const LOAD_MS: u64 = 14_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    Honest,
    /// Always says that it has nothing left.
    Greedy,
    /// Figures beyond its memory.
    Absurd,
    Silent,
    /// Says that all is idle, and uses it.
    Modest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obedience {
    AtOnce,
    Slow,
    Never,
}

#[derive(Debug, Clone)]
pub struct Guest {
    /// As it is; `seen` is what the controller is told.
    pub vm: Vm,
    pub honesty: Honesty,
    pub obedience: Obedience,
    /// What its programs use, by time: one figure for each `LOAD_MS`, as a share of its size.
    pub load: Vec<f64>,
    pub used_bytes: u64,
    /// What its kernel keeps for itself.
    pub reserved_ratio: f64,
    /// Whether the balloon's pages are part of the total that it tells.
    pub counts_balloon: bool,
    pub late: Late,
    /// Its vCPUs stand still.
    pub is_paused: bool,
    /// Its driver is gone: the balloon is empty, and nothing is reported.
    pub has_lost_driver: bool,
    /// On its way through a state in which nobody controls it.
    pub is_hidden: bool,
    pub load_changed_ms: u64,
    pub honest_since_ms: u64,
}

#[derive(Debug, Clone)]
pub struct World {
    pub now_ms: u64,
    pub total_bytes: u64,
    /// What others on the host take.
    pub others_bytes: u64,
    pub page_out_room_bytes: u64,
    pub guests: Vec<Guest>,
    /// Those that have left and may come back.
    pub gone: Vec<Guest>,
    pub state: State,
    pub settings: Settings,
    /// What happens, when, and to which guest.
    pub changes: Vec<(u64, usize, Change)>,
}

pub fn vm(id: usize, size_mib: u64) -> Vm {
    Vm {
        id: Arc::from(format!("vm-{id}")),
        control: Control::On,
        shares: 1000,
        size_bytes: size_mib * MIB,
        floor_bytes: size_mib / 2 * MIB,
        ceiling_bytes: size_mib * MIB,
        target_bytes: size_mib * MIB,
        actual_bytes: Some(size_mib * MIB),
        resident_bytes: size_mib * MIB,
        own_bytes: 60 * MIB,
        swapped_bytes: 0,
        major_faults: 0,
        has_balloon: true,
        may_page_out: false,
        guest: None,
    }
}

pub fn guest(vm: Vm, load: f64) -> Guest {
    Guest {
        vm,
        honesty: Honesty::Honest,
        obedience: Obedience::AtOnce,
        load: vec![load],
        used_bytes: 0,
        reserved_ratio: 0.0,
        counts_balloon: true,
        late: Late::default(),
        is_paused: false,
        has_lost_driver: false,
        is_hidden: false,
        load_changed_ms: 0,
        honest_since_ms: 0,
    }
}

/// `bytes` times a ratio from 0 to 1.
#[expect(clippy::cast_possible_truncation, reason = "whole bytes are meant, and a part of them fits")]
pub fn share(bytes: u64, ratio: f64) -> u64 {
    (bytes as f64 * ratio) as u64
}

impl Guest {
    fn live(&mut self, now_ms: u64) {
        if !self.is_paused {
            self.work(now_ms);
        }
        self.late.note(now_ms, self.vm.actual_bytes.unwrap(), self.word());
    }

    fn work(&mut self, now_ms: u64) {
        let step = usize::try_from(now_ms / LOAD_MS).unwrap();
        let wished = share(self.vm.size_bytes, self.load[step % self.load.len()]);
        let actual = self.vm.actual_bytes.unwrap();
        let target = if self.has_lost_driver { self.vm.size_bytes } else { self.vm.target_bytes };
        let next = match self.obedience {
            Obedience::Never if target < actual => actual,
            Obedience::Slow if target < actual => actual.saturating_sub(4 * MIB).max(target),
            Obedience::AtOnce | Obedience::Never | Obedience::Slow => target,
        };
        self.vm.actual_bytes = Some(next);
        let usable = self.usable_bytes(next);
        let used = wished.min(usable);
        if used != self.used_bytes {
            self.load_changed_ms = now_ms;
        }
        self.used_bytes = used;
        // It has touched all that it has; what was paged out comes back when the guest has less room than it needs.
        self.vm.swapped_bytes = self.vm.swapped_bytes.min(next);
        self.vm.resident_bytes = next - self.vm.swapped_bytes;
        let needed_back = self.used_bytes.saturating_sub(self.vm.resident_bytes).min(self.vm.swapped_bytes);
        self.vm.swapped_bytes -= needed_back;
        self.vm.resident_bytes += needed_back;
        self.vm.major_faults += needed_back / 4096;
    }

    /// What it says of itself now; None: nothing.
    fn word(&self) -> Option<Told> {
        if self.is_paused || self.has_lost_driver {
            return None;
        }
        let actual = self.vm.actual_bytes.unwrap();
        let usable = self.usable_bytes(actual);
        let total_bytes = self.usable_bytes(if self.counts_balloon { self.vm.size_bytes } else { actual });
        let (total_bytes, available_bytes) = match self.honesty {
            Honesty::Honest => (total_bytes, usable - self.used_bytes),
            Honesty::Greedy => (total_bytes, 0),
            Honesty::Modest => (total_bytes, usable),
            Honesty::Absurd => (total_bytes * 3, total_bytes * 2),
            Honesty::Silent => return None,
        };
        Some(Told { total_bytes, available_bytes, was_wanting: self.is_wanting() && self.honesty == Honesty::Honest })
    }

    /// What is told of it now.
    pub fn seen(&self, now_ms: u64) -> Vm {
        let guest = self.late.newest(now_ms).map(|(age_ms, told)| GuestReport {
            age_ms,
            total_bytes: told.total_bytes,
            available_bytes: told.available_bytes,
        });
        let has_balloon = self.vm.has_balloon && !self.is_paused;
        Vm { guest, has_balloon, actual_bytes: self.late.actual(now_ms), ..self.vm.clone() }
    }

    fn usable_bytes(&self, has_bytes: u64) -> u64 {
        let reserved = share(self.vm.size_bytes, self.reserved_ratio);
        has_bytes.saturating_sub(reserved)
    }

    /// The truth, which the controller may not know.
    pub fn is_wanting(&self) -> bool {
        let usable = self.usable_bytes(self.vm.actual_bytes.unwrap());
        ((usable - self.used_bytes) as f64) < 0.35 * usable as f64
    }
}

impl World {
    pub fn new(total_mib: u64, guests: Vec<Guest>) -> Self {
        Self {
            now_ms: 1_000_000,
            total_bytes: total_mib * MIB,
            others_bytes: 0,
            page_out_room_bytes: 0,
            guests,
            gone: Vec::new(),
            state: State::default(),
            settings: Settings::default(),
            changes: Vec::new(),
        }
    }

    pub fn thresholds(&self) -> Thresholds {
        Thresholds::of(&self.settings, self.total_bytes)
    }

    pub fn available_bytes(&self) -> u64 {
        let held: u64 = self.guests.iter().map(|guest| guest.vm.resident_bytes + guest.vm.swapped_bytes / 2).sum();
        self.total_bytes.saturating_sub(held + self.others_bytes)
    }

    pub fn observe(&self) -> Observations {
        Observations {
            now_ms: self.now_ms,
            host: Host {
                total_bytes: self.total_bytes,
                available_bytes: self.available_bytes(),
                page_out_room_bytes: self.page_out_room_bytes,
            },
            vms: self.guests.iter().filter(|guest| !guest.is_hidden).map(|guest| guest.seen(self.now_ms)).collect(),
        }
    }

    /// One tick: what happens now does, guests live, the controller looks and decides, what it decided is ordered.
    pub fn tick(&mut self) -> Vec<Decision> {
        self.now_ms += TICK_MS;
        self.guests.iter_mut().for_each(|guest| guest.is_hidden = false);
        let (due, later) = std::mem::take(&mut self.changes).into_iter().partition(|(at, ..)| *at <= self.now_ms);
        self.changes = later;
        let due: Vec<(u64, usize, Change)> = due;
        due.into_iter().for_each(|(_, place, change)| change.happen(self, place));
        for guest in &mut self.guests {
            guest.live(self.now_ms);
        }
        let (decisions, state) = decide(&self.observe(), &self.state, &self.settings);
        self.state = state;
        for decision in decisions.iter().filter(|decision| decision.carried_out) {
            let guest = self.guests.iter_mut().find(|guest| guest.vm.id == decision.vm_id).unwrap();
            match decision.action {
                Action::Balloon { to_bytes, .. } => guest.vm.target_bytes = to_bytes,
                Action::PageOut { bytes, of: Whose::Guest } => {
                    guest.vm.swapped_bytes += bytes.min(guest.vm.resident_bytes);
                }
                Action::PageOut { bytes, of: Whose::Qemu } => guest.vm.own_bytes -= bytes.min(guest.vm.own_bytes),
                Action::AskForRoom { .. } => {}
            }
        }
        decisions
    }

    pub fn run(&mut self, seconds: u64) -> Vec<(u64, Decision)> {
        let mut all = Vec::new();
        for _ in 0..seconds * 1_000 / TICK_MS {
            let decisions = self.tick();
            all.extend(decisions.into_iter().map(|decision| (self.now_ms, decision)));
        }
        all
    }
}
