//! Version 1 for real where this machine has it (with root), version 2 on a recorded tree.

use super::*;
use std::process::Command;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn recorded(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

pub(super) const V2_MOUNT: &str = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0\n";

#[test]
fn a_process_is_counted_in_its_vms_group_until_the_group_is_dropped() {
    let cgroups = detect();
    if let Err(error) = cgroups.check_writable() {
        eprintln!("skipped: {error}");
        return;
    }
    let vm_id = format!("test-{}", std::process::id());
    let group = VmCgroup::create(&cgroups, &vm_id).unwrap();
    let paths: Vec<_> = cgroups.hierarchies().iter().map(|(hierarchy, _)| group.path(hierarchy)).collect();
    let mut process = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let added = group.add(process.id());
    let started_at = Instant::now();
    while added.is_ok() && group.usage().cpu_ns.is_some_and(|ns| ns == 0) && started_at.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_millis(10));
    }
    let usage = group.usage();
    // A group with a process in it outlives its guard, as a VM outlives quetzald, and is taken over again.
    drop(group);
    let outlives = paths.iter().all(|path| path.is_dir());
    process.kill().unwrap();
    process.wait().unwrap();
    drop(VmCgroup::create(&cgroups, &vm_id).unwrap());
    added.unwrap();
    assert!(outlives);
    assert!(usage.cpu_ns.is_none_or(|ns| ns > 0), "{usage:?}");
    assert!(paths.iter().all(|path| !path.exists()), "nothing is left behind");
}

#[test]
fn version_2_hands_controllers_down_and_reads_its_own_files() {
    let root = recorded(&[
        ("proc/mounts", V2_MOUNT),
        ("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"),
        ("sys/fs/cgroup/cgroup.subtree_control", "cpu pids\n"),
        ("sys/fs/cgroup/quetzal/vm1/cpu.stat", "usage_usec 1500\nuser_usec 1000\n"),
        ("sys/fs/cgroup/quetzal/vm1/memory.current", "4096\n"),
    ]);
    let cgroups = detect_in(root.path());
    assert_eq!((cgroups.cpu(), cgroups.memory()), (Some(Version::V2), Some(Version::V2)));
    let group = VmCgroup::create(&cgroups, "vm1").unwrap();
    group.add(42).unwrap();
    let text = |path: &str| fs::read_to_string(root.path().join("sys/fs/cgroup").join(path)).unwrap();
    assert_eq!(text("cgroup.subtree_control"), "+memory", "cpu was handed down already");
    assert_eq!(text("quetzal/vm1/cgroup.procs"), "42");
    assert_eq!(group.usage(), CgroupUsage { cpu_ns: Some(1_500_000), memory_bytes: Some(4096) });
}

#[test]
fn a_mixture_takes_each_controller_from_where_it_is() {
    let root = recorded(&[
        (
            "proc/mounts",
            "c /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
        ),
        ("sys/fs/cgroup/unified/cgroup.controllers", "cpu\n"),
        ("sys/fs/cgroup/memory/tasks", ""),
    ]);
    let cgroups = detect_in(root.path());
    assert_eq!((cgroups.cpu(), cgroups.memory()), (Some(Version::V2), Some(Version::V1)));
    assert_eq!(cgroups.hierarchies().len(), 2);
}

#[test]
fn without_cgroups_a_group_is_empty_and_its_usage_absent() {
    let root = recorded(&[]);
    let cgroups = detect_in(root.path());
    assert_eq!(cgroups, Cgroups::default());
    let group = VmCgroup::create(&cgroups, "vm1").unwrap();
    group.add(42).unwrap();
    assert_eq!(group.usage(), CgroupUsage::default());
}

#[test]
fn a_name_that_leads_elsewhere_and_a_group_that_cannot_be_made_are_errors() {
    for vm_id in ["", "..", "a/b", ".hidden"] {
        let refused = VmCgroup::create(&Cgroups::default(), vm_id);
        assert!(matches!(refused, Err(HostError::CgroupName { .. })), "{vm_id}");
    }
    let root = recorded(&[("file", "")]);
    let hierarchy = |mount: &str, version| Some(Hierarchy { mount: root.path().join(mount), version });
    for version in [Version::V1, Version::V2] {
        let cgroups = Cgroups { memory: hierarchy("file", version), ..Cgroups::default() };
        assert!(matches!(VmCgroup::create(&cgroups, "vm1"), Err(HostError::MakeCgroup { .. })));
    }
    let cgroups = Cgroups { memory: hierarchy("", Version::V1), ..Cgroups::default() };
    let group = VmCgroup::create(&cgroups, "vm1").unwrap();
    fs::create_dir(root.path().join("quetzal/vm1/cgroup.procs")).unwrap();
    assert!(matches!(group.add(42), Err(HostError::JoinCgroup { pid: 42, .. })));
}

#[test]
fn a_process_that_was_added_is_in_and_what_an_earlier_daemon_left_is_swept() {
    let cgroups = detect().of(Path::new(&format!("/nowhere/{}", std::process::id())));
    assert_ne!(cgroups.ours, detect().of(Path::new("/var/lib/quetzal")).ours, "two daemons do not meet in a group");
    if let Err(error) = cgroups.check_writable() {
        eprintln!("skipped: {error}");
        return;
    }
    let (lived_in, left) = (VmCgroup::create(&cgroups, "one").unwrap(), VmCgroup::create(&cgroups, "two").unwrap());
    let mut process = Command::new("sleep").arg("60").spawn().unwrap();
    let was_in = lived_in.holds(process.id());
    lived_in.add(process.id()).unwrap();
    let is_in = lived_in.holds(process.id());
    let paths: Vec<_> = [&lived_in, &left].map(|group| group.path(cgroups.hierarchies()[0].0)).into();
    // As after a daemon that was killed: nobody drops the groups.
    std::mem::forget(left);
    cgroups.sweep();
    let kept: Vec<bool> = paths.iter().map(|path| path.is_dir()).collect();
    process.kill().unwrap();
    process.wait().unwrap();
    drop(lived_in);
    assert_eq!((was_in, is_in, kept), (false, true, vec![true, false]));
    assert!(!cgroups.our_folder(cgroups.hierarchies()[0].0).exists(), "nothing is left behind");
}

#[test]
fn a_tree_whose_top_holds_processes_hands_nothing_down() {
    let files = |subtree: &'static str, procs: &'static str| {
        recorded(&[
            ("proc/mounts", V2_MOUNT),
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
            ("sys/fs/cgroup/cgroup.type", "domain\n"),
            ("sys/fs/cgroup/cgroup.subtree_control", subtree),
            ("sys/fs/cgroup/cgroup.procs", procs),
        ])
    };
    let check = |root: &tempfile::TempDir| detect_in(root.path()).check_writable();
    assert!(matches!(check(&files("", "1\n7\n")), Err(HostError::CrowdedCgroup { .. })));
    for (subtree, procs) in [("cpu memory", "1\n"), ("", "")] {
        assert!(check(&files(subtree, procs)).is_ok());
    }
}
