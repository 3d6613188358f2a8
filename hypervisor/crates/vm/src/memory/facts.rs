//! What QEMU says of a guest's memory: what is plugged in, which drivers the guest runs, where the host maps it. Asked
//! afresh before every memory verb, and kept for the samples in between.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use quetzal_host::guest_ram::GuestRamSampler;
use quetzal_host::process::Footprint;
use quetzal_qmp::{Qmp, QmpError};
use serde_json::{Value, json};

use super::walk::Walk;
use crate::metrics::BALLOON_PATH;

/// The device's place in QEMU's object tree.
pub(crate) const VIRTIO_MEM_PATH: &str = "/machine/peripheral/vmem0";
/// QEMU answers within a millisecond; one that hangs must not hold up a verb for long.
const LOOK_DEADLINE: Duration = Duration::from_secs(1);

/// Whether the guest's kernel drives a device. QEMUs without the command to ask leave it unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Driver {
    Present,
    Absent,
    #[default]
    Unknown,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Memory modules, by the numbers in their names.
    pub modules: Vec<u32>,
    pub module_bytes: u64,
    pub virtio_mem: Option<VirtioMem>,
    pub balloon_driver: Driver,
    pub virtio_mem_driver: Driver,
    /// Sizes of the memory that the host maps for the guest.
    pub backend_bytes: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VirtioMem {
    pub plugged_bytes: u64,
    pub requested_bytes: u64,
}

/// The host's side of the guest's memory, at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestRam {
    pub size_bytes: u64,
    pub resident_bytes: u64,
    pub shared_bytes: u64,
    pub swapped_bytes: u64,
    pub overhead_bytes: u64,
}

impl Facts {
    pub fn virtio_mem_bytes(&self) -> u64 {
        self.virtio_mem.map_or(0, |device| device.plugged_bytes)
    }

    pub fn plugged_bytes(&self) -> u64 {
        self.module_bytes + self.virtio_mem_bytes()
    }

    /// Without one that answers, memory can only be added by modules.
    pub fn may_use_virtio_mem(&self) -> bool {
        self.virtio_mem.is_some() && self.virtio_mem_driver != Driver::Absent
    }

    pub fn free_module(&self) -> u32 {
        (0..).find(|number| !self.modules.contains(number)).unwrap_or_default()
    }

    async fn ask(qmp: &Qmp) -> Result<Self, QmpError> {
        let device = format!("{VIRTIO_MEM_PATH}/virtio-backend");
        let balloon = format!("{BALLOON_PATH}/virtio-backend");
        let (devices, backends, balloon_driver, virtio_mem_driver) = tokio::join!(
            qmp.execute_within("query-memory-devices", Value::Null, LOOK_DEADLINE),
            qmp.execute_within("query-memdev", Value::Null, LOOK_DEADLINE),
            driver(qmp, &balloon),
            driver(qmp, &device),
        );
        let mut facts = Self { balloon_driver, virtio_mem_driver, ..Self::default() };
        for entry in devices?.as_array().into_iter().flatten() {
            facts.take(entry);
        }
        let backends = backends?;
        let sizes = backends.as_array().into_iter().flatten().filter_map(|backend| backend["size"].as_u64());
        facts.backend_bytes = sizes.collect();
        Ok(facts)
    }

    fn take(&mut self, entry: &Value) {
        let data = &entry["data"];
        let bytes = |name: &str| data[name].as_u64().unwrap_or(0);
        match entry["type"].as_str() {
            Some("virtio-mem") => {
                let device = VirtioMem { plugged_bytes: bytes("size"), requested_bytes: bytes("requested-size") };
                self.virtio_mem = Some(device);
            }
            Some("dimm") => {
                self.module_bytes += bytes("size");
                let number: Option<u32> = data["id"].as_str().and_then(|id| id.strip_prefix("dimm")?.parse().ok());
                self.modules.extend(number);
            }
            _ => {}
        }
    }
}

/// The command is unstable by name and has answered alike since 7.2; without it a verb finds out by trying.
async fn driver(qmp: &Qmp, path: &str) -> Driver {
    let question = json!({ "path": path });
    match qmp.execute_within("x-query-virtio-status", question, LOOK_DEADLINE).await {
        Ok(answer) => match answer["status"]["statuses"].as_array() {
            Some(said) if said.iter().any(|status| status.as_str().is_some_and(is_ready)) => Driver::Present,
            Some(_) => Driver::Absent,
            None => Driver::Unknown,
        },
        Err(_) => Driver::Unknown,
    }
}

fn is_ready(status: &str) -> bool {
    status.starts_with("VIRTIO_CONFIG_S_DRIVER_OK")
}

