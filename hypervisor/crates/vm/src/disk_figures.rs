//! What QEMU says of one disk: the counters of its block device, and how large the guest sees it. Knows the shape of the
//! two answers, not when they are asked for.
use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskSample {
    pub name: String,
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub read_operations: u64,
    pub write_operations: u64,
    pub flush_operations: u64,
    pub read_time_ns: u64,
    pub write_time_ns: u64,
    pub flush_time_ns: u64,
    /// What the file takes on the host's disk.
    pub allocated_bytes: Option<u64>,
    /// What the guest sees, whatever the file's format.
    pub capacity_bytes: Option<u64>,
}

/// Of an answer to `query-blockstats`; the two sizes are not in it.
pub(crate) fn disk_sample(answer: &Value, name: &str) -> Option<DiskSample> {
    let entry = answer.as_array()?.iter().find(|entry| is_of(name, &entry["node-name"], &entry["qdev"]))?;
    // Without one of them nothing is told: an unknown figure is no zero.
    let counter = |key: &str| entry["stats"][key].as_u64();
    Some(DiskSample {
        name: name.to_owned(),
        read_bytes: counter("rd_bytes")?,
        write_bytes: counter("wr_bytes")?,
        read_operations: counter("rd_operations")?,
        write_operations: counter("wr_operations")?,
        flush_operations: counter("flush_operations")?,
        read_time_ns: counter("rd_total_time_ns")?,
        write_time_ns: counter("wr_total_time_ns")?,
        flush_time_ns: counter("flush_total_time_ns")?,
        allocated_bytes: None,
        capacity_bytes: None,
    })
}

/// Of an answer to `query-block`. QEMU has the file open: nobody else needs to read its header.
pub(crate) fn capacity_bytes(answer: &Value, name: &str) -> Option<u64> {
    let found = answer.as_array()?.iter().find(|entry| is_of(name, &entry["inserted"]["node-name"], &entry["qdev"]))?;
    found["inserted"]["image"]["virtual-size"].as_u64()
}

/// Whether the block node or the device carries the disk's name.
fn is_of(name: &str, node: &Value, device: &Value) -> bool {
    let named = |text: &str| text == name || text.strip_prefix("disk-") == Some(name);
    node.as_str().is_some_and(named) || device.as_str().unwrap_or_default().split('/').any(named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As QEMU 7.2 says it, with a figure of its own for each.
    fn stats() -> Value {
        json!({
            "rd_bytes": 9, "wr_bytes": 8, "rd_operations": 7, "wr_operations": 6, "flush_operations": 5,
            "rd_total_time_ns": 4, "wr_total_time_ns": 3, "flush_total_time_ns": 2,
            "rd_merged": 11, "wr_merged": 12, "unmap_bytes": 13, "failed_rd_operations": 14, "idle_time_ns": 15,
            "wr_highest_offset": 16, "timed_stats": [],
        })
    }

    #[test]
    fn each_figure_is_qemus_own() {
        let disk = disk_sample(&json!([{ "node-name": "vda", "stats": stats() }]), "vda").unwrap();
        let bytes = (disk.read_bytes, disk.write_bytes);
        let operations = (disk.read_operations, disk.write_operations, disk.flush_operations);
        let times = (disk.read_time_ns, disk.write_time_ns, disk.flush_time_ns);
        assert_eq!((bytes, operations, times), ((9, 8), (7, 6, 5), (4, 3, 2)));
    }

    #[test]
    fn a_disk_of_which_qemu_leaves_a_figure_out_is_unknown() {
        for key in stats().as_object().unwrap().keys().filter(|key| key.contains("_time_ns") && *key != "idle_time_ns")
        {
            let mut stats = stats();
            stats.as_object_mut().unwrap().remove(key);
            assert_eq!(disk_sample(&json!([{ "node-name": "vda", "stats": stats }]), "vda"), None, "{key}");
        }
    }

    #[test]
    fn a_disk_is_found_by_its_node_or_its_device() {
        let entry = |node: &str, qdev: &str| json!({ "node-name": node, "qdev": qdev, "stats": stats() });
        let answer = json!([entry("other", "x"), entry("vda", "")]);
        assert_eq!(disk_sample(&answer, "vda").unwrap().read_bytes, 9);
        let answer = json!([entry("#block1", "/machine/peripheral/disk-vdb/virtio-backend")]);
        assert_eq!(disk_sample(&answer, "vdb").unwrap().read_bytes, 9);
        assert_eq!(disk_sample(&answer, "vda"), None);
        assert_eq!(disk_sample(&json!({}), "vda"), None);
    }

    #[test]
    fn the_capacity_is_what_the_guest_sees_and_unknown_where_qemu_says_none() {
        let answer = json!([
            { "qdev": "/machine/peripheral/cd0" },
            { "qdev": "/machine/peripheral/disk-vda/virtio-backend",
              "inserted": { "node-name": "disk-vda", "image": { "format": "qcow2", "virtual-size": 1_073_741_824, "actual-size": 200_704 } } },
            { "qdev": "", "inserted": { "node-name": "disk-vdb", "image": { "virtual-size": "much" } } },
        ]);
        assert_eq!(capacity_bytes(&answer, "vda"), Some(1_073_741_824));
        assert_eq!(capacity_bytes(&answer, "vdb"), None);
        assert_eq!(capacity_bytes(&answer, "cd0"), None);
        assert_eq!(capacity_bytes(&json!("none"), "vda"), None);
    }
}
