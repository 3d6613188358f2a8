//! What /proc says about one process and its threads, cheaply enough for once a second and dozens of VMs.
//! Must not know that the process is QEMU: which thread is which vCPU is the caller's knowledge.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::HostError;
use crate::kernel_file::{KernelFile, ReadBuffer, single, value_of};

/// Threads name themselves shortly after they start: their names are read again for this many samples.
const NAME_SETTLES_AFTER_SAMPLES: u32 = 3;
/// Where some threads are not read, a new one may come as one of those ends: all are listed anew every so many samples.
const LISTED_EVERY_SAMPLES: u32 = 10;
/// The kernel gives sizes in these, in spite of the "kB" it prints.
const KIB: u64 = 1024;
/// KSM counts in these.
const PAGE_BYTES: u64 = 4096;
const NS_PER_SECOND: u64 = 1_000_000_000;

/// Counters are totals since the process started. None: the kernel does not say (file missing, no permission).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessSample {
    pub user_ns: u64,
    pub system_ns: u64,
    pub major_faults: u64,
    pub rss_bytes: Option<u64>,
    /// Of the resident, what no file could give back.
    pub anonymous_bytes: Option<u64>,
    pub swap_bytes: Option<u64>,
    pub ksm_merging_pages: Option<u64>,
    pub ksm_profit_bytes: Option<i64>,
    /// In the order of their ids; of those that were asked for.
    pub threads: Vec<ThreadTime>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadTime {
    pub tid: u32,
    pub name: String,
    /// Time on a CPU.
    pub run_ns: u64,
    /// Time runnable but waiting for a CPU; None without schedstat in the kernel.
    pub run_delay_ns: Option<u64>,
}

/// What a process holds of the host's memory, for a quick look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    pub rss_bytes: u64,
    /// Of the resident, what no file could give back; 0 where the kernel does not say.
    pub anonymous_bytes: u64,
    pub swap_bytes: u64,
    /// A total since the process started.
    pub major_faults: u64,
    pub ksm_merged_bytes: u64,
}

/// As the kernel says, what it says.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    rss_bytes: Option<u64>,
    anonymous_bytes: Option<u64>,
    swap_bytes: Option<u64>,
}

/// Holds the process's files open, which also ties it to this process: it never reads a later one with the same pid.
#[derive(Debug)]
pub struct ProcessSampler {
    pid: u32,
    folder: PathBuf,
    stat: KernelFile,
    status: KernelFile,
    ksm_stat: KernelFile,
    ksm_merging_pages: Option<KernelFile>,
    threads: BTreeMap<u32, ThreadFiles>,
    /// By their names: which threads are read.
    is_wanted: fn(&str) -> bool,
    samples_since_listed: u32,
    buffer: ReadBuffer,
    ns_per_tick: u64,
}

#[derive(Debug)]
struct ThreadFiles {
    schedstat: KernelFile,
    /// Opened only where schedstat is missing.
    stat: Option<KernelFile>,
    name: String,
    samples: u32,
}

impl ProcessSampler {
    /// Opens the files; a process that is not there shows at the first sample. Of its threads, those whose names are
    /// wanted are told.
    pub fn new(pid: u32, is_wanted: fn(&str) -> bool) -> Self {
        Self::in_folder(pid, is_wanted, PathBuf::from(format!("/proc/{pid}")))
    }

    fn in_folder(pid: u32, is_wanted: fn(&str) -> bool, folder: PathBuf) -> Self {
        Self {
            pid,
            stat: KernelFile::open(folder.join("stat")),
            status: KernelFile::open(folder.join("status")),
            ksm_stat: KernelFile::open(folder.join("ksm_stat")),
            ksm_merging_pages: None,
            threads: BTreeMap::new(),
            is_wanted,
            samples_since_listed: 0,
            buffer: ReadBuffer::default(),
            ns_per_tick: ns_per_tick(),
            folder,
        }
    }

