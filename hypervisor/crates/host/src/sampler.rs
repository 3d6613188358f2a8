//! What the host does: one sample with the host's CPU, memory, pressure, KSM, compressed memory, disks and NICs.
//! Counters are totals since boot. None: the source is missing here. Rates are the reader's work.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::kernel_file::{KernelFile, ReadBuffer};
use crate::ksm::{self, Scanner};
use crate::sampler_parse as parse;

/// The kernel's sector in all its block statistics, whatever the device's own (Documentation/block/stat.rst).
const SECTOR_BYTES: u64 = 512;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostSample {
    /// One a core, in the kernel's order.
    pub cpus: Vec<CpuTime>,
    /// Runnable tasks, means over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    pub psi_cpu: Option<Pressure>,
    pub psi_memory: Option<Pressure>,
    pub psi_io: Option<Pressure>,
    pub memory_total_bytes: u64,
    pub memory_available_bytes: u64,
    pub memory_free_bytes: Option<u64>,
    pub memory_cached_bytes: Option<u64>,
    pub memory_anonymous_bytes: Option<u64>,
    /// Slab, page tables, vmalloc with the kernel's stacks, per-CPU areas.
    pub memory_kernel_bytes: Option<u64>,
    pub swap_total_bytes: Option<u64>,
    pub swap_used_bytes: Option<u64>,
    /// Pages fetched back from swap since boot, compressed or not.
    pub refaults: Option<u64>,
    pub ksm: Option<Ksm>,
    /// CPU time of KSM's scanner.
    pub ksmd_ns: Option<u64>,
    pub zram: Option<Zram>,
    pub zswap: Option<Zswap>,
    pub disks: Vec<DiskSpace>,
    /// Over physical block devices; None where there is none.
    pub block: Option<BlockTotals>,
    /// Over physical NICs; None where there is none (e.g. in a container).
    pub network: Option<NetworkTotals>,
}

