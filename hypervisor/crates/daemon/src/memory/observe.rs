//! What the memory loop sees: the host from /proc, each running VM from its view, its settings and its probe, turned
//! into the controller's observations. Decides nothing.
use std::collections::BTreeMap;
use std::sync::Arc;

use quetzal_control::{Control, GuestReport, Host, Vm};
use quetzal_host::zswap::Zswap;
use quetzal_host::{pageout, swap};
use quetzal_vm::in_effect::InEffect;
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
    pub settings: InEffect,
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
            let defined = match same {
                Some((_, defined)) => defined,
                None => match VmSpec::parse(&view.spec_json, &HostLimits::UNKNOWN) {
                    Ok(defined) => Arc::new(defined),
                    Err(error) => {
                        // Left out, it would be taken for one that shares nothing.
                        tracing::debug!(vm_id = view.id, %error, "its memory is kept as it was started");
                        Arc::clone(probe.started_with())
                    }
                },
            };
            self.0.insert(view.id.clone(), (Arc::clone(&view.spec_json), Arc::clone(&defined)));
            let settings = InEffect::new(Arc::clone(probe.started_with()), defined);
            running.push(Running { handle, view, settings, probe, pid, room });
        }
        running
    }
}

impl Running {
    pub fn is_controlled(&self) -> bool {
        let is_settled = matches!(self.view.state, VmState::Running | VmState::Paused);
        is_settled && self.settings.control() != spec::Control::Off
    }

    /// Also on its way out: until QEMU has ended its pages may be merged.
    pub fn shares_pages(&self) -> bool {
        self.settings.has(Feature::Tps)
    }

    /// Whose balloon may say what its guest has and needs.
    pub fn reports(&self) -> bool {
        self.is_controlled() && self.settings.has(Feature::Ballooning)
    }

    pub fn observe(&self, sample: &MemorySample, now: UnixMs) -> Vm {
        observed(&self.view, &self.settings, &self.room, sample, now)
    }
}

