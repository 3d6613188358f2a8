//! What the memory loop sees: the host from /proc, each running VM from its view, its definition and its probe, turned
//! into the controller's observations. Decides nothing.
use std::collections::BTreeMap;
use std::sync::Arc;

use quetzal_control::{Control, GuestReport, Host, Vm};
use quetzal_host::zswap::Zswap;
use quetzal_host::{pageout, swap};
use quetzal_vm::metrics::{MemorySample, VmProbe};
use quetzal_vm::order::VmHandle;
use quetzal_vm::room::Room;
use quetzal_vm::spec::{self, Feature, HostLimits, VmSpec};
use quetzal_vm::state::VmState;
use quetzal_vm::view::{UnixMs, VmView};

const ZRAM: &str = "/dev/zram";

/// A VM with a living QEMU.
pub struct Running {
    pub handle: VmHandle,
    pub view: Arc<VmView>,
    pub spec: Arc<VmSpec>,
    pub probe: Arc<VmProbe>,
    pub pid: u32,
    pub room: Room,
}

/// Definitions as parsed, for as long as their text stays the same.
#[derive(Default)]
pub struct Definitions(BTreeMap<String, (Arc<str>, Arc<VmSpec>)>);

impl Definitions {
    pub fn running(&mut self, handles: Vec<VmHandle>) -> Vec<Running> {
        let mut known = std::mem::take(&mut self.0);
        let mut running = Vec::new();
        for handle in handles {
            let view = handle.view();
            let (Some(pid), Some(room), Some(probe)) = (view.pid, view.room, handle.probe()) else { continue };
            let same = known.remove(&view.id).filter(|(text, _)| Arc::ptr_eq(text, &view.spec_json));
            let spec = match same {
                Some((_, spec)) => spec,
                None => match VmSpec::parse(&view.spec_json, &HostLimits::UNKNOWN) {
                    Ok(spec) => Arc::new(spec),
                    Err(error) => {
                        tracing::debug!(vm_id = view.id, %error, "its memory is left alone");
                        continue;
                    }
                },
            };
            self.0.insert(view.id.clone(), (Arc::clone(&view.spec_json), Arc::clone(&spec)));
            running.push(Running { handle, view, spec, probe, pid, room });
        }
        running
    }
}

impl Running {
    pub fn is_controlled(&self) -> bool {
        let is_settled = matches!(self.view.state, VmState::Running | VmState::Paused);
        is_settled && self.spec.memory_policy.control != spec::Control::Off
    }

    /// Also on its way out: until QEMU has ended its pages may be merged.
    pub fn shares_pages(&self) -> bool {
        self.spec.has(Feature::Tps)
    }

    pub fn observe(&self, sample: &MemorySample, now: UnixMs) -> Vm {
        let policy = &self.spec.memory_policy;
        let size_bytes = sample.size_bytes.min(self.room.memory_target_bytes);
        let floor_bytes = self.room.balloon_floor_bytes.min(size_bytes);
        let ceiling_bytes = policy.ceiling_mb.map_or(size_bytes, |mb| mb << 20);
        Vm {
            id: self.view.id.as_str().into(),
            control: match policy.control {
                spec::Control::Off => Control::Off,
                spec::Control::Recommend => Control::Recommend,
                spec::Control::On => Control::On,
            },
            shares: policy.shares,
            size_bytes,
            floor_bytes,
            ceiling_bytes,
            target_bytes: self.room.balloon_target_bytes.min(size_bytes),
            actual_bytes: sample.balloon_actual_bytes,
            resident_bytes: sample.process.rss_bytes.saturating_sub(sample.overhead_bytes),
            own_bytes: sample.own_bytes,
            swapped_bytes: sample.process.swap_bytes,
            major_faults: sample.process.major_faults,
            // A paused guest moves no balloon.
            has_balloon: self.spec.has(Feature::Ballooning) && self.view.state == VmState::Running,
            may_page_out: self.spec.has(Feature::Compression),
            guest: report(sample, now),
        }
    }
}

/// What the sampler dropped as impossible is missing here too: such a guest is as good as silent.
fn report(sample: &MemorySample, now: UnixMs) -> Option<GuestReport> {
    let guest = sample.guest_memory.as_ref()?;
    Some(GuestReport {
        age_ms: now.0.saturating_sub(guest.updated_at?.0),
        total_bytes: guest.total_bytes?,
        available_bytes: guest.available_bytes?,
    })
}

/// None where /proc does not say.
pub fn host(total_bytes: u64) -> Option<Host> {
    let available_bytes = pageout::available_bytes()?;
    Some(Host { total_bytes, available_bytes, page_out_room_bytes: page_out_room_bytes() })
}

/// What compressed swap can still take in, whoever made it: paging out to a disk would be the very thing to avoid.
fn page_out_room_bytes() -> u64 {
    if Zswap::open().is_ok_and(|zswap| zswap.is_on()) {
        return pageout::swap().free_bytes;
    }
    let areas = swap::areas().into_iter().filter(|area| area.path.to_string_lossy().starts_with(ZRAM));
    areas.map(|area| area.size_bytes.saturating_sub(area.used_bytes)).sum()
}