/// Nanoseconds since boot. `user` holds nice and guest time, `irq` hard and soft interrupts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTime {
    pub user_ns: u64,
    pub system_ns: u64,
    pub idle_ns: u64,
    pub iowait_ns: u64,
    pub steal_ns: u64,
    pub irq_ns: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pressure {
    pub some_avg10_ratio: f64,
    /// None where the kernel gives no "full" line (CPU before 5.13).
    pub full_avg10_ratio: Option<f64>,
    pub some_total_ns: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ksm {
    pub is_running: bool,
    pub pages_shared: u64,
    pub pages_sharing: u64,
    /// None before Linux 6.4.
    pub general_profit_bytes: Option<i64>,
    pub full_scans: u64,
}

/// Summed over all zram devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zram {
    pub original_bytes: u64,
    pub compressed_bytes: u64,
    pub memory_used_bytes: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zswap {
    pub stored_bytes: u64,
    pub pool_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSpace {
    pub path: PathBuf,
    pub total_bytes: u64,
    pub available_bytes: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockTotals {
    pub read_bytes: u64,
    pub write_bytes: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetworkTotals {
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub drops: u64,
}

#[derive(Debug)]
pub struct HostSampler {
    root: PathBuf,
    disk_paths: Vec<PathBuf>,
    stat: KernelFile,
    loadavg: KernelFile,
    psi_cpu: KernelFile,
    psi_memory: KernelFile,
    psi_io: KernelFile,
    meminfo: KernelFile,
    vmstat: KernelFile,
    ksm_run: KernelFile,
    ksm_shared: KernelFile,
    ksm_sharing: KernelFile,
    ksm_profit: KernelFile,
    ksm_scans: KernelFile,
    ksmd: Option<Scanner>,
    diskstats: KernelFile,
    net_dev: KernelFile,
    zram: HashMap<PathBuf, KernelFile>,
    /// Whether a block device or NIC of this name is physical; a name keeps its kind.
    is_physical_block: HashMap<String, bool>,
    is_physical_nic: HashMap<String, bool>,
    buffer: ReadBuffer,
    ns_per_tick: u64,
}

impl HostSampler {
    /// `disk_paths`: a path on each file system whose space is to be told.
    pub fn new(disk_paths: Vec<PathBuf>) -> Self {
        Self::in_root(Path::new("/"), disk_paths)
    }

    /// Reads proc and sys below another folder, e.g. a recorded tree.
    pub fn in_root(root: &Path, disk_paths: Vec<PathBuf>) -> Self {
        let file = |path: &str| KernelFile::open(root.join(path));
        Self {
            stat: file("proc/stat"),
            loadavg: file("proc/loadavg"),
            psi_cpu: file("proc/pressure/cpu"),
            psi_memory: file("proc/pressure/memory"),
            psi_io: file("proc/pressure/io"),
            meminfo: file("proc/meminfo"),
            vmstat: file("proc/vmstat"),
            ksm_run: file("sys/kernel/mm/ksm/run"),
            ksm_shared: file("sys/kernel/mm/ksm/pages_shared"),
            ksm_sharing: file("sys/kernel/mm/ksm/pages_sharing"),
            ksm_profit: file("sys/kernel/mm/ksm/general_profit"),
            ksm_scans: file("sys/kernel/mm/ksm/full_scans"),
            ksmd: ksm::Ksm::in_root(root).ok().and_then(|ksm| ksm.scanner()),
            diskstats: file("proc/diskstats"),
            net_dev: file("proc/net/dev"),
            zram: HashMap::new(),
            is_physical_block: HashMap::new(),
            is_physical_nic: HashMap::new(),
            buffer: ReadBuffer::default(),
            ns_per_tick: crate::process::ns_per_tick(),
            root: root.to_owned(),
            disk_paths,
        }
    }

    /// Takes some 300 µs on a small host; a hung network file system among the disk paths would block it.
    pub fn sample(&mut self) -> HostSample {
        let ns_per_tick = self.ns_per_tick;
        let mut sample = HostSample {
            cpus: self.stat.read_or_reopen(&mut self.buffer).map_or_else(Vec::new, |t| parse::cpus(t, ns_per_tick)),
            load: self.loadavg.read_or_reopen(&mut self.buffer).and_then(parse::load),
            psi_cpu: self.psi_cpu.read_or_reopen(&mut self.buffer).and_then(parse::pressure),
            psi_memory: self.psi_memory.read_or_reopen(&mut self.buffer).and_then(parse::pressure),
            psi_io: self.psi_io.read_or_reopen(&mut self.buffer).and_then(parse::pressure),
            refaults: self.vmstat.read_or_reopen(&mut self.buffer).and_then(parse::refaults),
            ksm: self.ksm(),
            ksmd_ns: self.ksmd.as_ref().and_then(Scanner::cpu_ns),
            zram: self.zram(),
            disks: self.disk_paths.iter().filter_map(|path| disk_space(path)).collect(),
            block: self.block(),
            network: self.network(),
            ..HostSample::default()
        };
        if let Some(text) = self.meminfo.read_or_reopen(&mut self.buffer) {
            parse::memory(text, &mut sample);
        }
        sample
    }

    fn ksm(&mut self) -> Option<Ksm> {
        let buffer = &mut self.buffer;
        let mut value = |file: &mut KernelFile| file.read_or_reopen(buffer).and_then(parse::number);
        Some(Ksm {
            // 2 means "unmerge all and stop".
            is_running: value(&mut self.ksm_run)? == 1,
            pages_shared: value(&mut self.ksm_shared)?.try_into().ok()?,
            pages_sharing: value(&mut self.ksm_sharing)?.try_into().ok()?,
            general_profit_bytes: value(&mut self.ksm_profit),
            full_scans: value(&mut self.ksm_scans)?.try_into().ok()?,
        })
    }

    /// Devices come and go (hot_add), so their folder is listed each time.
    fn zram(&mut self) -> Option<Zram> {
        let entries = fs::read_dir(self.root.join("sys/block")).ok()?.flatten();
        let mut sum = None;
        for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"zram")) {
            let path = entry.path().join("mm_stat");
            let file = self.zram.entry(path.clone()).or_insert_with(|| KernelFile::open(path));
            if let Some(device) = file.read_or_reopen(&mut self.buffer).and_then(parse::zram) {
                let sum = sum.get_or_insert_with(Zram::default);
                sum.original_bytes += device.original_bytes;
                sum.compressed_bytes += device.compressed_bytes;
                sum.memory_used_bytes += device.memory_used_bytes;
            }
        }
        sum
    }

    fn block(&mut self) -> Option<BlockTotals> {
        let text = self.diskstats.read_records_or_reopen(&mut self.buffer)?;
        let (root, known) = (&self.root, &mut self.is_physical_block);
        let physical = parse::block_devices(text).filter(|(name, ..)| is_physical(root, "sys/block", name, known));
        physical.fold(None, |sum, (_, sectors_read, sectors_written)| {
            let sum = sum.unwrap_or(BlockTotals::default());
            Some(BlockTotals {
                read_bytes: sum.read_bytes + sectors_read * SECTOR_BYTES,
                write_bytes: sum.write_bytes + sectors_written * SECTOR_BYTES,
            })
        })
    }

    fn network(&mut self) -> Option<NetworkTotals> {
        let text = self.net_dev.read_records_or_reopen(&mut self.buffer)?;
        let (root, known) = (&self.root, &mut self.is_physical_nic);
        let physical = parse::nics(text).filter(|(name, _)| is_physical(root, "sys/class/net", name, known));
        physical.fold(None, |sum, (_, nic)| {
            let sum = sum.unwrap_or(NetworkTotals::default());
            Some(NetworkTotals {
                rx_bytes: sum.rx_bytes + nic.rx_bytes,
                tx_bytes: sum.tx_bytes + nic.tx_bytes,
                drops: sum.drops + nic.drops,
            })
        })
    }
}

/// Real hardware (also a paravirtual kind) has a parent device; loop, zram, dm, tap, bridge and veth have none.
fn is_physical(root: &Path, class: &str, name: &str, known: &mut HashMap<String, bool>) -> bool {
    if let Some(known) = known.get(name) {
        return *known;
    }
    // A slash in a device's name shows as "!" in sysfs.
    let folder = root.join(class).join(name.replace('/', "!"));
    let is_physical = folder.join("device").exists();
    known.insert(name.to_owned(), is_physical);
    is_physical
}

fn disk_space(path: &Path) -> Option<DiskSpace> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(DiskSpace {
        path: path.to_owned(),
        total_bytes: found.f_blocks * found.f_frsize,
        available_bytes: found.f_bavail * found.f_frsize,
    })
}

#[cfg(test)]
#[path = "sampler_tests.rs"]
mod tests;
