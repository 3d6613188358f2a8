//! What the controller does in plain situations.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod sim;

use quetzal_control::{Action, Control, HostState, Settings};
use sim::{Guest, Honesty, MIB, Obedience, World, guest, vm};

/// A host of 1000 MiB on which `free` MiB are available with these guests.
fn world(free_mib: u64, guests: Vec<Guest>) -> World {
    let held: u64 = guests.iter().map(|guest| guest.vm.size_bytes / MIB).sum();
    let mut world = World::new(1000, guests);
    world.others_bytes = (1000 - free_mib - held) * MIB;
    world
}

fn target_mib(world: &World, index: usize) -> u64 {
    world.guests[index].vm.target_bytes / MIB
}

#[test]
fn a_host_at_ease_takes_nothing_and_says_nothing() {
    let mut world = world(200, vec![guest(vm(0, 256), 0.2), guest(vm(1, 256), 0.5)]);
    assert_eq!(world.run(600), []);
}

#[test]
fn a_short_host_takes_from_the_idle_until_it_is_at_ease() {
    let mut world = world(30, vec![guest(vm(0, 256), 0.1), guest(vm(1, 256), 0.6)]);
    let decisions = world.run(60);
    assert!(!decisions.is_empty() && decisions.iter().all(|(_, decision)| &*decision.vm_id == "vm-0"));
    assert_eq!(world.state.host(), HostState::High);
    assert!(target_mib(&world, 0) < 240 && target_mib(&world, 1) == 256);
    let reason = &decisions[0].1.reason;
    assert!(reason.contains("host memory is SOFT: 30 MiB available, 60 MiB wanted"), "{reason}");
    assert!(reason.contains("90 % of its 256 MiB idle"), "{reason}");
}

#[test]
fn a_soft_host_waits_for_free_page_reporting_first_and_a_hard_one_does_not() {
    let first = |free_mib| {
        let mut world = world(free_mib, vec![guest(vm(0, 256), 0.1)]);
        // The controller has known the guest for a while.
        world.others_bytes -= 300 * MIB;
        world.run(30);
        world.others_bytes += 300 * MIB;
        let begun = world.now_ms;
        world.run(60).first().unwrap().0 - begun
    };
    assert_eq!((first(30), first(15)), (6_000, 2_000));
}

#[test]
fn a_guest_in_want_gets_at_once_a_third_more_and_one_in_need_all() {
    let mut world = world(200, vec![guest(vm(0, 256), 0.3)]);
    world.guests[0].vm.target_bytes = 128 * MIB;
    world.run(10);
    world.guests[0].load = vec![0.35];
    world.run(2);
    assert_eq!(target_mib(&world, 0), 166);
    world.guests[0].vm.target_bytes = 128 * MIB;
    world.guests[0].load = vec![0.3];
    world.run(6);
    world.guests[0].load = vec![0.48];
    world.run(2);
    assert_eq!(target_mib(&world, 0), 256);
}

#[test]
fn what_was_taken_comes_back_when_the_shortage_is_over() {
    let mut world = world(30, vec![guest(vm(0, 256), 0.1)]);
    world.run(60);
    assert!(target_mib(&world, 0) < 256);
    world.others_bytes -= 300 * MIB;
    world.run(240);
    assert_eq!(target_mib(&world, 0), 256);
}

#[test]
fn a_guest_with_the_better_claim_gets_what_an_idle_one_gives() {
    let mut world = world(45, vec![guest(vm(0, 256), 0.05), guest(vm(1, 256), 0.48)]);
    world.guests[1].vm.target_bytes = 140 * MIB;
    world.guests[1].vm.actual_bytes = Some(140 * MIB);
    world.others_bytes += 116 * MIB;
    let decisions = world.run(120);
    assert!(target_mib(&world, 1) > 180, "{}", target_mib(&world, 1));
    assert!(decisions.iter().any(|(_, decision)| decision.reason.contains("\"vm-1\" wants memory")));
}

