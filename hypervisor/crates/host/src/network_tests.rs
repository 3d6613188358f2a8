//! Real taps on real bridges, in a network namespace of the test's own thread: nothing can be left behind.
#![expect(unsafe_code, reason = "making a namespace and a bridge takes system calls")]

use super::*;
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);
const BRIDGE: &str = "qztestbr0";
const SIOCBRADDBR: libc::Ioctl = 0x89a0;
/// virtio_net_hdr without the buffer count: the default on a tap with IFF_VNET_HDR.
const VNET_HEADER_BYTES: usize = 10;

/// Moves this thread into a new network namespace and makes /sys show it. False: no rights to do so.
fn own_network() -> bool {
    let mount = |source: &str, target: &str, kind: &str, flags| {
        let [source, target, kind] = [source, target, kind].map(|text| CString::new(text).unwrap());
        // SAFETY: the strings are live and null-terminated.
        unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, std::ptr::null()) == 0 }
    };
    // SAFETY: changes this thread's view only; the mounts below are private to it.
    let is_apart = unsafe { libc::unshare(libc::CLONE_NEWNET | libc::CLONE_NEWNS) } == 0
        && mount("none", "/", "none", libc::MS_REC | libc::MS_PRIVATE)
        && mount("sysfs", "/sys", "sysfs", 0);
    if !is_apart {
        eprintln!("skipped: a network namespace of our own needs root");
    }
    is_apart
}

fn make_bridge(mtu: i32) {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let name = CString::new(BRIDGE).unwrap();
    // SAFETY: this request takes a pointer to a null-terminated name.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCBRADDBR, name.as_ptr()) };
    assert_eq!(status, 0, "{}", io::Error::last_os_error());
    let interfaces = Interfaces::open().unwrap();
    interfaces.set_mtu(BRIDGE, mtu).unwrap();
    interfaces.set_up(BRIDGE).unwrap();
}

fn attribute(ifname: &str, name: &str) -> String {
    let text = fs::read_to_string(Path::new(CLASS).join(ifname).join(name)).unwrap();
    text.trim().to_owned()
}

