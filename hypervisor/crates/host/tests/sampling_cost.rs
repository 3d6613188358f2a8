//! What a sample of 30 VMs costs: real QEMU processes, sampled by this thread, whose own CPU time is the measure.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quetzal_host::process::ProcessSampler;
use quetzal_host::sampler::HostSampler;
use rustix::time::{ClockId, clock_gettime};

const PROCESSES: usize = 30;
const ROUNDS: u32 = 20;
/// At one round a second this is 1 % of a core; the figure itself is printed and lies well below, also unoptimised.
const ROUND_MAX: Duration = Duration::from_millis(10);

struct Killed(Child);
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn qemu() -> Killed {
    let args = ["-S", "-nodefaults", "-display", "none", "-accel", "tcg,tb-size=32", "-m", "64", "-smp", "2"];
    let child = Command::new("qemu-system-x86_64").args(args).stdin(Stdio::null()).spawn();
    Killed(child.unwrap())
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

fn cost_of(rounds: u32, mut work: impl FnMut()) -> Duration {
    let before = cpu_time();
    for _ in 0..rounds {
        work();
    }
    (cpu_time() - before) / rounds
}

#[test]
fn thirty_vms_and_the_host_are_sampled_for_far_less_than_a_hundredth_of_a_core() {
    let processes: Vec<Killed> = (0..PROCESSES).map(|_| qemu()).collect();
    let mut samplers: Vec<_> = processes.iter().map(|process| ProcessSampler::new(process.0.id(), |_| true)).collect();
    let mut threads = 0;
    let mut round = || threads = samplers.iter_mut().map(|sampler| sampler.sample().unwrap().threads.len()).sum();
    // The first rounds open files and read names.
    (0..5).for_each(|_| round());
    let vms = cost_of(ROUNDS, round);
    let pss = cost_of(1, || samplers.iter_mut().for_each(|sampler| assert!(sampler.pss_bytes().is_some())));
    let mut host_sampler = HostSampler::new(vec!["/".into()]);
    host_sampler.sample();
    let host = cost_of(ROUNDS, || drop(host_sampler.sample()));
    println!("{PROCESSES} VMs ({threads} threads): {vms:?} a round, their PSS {pss:?}; host: {host:?}");
    assert!(vms + host < ROUND_MAX, "a round takes {vms:?} and {host:?}");
}