/// Shared between the VM's task, its work and the samples.
pub(crate) struct MemoryProbe {
    pub boot_bytes: u64,
    known: Mutex<Known>,
    ram: Mutex<GuestRamSampler>,
    /// Where the next page-out goes on: all of the guest gets its turn.
    pub page_out_at: Mutex<u64>,
    /// The same of QEMU's own memory.
    pub own_page_out_at: Mutex<u64>,
    /// QEMU did not take what it was last told of sharing.
    is_merge_unheard: AtomicBool,
}

#[derive(Default)]
struct Known {
    facts: Option<Arc<Facts>>,
    /// As QEMU tells it: without what virtio-mem has plugged in.
    balloon_bytes: Option<u64>,
    guest_ram: Option<GuestRam>,
}

impl MemoryProbe {
    pub fn new(boot_bytes: u64, pid: u32) -> Self {
        Self {
            boot_bytes,
            known: Mutex::default(),
            ram: Mutex::new(GuestRamSampler::new(pid)),
            page_out_at: Mutex::new(0),
            own_page_out_at: Mutex::new(0),
            is_merge_unheard: AtomicBool::new(false),
        }
    }

    pub async fn look(&self, qmp: &Qmp) -> Result<Arc<Facts>, QmpError> {
        let facts = Arc::new(Facts::ask(qmp).await?);
        self.known().facts = Some(Arc::clone(&facts));
        Ok(facts)
    }

    /// As last seen; absent before QEMU's first answer.
    pub fn facts(&self) -> Option<Arc<Facts>> {
        self.known().facts.clone()
    }

    pub fn note_unheard_merge(&self) {
        self.is_merge_unheard.store(true, Ordering::Relaxed);
    }

    /// Answers once for each failure.
    pub fn take_unheard_merge(&self) -> bool {
        self.is_merge_unheard.swap(false, Ordering::Relaxed)
    }

    pub fn set_balloon(&self, bytes: u64) {
        self.known().balloon_bytes = Some(bytes);
    }

    pub fn set_virtio_mem(&self, plugged_bytes: u64) {
        let mut known = self.known();
        let Some(facts) = &mut known.facts else { return };
        if let Some(device) = &mut Arc::make_mut(facts).virtio_mem {
            device.plugged_bytes = plugged_bytes;
        }
    }

    /// What the guest has now: QEMU's figure and what virtio-mem has plugged in.
    pub fn guest_has(&self) -> Option<u64> {
        let known = self.known();
        let plugged = known.facts.as_ref().map_or(0, |facts| facts.virtio_mem_bytes());
        known.balloon_bytes.map(|bytes| bytes + plugged)
    }

    pub fn plugged_bytes(&self) -> Option<u64> {
        self.known().facts.as_ref().map(|facts| facts.plugged_bytes())
    }

    /// As last taken; taken anew when it is due.
    pub fn guest_ram(&self, process: Option<Footprint>, walk: Walk) -> Option<GuestRam> {
        let last = self.known().guest_ram;
        if walk == Walk::NotDue && last.is_some() {
            return last;
        }
        let facts = self.facts()?;
        let ram = self.ram.lock().expect("no thread panics while it samples").sample(&facts.backend_bytes)?;
        let process = process?;
        let taken = GuestRam {
            size_bytes: self.boot_bytes + facts.plugged_bytes(),
            resident_bytes: ram.resident_bytes,
            shared_bytes: ram.merged_bytes.unwrap_or(process.ksm_merged_bytes).min(ram.resident_bytes),
            swapped_bytes: ram.swapped_bytes,
            overhead_bytes: process.rss_bytes.saturating_sub(ram.resident_bytes),
        };
        self.known().guest_ram = Some(taken);
        Some(taken)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no thread panics while it holds what is known")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_virtio_mem_are_told_apart() {
        let mut facts = Facts::default();
        facts.take(
            &json!({ "type": "virtio-mem", "data": { "id": "vmem0", "size": 64, "requested-size": 128, "max-size": 999 } }),
        );
        facts.take(&json!({ "type": "dimm", "data": { "id": "dimm0", "size": 7 } }));
        facts.take(&json!({ "type": "dimm", "data": { "id": "stranger", "size": 1 } }));
        facts.take(&json!({ "type": "dimm", "data": { "id": "dimm2", "size": 2 } }));
        facts.take(&json!({ "type": "nvdimm", "data": { "id": "dimm9", "size": 100 } }));
        assert_eq!((facts.module_bytes, facts.virtio_mem_bytes(), facts.plugged_bytes()), (10, 64, 74));
        assert_eq!(facts.free_module(), 1);
        assert!(facts.may_use_virtio_mem());
        facts.virtio_mem_driver = Driver::Absent;
        assert!(!facts.may_use_virtio_mem());
    }
}
