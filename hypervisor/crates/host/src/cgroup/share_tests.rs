//! Version 1 for real where this machine has it (with root), version 2 on a recorded tree.

use super::super::tests::{V2_MOUNT, recorded};
use super::super::{detect, detect_in};
use super::*;
use std::process::{Child, Command};
use std::time::Duration;

/// Long enough for a scheduler's shares to show on a busy machine.
const WATCHED: Duration = Duration::from_secs(2);

/// A process that never rests, on one CPU, so that two of them meet there.
fn busy(group: &VmCgroup, cpu: usize) -> Child {
    let child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let mut cpus = rustix::thread::CpuSet::new();
    cpus.set(cpu);
    rustix::thread::sched_setaffinity(rustix::process::Pid::from_raw(child.id() as i32), &cpus).unwrap();
    group.add(child.id()).unwrap();
    child
}

#[test]
fn a_real_weight_and_limit_divide_a_cpu() {
    let cgroups = detect().of(Path::new(&format!("/share-test/{}", std::process::id())));
    if let Err(error) = cgroups.check_writable() {
        eprintln!("skipped: {error}");
        return;
    }
    let groups = ["light", "heavy"].map(|name| VmCgroup::create(&cgroups, name).unwrap());
    let mut children = [busy(&groups[0], 0), busy(&groups[1], 0)];
    let ran = || {
        let before = [0, 1].map(|index: usize| groups[index].usage().cpu_ns.unwrap_or(0));
        std::thread::sleep(WATCHED);
        [0, 1].map(|index: usize| (groups[index].usage().cpu_ns.unwrap_or(0) - before[index]) as f64)
    };
    let outcome = (|| -> Result<_, HostError> {
        groups[0].set_cpu_share(&CpuShare { weight: 100, limit_percent: None })?;
        groups[1].set_cpu_share(&CpuShare { weight: 300, limit_percent: None })?;
        let weighed = ran();
        groups[1].set_cpu_share(&CpuShare { weight: 300, limit_percent: Some(10) })?;
        let limited = ran();
        let seen = groups[1].cpu_share();
        groups[1].set_cpu_share(&CpuShare::default())?;
        Ok((weighed, limited, seen, groups[1].cpu_share()))
    })();
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (weighed, limited, seen, back) = outcome.unwrap();
    let ratio = weighed[1] / weighed[0];
    assert!((2.4..3.6).contains(&ratio), "weights 100 and 300 gave 1 : {ratio}");
    let of_a_core = limited[1] / WATCHED.as_nanos() as f64;
    assert!((0.05..0.15).contains(&of_a_core), "a limit of 10 % let {of_a_core} of a core through");
    assert_eq!(seen, Some(CpuShare { weight: 300, limit_percent: Some(10) }));
    assert_eq!(back, Some(CpuShare::default()));
}

#[test]
fn version_2_has_files_of_its_own_and_our_group_weighs_as_much_as_all_in_it() {
    let root = recorded(&[("proc/mounts", V2_MOUNT), ("sys/fs/cgroup/cgroup.controllers", "cpu\n")]);
    let cgroups = detect_in(root.path());
    let groups = ["one", "two"].map(|name| VmCgroup::create(&cgroups, name).unwrap());
    let text = |path: &str| fs::read_to_string(root.path().join("sys/fs/cgroup/quetzal").join(path)).unwrap();
    groups[0].set_cpu_share(&CpuShare { weight: 50, limit_percent: Some(150) }).unwrap();
    assert_eq!((text("one/cpu.weight"), text("one/cpu.max")), ("50".into(), "150000 100000".into()));
    groups[1].set_cpu_share(&CpuShare { weight: 9_990, limit_percent: None }).unwrap();
    assert_eq!((text("two/cpu.max"), text("cpu.weight")), ("max 100000".into(), "10000".into()));
    assert_eq!(groups[0].cpu_share(), Some(CpuShare { weight: 50, limit_percent: Some(150) }));
    assert_eq!(groups[1].cpu_share(), Some(CpuShare { weight: 9_990, limit_percent: None }));
}

#[test]
fn a_limit_that_the_kernel_refuses_leaves_the_weight_as_it_was() {
    let root = recorded(&[("proc/mounts", V2_MOUNT), ("sys/fs/cgroup/cgroup.controllers", "cpu\n")]);
    let group = VmCgroup::create(&detect_in(root.path()), "one").unwrap();
    group.set_cpu_share(&CpuShare { weight: 50, limit_percent: None }).unwrap();
    let max = root.path().join("sys/fs/cgroup/quetzal/one/cpu.max");
    fs::remove_file(&max).unwrap();
    fs::create_dir(&max).unwrap();
    let refused = group.set_cpu_share(&CpuShare { weight: 70, limit_percent: Some(10) });
    assert!(matches!(refused, Err(HostError::SetCgroup { .. })), "{refused:?}");
    let weight = fs::read_to_string(root.path().join("sys/fs/cgroup/quetzal/one/cpu.weight")).unwrap();
    assert_eq!(weight, "50");
}

#[test]
fn every_weight_reads_as_it_was_set_in_version_1() {
    for weight in [1, 2, 3, 99, 100, 101, 300, 9_999, 10_000] {
        let (file, text) = super::weight(Version::V1, weight);
        let shares: u64 = text.parse().unwrap();
        assert_eq!(file, "cpu.shares");
        assert!((V1_SHARES_MIN..=V1_SHARES_MAX).contains(&shares));
        assert_eq!((shares * 100).div_ceil(V1_SHARES_DEFAULT), u64::from(weight));
    }
}

#[test]
fn without_the_controller_only_a_wish_is_refused() {
    let group = VmCgroup::create(&Cgroups::default(), "one").unwrap();
    group.set_cpu_share(&CpuShare::default()).unwrap();
    let wish = CpuShare { weight: 100, limit_percent: Some(50) };
    assert!(matches!(group.set_cpu_share(&wish), Err(HostError::NoController { controller: "cpu" })));
    assert_eq!(group.cpu_share(), None);
}
