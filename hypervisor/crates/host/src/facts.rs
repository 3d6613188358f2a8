//! What the host is: facts that do not change while it runs. Missing ones are empty or zero, as nothing depends on them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::kernel_file::value_of;

/// The machine id is confidential (machine-id(5)): only a hash keyed with our name leaves the host.
const ID_KEY: &[u8] = b"quetzal host id\0";
/// Half of the hash is more than enough to tell hosts apart and is shorter to read.
const ID_BYTES: usize = 16;
const KIB: u64 = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Stable over restarts and reinstallations of ours; 32 hexadecimal digits.
    pub id: String,
    pub hostname: String,
    /// Release, e.g. "6.1.0-40-amd64".
    pub kernel: String,
    /// Empty where the kernel does not say.
    pub cpu_model: String,
    /// CPUs that are online.
    pub cpu_count: u32,
    pub memory_bytes: u64,
    pub booted_at: SystemTime,
}

pub fn read() -> HostFacts {
    read_in(Path::new("/"))
}

fn read_in(root: &Path) -> HostFacts {
    let uname = rustix::system::uname();
    let hostname = uname.nodename().to_string_lossy().into_owned();
    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let stat = text("proc/stat");
    let cpuinfo = text("proc/cpuinfo");
    let core_lines = stat.lines().filter(|line| line.starts_with("cpu")).skip(1);
    HostFacts {
        id: host_id(&machine_identity(root).unwrap_or_else(|| hostname.clone())),
        kernel: uname.release().to_string_lossy().into_owned(),
        cpu_model: cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(name, value)| (name.trim() == "model name").then(|| value.trim().to_owned()))
            .unwrap_or_default(),
        cpu_count: u32::try_from(core_lines.count()).unwrap_or(u32::MAX),
        memory_bytes: value_of::<u64>(&text("proc/meminfo"), "MemTotal").unwrap_or(0) * KIB,
        booted_at: SystemTime::UNIX_EPOCH + Duration::from_secs(value_of(&stat, "btime").unwrap_or(0)),
        hostname,
    }
}

/// The first of these that says something; a container may have none, and then its name has to do.
fn machine_identity(root: &Path) -> Option<String> {
    let paths = ["etc/machine-id", "var/lib/dbus/machine-id", "sys/class/dmi/id/product_uuid"];
    let texts = paths.iter().filter_map(|path| fs::read_to_string(root.join(path)).ok());
    texts.map(|text| text.trim().to_owned()).find(|text| !text.is_empty() && text != "uninitialized")
}

fn host_id(identity: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(ID_KEY);
    hash.update(identity.as_bytes());
    hash.finalize().iter().take(ID_BYTES).fold(String::new(), |mut id, byte| {
        write!(id, "{byte:02x}").expect("writing to a String cannot fail");
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_facts_and_the_same_id_each_time() {
        let facts = read();
        assert_eq!(facts, read());
        assert_eq!(facts.id.len(), 2 * ID_BYTES);
        assert!(facts.cpu_count >= 1 && facts.memory_bytes > 0 && !facts.kernel.is_empty());
        assert!(facts.booted_at < SystemTime::now() && facts.booted_at > SystemTime::UNIX_EPOCH);
        let machine_id = fs::read_to_string("/etc/machine-id").unwrap_or_else(|_| "none".into());
        assert!(!facts.id.contains(machine_id.trim()), "the machine id itself does not leave");
    }

    #[test]
    fn hosts_differ_by_machine_id_and_fall_back_to_their_name() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        let id_with = |machine_id: &str| {
            fs::write(root.path().join("etc/machine-id"), machine_id).unwrap();
            read_in(root.path()).id
        };
        assert_ne!(id_with("aa\n"), id_with("bb\n"));
        assert_eq!(id_with("aa"), id_with("aa\n"));
        let nameless = read_in(root.path().join("none").as_path());
        assert_eq!(id_with("uninitialized\n"), nameless.id);
        assert_eq!((nameless.cpu_count, nameless.cpu_model.as_str()), (0, ""));
    }
}