#[test]
fn advice_is_given_once_and_never_acted_on() {
    let mut world = world(30, vec![guest(Vm::under(Control::Recommend), 0.1)]);
    let decisions = world.run(300);
    assert_eq!(decisions.len(), 1, "{decisions:#?}");
    assert!(!decisions[0].1.carried_out);
    assert_eq!(target_mib(&world, 0), 256);
}

#[test]
fn advice_is_the_part_that_the_vm_would_have_beside_the_controlled_ones() {
    let mut advised = guest(Vm::under(Control::Recommend), 0.1);
    advised.vm.id = "advised".into();
    let mut world = world(57, vec![guest(vm(1, 256), 0.05), advised]);
    // Short of 43 MiB, of which the more idle one gives the most.
    world.settings.high_ratio = 0.1;
    world.settings.soft_ratio = 0.09;
    let decisions = world.run(14);
    let taken: Vec<_> = decisions.iter().map(|(_, decision)| (&*decision.vm_id, decision.carried_out)).collect();
    assert_eq!(taken, [("vm-1", true), ("advised", false)], "{decisions:#?}");
}

/// One VM with another mode.
struct Vm;
impl Vm {
    fn under(control: Control) -> quetzal_control::Vm {
        quetzal_control::Vm { control, ..vm(0, 256) }
    }
}

#[test]
fn a_vm_that_is_off_or_a_controller_that_is_disabled_is_left_alone() {
    let mut off = world(5, vec![guest(Vm::under(Control::Off), 0.1)]);
    assert_eq!(off.run(120), []);
    let mut disabled = world(5, vec![guest(vm(0, 256), 0.1)]);
    disabled.settings = Settings { enabled: false, ..Settings::default() };
    assert_eq!(disabled.run(120), []);
    assert_eq!(disabled.state.host(), HostState::Low, "the state is told all the same");
}

#[test]
fn a_hard_pressed_host_pages_out_what_balloons_cannot_give() {
    let mut silent = guest(vm(0, 512), 0.2);
    silent.honesty = Honesty::Silent;
    silent.vm.may_page_out = true;
    let mut world = world(15, vec![silent]);
    world.page_out_room_bytes = 400 * MIB;
    let decisions = world.run(60);
    assert!(matches!(decisions[0].1.action, Action::PageOut { .. }), "{decisions:#?}");
    assert_eq!(world.state.host(), HostState::High);
    assert!(world.guests[0].vm.resident_bytes >= 256 * MIB);
}

#[test]
fn a_host_where_nobody_can_give_asks_for_room_once_a_minute_and_names_who_should_go() {
    let mut poor = guest(vm(0, 256), 0.9);
    poor.vm.shares = 100;
    let mut world = world(5, vec![poor, guest(vm(1, 256), 0.9)]);
    let decisions = world.run(180);
    assert!(decisions.len() >= 2 && decisions.len() <= 3, "{decisions:#?}");
    for (_, decision) in &decisions {
        assert!(matches!(decision.action, Action::AskForRoom { missing_bytes } if missing_bytes == 55 * MIB));
        assert_eq!(&*decision.vm_id, "vm-0");
        assert!(decision.reason.contains("migrate"));
    }
}

#[test]
fn a_balloon_that_is_not_obeyed_is_not_pushed_further() {
    let mut stubborn = guest(vm(0, 512), 0.1);
    stubborn.obedience = Obedience::Never;
    let mut world = world(5, vec![stubborn]);
    world.run(600);
    assert_eq!(target_mib(&world, 0), 512 - 51);
}

#[test]
fn a_ceiling_is_reached_and_a_raised_floor_is_kept_at_once() {
    let mut world = world(200, vec![guest(vm(0, 256), 0.1)]);
    world.guests[0].vm.ceiling_bytes = 200 * MIB;
    world.run(120);
    assert!(target_mib(&world, 0) <= 203 && target_mib(&world, 0) >= 200, "{}", target_mib(&world, 0));
    world.guests[0].vm.ceiling_bytes = 256 * MIB;
    world.guests[0].vm.floor_bytes = 240 * MIB;
    world.run(2);
    assert_eq!(target_mib(&world, 0), 240);
}
