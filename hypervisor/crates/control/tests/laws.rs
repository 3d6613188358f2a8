//! The controller's laws over random traces: hosts of any ease, guests of any load, obedience and honesty, of whom all that
//! is told comes late, in a world that changes meanwhile.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod sim;

use std::collections::BTreeMap;

use proptest::prelude::*;
use quetzal_control::{Action, Control, Decision, HostState, Thresholds, Whose};
use sim::late::Late;
use sim::{Guest, Honesty, MIB, Obedience, World, change, vm};

const MINUTES: u64 = 12;
/// No swing between giving and taking is quicker than this.
const SWING_MS: u64 = 60_000;
const WINDOW_MS: u64 = 10_000;
/// The latest that anything is told of a guest.
const LATE_MS: u64 = 10_000;
/// A report that is older says nothing any more.
const SILENT_MS: u64 = 15_000;
/// Once nothing changes any more, the controller has come to rest after this long.
const REST_MINUTES: u64 = 30;

fn honesty() -> impl Strategy<Value = Honesty> {
    prop_oneof![
        6 => Just(Honesty::Honest), 1 => Just(Honesty::Greedy), 1 => Just(Honesty::Absurd),
        1 => Just(Honesty::Silent), 1 => Just(Honesty::Modest),
    ]
}

fn a_guest() -> impl Strategy<Value = Guest> {
    let obedience = prop_oneof![4 => Just(Obedience::AtOnce), 2 => Just(Obedience::Slow), 1 => Just(Obedience::Never)];
    let control = prop_oneof![6 => Just(Control::On), 1 => Just(Control::Recommend), 1 => Just(Control::Off)];
    let policy = (96_u64..1024, 1_u32..4000, 0.45..1.0_f64, 0.5..1.2_f64, control);
    let load = prop::collection::vec(0.02..1.0_f64, 1..8);
    let kernel = (0.0..0.1_f64, any::<bool>());
    // Half of them report as often as they are asked; the others are late in every way.
    let late = prop_oneof![
        Just(Late::default()),
        (2_000..LATE_MS, 0..=LATE_MS, 0..=LATE_MS).prop_map(|(every, report, answer)| Late::by(every, report, answer)),
    ];
    (policy, honesty(), obedience, load, kernel, (any::<bool>(), 0.0..1.0_f64, late)).prop_map(
        |(
            (size_mib, shares, floor, ceiling, control),
            honesty,
            obedience,
            load,
            kernel,
            (may_page_out, begun, late),
        )| {
            let mut vm = vm(0, size_mib);
            vm.control = control;
            vm.shares = shares;
            vm.floor_bytes = sim::share(vm.size_bytes, floor);
            vm.ceiling_bytes = sim::share(vm.size_bytes, ceiling).clamp(vm.floor_bytes, vm.size_bytes);
            // Somebody may have moved the balloon before, within its limits.
            vm.target_bytes = vm.floor_bytes + sim::share(vm.ceiling_bytes - vm.floor_bytes, begun);
            vm.actual_bytes = Some(vm.target_bytes);
            vm.may_page_out = may_page_out;
            // As much as the controller counts on, and more.
            let reserved_ratio = 1.0 / 32.0 + 24.0 / size_mib as f64 + kernel.0;
            Guest { reserved_ratio, counts_balloon: kernel.1, honesty, obedience, load, late, ..sim::guest(vm, 0.0) }
        },
    )
}

/// Guests, what the host has beyond them (may be less than nothing), and others' use of it by the minute.
fn a_world() -> impl Strategy<Value = (World, Vec<u64>)> {
    let guests = prop::collection::vec(a_guest(), 1..7);
    let swing = prop::collection::vec(0_u64..800, 1..6);
    (guests, 0.4..1.4_f64, swing, 0_u64..2000, 0.0..1.0_f64).prop_map(
        |(mut guests, room, others, page_out_room, tax)| {
            for (index, guest) in guests.iter_mut().enumerate() {
                guest.vm.id = format!("vm-{index}").into();
            }
            let held: u64 = guests.iter().map(|guest| guest.vm.size_bytes / MIB).sum();
            let mut world = World::new(sim::share(held, room) + 400, guests);
            world.page_out_room_bytes = page_out_room * MIB;
            world.settings.idle_tax_ratio = tax;
            (world, others)
        },
    )
}

/// The same, and up to 24 things that happen to it.
fn a_changing_world() -> impl Strategy<Value = (World, Vec<u64>)> {
    let changes = prop::collection::vec((0..MINUTES * 60_000, any::<usize>(), change::a_change()), 0..24);
    (a_world(), changes).prop_map(|((mut world, others), mut changes)| {
        changes.sort_by_key(|(at, ..)| *at);
        world.changes = changes.into_iter().map(|(at, place, change)| (world.now_ms + at, place, change)).collect();
        (world, others)
    })
}

