//! The rules that a definition's values keep, beyond their types. Pure; each answers with what is wrong and the mend.
use std::collections::BTreeSet;

use super::parse::SpecError;
use super::{Boot, Disk, DiskBus, Machine, Network, NetworkMode, VmSpec, policy};

/// What a definition may ask of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostLimits {
    pub memory_bytes: u64,
    pub cpu_count: u32,
}

impl HostLimits {
    /// For a definition accepted earlier: a host that lost memory since must still know its VMs.
    pub const UNKNOWN: Self = Self { memory_bytes: u64::MAX, cpu_count: u32::MAX };

    /// The limits without their figures: see [`HostLimits::UNKNOWN`].
    pub fn unlimited(&self) -> Self {
        Self::UNKNOWN
    }
}

/// Less boots no firmware with room for a kernel.
pub const MEMORY_MIN_MB: u64 = 32;
/// One VM's most vCPUs, whatever the host: beyond, the boards need more than their plain interrupt controller.
pub const VCPUS_MAX: u32 = 64;
/// vCPUs per host CPU: beyond, a spinning guest only fights itself.
const VCPUS_PER_HOST_CPU: u32 = 4;
/// Slots that the command line plans for disks.
pub(crate) const DISKS_MAX: usize = 16;
/// Channels of a board's IDE controller: two with two disks each on pc, six on q35.
const IDE_DISKS_MAX_PC: usize = 4;
const IDE_DISKS_MAX_Q35: usize = 6;
/// 64 TiB, QEMU's comfortable range and far above what a host here holds.
const DISK_MAX_GB: u64 = 65_536;
const DISK_MAX_MB: u64 = DISK_MAX_GB * 1024;
/// x86 Linux cuts its command line at 2,048 bytes with the closing zero.
const CMDLINE_MAX_BYTES: usize = 2047;
const NAME_MAX_CHARS: usize = 64;
/// Below the file system's 255 for a name and its 4,096 for a path, with room for our own folders.
const PATH_MAX_BYTES: usize = 255;
const LABELS_MAX: usize = 64;
const LABEL_KEY_MAX_BYTES: usize = 64;
const LABEL_VALUE_MAX_CHARS: usize = 256;

pub(super) const ID_PATTERN: &str = "^[a-z0-9][a-z0-9._-]{0,63}$";
pub(super) const DISK_NAME_PATTERN: &str = "^[a-z0-9]{1,16}$";
pub(super) const PATH_PATTERN: &str = r"^(?!/)(?!.*(^|/)\.{1,2}(/|$))[^,\\\x00-\x1f\x7f]{1,255}$";
pub(super) const INTERFACE_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$";
pub(super) const MAC_PATTERN: &str = "^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$";

type Rule = Result<(), String>;

trait At {
    fn at(self, field: &str) -> Result<(), SpecError>;
}

impl At for Rule {
    fn at(self, field: &str) -> Result<(), SpecError> {
        self.map_err(|fault| SpecError::at(field, fault))
    }
}

pub(super) fn check(spec: &VmSpec, limits: &HostLimits) -> Result<(), SpecError> {
    id(&spec.id).at("id")?;
    name(&spec.name).at("name")?;
    memory(spec.memory_mb, limits).at("memory_mb")?;
    vcpus(spec.vcpus, limits).at("vcpus")?;
    if let Some(boot) = &spec.boot {
        check_boot(boot)?;
    }
    check_disks(spec)?;
    check_network(&spec.network)?;
    policy::check(spec, limits)?;
    check_labels(spec)
}

fn check_boot(boot: &Boot) -> Result<(), SpecError> {
    relative_path(&boot.kernel).at("boot.kernel")?;
    if let Some(initrd) = &boot.initrd {
        relative_path(initrd).at("boot.initrd")?;
    }
    boot.cmdline.as_deref().map_or(Ok(()), cmdline).at("boot.cmdline")
}