    /// `ProcessGone` once the process has ended. Takes some 30 µs.
    pub fn sample(&mut self) -> Result<ProcessSample, HostError> {
        let gone = HostError::ProcessGone { pid: self.pid };
        let Some(stat) = self.stat.read(&mut self.buffer) else {
            return Err(gone);
        };
        let times = Times::parse(stat).ok_or_else(|| HostError::Malformed {
            path: self.folder.join("stat"),
            expected: "a process's stat line",
        })?;
        let threads = self.sample_threads(times.thread_count);
        let Held { rss_bytes, anonymous_bytes, swap_bytes } = self.memory();
        let (ksm_merging_pages, ksm_profit_bytes) = self.ksm();
        Ok(ProcessSample {
            user_ns: times.user_ticks * self.ns_per_tick,
            system_ns: times.system_ticks * self.ns_per_tick,
            major_faults: times.major_faults,
            rss_bytes,
            anonymous_bytes,
            swap_bytes,
            ksm_merging_pages,
            ksm_profit_bytes,
            threads,
        })
    }

    /// None once the process has ended. Takes some 10 µs.
    pub fn footprint(&mut self) -> Option<Footprint> {
        let times = Times::parse(self.stat.read(&mut self.buffer)?)?;
        let held = self.memory();
        Footprint::of(held, times.major_faults, self.ksm().0)
    }

    fn memory(&mut self) -> Held {
        let Some(text) = self.status.read(&mut self.buffer) else {
            return Held::default();
        };
        let bytes = |name| value_of::<u64>(text, name).map(|kib| kib * KIB);
        Held { rss_bytes: bytes("VmRSS"), anonymous_bytes: bytes("RssAnon"), swap_bytes: bytes("VmSwap") }
    }

    fn ksm(&mut self) -> (Option<u64>, Option<i64>) {
        let text = self.ksm_stat.read(&mut self.buffer);
        let profit = text.and_then(|text| value_of(text, "ksm_process_profit"));
        let merging = text.and_then(|text| value_of(text, "ksm_merging_pages"));
        if merging.is_some() {
            return (merging, profit);
        }
        // Kernels before 6.4 have the number in a file of its own.
        let path = self.folder.join("ksm_merging_pages");
        let file = self.ksm_merging_pages.get_or_insert_with(|| KernelFile::open(path));
        (file.read(&mut self.buffer).and_then(single), profit)
    }

    /// Its resident memory, of shared pages only its part. None once it has ended. The kernel walks all the process's
    /// memory for it, which takes milliseconds; opened anew each time, as it is rare.
    pub fn pss_bytes(&mut self) -> Option<u64> {
        let mut rollup = KernelFile::open(self.folder.join("smaps_rollup"));
        value_of::<u64>(rollup.read(&mut self.buffer)?, "Pss").map(|kib| kib * KIB)
    }

    fn sample_threads(&mut self, thread_count: usize) -> Vec<ThreadTime> {
        self.samples_since_listed += 1;
        if self.threads.len() != thread_count || self.samples_since_listed >= LISTED_EVERY_SAMPLES {
            self.list_threads();
        }
        let mut sampled = self.read_threads();
        // As many started as ended since the last sample: their number alone does not show it.
        if self.threads.values().any(|files| files.samples == ThreadFiles::ENDED) {
            self.list_threads();
            sampled = self.read_threads();
        }
        sampled
    }

    fn list_threads(&mut self) {
        let folder = self.folder.join("task");
        let Ok(entries) = fs::read_dir(&folder) else {
            return;
        };
        let listed = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        self.samples_since_listed = 0;
        let mut known = std::mem::take(&mut self.threads);
        self.threads = listed
            .map(|tid: u32| {
                // A known thread whose files read as gone was another one with this id.
                let files = known.remove(&tid).filter(|files| files.samples != ThreadFiles::ENDED);
                (tid, files.unwrap_or_else(|| ThreadFiles::open(folder.join(tid.to_string()))))
            })
            .collect();
    }

