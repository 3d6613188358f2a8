//! One VM's figures: /proc counters read on the spot, QMP answers asked for apart and used when they have come. A QEMU
//! that is slow to answer costs nobody a sample; its figures just grow old, and say so. Counters are totals.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use quetzal_host::cgroup;
use quetzal_host::network::{NicCounters, nic_counters};
use quetzal_host::process::{Footprint, ProcessSample, ProcessSampler};
use quetzal_host::throttle::{CpuThrottle, ThrottleSampler};
use quetzal_host::volume;
use quetzal_qmp::Qmp;
use serde_json::{Value, json};

use crate::cpu::vcpu_of_thread;
pub use crate::disk_figures::DiskSample;
use crate::disk_figures::{capacity_bytes, disk_sample};
pub use crate::guest_memory::GuestMemory;
use crate::guest_memory::guest_memory;
use crate::machine::Live;
pub use crate::memory::GuestRam;
use crate::memory::{MemoryProbe, Walk, Walks};
use crate::paths::VmPaths;
use crate::spec::VmSpec;
use crate::view::UnixMs;

/// The balloon's place in QEMU's object tree.
pub(crate) const BALLOON_PATH: &str = "/machine/peripheral/balloon0";
/// A guest's figures older than this many ticks are asked for again: its driver reports every 2 s.
const BALLOON_EVERY_TICKS: u64 = 2;
/// The memory controller takes what the tick has read, where that is at most this old.
const FRESH_FOR: Duration = Duration::from_millis(1_500);
/// As for the guest's own word, which comes every 2 s.
const WORD_FRESH_FOR: Duration = Duration::from_millis(2_500);
/// What a disk takes on the host changes slowly.
const ALLOCATED_EVERY_TICKS: u64 = 10;
/// A QEMU that did not say how large its disks are is asked again this seldom.
const CAPACITY_EVERY_TICKS: u64 = 10;

#[derive(Debug, Clone, Default)]
pub struct VmSample {
    pub vm_id: String,
    pub process: Option<ProcessSample>,
    /// As last taken: the kernel walks all of QEMU's memory for it.
    pub pss_bytes: Option<u64>,
    pub vcpus: Vec<VcpuTime>,
    pub memory_configured_bytes: u64,
    pub balloon_actual_bytes: Option<u64>,
    pub guest_memory: Option<GuestMemory>,
    /// Beyond its boot memory; absent before QEMU's first answer.
    pub plugged_bytes: Option<u64>,
    pub guest_ram: Option<GuestRam>,
    pub disks: Vec<DiskSample>,
    /// Name and counters as the host's tap counts them: `rx` is what the host received.
    pub nic: Option<(&'static str, NicCounters)>,
    /// Age of the newest QMP answer; absent when none has come yet.
    pub qmp_age_ms: Option<u64>,
    /// Absent without the cpu controller.
    pub cpu_throttle: Option<CpuThrottle>,
    /// vCPUs that QEMU has; absent before its answer.
    pub vcpus_present: Option<u32>,
}

/// What the memory controller looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySample {
    pub process: Footprint,
    /// Boot memory and what is plugged in.
    pub size_bytes: u64,
    pub balloon_actual_bytes: Option<u64>,
    /// Of the process's resident memory, QEMU's own.
    pub overhead_bytes: u64,
    /// Of that, what could be paged out: what no file could give back.
    pub own_bytes: u64,
    pub guest_memory: Option<GuestMemory>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VcpuTime {
    pub index: u32,
    pub run_ns: u64,
    pub run_delay_ns: Option<u64>,
}

/// Shared between the VM's task, which makes it anew for every QEMU, and the tick.
pub struct VmProbe {
    vm_id: String,
    started_with: Arc<VmSpec>,
    memory: Arc<MemoryProbe>,
    disks: Vec<(String, PathBuf)>,
    tap: Option<String>,
    qmp: Option<Qmp>,
    process: Mutex<ProcessSampler>,
    throttle: Mutex<Option<ThrottleSampler>>,
    answers: Mutex<Answers>,
    is_asking: AtomicBool,
    ticks: AtomicU64,
    started: Instant,
    /// Spreads the dear figures of many VMs over the seconds.
    offset: u64,
}

#[derive(Default)]
struct Answers {
    disks: Vec<DiskSample>,
    allocated: BTreeMap<String, u64>,
    /// As this QEMU opened them: nothing grows a disk that is in use.
    capacities: BTreeMap<String, u64>,
    guest_memory: Option<GuestMemory>,
    guest_asked_at: Option<Instant>,
    pss_bytes: Option<u64>,
    pss_walks: Walks,
    ram_walks: Walks,
    vcpus_present: Option<u32>,
    answered_at: Option<Instant>,
    /// What the process held at the last sample, and when that was.
    held: Option<(Footprint, Instant)>,
}

impl VmProbe {
    pub(crate) fn new(live: &Live, paths: &VmPaths) -> Self {
        let disks = live.spec.disks.iter().map(|disk| (disk.name.clone(), paths.disks.join(&disk.path))).collect();
        Self {
            vm_id: live.spec.id.clone(),
            started_with: Arc::new(live.spec.clone()),
            memory: Arc::new(MemoryProbe::new(live.spec.memory_bytes(), live.run.pid)),
            disks,
            tap: live.run.tap.clone(),
            qmp: live.qmp.clone(),
            process: Mutex::new(ProcessSampler::new(live.run.pid, is_vcpu)),
            throttle: Mutex::new(ThrottleSampler::new(&cgroup::detect(), live.run.pid)),
            answers: Mutex::default(),
            is_asking: AtomicBool::new(false),
            ticks: AtomicU64::new(0),
            started: Instant::now(),
            offset: u64::from(live.run.pid),
        }
    }

