//! Texts of the kernel's host statistics to values; no file is opened here. A text that does not read gives None.

use crate::kernel_file::{single, value_of};
use crate::sampler::{CpuTime, HostSample, NetworkTotals, Pressure, Zram, Zswap};

/// meminfo prints "kB" and means this.
const KIB: u64 = 1024;
const NS_PER_US: u64 = 1_000;

/// Lines "cpuN user nice system idle iowait irq softirq steal …" of /proc/stat, in clock ticks.
pub(crate) fn cpus(text: &str, ns_per_tick: u64) -> Vec<CpuTime> {
    let cores = text.lines().filter(|line| {
        let rest = line.strip_prefix("cpu");
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    });
    cores
        .map(|line| {
            let mut fields =
                line.split_ascii_whitespace().skip(1).map(|field| field.parse().unwrap_or(0) * ns_per_tick);
            let mut next = || fields.next().unwrap_or(0);
            let (user, nice, system, idle) = (next(), next(), next(), next());
            let (iowait, irq, softirq, steal) = (next(), next(), next(), next());
            CpuTime {
                user_ns: user + nice,
                system_ns: system,
                idle_ns: idle,
                iowait_ns: iowait,
                steal_ns: steal,
                irq_ns: irq + softirq,
            }
        })
        .collect()
}

pub(crate) fn load(text: &str) -> Option<[f64; 3]> {
    let mut fields = text.split_ascii_whitespace().map_while(|field| field.parse().ok());
    Some([fields.next()?, fields.next()?, fields.next()?])
}

/// Lines "some avg10=P avg60=P avg300=P total=US" and "full …"; P is a percentage.
pub(crate) fn pressure(text: &str) -> Option<Pressure> {
    let line = |kind: &str| text.lines().find_map(|line| line.strip_prefix(kind));
    let ratio = |line| field(line, "avg10=")?.parse::<f64>().ok().map(|percent| percent / 100.0);
    let some = line("some ")?;
    Some(Pressure {
        some_avg10_ratio: ratio(some)?,
        full_avg10_ratio: line("full ").and_then(ratio),
        some_total_ns: field(some, "total=")?.parse::<u64>().ok()? * NS_PER_US,
    })
}

fn field<'t>(line: &'t str, name: &str) -> Option<&'t str> {
    line.split_ascii_whitespace().find_map(|field| field.strip_prefix(name))
}

/// Fills the memory fields of a sample from /proc/meminfo.
pub(crate) fn memory(text: &str, sample: &mut HostSample) {
    let bytes = |name| value_of::<u64>(text, name).map(|kib| kib * KIB);
    sample.memory_total_bytes = bytes("MemTotal").unwrap_or(0);
    sample.memory_available_bytes = bytes("MemAvailable").unwrap_or(0);
    sample.memory_free_bytes = bytes("MemFree");
    sample.memory_cached_bytes = bytes("Cached");
    sample.memory_anonymous_bytes = bytes("AnonPages");
    sample.memory_kernel_bytes = kernel_bytes(bytes);
    sample.swap_total_bytes = bytes("SwapTotal");
    sample.swap_used_bytes =
        sample.swap_total_bytes.zip(bytes("SwapFree")).map(|(total, free)| total - free.min(total));
    sample.zswap =
        bytes("Zswapped").zip(bytes("Zswap")).map(|(stored_bytes, pool_bytes)| Zswap { stored_bytes, pool_bytes });
}

/// Of /proc/vmstat: what zswap gives back is counted apart, by kernels from 6.1 on.
pub(crate) fn refaults(text: &str) -> Option<u64> {
    Some(value_of::<u64>(text, "pswpin")? + value_of::<u64>(text, "zswpin").unwrap_or(0))
}

/// None without the first, which every kernel has. Kernel stacks are part of vmalloc where the kernel maps them so.
fn kernel_bytes(bytes: impl Fn(&'static str) -> Option<u64>) -> Option<u64> {
    let or_none = |name| bytes(name).unwrap_or(0);
    let tables = or_none("PageTables") + or_none("SecPageTables");
    let stacks = or_none("VmallocUsed").max(or_none("KernelStack"));
    Some(bytes("Slab")? + tables + stacks + or_none("Percpu"))
}

/// mm_stat is "orig_data_size compr_data_size mem_used_total …" in bytes.
pub(crate) fn zram(text: &str) -> Option<Zram> {
    let mut fields = text.split_ascii_whitespace().map_while(|field| field.parse().ok());
    Some(Zram { original_bytes: fields.next()?, compressed_bytes: fields.next()?, memory_used_bytes: fields.next()? })
}

/// Name, sectors read and sectors written of each line of /proc/diskstats.
pub(crate) fn block_devices(text: &str) -> impl Iterator<Item = (&str, u64, u64)> {
    text.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let name = fields.next()?;
        let mut fields = fields.map(|field| field.parse().unwrap_or(0));
        // reads completed, merged, sectors; ms reading; writes completed, merged, sectors
        Some((name, fields.nth(2)?, fields.nth(3)?))
    })
}

/// Lines "name: rx bytes packets errs drop fifo frame compressed multicast, tx bytes packets errs drop …".
pub(crate) fn nics(text: &str) -> impl Iterator<Item = (&str, NetworkTotals)> {
    text.lines().filter_map(|line| {
        let (name, counters) = line.split_once(':')?;
        let fields: Vec<u64> = counters.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
        let totals = NetworkTotals {
            rx_bytes: *fields.first()?,
            tx_bytes: *fields.get(8)?,
            drops: fields.get(3)? + fields.get(11)?,
        };
        Some((name.trim(), totals))
    })
}

pub(crate) fn number(text: &str) -> Option<i64> {
    single(text)
}
