//! A host with simple guests, for the controller's laws: each guest uses what its random trace says, keeps the rest as
//! idle memory that it has touched, obeys its balloon quickly, slowly or never, and reports the truth, lies or nothing.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses its part")]

use std::sync::Arc;

use quetzal_control::{Action, Control, Decision, GuestReport, Host, Observations, Settings, State, Vm, Whose, decide};

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
}

#[derive(Debug)]
pub struct World {
    pub now_ms: u64,
    pub total_bytes: u64,
    /// What others on the host take.
    pub others_bytes: u64,
    pub page_out_room_bytes: u64,
    pub guests: Vec<Guest>,
    pub state: State,
    pub settings: Settings,
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
    }
}

/// `bytes` times a ratio from 0 to 1.
#[expect(clippy::cast_possible_truncation, reason = "whole bytes are meant, and a part of them fits")]
pub fn share(bytes: u64, ratio: f64) -> u64 {
    (bytes as f64 * ratio) as u64
}

impl Guest {
    fn live(&mut self, now_ms: u64) {
        let step = usize::try_from(now_ms / LOAD_MS).unwrap();
        let wished = share(self.vm.size_bytes, self.load[step % self.load.len()]);
        let actual = self.vm.actual_bytes.unwrap();
        let next = match self.obedience {
            Obedience::AtOnce => self.vm.target_bytes,
            Obedience::Never if self.vm.target_bytes < actual => actual,
            Obedience::Never => self.vm.target_bytes,
            Obedience::Slow if self.vm.target_bytes < actual => {
                actual.saturating_sub(4 * MIB).max(self.vm.target_bytes)
            }
            Obedience::Slow => self.vm.target_bytes,
        };
        self.vm.actual_bytes = Some(next);
        let usable = self.usable_bytes(next);
        self.used_bytes = wished.min(usable);
        // It has touched all that it has; what was paged out comes back when the guest has less room than it needs.
        self.vm.swapped_bytes = self.vm.swapped_bytes.min(next);
        self.vm.resident_bytes = next - self.vm.swapped_bytes;
        let needed_back = self.used_bytes.saturating_sub(self.vm.resident_bytes).min(self.vm.swapped_bytes);
        self.vm.swapped_bytes -= needed_back;
        self.vm.resident_bytes += needed_back;
        self.vm.major_faults += needed_back / 4096;
        let total_bytes = self.usable_bytes(if self.counts_balloon { self.vm.size_bytes } else { next });
        let said = |available_bytes| Some(GuestReport { age_ms: 0, total_bytes, available_bytes });
        self.vm.guest = match self.honesty {
            Honesty::Honest => said(usable - self.used_bytes),
            Honesty::Greedy => said(0),
            Honesty::Modest => said(usable),
            Honesty::Absurd => {
                Some(GuestReport { age_ms: 0, total_bytes: total_bytes * 3, available_bytes: total_bytes * 2 })
            }
            Honesty::Silent => None,
        };
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
            state: State::default(),
            settings: Settings::default(),
        }
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
            vms: self.guests.iter().map(|guest| guest.vm.clone()).collect(),
        }
    }

    /// One tick: guests live, the controller looks and decides, what it decided is ordered.
    pub fn tick(&mut self) -> Vec<Decision> {
        self.now_ms += TICK_MS;
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