/// A decision with the guest as it was when it was made, and before it was carried out, and where the states began then.
struct Step {
    now_ms: u64,
    decision: Decision,
    guest: Guest,
    thresholds: Thresholds,
}

struct Trace {
    steps: Vec<Step>,
    world: World,
}

/// Ticks of one minute.
fn minute(world: &mut World, steps: &mut Vec<Step>) {
    for _ in 0..60_000 / sim::TICK_MS {
        let decisions = world.tick();
        for decision in decisions {
            let guest = world.guests.iter().find(|guest| guest.vm.id == decision.vm_id).unwrap().clone();
            steps.push(Step { now_ms: world.now_ms, decision, guest, thresholds: world.thresholds() });
        }
    }
}

fn trace((mut world, others): (World, Vec<u64>)) -> Trace {
    let mut steps = Vec::new();
    for number in 0..MINUTES {
        world.others_bytes = others[usize::try_from(number).unwrap() % others.len()] * MIB;
        minute(&mut world, &mut steps);
    }
    Trace { steps, world }
}

fn balloon(decision: &Decision) -> Option<(u64, u64)> {
    match decision.action {
        Action::Balloon { from_bytes, to_bytes } => Some((from_bytes, to_bytes)),
        Action::PageOut { .. } | Action::AskForRoom { .. } => None,
    }
}