    /// The definition that its QEMU was started with, however the VM is defined since.
    pub fn started_with(&self) -> &Arc<VmSpec> {
        &self.started_with
    }

    pub(crate) fn memory(&self) -> &Arc<MemoryProbe> {
        &self.memory
    }

    /// Asks QEMU anew about the guest's memory. One that hangs leaves the old answer standing.
    pub(crate) async fn look_at_memory(&self) {
        if let Some(qmp) = &self.qmp
            && let Err(error) = self.memory.look(qmp).await
        {
            tracing::debug!(%error, vm_id = self.vm_id, "the guest's memory is as it was last seen");
        }
    }

    pub(crate) fn set_vcpus_present(&self, count: u32) {
        self.answers().vcpus_present = Some(count);
    }

    pub(crate) fn vcpus_present(&self) -> Option<u32> {
        self.answers().vcpus_present
    }

    /// Sends this tick's questions, unless the last ones are still unanswered. Returns at once.
    pub fn ask(self: &Arc<Self>) -> Option<tokio::task::JoinHandle<()>> {
        let qmp = self.qmp.clone()?;
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return None;
        }
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed);
        let probe = Arc::clone(self);
        Some(tokio::spawn(async move {
            probe.ask_qemu(&qmp, tick).await;
            probe.is_asking.store(false, Ordering::Release);
        }))
    }

    async fn ask_qemu(&self, qmp: &Qmp, tick: u64) {
        let asks_balloon = tick.is_multiple_of(BALLOON_EVERY_TICKS);
        let disks = async {
            if self.disks.is_empty() {
                return None;
            }
            qmp.execute("query-blockstats", Value::Null).await.ok()
        };
        let guest = async {
            if !asks_balloon {
                return None;
            }
            qmp.execute("qom-get", json!({ "path": BALLOON_PATH, "property": "guest-stats" })).await.ok()
        };
        let balloon = async {
            // Later changes come as events.
            if tick > 0 {
                return None;
            }
            self.look_at_memory().await;
            qmp.execute("query-balloon", Value::Null).await.ok()
        };
        let vcpus = async {
            // Later ones are added by the VM's task.
            if tick > 0 {
                return None;
            }
            qmp.execute("query-cpus-fast", Value::Null).await.ok()
        };
        let asks_capacity =
            tick.is_multiple_of(CAPACITY_EVERY_TICKS) && self.answers().capacities.len() < self.disks.len();
        let blocks = async {
            if !asks_capacity {
                return None;
            }
            qmp.execute("query-block", Value::Null).await.ok()
        };
        let (disks, guest, balloon, vcpus, blocks) = tokio::join!(disks, guest, balloon, vcpus, blocks);
        let mut answers = self.answers();
        if disks.is_some() || guest.is_some() || balloon.is_some() {
            answers.answered_at = Some(Instant::now());
        }
        if let Some(count) = vcpus.and_then(|value| u32::try_from(value.as_array()?.len()).ok()) {
            answers.vcpus_present = Some(count);
        }
        if let Some(value) = disks {
            answers.disks = self.disks.iter().filter_map(|(name, _)| disk_sample(&value, name)).collect();
        }
        if let Some(value) = blocks {
            let known = self.disks.iter().filter_map(|(name, _)| Some((name.clone(), capacity_bytes(&value, name)?)));
            answers.capacities = known.collect();
        }
        if let Some(value) = guest {
            answers.guest_memory = self.judged(&value);
            answers.guest_asked_at = Some(Instant::now());
        }
        if let Some(actual) = balloon.and_then(|value| value["actual"].as_u64()) {
            self.memory.set_balloon(actual);
        }
    }

    /// What is known now. Reads /proc, so it takes some tens of microseconds, and more when QEMU's memory is to be walked.
    pub fn sample(&self) -> VmSample {
        let tick = self.ticks.load(Ordering::Relaxed).wrapping_add(self.offset);
        let mut sampler = self.process();
        let process = sampler.sample().ok();
        let held = process.as_ref().and_then(ProcessSample::footprint);
        let guest_ram = self.guest_ram(held);
        let cpu_throttle = self.throttle().as_mut().and_then(ThrottleSampler::sample);
        let mut answers = self.answers();
        answers.held = held.map(|held| (held, Instant::now()));
        if answers.pss_walks.next(held, self.second()) == Walk::Due {
            answers.pss_bytes = sampler.pss_bytes();
        }
        drop(sampler);
        if tick.is_multiple_of(ALLOCATED_EVERY_TICKS) || answers.allocated.len() < self.disks.len() {
            let sizes = self
                .disks
                .iter()
                .filter_map(|(name, path)| volume::allocated_bytes(path).ok().map(|bytes| (name.clone(), bytes)));
            answers.allocated = sizes.collect();
        }
        let disks = answers.disks.iter().map(|disk| DiskSample {
            allocated_bytes: answers.allocated.get(&disk.name).copied(),
            capacity_bytes: answers.capacities.get(&disk.name).copied(),
            ..disk.clone()
        });
        VmSample {
            vm_id: self.vm_id.clone(),
            vcpus: process.as_ref().map(vcpus).unwrap_or_default(),
            process,
            pss_bytes: answers.pss_bytes,
            memory_configured_bytes: self.memory.boot_bytes,
            balloon_actual_bytes: self.memory.guest_has(),
            plugged_bytes: self.memory.plugged_bytes(),
            guest_ram,
            guest_memory: answers.guest_memory.clone(),
            disks: disks.collect(),
            nic: self.tap.as_deref().and_then(nic_counters).map(|counters| ("net0", counters)),
            qmp_age_ms: answers.answered_at.map(|at| millis(at.elapsed())),
            cpu_throttle,
            vcpus_present: answers.vcpus_present,
        }
    }

    /// As `ask`, for the memory controller: the guest's own figures only, and what changes seldom once. Nothing where the
    /// tick has just asked.
    pub fn ask_memory(self: &Arc<Self>) -> Option<tokio::task::JoinHandle<()>> {
        let qmp = self.qmp.clone()?;
        let is_fresh = self.answers().guest_asked_at.is_some_and(|at| at.elapsed() < WORD_FRESH_FOR);
        if is_fresh && self.memory.guest_has().is_some() {
            return None;
        }
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return None;
        }
        let probe = Arc::clone(self);
        Some(tokio::spawn(async move {
            probe.ask_guest(&qmp).await;
            probe.is_asking.store(false, Ordering::Release);
        }))
    }

    async fn ask_guest(&self, qmp: &Qmp) {
        let guest = qmp.execute("qom-get", json!({ "path": BALLOON_PATH, "property": "guest-stats" })).await;
        if self.memory.guest_has().is_none() {
            self.look_at_memory().await;
            let balloon = qmp.execute("query-balloon", Value::Null).await.ok();
            if let Some(actual) = balloon.and_then(|value| value["actual"].as_u64()) {
                self.memory.set_balloon(actual);
            }
        }
        if let Ok(value) = guest {
            let judged = self.judged(&value);
            let mut answers = self.answers();
            answers.guest_memory = judged;
            answers.guest_asked_at = Some(Instant::now());
        }
    }

    fn judged(&self, guest_stats: &Value) -> Option<GuestMemory> {
        let most = self.memory.boot_bytes.saturating_add(self.memory.plugged_bytes().unwrap_or(u64::MAX));
        guest_memory(guest_stats, UnixMs::now(), most)
    }

    /// Whether QEMU did not take what it was last told of sharing: it is to be told again. Answers once for each failure.
    pub fn take_unheard_merge(&self) -> bool {
        self.memory.take_unheard_merge()
    }

    /// The memory controller's part of a sample: free where the tick has just taken one, within some 10 µs otherwise.
    /// None once QEMU has ended.
    pub fn memory_sample(&self) -> Option<MemorySample> {
        let held = self.answers().held.filter(|(_, at)| at.elapsed() < FRESH_FOR);
        let process = match held {
            Some((held, _)) => held,
            None => self.process().footprint()?,
        };
        let ram = self.guest_ram(Some(process));
        Some(MemorySample {
            process,
            size_bytes: self.memory.boot_bytes + self.memory.plugged_bytes().unwrap_or(0),
            balloon_actual_bytes: self.memory.guest_has(),
            overhead_bytes: ram.map_or(0, |ram| ram.overhead_bytes),
            own_bytes: ram.map_or(0, |ram| process.anonymous_bytes.saturating_sub(ram.resident_bytes)),
            guest_memory: self.answers().guest_memory.clone(),
        })
    }

    /// What of the process is the guest's: as last looked at, or anew where that is due.
    fn guest_ram(&self, held: Option<Footprint>) -> Option<GuestRam> {
        let walk = self.answers().ram_walks.next(held, self.second());
        self.memory.guest_ram(held, walk)
    }

    fn second(&self) -> u64 {
        self.started.elapsed().as_secs().wrapping_add(self.offset)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().expect("no thread panics while it holds the answers")
    }

    fn throttle(&self) -> MutexGuard<'_, Option<ThrottleSampler>> {
        self.throttle.lock().expect("no thread panics while it samples")
    }

    fn process(&self) -> MutexGuard<'_, ProcessSampler> {
        self.process.lock().expect("no thread panics while it samples")
    }
}

fn is_vcpu(thread: &str) -> bool {
    vcpu_of_thread(thread).is_some()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn vcpus(process: &ProcessSample) -> Vec<VcpuTime> {
    let mut found: Vec<VcpuTime> = process
        .threads
        .iter()
        .filter_map(|thread| {
            let index = vcpu_of_thread(&thread.name)?;
            Some(VcpuTime { index, run_ns: thread.run_ns, run_delay_ns: thread.run_delay_ns })
        })
        .collect();
    found.sort_unstable_by_key(|vcpu| vcpu.index);
    found
}
