//! Pinning: which CPUs of the host run which of QEMU's threads. Threads are told by their names, for that waits for no
//! QEMU. A thread that QEMU starts later runs where its main thread runs.
use std::collections::BTreeSet;

use quetzal_host::HostError;
use quetzal_host::affinity;

use super::vcpu_of_thread;
use crate::refusal::{Refusal, RefusalCode};
use crate::spec::CpuPolicy;

/// QEMU starts threads while they are being listed; more often in a row does not happen.
const ROUNDS: usize = 3;

/// Whether this process, and so QEMU, may use the CPUs that the policy names.
pub fn check_pins(policy: &CpuPolicy) -> Result<(), Refusal> {
    if policy.pins.is_empty() && policy.emulator_cpus.is_none() {
        return Ok(());
    }
    let available =
        affinity::available().map_err(|error| Refusal::new(RefusalCode::Unsupported, crate::refusal::chain(&error)))?;
    let pins = policy.pins.iter().enumerate().map(|(index, pin)| (format!("cpu_policy.pins[{index}].cpus"), &pin.cpus));
    let emulator = policy.emulator_cpus.iter().map(|cpus| ("cpu_policy.emulator_cpus".to_owned(), cpus));
    pins.chain(emulator).try_for_each(|(field, cpus)| is_there(field, cpus, &available))
}

fn is_there(field: String, cpus: &BTreeSet<u32>, available: &BTreeSet<u32>) -> Result<(), Refusal> {
    let Some(missing) = cpus.iter().find(|cpu| !available.contains(cpu)) else { return Ok(()) };
    let message = format!(
        "CPU {missing} is offline or closed to quetzald; give some of {}, or bring it online",
        affinity::list(available)
    );
    Err(Refusal::new(RefusalCode::OutOfRange, message).at(field))
}

/// Puts every thread of QEMU where the policy wants it; one that the policy does not name may run on all CPUs.
pub(super) fn apply(pid: u32, policy: &CpuPolicy) -> Result<(), HostError> {
    let all = affinity::available()?;
    let emulator = policy.emulator_cpus.as_ref().unwrap_or(&all);
    // First, so that whatever it starts from here on is in its place.
    affinity::set(pid, emulator)?;
    let mut placed = BTreeSet::from([pid]);
    for _ in 0..ROUNDS {
        let threads = affinity::threads(pid)?;
        let fresh: Vec<_> = threads.iter().filter(|thread| !placed.contains(&thread.tid)).collect();
        if fresh.is_empty() {
            break;
        }
        for thread in fresh {
            affinity::set(thread.tid, cpus_of(&thread.name, policy, &all, emulator))?;
            placed.insert(thread.tid);
        }
    }
    Ok(())
}

fn cpus_of<'c>(
    name: &str,
    policy: &'c CpuPolicy,
    all: &'c BTreeSet<u32>,
    emulator: &'c BTreeSet<u32>,
) -> &'c BTreeSet<u32> {
    match vcpu_of_thread(name) {
        Some(vcpu) => policy.pins.iter().find(|pin| pin.vcpu == vcpu).map_or(all, |pin| &pin.cpus),
        None => emulator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Pin;

    fn cpus(list: &[u32]) -> BTreeSet<u32> {
        list.iter().copied().collect()
    }

    #[test]
    fn a_thread_runs_where_the_policy_wants_it_and_else_anywhere() {
        let policy = CpuPolicy { pins: vec![Pin { vcpu: 1, cpus: cpus(&[3]) }], ..CpuPolicy::default() };
        let (all, emulator) = (cpus(&[0, 1, 2, 3]), cpus(&[2]));
        let place = |name| cpus_of(name, &policy, &all, &emulator).clone();
        assert_eq!(place("CPU 1/KVM"), cpus(&[3]));
        assert_eq!(place("CPU 10/TCG"), all);
        for name in ["qemu-system-x86", "IO mon_iothread", "CPU", "CPU x/TCG", ""] {
            assert_eq!(place(name), emulator, "{name}");
        }
    }

    #[test]
    fn a_cpu_that_is_not_there_is_named_with_those_that_are() {
        let available = affinity::available().unwrap();
        let there = available.first().copied().unwrap();
        let mut policy = CpuPolicy { emulator_cpus: Some(cpus(&[there])), ..CpuPolicy::default() };
        check_pins(&policy).unwrap();
        policy.pins = vec![Pin { vcpu: 0, cpus: cpus(&[there, 1000]) }];
        let refusal = check_pins(&policy).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_str()), (RefusalCode::OutOfRange, "cpu_policy.pins[0].cpus"));
        let list = affinity::list(&available);
        assert!(refusal.message.contains("CPU 1000") && refusal.message.contains(&list), "{refusal}");
    }
}
