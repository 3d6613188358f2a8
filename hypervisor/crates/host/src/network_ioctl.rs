//! The kernel's interface requests (netdevice(7), tun.rst, if_bridge.h) as safe calls, each on one named interface.
//! Knows no rules about which interface to use.
#![expect(unsafe_code, reason = "interface requests are ioctls on a union")]

use std::fs::{File, OpenOptions};
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// Longest interface name, in bytes (IFNAMSIZ less the NUL).
pub(crate) const NAME_MAX_BYTES: usize = libc::IFNAMSIZ - 1;
const MAC_BYTES: usize = 6;
/// if_bridge.h; missing from the libc crate for this target.
const SIOCBRADDIF: libc::Ioctl = 0x89a2;
/// One frame a read, without extra bytes before it, with virtio's header so that QEMU can leave checksums to the host.
const TAP_FLAGS: libc::c_int = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR;

/// A new tap of this name. It is not persistent: it lives exactly as long as a descriptor for it is open somewhere.
pub(crate) fn open_tap(name: &str) -> io::Result<OwnedFd> {
    let mut options = OpenOptions::new();
    let tun: File = options.read(true).write(true).custom_flags(libc::O_CLOEXEC).open("/dev/net/tun")?;
    let mut request = request_for(name)?;
    request.ifr_ifru.ifru_flags = flags(TAP_FLAGS)?;
    call(&tun, libc::TUNSETIFF, &mut request)?;
    Ok(tun.into())
}

/// Requests that are about any interface go through a socket of any kind.
pub(crate) struct Interfaces(OwnedFd);

impl Interfaces {
    pub(crate) fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        Ok(Self(socket))
    }

    pub(crate) fn mtu(&self, name: &str) -> io::Result<i32> {
        let mut request = request_for(name)?;
        call(&self.0, libc::SIOCGIFMTU, &mut request)?;
        // SAFETY: the kernel has filled this member.
        Ok(unsafe { request.ifr_ifru.ifru_mtu })
    }

    pub(crate) fn set_mtu(&self, name: &str, mtu: i32) -> io::Result<()> {
        let mut request = request_for(name)?;
        request.ifr_ifru.ifru_mtu = mtu;
        call(&self.0, libc::SIOCSIFMTU, &mut request)
    }

    /// Sets the first byte of the interface's MAC, leaving the others as they are.
    pub(crate) fn set_mac_start(&self, name: &str, first: u8) -> io::Result<[u8; MAC_BYTES]> {
        let mut request = request_for(name)?;
        call(&self.0, libc::SIOCGIFHWADDR, &mut request)?;
        // SAFETY: the kernel has filled this member.
        let mut address = unsafe { request.ifr_ifru.ifru_hwaddr };
        address.sa_data[0] = first.cast_signed();
        request.ifr_ifru.ifru_hwaddr = address;
        call(&self.0, libc::SIOCSIFHWADDR, &mut request)?;
        Ok(std::array::from_fn(|index| address.sa_data[index].cast_unsigned()))
    }

    pub(crate) fn set_up(&self, name: &str) -> io::Result<()> {
        let mut request = request_for(name)?;
        call(&self.0, libc::SIOCGIFFLAGS, &mut request)?;
        // SAFETY: the kernel has filled this member.
        let present = unsafe { request.ifr_ifru.ifru_flags };
        request.ifr_ifru.ifru_flags = present | flags(libc::IFF_UP)?;
        call(&self.0, libc::SIOCSIFFLAGS, &mut request)
    }

    pub(crate) fn add_to_bridge(&self, bridge: &str, port: &str) -> io::Result<()> {
        let mut request = request_for(port)?;
        call(&self.0, libc::SIOCGIFINDEX, &mut request)?;
        // SAFETY: the kernel has filled this member.
        let index = unsafe { request.ifr_ifru.ifru_ifindex };
        let mut request = request_for(bridge)?;
        request.ifr_ifru.ifru_ifindex = index;
        call(&self.0, SIOCBRADDIF, &mut request)
    }
}

fn request_for(name: &str) -> io::Result<libc::ifreq> {
    if name.is_empty() || name.len() > NAME_MAX_BYTES || name.contains('\0') {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    // SAFETY: ifreq is plain old data for which all-zero is a valid value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    Ok(request)
}

fn call(file: &impl AsFd, number: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    let fd = file.as_fd().as_raw_fd();
    // SAFETY: every request number used in this module takes a pointer to one ifreq, which is live and ours.
    let status = unsafe { libc::ioctl(fd, number, std::ptr::from_mut(request)) };
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn flags(bits: libc::c_int) -> io::Result<libc::c_short> {
    libc::c_short::try_from(bits).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}
