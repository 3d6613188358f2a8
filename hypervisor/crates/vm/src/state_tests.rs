//! Laws of the state machine: the whole table of verbs, the whole table of observations, and any walk through both.
use proptest::prelude::*;

use super::*;

/// One row a verb, one column a state in the order of `VmState::ALL`.
const VERDICTS: &str = "
           DEFINED   STARTING  RUNNING   PAUSED    STOPPING  STOPPED   MIGRATING CRASHED
Define     stay      stay      stay      stay      stay      stay      stay      stay
Start      STARTING  starting  already   already   stopping  STARTING  migrating STARTING
Stop       off       starting  STOPPING  paused    stopping  off       migrating off
ForceOff   off       stay      stay      stay      stay      off       migrating off
Reset      off       starting  stay      stay      stopping  off       migrating off
Pause      off       starting  stay      is-paused stopping  off       migrating off
Resume     off       starting  not-paus  stay      stopping  off       migrating off
Balloon    off       starting  stay      paused    stopping  off       migrating off
ResizeMemory off     starting  stay      paused    stopping  off       migrating off
PageOut    off       starting  stay      stay      stopping  off       migrating off
SetVcpus   off       starting  stay      paused    stopping  off       migrating off
Delete     gone      starting  on        on        on        gone      migrating gone
Cancel     nothing   stay      stay      stay      stay      nothing   migrating nothing
";

/// One row an observation; "-" means that it changes nothing.
const MOVES: &str = "
             DEFINED   STARTING  RUNNING   PAUSED    STOPPING  STOPPED   MIGRATING CRASHED
Launched     -         running   -         -         -         -         -         -
StartUndone  -         stopped   -         -         -         -         -         -
VcpusStopped -         -         paused    -         paused    -         -         -
VcpusRun     -         -         -         running   -         -         -         -
StopGivenUp  -         -         -         -         running   -         -         -
EndedAsAsked -         stopped   stopped   stopped   stopped   -         stopped   -
EndedUnasked -         crashed   crashed   crashed   crashed   -         crashed   -
";

const OBSERVATIONS: [Observation; 7] = [
    Observation::Launched,
    Observation::StartUndone,
    Observation::VcpusStopped,
    Observation::VcpusRun,
    Observation::StopGivenUp,
    Observation::EndedAsAsked,
    Observation::EndedUnasked,
];

fn word(verdict: Result<Next, DenialReason>) -> &'static str {
    match verdict {
        Ok(Next::Enter(VmState::Starting)) => "STARTING",
        Ok(Next::Enter(VmState::Stopping)) => "STOPPING",
        Ok(Next::Enter(other)) => panic!("no verb enters {}", other.name()),
        Ok(Next::Stay) => "stay",
        Ok(Next::Gone) => "gone",
        Err(DenialReason::AlreadyOn) => "already",
        Err(DenialReason::NotOn) => "off",
        Err(DenialReason::StartUnderWay) => "starting",
        Err(DenialReason::StopUnderWay) => "stopping",
        Err(DenialReason::MigrationUnderWay) => "migrating",
        Err(DenialReason::GuestPaused) => "paused",
        Err(DenialReason::AlreadyPaused) => "is-paused",
        Err(DenialReason::NotPaused) => "not-paus",
        Err(DenialReason::MustBeOff) => "on",
        Err(DenialReason::NothingToCancel) => "nothing",
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.trim().lines().skip(1).map(|line| line.split_whitespace().collect())
}

#[test]
fn every_verb_in_every_state_is_judged_as_the_table_says() {
    let mut judged = 0;
    for (row, verb) in rows(VERDICTS).zip(Verb::ALL) {
        assert_eq!(row[0], format!("{verb:?}"));
        for (expected, state) in row[1..].iter().zip(VmState::ALL) {
            let verdict = decide(state, verb).map_err(|denial| denial.reason);
            assert_eq!(word(verdict), *expected, "{verb:?} in {state:?}");
            judged += 1;
        }
    }
    assert_eq!(judged, Verb::ALL.len() * VmState::ALL.len());
}

#[test]
fn every_observation_in_every_state_moves_as_the_table_says() {
    let mut moved = 0;
    for (row, seen) in rows(MOVES).zip(OBSERVATIONS) {
        assert_eq!(row[0], format!("{seen:?}"));
        for (expected, state) in row[1..].iter().zip(VmState::ALL) {
            let expected = if *expected == "-" { state.name() } else { expected };
            assert_eq!(observe(state, seen).name(), expected, "{seen:?} in {state:?}");
            moved += 1;
        }
    }
    assert_eq!(moved, OBSERVATIONS.len() * VmState::ALL.len());
}

#[test]
fn a_denial_is_one_sentence_with_verb_state_and_mend() {
    let denial = decide(VmState::Migrating, Verb::Start).unwrap_err();
    assert_eq!(denial.to_string(), "start is denied while migrating: it is migrating; wait for the migration's end");
    let denial = decide(VmState::Running, Verb::Start).unwrap_err();
    assert_eq!(denial.to_string(), "start is denied while running: it is already on");
}

#[derive(Debug, Clone)]
enum Step {
    Ask(Verb),
    See(Observation),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ask = prop::sample::select(Verb::ALL.to_vec()).prop_map(Step::Ask);
    let see = prop::sample::select(OBSERVATIONS.to_vec()).prop_map(Step::See);
    prop::collection::vec(prop_oneof![ask, see], 0..200)
}

fn start_at() -> impl Strategy<Value = VmState> {
    prop::sample::select(VmState::ALL.to_vec())
}

proptest! {
    #[test]
    fn only_a_start_turns_on_and_only_an_end_turns_off(mut state in start_at(), walk in steps()) {
        for step in walk {
            let before = state;
            match step {
                Step::Ask(verb) => if let Ok(Next::Enter(next)) = decide(state, verb) {
                    state = next;
                    prop_assert!(before.is_off() == (verb == Verb::Start));
                },
                Step::See(seen) => {
                    state = observe(state, seen);
                    let ends = matches!(seen, Observation::EndedAsAsked | Observation::EndedUnasked | Observation::StartUndone);
                    prop_assert!(!before.is_off() || state == before, "an observation turned an idle VM on");
                    prop_assert!(!state.is_off() || before.is_off() || ends);
                }
            }
            prop_assert!(state != VmState::Migrating || before == VmState::Migrating);
        }
    }

    #[test]
    fn every_state_but_migrating_has_a_way_to_off(state in start_at()) {
        let has_way = state.is_off() || decide(state, Verb::ForceOff).is_ok();
        prop_assert_eq!(has_way, state != VmState::Migrating);
        prop_assert!(observe(state, Observation::EndedUnasked).is_off());
    }
}
