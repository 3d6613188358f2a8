//! QEMU's places for vCPUs: which are taken, and the next that are free. Pure.
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    /// Counted from 0 over all places; what the guest and the threads call it, too.
    pub index: usize,
    /// Device to add here.
    driver: String,
    /// Where: socket, die, core, thread.
    place: Map<String, Value>,
    /// Object path of the vCPU that is here.
    pub taken_by: Option<String>,
}

/// The answer to query-hotpluggable-cpus, which QEMU gives in no order to rely on.
pub(super) fn slots(answer: &Value) -> Vec<Slot> {
    let entries = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut slots: Vec<Slot> = entries
        .iter()
        .filter_map(|entry| {
            Some(Slot {
                index: 0,
                driver: entry["type"].as_str()?.to_owned(),
                place: entry["props"].as_object()?.clone(),
                taken_by: entry["qom-path"].as_str().map(str::to_owned),
            })
        })
        .collect();
    slots.sort_by_key(|slot| {
        ["node-id", "socket-id", "die-id", "cluster-id", "core-id", "thread-id"]
            .map(|name| slot.place.get(name).and_then(Value::as_u64).unwrap_or(0))
    });
    for (index, slot) in slots.iter_mut().enumerate() {
        slot.index = index;
    }
    slots
}

impl Slot {
    /// Arguments of the device_add that fills it.
    pub fn device(&self) -> Value {
        let mut device = Value::Object(self.place.clone());
        device["driver"] = json!(self.driver);
        device["id"] = json!(format!("vcpu{}", self.index));
        device
    }

    /// Whether it was added while running; one that QEMU came up with stays.
    pub fn is_added(&self) -> bool {
        self.taken_by.as_ref().is_some_and(|path| path.starts_with("/machine/peripheral/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(core: u64, path: Option<&str>) -> Value {
        let mut entry = json!({
            "props": { "core-id": core, "thread-id": 0, "socket-id": 0 }, "vcpus-count": 1, "type": "max-x86_64-cpu",
        });
        if let Some(path) = path {
            entry["qom-path"] = json!(path);
        }
        entry
    }

    #[test]
    fn places_are_counted_from_the_first_and_a_free_one_names_its_device() {
        let answer = json!([
            entry(10, None),
            entry(2, None),
            entry(1, Some("/machine/peripheral/vcpu1")),
            entry(0, Some("/machine/unattached/device[0]")),
        ]);
        let slots = slots(&answer);
        let taken: Vec<bool> = slots.iter().map(|slot| slot.taken_by.is_some()).collect();
        assert_eq!(taken, [true, true, false, false]);
        assert_eq!(slots.iter().map(Slot::is_added).collect::<Vec<_>>(), [false, true, false, false]);
        let device = json!({ "driver": "max-x86_64-cpu", "id": "vcpu2", "core-id": 2, "thread-id": 0, "socket-id": 0 });
        assert_eq!(slots[2].device(), device);
        assert_eq!(slots[3].index, 3);
    }

    #[test]
    fn nonsense_has_no_places() {
        assert_eq!(slots(&json!({})), []);
        assert_eq!(slots(&json!([{}, 1, { "type": 5, "props": {} }])), []);
    }
}
