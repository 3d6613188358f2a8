//! What happens to a host while its controller works: VMs come and go, drivers are lost, people change their minds.
use proptest::prelude::*;
use quetzal_control::{Control, Settings};

use super::{Guest, Honesty, MIB, World, share};

#[derive(Debug, Clone)]
pub enum Change {
    Leave,
    /// Of one that left: another process of the same name, or the same again after seconds.
    Return {
        anew: bool,
    },
    /// For one look it is in no state in which it is controlled.
    Hide,
    Pause(bool),
    LoseDriver(bool),
    /// It stops answering, lies, or tells the truth from here on.
    Speak(Honesty),
    Control(Control),
    Floor(f64),
    Ceiling(f64),
    Shares(u32),
    /// Somebody moves its balloon, to this share of what there is between its limits.
    Hand(f64),
    /// 128 MiB are plugged in.
    Grow,
    /// All thresholds, times this.
    Thresholds(f64),
    Enabled(bool),
    PageOutRoom(u64),
}

pub fn a_change() -> impl Strategy<Value = Change> {
    let honesty = prop_oneof![
        2 => Just(Honesty::Honest), 2 => Just(Honesty::Silent), 1 => Just(Honesty::Greedy),
        1 => Just(Honesty::Absurd), 1 => Just(Honesty::Modest),
    ];
    let control = prop_oneof![2 => Just(Control::On), 1 => Just(Control::Recommend), 1 => Just(Control::Off)];
    prop_oneof![
        2 => Just(Change::Leave),
        2 => any::<bool>().prop_map(|anew| Change::Return { anew }),
        2 => Just(Change::Hide),
        1 => any::<bool>().prop_map(Change::Pause),
        2 => any::<bool>().prop_map(Change::LoseDriver),
        3 => honesty.prop_map(Change::Speak),
        3 => control.prop_map(Change::Control),
        1 => (0.45..1.0_f64).prop_map(Change::Floor),
        1 => (0.5..1.2_f64).prop_map(Change::Ceiling),
        1 => (1_u32..4000).prop_map(Change::Shares),
        2 => (0.0..1.0_f64).prop_map(Change::Hand),
        1 => Just(Change::Grow),
        2 => (0.3..4.0_f64).prop_map(Change::Thresholds),
        2 => any::<bool>().prop_map(Change::Enabled),
        1 => (0_u64..2000).prop_map(Change::PageOutRoom),
    ]
}

impl Change {
    /// To the world, or to the guest at this place of its list, counted round.
    pub fn happen(&self, world: &mut World, place: usize) {
        match self {
            Self::Leave if world.guests.len() > 1 => {
                let guest = world.guests.remove(place % world.guests.len());
                world.gone.push(guest);
            }
            Self::Return { anew } if !world.gone.is_empty() => {
                let mut guest = world.gone.remove(place % world.gone.len());
                if *anew {
                    guest.begin_anew();
                }
                world.guests.push(guest);
            }
            Self::Leave | Self::Return { .. } => {}
            Self::Thresholds(times) => {
                let usual = Settings::default();
                world.settings = Settings {
                    high_ratio: usual.high_ratio * times,
                    soft_ratio: usual.soft_ratio * times,
                    hard_ratio: usual.hard_ratio * times,
                    low_ratio: usual.low_ratio * times,
                    ..world.settings
                };
            }
            Self::Enabled(enabled) => world.settings.enabled = *enabled,
            Self::PageOutRoom(mib) => world.page_out_room_bytes = mib * MIB,
            of_a_guest => {
                let place = place % world.guests.len();
                let now_ms = world.now_ms;
                world.guests[place].suffer(of_a_guest, now_ms);
            }
        }
    }
}

impl Guest {
    fn suffer(&mut self, change: &Change, now_ms: u64) {
        let vm = &mut self.vm;
        match change {
            Change::Hide => self.is_hidden = true,
            Change::Pause(is_paused) => self.is_paused = *is_paused,
            Change::LoseDriver(is_lost) => self.has_lost_driver = *is_lost,
            Change::Speak(honesty) => {
                self.honesty = *honesty;
                self.honest_since_ms = now_ms;
            }
            Change::Control(control) => vm.control = *control,
            // As the daemon has them: no floor above what there is, and no ceiling below the floor.
            Change::Floor(ratio) => {
                vm.floor_bytes = share(vm.size_bytes, *ratio);
                vm.ceiling_bytes = vm.ceiling_bytes.max(vm.floor_bytes);
            }
            Change::Ceiling(ratio) => {
                vm.ceiling_bytes = share(vm.size_bytes, *ratio).clamp(vm.floor_bytes, vm.size_bytes);
            }
            Change::Shares(shares) => vm.shares = *shares,
            Change::Hand(ratio) => {
                let most = vm.ceiling_bytes.max(vm.floor_bytes);
                vm.target_bytes = vm.floor_bytes + share(most - vm.floor_bytes, *ratio);
            }
            Change::Grow => {
                let more = 128 * MIB;
                vm.size_bytes += more;
                vm.ceiling_bytes += more;
                vm.target_bytes = vm.size_bytes;
                vm.actual_bytes = vm.actual_bytes.map(|bytes| bytes + more);
            }
            Change::Leave
            | Change::Return { .. }
            | Change::Thresholds(_)
            | Change::Enabled(_)
            | Change::PageOutRoom(_) => {}
        }
    }

    /// Another process: its guest has all of its memory, and nothing was fetched back or told yet.
    fn begin_anew(&mut self) {
        let vm = &mut self.vm;
        vm.target_bytes = vm.size_bytes;
        vm.actual_bytes = Some(vm.size_bytes);
        vm.resident_bytes = vm.size_bytes;
        vm.swapped_bytes = 0;
        vm.major_faults = 0;
        self.has_lost_driver = false;
        self.is_paused = false;
        self.late.begin_anew();
    }
}
