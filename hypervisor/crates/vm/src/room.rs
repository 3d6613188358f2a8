//! Between which limits a running VM's memory and vCPUs move, and what was last asked for. Knows no QMP.
use serde::{Deserialize, Serialize};

use crate::spec::{MEMORY_MIN_MB, VmSpec};

const MIB: u64 = 1 << 20;

/// Absent in a view while no QEMU lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// What the guest was last asked to leave itself; its whole memory where nobody asked.
    pub balloon_target_bytes: u64,
    /// The least a balloon target may be.
    pub balloon_floor_bytes: u64,
    /// What the guest was last asked to have plugged in, boot memory counted in.
    pub memory_target_bytes: u64,
    /// The most it can have without a restart.
    pub memory_max_bytes: u64,
    pub vcpus_target: u32,
    pub vcpus_max: u32,
}

impl Room {
    /// Of a QEMU that was just started on this definition.
    pub fn at_boot(spec: &VmSpec) -> Self {
        Self {
            balloon_target_bytes: spec.memory_bytes(),
            balloon_floor_bytes: floor_bytes(spec, spec, 0),
            memory_target_bytes: spec.memory_bytes(),
            memory_max_bytes: spec.memory_bytes() + spec.memory_headroom_bytes(),
            vcpus_target: spec.vcpus,
            vcpus_max: spec.vcpus_max(),
        }
    }
}

/// The definition's floor, as far as a balloon can take memory: it holds no more pages than QEMU counts as the guest's
/// own, which what virtio-mem has plugged in (`plugged_bytes`) is not.
pub(crate) fn floor_bytes(running: &VmSpec, defined: &VmSpec, plugged_bytes: u64) -> u64 {
    let wished = defined.memory_policy.floor_mb.unwrap_or(running.memory_floor_mb()).min(running.memory_mb);
    (wished * MIB).max(plugged_bytes.saturating_add(MEMORY_MIN_MB * MIB))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::HostLimits;

    fn spec(policy: &str) -> VmSpec {
        let text = format!(r#"{{"id":"a","memory_mb":256,"vcpus":2,"features":["hotplug"],"memory_policy":{policy}}}"#);
        VmSpec::parse(&text, &HostLimits::UNKNOWN).unwrap()
    }

    #[test]
    fn a_fresh_guest_has_its_boot_memory_and_may_be_taken_to_its_floor() {
        let room = Room::at_boot(&spec(r#"{"max_mb":1024}"#));
        assert_eq!((room.balloon_target_bytes, room.memory_target_bytes), (256 * MIB, 256 * MIB));
        assert_eq!((room.balloon_floor_bytes, room.memory_max_bytes), (128 * MIB, 1024 * MIB));
        assert_eq!((room.vcpus_target, room.vcpus_max), (2, 4));
    }

    #[test]
    fn the_floor_is_the_newest_definitions_but_of_the_memory_that_runs() {
        let running = spec("{}");
        let mut defined = spec(r#"{"floor_mb":200}"#);
        assert_eq!(floor_bytes(&running, &defined, 0), 200 * MIB);
        defined.memory_mb = 4096;
        defined.memory_policy.floor_mb = Some(2048);
        assert_eq!(floor_bytes(&running, &defined, 0), 256 * MIB);
        defined.memory_policy.floor_mb = None;
        assert_eq!(floor_bytes(&running, &defined, 0), 128 * MIB);
    }

    #[test]
    fn what_virtio_mem_has_plugged_in_is_out_of_the_balloons_reach() {
        let spec = spec("{}");
        assert_eq!(floor_bytes(&spec, &spec, 64 * MIB), 128 * MIB);
        assert_eq!(floor_bytes(&spec, &spec, 256 * MIB), 288 * MIB);
    }
}