fn observed(view: &VmView, settings: &InEffect, room: &Room, sample: &MemorySample, now: UnixMs) -> Vm {
    let size_bytes = sample.size_bytes.min(room.memory_target_bytes);
    Vm {
        id: view.id.as_str().into(),
        control: match settings.control() {
            spec::Control::Off => Control::Off,
            spec::Control::Recommend => Control::Recommend,
            spec::Control::On => Control::On,
        },
        shares: settings.shares(),
        size_bytes,
        floor_bytes: room.balloon_floor_bytes.min(size_bytes),
        ceiling_bytes: settings.ceiling_bytes().unwrap_or(size_bytes),
        target_bytes: room.balloon_target_bytes.min(size_bytes),
        actual_bytes: sample.balloon_actual_bytes,
        resident_bytes: sample.process.rss_bytes.saturating_sub(sample.overhead_bytes),
        own_bytes: sample.own_bytes,
        swapped_bytes: sample.process.swap_bytes,
        major_faults: sample.process.major_faults,
        // A paused guest moves no balloon.
        has_balloon: settings.has(Feature::Ballooning) && view.state == VmState::Running,
        may_page_out: settings.has(Feature::Compression),
        guest: report(sample, now),
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

#[cfg(test)]
mod tests {
    use super::*;
    use quetzal_control::{Action, Observations, Settings, State, decide};
    use quetzal_host::process::Footprint;
    use quetzal_vm::metrics::GuestMemory;

    const MIB: u64 = 1 << 20;
    const HOST_BYTES: u64 = 4 << 30;

    fn settings(started: &[&str], defined: &[&str]) -> InEffect {
        let spec = |features: &[&str]| {
            let policy = serde_json::json!({ "control": "on" });
            let spec = serde_json::json!({
                "id": "one", "memory_mb": 256, "vcpus": 1, "features": features, "memory_policy": policy,
            });
            Arc::new(VmSpec::parse(&spec.to_string(), &HostLimits::UNKNOWN).unwrap())
        };
        InEffect::new(spec(started), spec(defined))
    }

    /// All that the balloon is told within a minute, in MiB.
    fn told(settings: &InEffect, has_mib: u64, available_mib: u64, host_available_bytes: u64) -> Vec<u64> {
        let view = VmView { state: VmState::Running, ..VmView::defined("one", "{}".into()) };
        let room = Room {
            balloon_target_bytes: has_mib * MIB,
            balloon_floor_bytes: 128 * MIB,
            memory_target_bytes: 256 * MIB,
            memory_max_bytes: 256 * MIB,
            vcpus_target: 1,
            vcpus_max: 1,
        };
        let now = UnixMs::now();
        let sample = MemorySample {
            process: Footprint { rss_bytes: has_mib * MIB, ..Footprint::default() },
            size_bytes: 256 * MIB,
            balloon_actual_bytes: Some(has_mib * MIB),
            overhead_bytes: 0,
            own_bytes: 0,
            guest_memory: Some(GuestMemory {
                updated_at: Some(now),
                total_bytes: Some(226 * MIB),
                available_bytes: Some(available_mib * MIB),
                ..GuestMemory::default()
            }),
        };
        let host = Host { total_bytes: HOST_BYTES, available_bytes: host_available_bytes, page_out_room_bytes: 0 };
        let mut state = State::default();
        let mut told = Vec::new();
        for now_ms in (0..60_000).step_by(2_000) {
            let vms = vec![observed(&view, settings, &room, &sample, now)];
            let (decisions, next) = decide(&Observations { now_ms, host, vms }, &state, &Settings::default());
            told.extend(decisions.into_iter().filter_map(|decision| match decision.action {
                Action::Balloon { to_bytes, .. } => Some(to_bytes / MIB),
                Action::PageOut { .. } | Action::AskForRoom { .. } => None,
            }));
            state = next;
        }
        told
    }

    #[test]
    fn a_starving_guest_is_given_back_though_its_definition_has_no_balloon_any_more() {
        let starving = |settings| told(&settings, 160, 4, HOST_BYTES / 2);
        let as_ever = starving(settings(&["ballooning"], &["ballooning"]));
        assert!(as_ever.first().is_some_and(|mib| *mib > 160), "{as_ever:?}");
        assert_eq!(starving(settings(&["ballooning"], &[])), as_ever);
    }

    #[test]
    fn nothing_is_taken_by_a_balloon_that_only_the_definition_has() {
        let idle = |settings| told(&settings, 256, 200, HOST_BYTES / 50);
        let taken = idle(settings(&["ballooning"], &["ballooning"]));
        assert!(taken.first().is_some_and(|mib| *mib < 256), "{taken:?}");
        assert_eq!(idle(settings(&[], &["ballooning"])), Vec::<u64>::new());
    }

    #[test]
    fn each_feature_that_is_acted_on_is_the_one_of_the_start() {
        let view = VmView { state: VmState::Running, ..VmView::defined("one", "{}".into()) };
        let sample = MemorySample {
            process: Footprint::default(),
            size_bytes: 256 * MIB,
            balloon_actual_bytes: None,
            overhead_bytes: 0,
            own_bytes: 0,
            guest_memory: None,
        };
        let spec = VmSpec::parse(r#"{"id":"one","memory_mb":256,"vcpus":1}"#, &HostLimits::UNKNOWN).unwrap();
        let room = Room::at_boot(&spec);
        let both = ["ballooning", "compression"];
        let table: [(&[&str], &[&str], bool); 4] =
            [(&both, &both, true), (&both, &[], true), (&[], &both, false), (&[], &[], false)];
        for (started, defined, expected) in table {
            let vm = observed(&view, &settings(started, defined), &room, &sample, UnixMs::now());
            assert_eq!((vm.has_balloon, vm.may_page_out), (expected, expected), "{started:?} {defined:?}");
        }
    }
}