    fn read_threads(&mut self) -> Vec<ThreadTime> {
        let (buffer, ns_per_tick, folder, is_wanted) =
            (&mut self.buffer, self.ns_per_tick, &self.folder, self.is_wanted);
        let read = self.threads.iter_mut().filter_map(|(tid, files)| {
            if files.samples == NAME_SETTLES_AFTER_SAMPLES && !is_wanted(&files.name) {
                return None;
            }
            let Some((run_ns, run_delay_ns)) = files.times(buffer, ns_per_tick) else {
                files.samples = ThreadFiles::ENDED;
                return None;
            };
            if files.samples < NAME_SETTLES_AFTER_SAMPLES {
                files.samples += 1;
                let path = folder.join("task").join(tid.to_string()).join("comm");
                files.name = fs::read_to_string(path).unwrap_or_default().trim_end().to_owned();
            }
            is_wanted(&files.name).then(|| ThreadTime { tid: *tid, name: files.name.clone(), run_ns, run_delay_ns })
        });
        read.collect()
    }
}

impl ProcessSample {
    /// The part about memory; None where the kernel did not say what is resident.
    pub fn footprint(&self) -> Option<Footprint> {
        let Self { rss_bytes, anonymous_bytes, swap_bytes, .. } = *self;
        Footprint::of(Held { rss_bytes, anonymous_bytes, swap_bytes }, self.major_faults, self.ksm_merging_pages)
    }
}

impl Footprint {
    fn of(held: Held, major_faults: u64, merging_pages: Option<u64>) -> Option<Self> {
        Some(Self {
            rss_bytes: held.rss_bytes?,
            anonymous_bytes: held.anonymous_bytes.unwrap_or(0),
            swap_bytes: held.swap_bytes.unwrap_or(0),
            major_faults,
            ksm_merged_bytes: merging_pages.unwrap_or(0).saturating_mul(PAGE_BYTES),
        })
    }
}

impl ThreadFiles {
    /// In `samples`: the thread has ended.
    const ENDED: u32 = u32::MAX;

    fn open(folder: PathBuf) -> Self {
        let schedstat = KernelFile::open(folder.join("schedstat"));
        let stat = (!schedstat.path().exists()).then(|| KernelFile::open(folder.join("stat")));
        Self { schedstat, stat, name: String::new(), samples: 0 }
    }

    /// schedstat is "time-on-CPU time-waiting timeslices", the times in ns; without it the tick-based times of stat.
    fn times(&mut self, buffer: &mut ReadBuffer, ns_per_tick: u64) -> Option<(u64, Option<u64>)> {
        if let Some(stat) = &mut self.stat {
            let times = Times::parse(stat.read(buffer)?)?;
            return Some(((times.user_ticks + times.system_ticks) * ns_per_tick, None));
        }
        let mut fields = self.schedstat.read(buffer)?.split_ascii_whitespace();
        Some((fields.next()?.parse().ok()?, Some(fields.next()?.parse().ok()?)))
    }
}

/// Clock ticks since boot at which the process started (field 22 of its stat file): tells a process from a later one
/// with the same pid.
pub fn start_time(pid: u32) -> Result<u64, HostError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let text = fs::read_to_string(&path).map_err(|error| match error.raw_os_error() {
        Some(libc::ESRCH | libc::ENOENT) => HostError::ProcessGone { pid },
        _ => HostError::read(&path, error),
    })?;
    stat_field(&text, 22).ok_or(HostError::Malformed { path, expected: "a process's stat line" })
}

struct Times {
    major_faults: u64,
    user_ticks: u64,
    system_ticks: u64,
    thread_count: usize,
}

impl Times {
    fn parse(stat: &str) -> Option<Self> {
        Some(Self {
            major_faults: stat_field(stat, 12)?,
            user_ticks: stat_field(stat, 14)?,
            system_ticks: stat_field(stat, 15)?,
            thread_count: stat_field(stat, 20)?,
        })
    }
}

/// Field `number` (as proc(5) counts, from 3 up). The name in field 2 may hold spaces and parentheses, so counting
/// starts after its last closing one.
fn stat_field<T: std::str::FromStr>(text: &str, number: usize) -> Option<T> {
    let after_name = text.rsplit_once(')')?.1;
    after_name.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

pub(crate) fn ns_per_tick() -> u64 {
    NS_PER_SECOND / rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
