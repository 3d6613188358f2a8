//! Samples of this machine, of a recorded tree with every source, and of one with none.

use super::*;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn this_machine_has_cpus_memory_and_disks_and_its_time_passes() {
    let mut sampler = HostSampler::new(vec![PathBuf::from("/"), PathBuf::from("/no/such/path")]);
    let first = sampler.sample();
    assert!(!first.cpus.is_empty());
    assert!(first.memory_total_bytes > first.memory_available_bytes && first.memory_available_bytes > 0);
    assert_eq!(first.disks.len(), 1, "a path that is not there is left out");
    assert!(first.disks[0].total_bytes >= first.disks[0].available_bytes);
    assert!(first.load.is_some());
    let total = |sample: &HostSample| sample.cpus.iter().map(|c| c.user_ns + c.system_ns + c.idle_ns).sum::<u64>();
    let started_at = Instant::now();
    while total(&sampler.sample()) <= total(&first) {
        assert!(started_at.elapsed() < DEADLINE, "CPU time passes");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn recorded(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const STAT: &str = "cpu  4 4 4 4 4 4 4 4 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 0 0 0 9\nintr 5 0\n";
const MEMINFO: &str = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nCached: 50 kB\nSwapCached: 7 kB\n\
    AnonPages: 300 kB\nSlab: 40 kB\nKernelStack: 6 kB\nPageTables: 5 kB\nVmallocUsed: 20 kB\nPercpu: 3 kB\n\
    SwapTotal: 30 kB\nSwapFree: 10 kB\nZswap: 4 kB\nZswapped: 9 kB\n";
const DISKSTATS: &str = " 7 0 loop0 1 0 99 0 1 0 99 0 0 0 0\n 254 0 vda 70 14 1000 26 14 54 500 19 0 9 46\n \
    254 1 vda1 70 14 1000 26 14 54 500 19 0 9 46\n 253 0 zram0 1 0 99 0 1 0 99 0 0 0 0\n";
const NET_DEV: &str = "Inter-|   Receive\n face |bytes\n    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n\
    eth0:100 2 0 3 0 0 0 0 200 5 0 4 0 0 0 0\n  br0: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n";

#[test]
fn every_recorded_source_is_read() {
    let root = recorded(&[
        ("proc/stat", STAT),
        ("proc/loadavg", "0.50 1.25 2.00 1/99 12\n"),
        ("proc/pressure/cpu", "some avg10=12.50 avg60=0.00 avg300=0.00 total=77\n"),
        ("proc/pressure/memory", "some avg10=0.00 avg60=0.00 total=5\nfull avg10=1.00 avg60=0.00 total=4\n"),
        ("proc/meminfo", MEMINFO),
        ("proc/vmstat", "pgpgin 9\npswpin 30\npswpout 8\nzswpin 4\nzswpout 9\n"),
        ("proc/diskstats", DISKSTATS),
        ("proc/net/dev", NET_DEV),
        ("sys/kernel/mm/ksm/run", "1\n"),
        ("sys/kernel/mm/ksm/pages_shared", "10\n"),
        ("sys/kernel/mm/ksm/pages_sharing", "20\n"),
        ("sys/kernel/mm/ksm/general_profit", "-64\n"),
        ("sys/kernel/mm/ksm/full_scans", "3\n"),
        ("sys/block/zram0/mm_stat", "100 40 48 0 48 0 0 0 0\n"),
        ("sys/block/zram1/mm_stat", "1 1 2 0 2 0 0 0 0\n"),
        ("sys/block/vda/device/vendor", ""),
        ("sys/class/net/eth0/device/vendor", ""),
        ("sys/class/net/br0/address", ""),
    ]);
    let mut sampler = HostSampler::in_root(root.path(), Vec::new());
    let (sample, tick) = (sampler.sample(), sampler.ns_per_tick);
    let first = CpuTime {
        user_ns: 3 * tick,
        system_ns: 3 * tick,
        idle_ns: 4 * tick,
        iowait_ns: 5 * tick,
        steal_ns: 8 * tick,
        irq_ns: 13 * tick,
    };
    let second = CpuTime { idle_ns: 9 * tick, ..CpuTime::default() };
    let expected = HostSample {
        ksmd_ns: None,
        cpus: vec![first, second],
        load: Some([0.5, 1.25, 2.0]),
        psi_cpu: Some(Pressure { some_avg10_ratio: 0.125, full_avg10_ratio: None, some_total_ns: 77_000 }),
        psi_memory: Some(Pressure { some_avg10_ratio: 0.0, full_avg10_ratio: Some(0.01), some_total_ns: 5_000 }),
        psi_io: None,
        memory_total_bytes: 1000 * 1024,
        memory_available_bytes: 600 * 1024,
        memory_free_bytes: Some(100 * 1024),
        memory_cached_bytes: Some(50 * 1024),
        memory_anonymous_bytes: Some(300 * 1024),
        memory_kernel_bytes: Some(68 * 1024),
        swap_total_bytes: Some(30 * 1024),
        swap_used_bytes: Some(20 * 1024),
        refaults: Some(34),
        ksm: Some(Ksm {
            is_running: true,
            pages_shared: 10,
            pages_sharing: 20,
            general_profit_bytes: Some(-64),
            full_scans: 3,
        }),
        zram: Some(Zram { original_bytes: 101, compressed_bytes: 41, memory_used_bytes: 50 }),
        zswap: Some(Zswap { stored_bytes: 9 * 1024, pool_bytes: 4 * 1024 }),
        disks: Vec::new(),
        block: Some(BlockTotals { read_bytes: 512_000, write_bytes: 256_000 }),
        network: Some(NetworkTotals { rx_bytes: 100, tx_bytes: 200, drops: 7 }),
    };
    assert_eq!(sample, expected);
}

#[test]
fn what_is_missing_is_absent_and_found_when_it_comes() {
    let root = recorded(&[]);
    let mut sampler = HostSampler::in_root(root.path(), Vec::new());
    assert_eq!(sampler.sample(), HostSample::default());
    fs::create_dir_all(root.path().join("sys/block/zram0")).unwrap();
    fs::write(root.path().join("sys/block/zram0/mm_stat"), "8 4 5 0").unwrap();
    assert_eq!(sampler.sample().zram.map(|zram| zram.original_bytes), Some(8));
}

#[test]
fn texts_that_do_not_read_are_absent() {
    let nonsense = "nonsense 1 2\n";
    assert_eq!(parse::load(nonsense), None);
    assert_eq!(parse::pressure(nonsense), None);
    assert_eq!(parse::pressure("some avg10=x total=1"), None);
    assert_eq!(parse::zram("1 x"), None);
    assert_eq!(parse::block_devices(nonsense).count(), 0);
    assert_eq!(parse::nics("eth0: 1 2").count(), 0);
    assert_eq!(parse::cpus(nonsense, 1), []);
    let mut sample = HostSample::default();
    assert_eq!((parse::refaults("pswpin 3\n"), parse::refaults("zswpin 3\n")), (Some(3), None));
    parse::memory("SwapTotal: 1 kB\nSwapFree: 2 kB\nZswap: 1 kB", &mut sample);
    assert_eq!((sample.swap_used_bytes, sample.zswap), (Some(0), None));
}
