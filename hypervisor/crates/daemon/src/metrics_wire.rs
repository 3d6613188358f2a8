//! From samples to the contract's metrics. Pure; absent stays absent.
use quetzal_api::v1;
use quetzal_host::sampler::{HostSample, Pressure};
use quetzal_vm::metrics::{DiskSample, GuestMemory, GuestRam, VmSample};

use crate::wire::timestamp;

pub fn host(sample: &HostSample) -> v1::HostMetrics {
    let load = |index: usize| sample.load.map(|load| load[index]);
    let cpus = sample.cpus.iter().map(|cpu| v1::CpuTime {
        user_ns: cpu.user_ns,
        system_ns: cpu.system_ns,
        idle_ns: cpu.idle_ns,
        iowait_ns: cpu.iowait_ns,
        steal_ns: cpu.steal_ns,
        irq_ns: cpu.irq_ns,
    });
    let disks = sample.disks.iter().map(|disk| v1::DiskSpace {
        path: disk.path.display().to_string(),
        total_bytes: disk.total_bytes,
        available_bytes: disk.available_bytes,
    });
    v1::HostMetrics {
        cpus: cpus.collect(),
        load1: load(0),
        load5: load(1),
        load15: load(2),
        psi_cpu: sample.psi_cpu.as_ref().map(pressure),
        psi_memory: sample.psi_memory.as_ref().map(pressure),
        psi_io: sample.psi_io.as_ref().map(pressure),
        memory_total_bytes: sample.memory_total_bytes,
        memory_available_bytes: sample.memory_available_bytes,
        memory_free_bytes: sample.memory_free_bytes,
        memory_cached_bytes: sample.memory_cached_bytes,
        swap_total_bytes: sample.swap_total_bytes,
        swap_used_bytes: sample.swap_used_bytes,
        refaults: sample.refaults,
        ksm: sample.ksm.as_ref().map(|ksm| v1::Ksm {
            running: ksm.is_running,
            pages_shared: ksm.pages_shared,
            pages_sharing: ksm.pages_sharing,
            general_profit_bytes: ksm.general_profit_bytes,
            full_scans: ksm.full_scans,
        }),
        zram: sample.zram.as_ref().map(|zram| v1::Zram {
            original_bytes: zram.original_bytes,
            compressed_bytes: zram.compressed_bytes,
            memory_used_bytes: zram.memory_used_bytes,
        }),
        zswap: sample
            .zswap
            .as_ref()
            .map(|zswap| v1::Zswap { stored_bytes: zswap.stored_bytes, pool_bytes: zswap.pool_bytes }),
        disks: disks.collect(),
        block_read_bytes: sample.block.map(|block| block.read_bytes),
        block_write_bytes: sample.block.map(|block| block.write_bytes),
        network_rx_bytes: sample.network.map(|network| network.rx_bytes),
        network_tx_bytes: sample.network.map(|network| network.tx_bytes),
        network_drops: sample.network.map(|network| network.drops),
        ksmd_ns: sample.ksmd_ns,
        memory_anonymous_bytes: sample.memory_anonymous_bytes,
        memory_kernel_bytes: sample.memory_kernel_bytes,
    }
}

fn pressure(pressure: &Pressure) -> v1::Pressure {
    v1::Pressure {
        some_avg10_ratio: pressure.some_avg10_ratio,
        full_avg10_ratio: pressure.full_avg10_ratio,
        some_total_ns: pressure.some_total_ns,
    }
}

pub fn vm(sample: &VmSample) -> v1::VmMetrics {
    let process = sample.process.as_ref();
    let vcpus = sample.vcpus.iter().map(|vcpu| v1::VcpuTime {
        index: vcpu.index,
        run_ns: vcpu.run_ns,
        run_delay_ns: vcpu.run_delay_ns,
    });
    // The contract speaks as the guest sees it: what the host sent into the tap, the guest received.
    let nics = sample.nic.iter().map(|(name, host_side)| v1::NicMetrics {
        name: (*name).to_owned(),
        rx_bytes: host_side.tx_bytes,
        tx_bytes: host_side.rx_bytes,
        rx_packets: host_side.tx_packets,
        tx_packets: host_side.rx_packets,
        rx_drops: host_side.tx_drops,
        tx_drops: host_side.rx_drops,
    });
    v1::VmMetrics {
        vm_id: sample.vm_id.clone(),
        vcpus: vcpus.collect(),
        process_user_ns: process.map(|process| process.user_ns),
        process_system_ns: process.map(|process| process.system_ns),
        rss_bytes: process.and_then(|process| process.rss_bytes),
        pss_bytes: sample.pss_bytes,
        swap_bytes: process.and_then(|process| process.swap_bytes),
        major_faults: process.map(|process| process.major_faults),
        ksm_merging_pages: process.and_then(|process| process.ksm_merging_pages),
        ksm_profit_bytes: process.and_then(|process| process.ksm_profit_bytes),
        memory_configured_bytes: sample.memory_configured_bytes,
        balloon_actual_bytes: sample.balloon_actual_bytes,
        guest_memory: sample.guest_memory.as_ref().map(guest_memory),
        disks: sample.disks.iter().map(disk).collect(),
        nics: nics.collect(),
        qmp_age_ms: sample.qmp_age_ms,
        cpu_throttle: sample.cpu_throttle.map(|throttle| v1::CpuThrottle {
            periods: throttle.periods,
            throttled_periods: throttle.throttled_periods,
            throttled_ns: Some(throttle.throttled_ns),
        }),
        plugged_bytes: sample.plugged_bytes,
        guest_ram: sample.guest_ram.map(guest_ram),
        vcpus_present: sample.vcpus_present,
    }
}

fn guest_ram(ram: GuestRam) -> v1::GuestRam {
    v1::GuestRam {
        size_bytes: ram.size_bytes,
        resident_bytes: ram.resident_bytes,
        shared_bytes: ram.shared_bytes,
        swapped_bytes: ram.swapped_bytes,
        overhead_bytes: ram.overhead_bytes,
    }
}

fn guest_memory(memory: &GuestMemory) -> v1::GuestMemory {
    v1::GuestMemory {
        updated_at: memory.updated_at.map(timestamp),
        total_bytes: memory.total_bytes,
        free_bytes: memory.free_bytes,
        available_bytes: memory.available_bytes,
        cache_bytes: memory.cache_bytes,
        swap_in_bytes: memory.swap_in_bytes,
        swap_out_bytes: memory.swap_out_bytes,
        major_faults: memory.major_faults,
        minor_faults: memory.minor_faults,
    }
}

fn disk(disk: &DiskSample) -> v1::DiskMetrics {
    v1::DiskMetrics {
        name: disk.name.clone(),
        read_bytes: disk.read_bytes,
        write_bytes: disk.write_bytes,
        read_operations: disk.read_operations,
        write_operations: disk.write_operations,
        flush_operations: disk.flush_operations,
        read_time_ns: disk.read_time_ns,
        write_time_ns: disk.write_time_ns,
        flush_time_ns: disk.flush_time_ns,
        allocated_bytes: disk.allocated_bytes,
        capacity_bytes: disk.capacity_bytes,
    }
}