fn check_disks(spec: &VmSpec) -> Result<(), SpecError> {
    if spec.disks.len() > DISKS_MAX {
        return Err(SpecError::at(
            "disks",
            format!("{} disks are too many; a VM has at most {DISKS_MAX}", spec.disks.len()),
        ));
    }
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (index, disk) in spec.disks.iter().enumerate() {
        let field = |name: &str| format!("disks[{index}].{name}");
        disk_name(&disk.name).at(&field("name"))?;
        relative_path(&disk.path).at(&field("path"))?;
        check_disk_sizes(disk, field)?;
        if let Some(image) = &disk.image {
            relative_path(image).at(&field("image"))?;
        }
        if !names.insert(&disk.name) {
            return Err(SpecError::at(
                field("name"),
                format!("another disk is named {:?} already; choose another name", disk.name),
            ));
        }
        if !paths.insert(&disk.path) {
            return Err(SpecError::at(
                field("path"),
                format!("another disk uses the file {:?} already; choose another path", disk.path),
            ));
        }
        if disk.bus == DiskBus::Ide && disk.readonly {
            return Err(SpecError::at(field("readonly"), "an IDE disk cannot be read-only; use \"bus\": \"virtio\""));
        }
    }
    let most = if spec.machine == Machine::Pc { IDE_DISKS_MAX_PC } else { IDE_DISKS_MAX_Q35 };
    match spec.disks.iter().enumerate().filter(|(_, disk)| disk.bus == DiskBus::Ide).nth(most) {
        Some((index, _)) => Err(SpecError::at(
            format!("disks[{index}].bus"),
            format!("this machine has room for {most} IDE disks; use \"bus\": \"virtio\""),
        )),
        None => Ok(()),
    }
}

fn check_disk_sizes(disk: &Disk, field: impl Fn(&str) -> String) -> Result<(), SpecError> {
    if disk.size_gb.is_some() && disk.size_mb.is_some() {
        return Err(SpecError::at(field("size_mb"), "size_gb is given as well; keep one of the two"));
    }
    let sizes = [("size_gb", disk.size_gb, DISK_MAX_GB), ("size_mb", disk.size_mb, DISK_MAX_MB)];
    for (name, size, most) in sizes {
        if size.is_some_and(|size| size == 0 || size > most) {
            let size = size.unwrap_or_default();
            return Err(SpecError::at(field(name), format!("{size} is out of range; give 1 to {most}")));
        }
    }
    Ok(())
}

fn check_network(network: &Network) -> Result<(), SpecError> {
    match (&network.bridge, network.mode) {
        (None, NetworkMode::Bridge) => {
            let fault =
                "mode \"bridge\" needs the name of a bridge; add it (BRIDGE in network.conf), or use mode \"user\"";
            return Err(SpecError::at("network.bridge", fault));
        }
        (Some(bridge), _) => interface(bridge).at("network.bridge")?,
        (None, NetworkMode::User | NetworkMode::None) => {}
    }
    network.mac.as_deref().map_or(Ok(()), mac).at("network.mac")
}

fn check_labels(spec: &VmSpec) -> Result<(), SpecError> {
    if spec.labels.len() > LABELS_MAX {
        return Err(SpecError::at(
            "labels",
            format!("{} labels are too many; keep at most {LABELS_MAX}", spec.labels.len()),
        ));
    }
    for (key, value) in &spec.labels {
        if !is_word(key, LABEL_KEY_MAX_BYTES, |c| c.is_ascii_alphanumeric() || "._-/".contains(c)) {
            let fault = format!(
                "the key {} is not made of 1 to {LABEL_KEY_MAX_BYTES} of A-Z a-z 0-9 . _ - /; rename it",
                shown(key)
            );
            return Err(SpecError::at("labels", fault));
        }
        if value.chars().count() > LABEL_VALUE_MAX_CHARS || value.chars().any(char::is_control) {
            let fault = format!(
                "the value is longer than {LABEL_VALUE_MAX_CHARS} characters or holds a control character; shorten or clean it"
            );
            return Err(SpecError::at(format!("labels.{key}"), fault));
        }
    }
    Ok(())
}

fn id(id: &str) -> Rule {
    let fits = is_word(id, 64, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c));
    if !fits || !id.starts_with(|c: char| c.is_ascii_alphanumeric()) || id.contains("..") {
        return Err(format!(
            "{} is not an id; use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit and without \"..\"",
            shown(id)
        ));
    }
    Ok(())
}

