//! The QEMU binary: its version and what it was built with. Starts it only to ask; running VMs is not its matter.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::HostError;

/// The oldest release that the command lines and QMP verbs are written for.
pub const OLDEST_SUPPORTED: QemuVersion = QemuVersion { major: 7, minor: 2, micro: 0 };

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QemuVersion {
    pub major: u32,
    pub minor: u32,
    pub micro: u32,
}

impl fmt::Display for QemuVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

/// What a binary can give a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QemuFeatures {
    pub user_network: bool,
    pub balloon: bool,
    pub virtio_mem: bool,
    pub virtio_serial: bool,
}

/// `ProgramMissing` when there is no such binary. Takes some 15 ms; blocks.
pub fn version(binary: &Path) -> Result<QemuVersion, HostError> {
    let text = ask(binary, &["--version"])?;
    parse_version(&text).ok_or_else(|| HostError::QemuAnswer { binary: binary.to_owned(), question: "--version" })
}

/// Takes some 100 ms; blocks.
pub fn features(binary: &Path) -> Result<QemuFeatures, HostError> {
    let netdevs = ask(binary, &["-M", "none", "-netdev", "help"])?;
    let devices = ask(binary, &["-M", "none", "-device", "help"])?;
    let has_device = |name: &str| devices.contains(&format!("name \"{name}\""));
    Ok(QemuFeatures {
        user_network: netdevs.lines().any(|line| line.trim() == "user"),
        balloon: has_device("virtio-balloon-pci"),
        virtio_mem: has_device("virtio-mem-pci"),
        virtio_serial: has_device("virtserialport"),
    })
}

fn ask(binary: &Path, args: &[&str]) -> Result<String, HostError> {
    let output = Command::new(binary).args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => HostError::ProgramMissing { program: binary.display().to_string() },
        _ => HostError::Spawn { program: binary.to_owned(), step: "execute it", source },
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)"
fn parse_version(text: &str) -> Option<QemuVersion> {
    let (_, rest) = text.lines().next()?.split_once("version ")?;
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.split('.').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(QemuVersion { major: next()?, minor: next()?, micro: next().unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installed_qemu_is_new_enough_and_has_what_vms_need() {
        let binary = Path::new("qemu-system-x86_64");
        assert!(version(binary).unwrap() >= OLDEST_SUPPORTED);
        let features = features(binary).unwrap();
        assert!(features.balloon && features.virtio_serial, "{features:?}");
    }

    #[test]
    fn versions_read_and_compare_by_number() {
        let read = |text| parse_version(text).map(|version| version.to_string());
        assert_eq!(read("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)\nC").as_deref(), Some("7.2.22"));
        assert_eq!(read("QEMU emulator version 10.1").as_deref(), Some("10.1.0"));
        assert_eq!(read("QEMU emulator version 10.0.50-rc1").as_deref(), Some("10.0.50"));
        assert_eq!(read("hello"), None);
        assert!(parse_version("version 10.0.0") > parse_version("version 9.2.4"));
    }

    #[test]
    fn a_missing_or_foreign_binary_is_an_error_that_names_it() {
        let missing = version(Path::new("/no/such/qemu")).unwrap_err();
        assert!(matches!(&missing, HostError::ProgramMissing { program } if program == "/no/such/qemu"));
        assert!(matches!(version(Path::new("true")), Err(HostError::QemuAnswer { .. })));
        assert!(matches!(version(Path::new("/etc/passwd")), Err(HostError::Spawn { .. })));
    }
}