fn takes(decision: &Decision) -> bool {
    match decision.action {
        Action::Balloon { from_bytes, to_bytes } => to_bytes < from_bytes,
        Action::PageOut { .. } => true,
        Action::AskForRoom { .. } => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_target_is_ever_under_the_floor_or_over_the_ceiling(world in a_changing_world()) {
        for Step { decision, guest, .. } in trace(world).steps {
            if let Some((from, to)) = balloon(&decision) {
                let vm = &guest.vm;
                prop_assert!(to >= vm.floor_bytes.min(vm.size_bytes), "{decision:?}");
                prop_assert!(to <= vm.ceiling_bytes.max(vm.floor_bytes).max(from), "{decision:?}");
                prop_assert!(to <= vm.size_bytes, "{decision:?}");
            }
        }
    }

    #[test]
    fn page_outs_leave_every_guest_its_floor_in_the_hosts_memory(world in a_changing_world()) {
        for Step { decision, guest, .. } in trace(world).steps {
            if let Action::PageOut { bytes, of: Whose::Guest } = decision.action && decision.carried_out {
                let vm = &guest.vm;
                let obeys = guest.obedience != Obedience::Never && !guest.has_lost_driver;
                let to_be_taken = if obeys { vm.actual_bytes.unwrap().saturating_sub(vm.target_bytes) } else { 0 };
                prop_assert!(vm.resident_bytes >= vm.floor_bytes + to_be_taken + bytes, "{decision:?} {guest:?}");
            }
        }
    }

    #[test]
    fn memory_is_taken_slowly(world in a_changing_world()) {
        let mut last: BTreeMap<_, u64> = BTreeMap::new();
        for Step { now_ms, decision, .. } in trace(world).steps {
            let Some((from, to)) = balloon(&decision).filter(|(from, to)| to < from && decision.carried_out) else {
                continue;
            };
            prop_assert!(from - to <= from / 10, "{decision:?}");
            if let Some(before) = last.insert(decision.vm_id.clone(), now_ms) {
                prop_assert!(now_ms - before >= WINDOW_MS, "{decision:?}");
            }
        }
    }

    #[test]
    fn no_vm_swings_back_and_forth_within_a_minute(world in a_changing_world()) {
        // By VM: the moments at which its direction changed, with the direction.
        let mut turns: BTreeMap<_, Vec<(u64, bool)>> = BTreeMap::new();
        for Step { now_ms, decision, .. } in trace(world).steps {
            let Some((from, to)) = balloon(&decision).filter(|_| decision.carried_out) else { continue };
            let turns = turns.entry(decision.vm_id.clone()).or_default();
            if turns.last().is_none_or(|(_, up)| *up != (to > from)) {
                turns.push((now_ms, to > from));
            }
        }
        for (vm, turns) in turns {
            for pair in turns.windows(3) {
                prop_assert!(pair[2].0 - pair[0].0 >= SWING_MS, "{vm}: {turns:?}");
            }
        }
    }

    /// By what it said of itself last: nobody can know what it has not told yet.
    #[test]
    fn nothing_is_taken_from_a_guest_that_has_told_of_its_want(world in a_changing_world()) {
        for Step { now_ms, decision, guest, .. } in trace(world).steps {
            let told = guest.late.newest(now_ms).filter(|(age_ms, _)| *age_ms <= SILENT_MS);
            // A guest that hides its want (or says nothing) cannot be spared for it.
            if let Some((_, told)) = told.filter(|_| takes(&decision)) {
                prop_assert!(!told.was_wanting, "{decision:?} {guest:?}");
            }
        }
    }

    /// What was told late is still true of a guest whose programs have changed nothing since.
    #[test]
    fn nothing_is_taken_from_a_guest_that_wants_memory_and_could_have_told(world in a_changing_world()) {
        for Step { now_ms, decision, guest, .. } in trace(world).steps {
            let made = guest.late.newest_made_ms(now_ms).filter(|made| now_ms - made <= SILENT_MS);
            let is_true_still = made.is_some_and(|made| made >= guest.load_changed_ms.max(guest.honest_since_ms));
            if is_true_still && takes(&decision) && guest.honesty == Honesty::Honest {
                prop_assert!(!guest.is_wanting(), "{decision:?} {guest:?}");
            }
        }
    }

    #[test]
    fn the_state_is_always_the_one_of_the_available_memory(world in a_changing_world()) {
        for Step { decision, thresholds, .. } in &trace(world).steps {
            let (state, available) = (decision.state, decision.host_available_bytes);
            let entered = [thresholds.high_bytes, thresholds.soft_bytes, thresholds.hard_bytes];
            // Below the upper threshold of the state, and not below its own lower one.
            match state {
                HostState::High => prop_assert!(available >= entered[1]),
                HostState::Soft => prop_assert!(available < entered[0] && available >= entered[2]),
                HostState::Hard => prop_assert!(available < entered[1] && available >= thresholds.low_bytes),
                HostState::Low => prop_assert!(available < entered[2]),
            }
        }
    }

    #[test]
    fn advice_is_never_carried_out_and_what_is_off_is_never_named(world in a_changing_world()) {
        for Step { decision, guest, .. } in trace(world).steps {
            prop_assert!(guest.vm.control != Control::Off);
            prop_assert_eq!(decision.carried_out, guest.vm.control == Control::On);
        }
    }

    #[test]
    fn what_a_guest_gets_is_memory_that_the_host_can_spare(world in a_changing_world()) {
        let trace = trace(world);
        let mut by_tick: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for Step { now_ms, decision, guest, thresholds } in &trace.steps {
            // A floor that was raised is a promise, kept whatever the host has.
            if let Some((from, to)) = balloon(decision).filter(|_| decision.carried_out)
                && to > from
                && from >= guest.vm.floor_bytes
            {
                let spare = decision.host_available_bytes.saturating_sub(thresholds.soft_bytes);
                let tick = by_tick.entry(*now_ms).or_insert((0, spare));
                tick.0 += to - from;
            }
        }
        for (given, spare) in by_tick.values() {
            prop_assert!(given <= spare, "{given} of {spare}");
        }
    }

    /// The others' targets with a liar among them are within their floors, and a liar that the host does not believe
    /// gains nothing by its words.
    #[test]
    fn a_liar_gains_nothing_and_the_others_keep_their_floors(
        (mut world, others) in a_world(),
        lie in prop_oneof![Just(Honesty::Absurd), Just(Honesty::Greedy)],
    ) {
        world.guests[0].honesty = lie;
        world.guests[0].vm.control = Control::On;
        let claimed = world.guests[0].vm.ceiling_bytes;
        let trace = trace((world, others));
        for Step { decision, guest, .. } in &trace.steps {
            if let Some((from, to)) = balloon(decision) {
                prop_assert!(to >= guest.vm.floor_bytes.min(from));
                if guest.vm.id == trace.world.guests[0].vm.id && lie == Honesty::Absurd && to > from {
                    prop_assert!(!decision.reason.contains("available, under"), "{}", decision.reason);
                }
            }
        }
        prop_assert!(trace.world.guests[0].vm.target_bytes <= claimed);
    }

    #[test]
    fn the_same_trace_gives_the_same_decisions(world in a_changing_world()) {
        let (one, other) = (trace(world.clone()), trace(world));
        let said = |trace: Trace| trace.steps.into_iter().map(|step| (step.now_ms, step.decision)).collect::<Vec<_>>();
        prop_assert_eq!(said(one), said(other));
    }

    /// Whatever has happened: of honest guests with steady programs, on a host where nothing changes any more, none is both
    /// given memory and taken from after a while.
    #[test]
    fn a_world_that_has_come_to_rest_is_left_in_peace((world, others) in a_changing_world()) {
        let mut world = trace((world, others)).world;
        for guest in &mut world.guests {
            guest.load.truncate(1);
            guest.honesty = Honesty::Honest;
            guest.is_paused = false;
            guest.has_lost_driver = false;
        }
        let mut steps = Vec::new();
        (0..REST_MINUTES).for_each(|_| minute(&mut world, &mut steps));
        steps.clear();
        (0..REST_MINUTES).for_each(|_| minute(&mut world, &mut steps));
        let mut ways: BTreeMap<_, bool> = BTreeMap::new();
        for Step { now_ms, decision, .. } in &steps {
            let Some((from, to)) = balloon(decision).filter(|_| decision.carried_out) else { continue };
            let way = *ways.entry(decision.vm_id.clone()).or_insert(to > from);
            prop_assert!(way == (to > from), "at {now_ms}: {decision:?}");
        }
    }
}