fn name(name: &str) -> Rule {
    let is_odd = |c: char| c.is_control() || is_unprintable(c) || c == '/' || c == ',';
    if name.chars().count() > NAME_MAX_CHARS || name.contains(is_odd) || name.contains("..") || name.trim() != name {
        return Err(format!(
            "{} is not a name; use 1 to {NAME_MAX_CHARS} printable characters without \"/\", \",\", \"..\" and without blanks at its ends",
            shown(name)
        ));
    }
    Ok(())
}

fn memory(memory_mb: u64, limits: &HostLimits) -> Rule {
    let host_mb = limits.memory_bytes >> 20;
    match memory_mb {
        0..MEMORY_MIN_MB => Err(format!("{memory_mb} MiB is too little to boot; give at least {MEMORY_MIN_MB}")),
        _ if memory_mb > host_mb => Err(format!("{memory_mb} MiB is more than this host has; give at most {host_mb}")),
        _ => Ok(()),
    }
}

fn vcpus(vcpus: u32, limits: &HostLimits) -> Rule {
    let most = limits.cpu_count.saturating_mul(VCPUS_PER_HOST_CPU).min(VCPUS_MAX);
    match vcpus {
        0 => Err("a VM needs at least 1 vCPU; give 1 or more".into()),
        _ if vcpus > most => Err(format!(
            "{vcpus} vCPUs are too many; give at most {most} ({VCPUS_PER_HOST_CPU} for each CPU of the host, {VCPUS_MAX} in all)"
        )),
        _ => Ok(()),
    }
}

fn cmdline(text: &str) -> Rule {
    if text.len() > CMDLINE_MAX_BYTES {
        return Err(format!("{} bytes are more than Linux reads; keep it to {CMDLINE_MAX_BYTES}", text.len()));
    }
    if text.contains(char::is_control) {
        return Err("it holds a control character or newline; remove it".into());
    }
    Ok(())
}

fn disk_name(name: &str) -> Rule {
    if is_word(name, 16, |c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
        return Ok(());
    }
    Err(format!("{} is not a disk's name; use 1 to 16 of a-z 0-9, e.g. \"vda\"", shown(name)))
}

/// Stays inside its folder by its text alone; symbolic links are looked at when the file is opened.
fn relative_path(path: &str) -> Rule {
    let fault = if path.is_empty() {
        "is empty"
    } else if path.len() > PATH_MAX_BYTES {
        "is longer than 255 bytes"
    } else if path.starts_with('/') {
        "is absolute"
    } else if path.contains(|c: char| c.is_control() || is_unprintable(c) || c == ',' || c == '\\') {
        "holds \",\", \"\\\" or a control character"
    } else if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "has an empty part, \".\" or \"..\""
    } else {
        return Ok(());
    };
    Err(format!(
        "the path {} {fault}; give one that is relative to its folder and stays inside, e.g. \"disk.img\"",
        shown(path)
    ))
}

fn interface(name: &str) -> Rule {
    let fits = is_word(name, 15, |c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if fits && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format!("{} is not an interface's name; use 1 to 15 of A-Z a-z 0-9 . _ -", shown(name)))
}

fn mac(text: &str) -> Rule {
    let parts: Vec<&str> = text.split(':').collect();
    let is_byte = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if parts.len() != 6 || !parts.iter().all(is_byte) {
        return Err(format!("{} is not a hardware address; write six bytes, e.g. \"52:54:00:12:34:56\"", shown(text)));
    }
    let bytes: Vec<u8> = parts.iter().filter_map(|part| u8::from_str_radix(part, 16).ok()).collect();
    if bytes[0] & 1 == 1 || bytes.iter().all(|byte| *byte == 0) {
        return Err(format!(
            "{text:?} is a group's or nobody's address; make its first byte even, e.g. \"52:54:00:12:34:56\""
        ));
    }
    Ok(())
}

fn is_word(text: &str, max_bytes: usize, allowed: impl Fn(char) -> bool) -> bool {
    (1..=max_bytes).contains(&text.len()) && text.chars().all(allowed)
}

/// Characters that hide or turn text on a screen: separators of lines, zero-width and bidirectional marks.
fn is_unprintable(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What was given, safe to show in one line.
fn shown(text: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let ellipsis = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{ellipsis}")
}
