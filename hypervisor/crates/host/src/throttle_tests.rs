//! Version 1 for real where this machine has it (with root), version 2 and moves on a recorded tree.

use super::*;
use crate::cgroup::{detect, detect_in};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);
const V2_MOUNT: &str = "cgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0\n";

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn recorded(files: &[(&str, &str)]) -> (tempfile::TempDir, ThrottleSampler) {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "proc/mounts", V2_MOUNT);
    write(root.path(), "sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    for (name, text) in files {
        write(root.path(), name, text);
    }
    let sampler = ThrottleSampler::in_folder(&detect_in(root.path()), &root.path().join("proc/7")).unwrap();
    (root, sampler)
}

fn stat(periods: u64, throttled: u64) -> String {
    format!("usage_usec 5\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec {throttled}\n")
}

fn counted(periods: u64, throttled_periods: u64) -> CpuThrottle {
    CpuThrottle { periods, throttled_periods, throttled_ns: throttled_periods * 1_000 }
}

#[test]
fn a_real_quota_shows_as_throttled_periods() {
    let cgroups = detect();
    let Some((mount, Version::V1)) = cgroups.cpu_tree() else {
        eprintln!("skipped: no cpu controller of version 1");
        return;
    };
    let group = mount.join(format!("quetzal-throttle-{}", std::process::id()));
    if let Err(error) = fs::create_dir(&group) {
        eprintln!("skipped: {}: {error}", group.display());
        return;
    }
    let mut process = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let mut sampler = ThrottleSampler::new(&cgroups, process.id()).unwrap();
    let before = sampler.sample();
    let limited = fs::write(group.join("cpu.cfs_quota_us"), "10000")
        .and_then(|()| fs::write(group.join("cgroup.procs"), process.id().to_string()));
    let started_at = Instant::now();
    let mut seen = CpuThrottle::default();
    while limited.is_ok() && seen.throttled_periods < 5 && started_at.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_millis(20));
        seen = sampler.sample().unwrap_or_default();
    }
    process.kill().unwrap();
    process.wait().unwrap();
    fs::remove_dir(&group).unwrap();
    limited.unwrap();
    assert_eq!(before, Some(CpuThrottle::default()), "what its old group had counted is not its own");
    assert!(seen.throttled_periods >= 5 && seen.periods >= seen.throttled_periods, "{seen:?}");
    // A tenth of a core leaves it stopped for most of each period of 100 ms.
    assert!(seen.throttled_ns > seen.throttled_periods * 20_000_000, "{seen:?}");
    assert_eq!(sampler.sample(), None, "the process is gone");
}

#[test]
fn quotas_of_the_groups_above_count_as_well() {
    let (root, mut sampler) = recorded(&[
        ("proc/7/cgroup", "1:name=systemd:/x\n0::/machine.slice/vm1\n"),
        ("sys/fs/cgroup/machine.slice/cpu.stat", &stat(100, 10)),
        ("sys/fs/cgroup/machine.slice/vm1/cpu.stat", &stat(50, 50)),
    ]);
    assert_eq!(sampler.sample(), Some(CpuThrottle::default()));
    write(root.path(), "sys/fs/cgroup/machine.slice/cpu.stat", &stat(110, 15));
    write(root.path(), "sys/fs/cgroup/machine.slice/vm1/cpu.stat", &stat(53, 51));
    assert_eq!(sampler.sample(), Some(counted(13, 6)));
}

#[test]
fn totals_never_fall_when_the_process_is_moved() {
    let (root, mut sampler) = recorded(&[
        ("proc/7/cgroup", "0::/a\n"),
        ("sys/fs/cgroup/a/cpu.stat", &stat(900, 800)),
        ("sys/fs/cgroup/b/cpu.stat", &stat(5, 5)),
    ]);
    sampler.sample();
    write(root.path(), "sys/fs/cgroup/a/cpu.stat", &stat(904, 803));
    assert_eq!(sampler.sample(), Some(counted(4, 3)));
    write(root.path(), "proc/7/cgroup", "0::/b\n");
    assert_eq!(sampler.sample(), Some(counted(4, 3)));
    write(root.path(), "sys/fs/cgroup/b/cpu.stat", &stat(7, 6));
    assert_eq!(sampler.sample(), Some(counted(6, 4)));
}

#[test]
fn what_cannot_be_seen_is_not_known() {
    let (_root, mut hidden) = recorded(&[("proc/7/cgroup", "0::/../elsewhere\n")]);
    assert_eq!(hidden.sample(), None);
    let (_root, mut gone) = recorded(&[]);
    assert_eq!(gone.sample(), None);
    assert!(ThrottleSampler::new(&Cgroups::default(), 1).is_none());
}

#[test]
fn the_group_is_found_in_either_version() {
    let text = "4:cpu,cpuacct:/one\n2:cpuset:/no\n0::/two:with:colons\n";
    assert_eq!(group_of(text, Version::V1), Some("/one"));
    assert_eq!(group_of(text, Version::V2), Some("/two:with:colons"));
    assert_eq!(group_of("nonsense", Version::V2), None);
}
