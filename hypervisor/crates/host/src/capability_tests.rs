//! The answers of this machine, and of recorded trees where something is missing.

use super::*;
use std::os::unix::fs::PermissionsExt;

const ALL: [&str; 16] = [
    "kvm",
    "qemu",
    "bridge",
    "tap",
    "user_network",
    "ksm",
    "zram",
    "zswap",
    "cgroup_cpu",
    "cgroup_memory",
    "psi",
    "balloon",
    "virtio_mem",
    "unprivileged_qemu",
    "guest_agent",
    "vhost_net",
];

fn context(qemu_binary: &str) -> ProbeContext {
    ProbeContext {
        state_dir: "/var/lib/quetzal".into(),
        qemu_binary: qemu_binary.into(),
        vm_user: rustix::process::geteuid().is_root().then(|| "nobody".to_owned()),
    }
}

fn recorded(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

#[test]
fn every_ability_is_told_once_with_a_reason() {
    let capabilities = probe_all(&context("qemu-system-x86_64"));
    for capability in &capabilities {
        println!("{capability:?}");
        assert!(!capability.reason.is_empty(), "{capability:?}");
        assert!(capability.available == capability.mend.is_empty(), "{capability:?}");
    }
    let mut names: Vec<_> = capabilities.iter().map(|capability| capability.name).collect();
    let mut expected = ALL.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(capabilities.iter().any(|capability| capability.name == "qemu" && capability.available));
}

#[test]
fn without_qemu_all_that_needs_it_says_so() {
    let capabilities = qemu_capabilities(Path::new("/no/such/qemu"));
    assert_eq!(capabilities.len(), 5);
    for capability in capabilities {
        assert!(!capability.available && capability.reason.contains("/no/such/qemu"), "{capability:?}");
        assert_eq!(capability.mend, INSTALL_QEMU);
    }
}

#[test]
fn an_empty_tree_has_nothing_and_each_lack_has_a_mend() {
    let root = recorded(&[]);
    let root = root.path();
    let none = [tap(root, true), bridge(root, true), ksm(root), zram(root), zswap(root), psi(root), vhost_net(root)];
    for capability in none {
        assert!(!capability.available && !capability.mend.is_empty(), "{capability:?}");
    }
    let no_cgroup = cgroup_capability("cgroup_cpu", None, &Ok(()));
    assert!(!no_cgroup.available && !no_cgroup.mend.is_empty());
}

#[test]
fn a_switch_that_is_off_counts_for_who_can_turn_it_on() {
    let root = recorded(&[(KSM_SWITCH, "0\n"), (ZSWAP_SWITCH, "N\n")]);
    let both = |root: &Path| [ksm(root), zswap(root)];
    for capability in both(root.path()) {
        assert!(capability.available && capability.reason.contains("turns it on"), "{capability:?}");
    }
    for switch in [KSM_SWITCH, ZSWAP_SWITCH] {
        fs::set_permissions(root.path().join(switch), fs::Permissions::from_mode(0o444)).unwrap();
    }
    let none = rustix::thread::CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    // This thread gives up its rights; the process keeps them.
    rustix::thread::set_capabilities(None, none).unwrap();
    for capability in both(root.path()) {
        assert!(!capability.available && capability.reason.contains("only root"), "{capability:?}");
        assert!(capability.mend.starts_with("as root: echo "), "{capability:?}");
    }
}

#[test]
fn a_full_tree_has_all_and_rights_are_asked_for() {
    let root = recorded(&[
        ("dev/net/tun", ""),
        ("dev/vhost-net", ""),
        ("sys/class/net/br1/bridge/bridge_id", ""),
        ("sys/class/net/br0/bridge/bridge_id", ""),
        ("sys/class/net/eth0/address", ""),
        ("sys/kernel/mm/ksm/run", "1\n"),
        ("sys/block/zram0/size", "0\n"),
        ("sys/module/zswap/parameters/enabled", "Y\n"),
        ("proc/pressure/cpu", "some avg10=0.00\n"),
    ]);
    let root = root.path();
    for capability in [tap(root, true), ksm(root), zram(root), zswap(root), psi(root), vhost_net(root)] {
        assert!(capability.available, "{capability:?}");
    }
    assert_eq!(bridge(root, true), Capability::yes("bridge", "bridges here: br0, br1"));
    assert_eq!(bridge(root, false), Capability::no("bridge", "needs CAP_NET_ADMIN", NEEDS_ROOT));
    let closed = cgroup_capability("cgroup_memory", Some(Version::V2), &Err("cannot make it".into()));
    assert_eq!(closed.reason, "cgroup v2: cannot make it");
}

#[test]
fn kvm_is_available_only_when_it_is_real() {
    let real = KvmProbe::Real { ns_per_iteration: 0.5 };
    assert_eq!(kvm_capability(&real, None), Capability::yes("kvm", "real: 0.5 ns an iteration"));
    let emulated = kvm_capability(&KvmProbe::EmulatedOnly { ns_per_iteration: 450.0 }, None);
    assert_eq!(emulated.reason, "emulated only: 450 ns an iteration, using TCG");
    let missing = kvm_capability(&KvmProbe::Missing { reason: "no /dev/kvm".into() }, None);
    assert!(!emulated.available && !missing.available);
}

#[test]
fn a_state_folder_behind_a_closed_one_is_named_with_the_mend() {
    let user = UnprivilegedUser::lookup("nobody").unwrap();
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (open, closed) = (root.path().join("open/state"), root.path().join("closed"));
    fs::create_dir(&closed).unwrap();
    // Closed to its owner too, for the test may run as that very user.
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(closed_folder(&open, &user), None);
    let state = closed.join("state");
    assert_eq!(closed_folder(&state, &user), Some(closed.as_path()));
    let told = unprivileged_qemu(&Some(Ok(user)), &state);
    assert!(!told.available && told.mend.contains("chmod o+x"), "{told:?}");
    let missing = UnprivilegedUser::lookup("no-such-user-qz");
    assert!(!unprivileged_qemu(&Some(missing), &state).available);
}
