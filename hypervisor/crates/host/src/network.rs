//! A VM's place on the network: a tap that joins a bridge which is already there, and its counters. Where that cannot
//! be, the refusal says why in words for people. Makes no bridges; falling back is the caller's decision.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::kernel_file::{KernelFile, ReadBuffer, single};
use crate::network_ioctl::{Interfaces, NAME_MAX_BYTES, open_tap};

/// Our taps' names start so, to be known in `ip link`.
const TAP_PREFIX: &str = "qztap";
/// Of the hash of the VM's id: with the prefix just as long as a name may be.
const TAP_HASH_BYTES: usize = 5;
/// A bridge without an address of its own takes the lowest of its ports'; a tap must never have the lowest.
const TAP_MAC_START: u8 = 0xfe;
const CLASS: &str = "/sys/class/net";
const NAME_ANOTHER: &str = "name an existing bridge in the VM's definition (network.bridge)";

/// Why a VM cannot be on a bridge, in a form that completes "user (…)", e.g. "bridge br0: needs CAP_NET_ADMIN".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bridge {bridge}: {why}")]
pub struct NetworkRefusal {
    pub bridge: String,
    pub why: String,
    /// What a person does about it, as an order: "run quetzald as root".
    pub mend: String,
}

impl NetworkRefusal {
    fn new(bridge: &str, why: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { bridge: bridge.to_owned(), why: why.into(), mend: mend.into() }
    }
}

/// A tap on a bridge. It is not persistent: it goes with its last open descriptor, which is QEMU's once `take_fd` has
/// passed it on, so neither a crash of quetzald nor one of QEMU leaves a tap behind, and a VM that outlives quetzald
/// keeps its network. Dropping a tap whose descriptor was not passed on removes it.
#[derive(Debug)]
pub struct Tap {
    fd: Option<OwnedFd>,
    ifname: String,
}

pub fn bridge_exists(name: &str) -> bool {
    is_interface_name(name) && Path::new(CLASS).join(name).join("bridge").is_dir()
}

impl Tap {
    /// A new tap, up and on the bridge, with the bridge's MTU.
    pub fn on_bridge(vm_id: &str, bridge: &str) -> Result<Self, NetworkRefusal> {
        if !is_interface_name(bridge) {
            return Err(NetworkRefusal::new(bridge, "this cannot be an interface's name", NAME_ANOTHER));
        }
        if !bridge_exists(bridge) {
            return Err(if Path::new(CLASS).join(bridge).exists() {
                NetworkRefusal::new(bridge, "this interface is not a bridge", NAME_ANOTHER)
            } else {
                let mend = format!("make it (ip link add {bridge} type bridge && ip link set {bridge} up)");
                NetworkRefusal::new(bridge, "there is no such bridge", mend)
            });
        }
        let ifname = tap_name(vm_id);
        let failed = |step: &str, error: &io::Error| {
            let (why, mend) = explain(step, &ifname, error);
            NetworkRefusal::new(bridge, why, mend)
        };
        let fd = open_tap(&ifname).map_err(|error| failed("make tap", &error))?;
        // From here an early return closes the descriptor and with it removes the tap.
        let interfaces = Interfaces::open().map_err(|error| failed("configure", &error))?;
        let mtu = interfaces.mtu(bridge).map_err(|error| failed("read the MTU for", &error))?;
        interfaces.set_mtu(&ifname, mtu).map_err(|error| failed("set the MTU of", &error))?;
        interfaces.set_mac_start(&ifname, TAP_MAC_START).map_err(|error| failed("set the MAC of", &error))?;
        // A port needs no address of the host's own; without IPv6 in the kernel there is no such file.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{ifname}/disable_ipv6"), "1");
        interfaces.add_to_bridge(bridge, &ifname).map_err(|error| failed("join with", &error))?;
        interfaces.set_up(&ifname).map_err(|error| failed("turn on", &error))?;
        Ok(Self { fd: Some(fd), ifname })
    }

    /// The tap of a VM that was adopted; None when it is gone.
    pub fn adopt(ifname: &str) -> Option<Self> {
        let is_there = is_interface_name(ifname) && Path::new(CLASS).join(ifname).join("tun_flags").exists();
        is_there.then(|| Self { fd: None, ifname: ifname.to_owned() })
    }

    pub fn ifname(&self) -> &str {
        &self.ifname
    }

    /// The descriptor for QEMU's `-netdev tap,fd=N`; None when it was taken before or the tap was adopted.
    pub fn take_fd(&mut self) -> Option<OwnedFd> {
        self.fd.take()
    }
}

/// The same VM always has the same tap, so that its name means something in logs and counters.
fn tap_name(vm_id: &str) -> String {
    let hash = Sha256::digest(vm_id.as_bytes());
    hash.iter().take(TAP_HASH_BYTES).fold(TAP_PREFIX.to_owned(), |mut name, byte| {
        write!(name, "{byte:02x}").expect("writing to a String cannot fail");
        name
    })
}

/// Why a step failed, and the mend.
fn explain(step: &str, ifname: &str, error: &io::Error) -> (String, &'static str) {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            ("needs CAP_NET_ADMIN".to_owned(), "run quetzald as root (npm start as root)")
        }
        Some(libc::ENOENT | libc::ENXIO) if step == "make tap" => {
            ("/dev/net/tun is missing (modprobe tun)".to_owned(), "load the kernel's tun module (modprobe tun)")
        }
        Some(libc::EBUSY) if step == "make tap" => {
            (format!("tap {ifname} is in use by another process"), "end the process that holds the tap")
        }
        _ => (format!("cannot {step} {ifname} ({error})"), "mend what the kernel names"),
    }
}

/// The kernel's own rules for names (dev_valid_name in net/core/dev.c).
fn is_interface_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX_BYTES
        && name != "."
        && name != ".."
        && !name.contains(|c: char| c == '/' || c == ':' || c == '\0' || c.is_whitespace())
}

/// As the guest sees it: what it received is what the host sent into the tap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NicCounters {
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_drops: u64,
    pub tx_drops: u64,
}

/// The counters now; None when there is no such interface.
pub fn nic_counters(ifname: &str) -> Option<NicCounters> {
    NicSampler::new(ifname).sample()
}

/// Reads one tap's counters again and again from files that it holds open.
#[derive(Debug)]
pub struct NicSampler {
    /// In the order of NicCounters' fields.
    files: [KernelFile; 6],
    buffer: ReadBuffer,
}

impl NicSampler {
    pub fn new(ifname: &str) -> Self {
        let name = if is_interface_name(ifname) { ifname } else { "" };
        Self::in_folder(&Path::new(CLASS).join(name).join("statistics"))
    }

    fn in_folder(folder: &Path) -> Self {
        let host_names = ["tx_bytes", "rx_bytes", "tx_packets", "rx_packets", "tx_dropped", "rx_dropped"];
        let path = |name: &str| -> PathBuf { folder.join(name) };
        Self { files: host_names.map(|name| KernelFile::open(path(name))), buffer: ReadBuffer::default() }
    }

    /// None once the interface is gone.
    pub fn sample(&mut self) -> Option<NicCounters> {
        let mut values = [0; 6];
        for (value, file) in values.iter_mut().zip(&mut self.files) {
            *value = single(file.read(&mut self.buffer)?)?;
        }
        let [rx_bytes, tx_bytes, rx_packets, tx_packets, rx_drops, tx_drops] = values;
        Some(NicCounters { rx_bytes, tx_bytes, rx_packets, tx_packets, rx_drops, tx_drops })
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