#[test]
fn two_vms_on_a_bridge_reach_each_other_and_are_counted_as_the_guest_sees_it() {
    if !own_network() {
        return;
    }
    make_bridge(1400);
    let mut sender = Tap::on_bridge("vm-a", BRIDGE).unwrap();
    let mut receiver = Tap::on_bridge("vm-b", BRIDGE).unwrap();
    assert_ne!(sender.ifname(), receiver.ifname());
    assert_eq!(attribute(sender.ifname(), "mtu"), "1400", "the bridge keeps its MTU");
    assert!(attribute(sender.ifname(), "address").starts_with("fe:"));
    assert!(Path::new(CLASS).join(BRIDGE).join("brif").join(receiver.ifname()).exists());

    // A broadcast of a protocol number for experiments.
    let mut frame = vec![0; VNET_HEADER_BYTES];
    frame.extend([0xff; 6]);
    frame.extend([0x52, 0x54, 0, 0, 0, 1, 0x88, 0xb5]);
    frame.extend([0x2a; 50]);
    let (mut from, mut to) = (File::from(sender.take_fd().unwrap()), File::from(receiver.take_fd().unwrap()));
    rustix::io::ioctl_fionbio(&to, true).unwrap();
    let started_at = Instant::now();
    let mut received = vec![0; 2048];
    // A new port takes a moment to forward.
    loop {
        from.write_all(&frame).unwrap();
        match to.read(&mut received) {
            Ok(count) if received[..count].ends_with(&[0x2a; 50]) => break,
            _ => assert!(started_at.elapsed() < DEADLINE, "the frame crosses the bridge"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (sent, got) = (nic_counters(sender.ifname()).unwrap(), nic_counters(receiver.ifname()).unwrap());
    let payload_bytes = u64::try_from(frame.len() - VNET_HEADER_BYTES).unwrap();
    assert!(sent.tx_packets >= 1 && sent.tx_bytes == sent.tx_packets * payload_bytes, "{sent:?}");
    assert!(got.rx_packets >= 1 && got.rx_bytes >= payload_bytes && got.tx_packets == 0, "{got:?}");
}

#[test]
fn a_tap_lives_as_long_as_its_qemu_and_is_found_again_meanwhile() {
    if !own_network() {
        return;
    }
    make_bridge(1500);
    let mut tap = Tap::on_bridge("vm-a", BRIDGE).unwrap();
    let ifname = tap.ifname().to_owned();
    let launch = crate::spawn::Launch {
        program: "qemu-system-x86_64".into(),
        args: ["-S", "-nodefaults", "-display", "none", "-accel", "tcg,tb-size=32", "-m", "32"]
            .into_iter()
            .chain(["-netdev", "tap,id=net0,fd=3", "-device", "virtio-net-pci,netdev=net0"])
            .map(Into::into)
            .collect(),
        user: crate::user::UnprivilegedUser::lookup("nobody").ok(),
        stdout_stderr: File::open("/dev/null").unwrap(),
        keep_fds: vec![tap.take_fd().unwrap()],
    };
    let qemu = launch.spawn().unwrap();
    drop(tap);
    let adopted = Tap::adopt(&ifname);
    let second = Tap::on_bridge("vm-a", BRIDGE);
    let mut nic = NicSampler::new(&ifname);
    let counted = nic.sample();
    qemu.pidfd.kill(crate::pidfd::Signal::KILL).unwrap();
    assert!(goes(&Path::new(CLASS).join(&ifname)), "the tap goes with QEMU");
    assert_eq!(adopted.unwrap().ifname(), ifname);
    assert_eq!(second.unwrap_err().to_string(), format!("bridge {BRIDGE}: tap {ifname} is in use by another process"));
    assert!(counted.is_some());
    assert!(Tap::adopt(&ifname).is_none());
    assert_eq!(nic.sample(), None);
}

/// A tap lives for as long as anybody holds it: what a test beside starts does, from its fork to its exec.
fn goes(folder: &Path) -> bool {
    let started_at = Instant::now();
    while folder.exists() && started_at.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_millis(5));
    }
    !folder.exists()
}

#[test]
fn a_tap_that_was_not_passed_on_is_removed() {
    if !own_network() {
        return;
    }
    make_bridge(1500);
    let tap = Tap::on_bridge("vm-a", BRIDGE).unwrap();
    let folder = Path::new(CLASS).join(tap.ifname());
    assert!(folder.exists());
    drop(tap);
    assert!(goes(&folder));
}

#[test]
fn a_bridge_that_cannot_be_joined_is_refused_with_the_reason() {
    let reason = |bridge: &str| Tap::on_bridge("vm-a", bridge).unwrap_err().to_string();
    assert_eq!(reason("no-such-bridge"), "bridge no-such-bridge: there is no such bridge");
    assert_eq!(reason("lo"), "bridge lo: this interface is not a bridge");
    let missing = Tap::on_bridge("vm-a", "no-such-bridge").unwrap_err();
    assert_eq!(missing.mend, "make it (ip link add no-such-bridge type bridge && ip link set no-such-bridge up)");
    for name in ["", "..", "a/b", "sixteen-is-a-lot", "a b"] {
        assert!(reason(name).contains("cannot be an interface's name"), "{name}");
        assert!(!bridge_exists(name));
    }
    assert!(!bridge_exists("lo"));
    assert!(Tap::adopt("lo").is_none());
}

#[test]
fn without_the_right_to_it_a_tap_is_refused_for_that() {
    if !own_network() {
        return;
    }
    make_bridge(1500);
    // This thread gives up its rights; the process keeps them.
    let none = rustix::thread::CapabilitySets {
        effective: rustix::thread::CapabilitySet::empty(),
        permitted: rustix::thread::CapabilitySet::empty(),
        inheritable: rustix::thread::CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none).unwrap();
    let refusal = Tap::on_bridge("vm-a", BRIDGE).unwrap_err();
    assert_eq!(refusal.to_string(), format!("bridge {BRIDGE}: needs CAP_NET_ADMIN"));
    assert_eq!(refusal.mend, "run quetzald as root (npm start as root)");
}

#[test]
fn names_are_stable_valid_and_differ() {
    assert_eq!(tap_name("vm-a"), tap_name("vm-a"));
    assert_ne!(tap_name("vm-a"), tap_name("vm-b"));
    assert!(is_interface_name(&tap_name(&"x".repeat(64))));
}

#[test]
fn counters_of_a_recorded_tap_are_swapped_and_a_missing_one_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_dropped", "tx_dropped"];
    for (value, name) in names.iter().enumerate() {
        fs::write(folder.path().join(name), format!("{value}\n")).unwrap();
    }
    let counters = NicSampler::in_folder(folder.path()).sample().unwrap();
    let expected = NicCounters { rx_bytes: 1, tx_bytes: 0, rx_packets: 3, tx_packets: 2, rx_drops: 5, tx_drops: 4 };
    assert_eq!(counters, expected);
    assert_eq!(nic_counters("no-such-nic"), None);
    assert_eq!(nic_counters("../lo"), None);
}

#[test]
fn the_hosts_own_network_is_not_touched_by_these_tests() {
    // The namespaces are the threads': the process's own network never had the bridge.
    assert!(!Path::new(CLASS).join(BRIDGE).exists());
}
