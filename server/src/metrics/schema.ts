// Metrics in GraphQL: samples, batches and history.
import { builder } from "../graphql/builder.js";
import { HistoryRef, HostSampleRef, VmSampleRef } from "../graphql/refs.js";
import { openFeed } from "../feed.js";
import type { DiskSample, DiskSpace, AnySeries, GuestRamSample, MetricsBatch, NicSample, VcpuSample } from "./model.js";

const VcpuSampleRef = builder.objectRef<VcpuSample>("VcpuSample").implement({
  description: "One vCPU over the last tick.",
  fields: (t) => ({
    index: t.exposeInt("index", { description: "Number of the vCPU, from 0." }),
    ratio: t.exposeFloat("ratio", { nullable: true, description: "Time on a host CPU; 1 is one core. Null on the first sample." }),
    stealRatio: t.exposeFloat("stealRatio", { nullable: true, description: "Share of time it could have run and no CPU was free for it, 0 to 1; its share of what a CPU quota stopped is left out (throttledTimeRatio). Null on the first sample and without schedstat." }),
  }),
});

const rateUnknown = "Null on the first sample.";
const guestRateUnknown = "Null on the first sample, and always with user-mode networking, which has no counters on the host.";
export const DiskSampleRef = builder.objectRef<DiskSample>("DiskSample").implement({
  description: "One disk over the last tick, as the guest uses it.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The disk's name in the definition, e.g. vda." }),
    readBytesPerSecond: t.exposeFloat("readBytesPerSecond", { nullable: true, description: `Bytes read a second. ${rateUnknown}` }),
    writeBytesPerSecond: t.exposeFloat("writeBytesPerSecond", { nullable: true, description: `Bytes written a second. ${rateUnknown}` }),
    readsPerSecond: t.exposeFloat("readsPerSecond", { nullable: true, description: `Read operations a second. ${rateUnknown}` }),
    writesPerSecond: t.exposeFloat("writesPerSecond", { nullable: true, description: `Write operations a second. ${rateUnknown}` }),
    flushesPerSecond: t.exposeFloat("flushesPerSecond", { nullable: true, description: `Flushes a second. ${rateUnknown}` }),
    readLatencySeconds: t.exposeFloat("readLatencySeconds", { nullable: true, description: "Mean time of a read over the tick, in seconds; null when there was none." }),
    writeLatencySeconds: t.exposeFloat("writeLatencySeconds", { nullable: true, description: "Mean time of a write over the tick, in seconds; null when there was none." }),
    flushLatencySeconds: t.exposeFloat("flushLatencySeconds", { nullable: true, description: "Mean time of a flush over the tick, in seconds; null when there was none." }),
    allocatedBytes: t.expose("allocatedBytes", { type: "Bytes", nullable: true, description: "Bytes that its file takes on the host's disk; null when the host cannot look at the file." }),
    capacityBytes: t.expose("capacityBytes", { type: "Bytes", nullable: true, description: "Its size in bytes as the guest sees it, whatever its file takes; null before QEMU has answered, and of an instant before it was kept." }),
  }),
});

const NicSampleRef = builder.objectRef<NicSample>("NicSample").implement({
  description: "One NIC over the last tick, as the guest sees it: rx is what the guest received.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The NIC's name, e.g. net0." }),
    rxBytesPerSecond: t.exposeFloat("rxBytesPerSecond", { nullable: true, description: `Bytes received a second. ${rateUnknown}` }),
    txBytesPerSecond: t.exposeFloat("txBytesPerSecond", { nullable: true, description: `Bytes sent a second. ${rateUnknown}` }),
    rxPacketsPerSecond: t.exposeFloat("rxPacketsPerSecond", { nullable: true, description: `Packets received a second. ${rateUnknown}` }),
    txPacketsPerSecond: t.exposeFloat("txPacketsPerSecond", { nullable: true, description: `Packets sent a second. ${rateUnknown}` }),
    dropsPerSecond: t.exposeFloat("dropsPerSecond", { nullable: true, description: `Packets dropped a second, both ways. ${rateUnknown}` }),
  }),
});

const GuestRamRef = builder.objectRef<GuestRamSample>("GuestRam").implement({
  description: "The host's side of a guest's memory, as the kernel accounts for the mappings; its parts are of one instant, up to 10 s old.",
  fields: (t) => ({
    sizeBytes: t.expose("sizeBytes", { type: "Bytes", description: "Bytes mapped for the guest, room to grow included." }),
    residentBytes: t.expose("residentBytes", { type: "Bytes", description: "Of these, bytes in the host's memory; shared pages count whole." }),
    sharedBytes: t.expose("sharedBytes", { type: "Bytes", description: "Of the resident, bytes merged with like pages." }),
    swappedBytes: t.expose("swappedBytes", { type: "Bytes", description: "Bytes paged out, compressed or not." }),
    overheadBytes: t.expose("overheadBytes", { type: "Bytes", description: "Bytes of the same process resident outside of the guest's memory: QEMU's own." }),
  }),
});

VmSampleRef.implement({
  description: "One VM at one instant. Rates are over the last tick; a null is unknown, never 0.",
  fields: (t) => ({
    vmId: t.exposeID("vmId", { description: "The VM." }),
    time: t.expose("time", { type: "DateTime", description: "When the host took the sample." }),
    cpuRatio: t.exposeFloat("cpuRatio", { nullable: true, description: "CPU of the whole QEMU process; 1 is one core. Null on the first sample." }),
    cpuUserRatio: t.exposeFloat("cpuUserRatio", { nullable: true, description: "The part of it in user mode; 1 is one core. Null on the first sample." }),
    cpuSystemRatio: t.exposeFloat("cpuSystemRatio", { nullable: true, description: "The part of it in the kernel; 1 is one core. Null on the first sample." }),
    vcpus: t.field({ type: [VcpuSampleRef], description: "Each vCPU, by index.", resolve: (s) => s.vcpus as VcpuSample[] }),
    stealRatio: t.exposeFloat("stealRatio", { nullable: true, description: "Share of time its vCPUs could have run and no CPU was free for them, 0 to 1, mean over vCPUs. What a CPU quota stopped is left out: throttledTimeRatio tells it. Null on the first sample and without schedstat." }),
    throttledRatio: t.exposeFloat("throttledRatio", { nullable: true, description: "Share of a CPU quota's periods in which the QEMU process was stopped for having used it up, 0 to 1; 0 without a quota. Null on the first sample and without the cpu controller." }),
    throttledTimeRatio: t.exposeFloat("throttledTimeRatio", { nullable: true, description: "Time that the QEMU process was stopped by a CPU quota, over the time that passed; 1 is one core's (with several vCPUs it may exceed that), 0 without a quota. The kernel counts it for the VM as a whole, not for each vCPU. Null on the first sample and without the cpu controller." }),
    vcpusPresent: t.exposeInt("vcpusPresent", { nullable: true, description: "vCPUs that QEMU has; the definition may have changed since it was started. Null before QEMU has answered." }),
    vcpusUsed: t.exposeInt("vcpusUsed", { nullable: true, description: "Of vcpusPresent those that the guest was last asked to use: a vCPU that setVmVcpus took from it may stay plugged in. Null before QEMU has answered." }),
    majorFaultsPerSecond: t.exposeFloat("majorFaultsPerSecond", { nullable: true, description: "Major faults a second of the QEMU process: its memory read back from the host's swap or files. Null on the first sample." }),
    memoryConfiguredBytes: t.expose("memoryConfiguredBytes", { type: "Bytes", description: "Bytes that its QEMU was started with; the definition may have changed since." }),
    balloonActualBytes: t.expose("balloonActualBytes", { type: "Bytes", nullable: true, description: "Bytes that the balloon leaves the guest; null without a balloon or before QEMU has answered." }),
    pluggedBytes: t.expose("pluggedBytes", { type: "Bytes", nullable: true, description: "Bytes that the guest has plugged in beyond its boot memory; null without the feature hotplug or before QEMU has answered." }),
    guestRam: t.expose("guestRam", { type: GuestRamRef, nullable: true, description: "The host's side of the guest's memory; taken every 10 s. Null until then." }),
    guestTotalBytes: t.expose("guestTotalBytes", { type: "Bytes", nullable: true, description: "Bytes of memory that the guest counts. From the guest; may be forged by it. Null when it has not reported." }),
    guestAvailableBytes: t.expose("guestAvailableBytes", { type: "Bytes", nullable: true, description: "Bytes that the guest could still use. From the guest; null when it has not reported." }),
    guestCacheBytes: t.expose("guestCacheBytes", { type: "Bytes", nullable: true, description: "Bytes of the guest's page cache. From the guest; null when it has not reported." }),
    guestFreeBytes: t.expose("guestFreeBytes", { type: "Bytes", nullable: true, description: "Bytes that the guest uses for nothing. From the guest; null when it has not reported." }),
    guestUpdatedAt: t.expose("guestUpdatedAt", { type: "DateTime", nullable: true, description: "When the guest last reported; null when it never did." }),
    guestMajorFaultsPerSecond: t.exposeFloat("guestMajorFaultsPerSecond", { nullable: true, description: "Major page faults a second in the guest. From the guest; null when it has not reported." }),
    guestSwapInBytesPerSecond: t.exposeFloat("guestSwapInBytesPerSecond", { nullable: true, description: "Bytes a second that the guest swaps in. From the guest; null when it has not reported." }),
    guestSwapOutBytesPerSecond: t.exposeFloat("guestSwapOutBytesPerSecond", { nullable: true, description: "Bytes a second that the guest swaps out. From the guest; null when it has not reported." }),
    rssBytes: t.expose("rssBytes", { type: "Bytes", nullable: true, description: "Bytes of the QEMU process resident on the host; null when not known." }),
    pssBytes: t.expose("pssBytes", { type: "Bytes", nullable: true, description: "Its fair share in bytes of what is shared; taken every 10 s. Null until then." }),
    swapBytes: t.expose("swapBytes", { type: "Bytes", nullable: true, description: "Bytes of the QEMU process in the host's swap; null when not known." }),
    ksmMergedBytes: t.expose("ksmMergedBytes", { type: "Bytes", nullable: true, description: "Bytes of the process that KSM has merged; null without KSM." }),
    ksmProfitBytes: t.expose("ksmProfitBytes", { type: "BigInt", nullable: true, description: "Bytes that KSM saves on this process, less its own cost (may be negative); null without KSM." }),
    diskReadBytesPerSecond: t.exposeFloat("diskReadBytesPerSecond", { nullable: true, description: `Bytes read a second, all disks. ${rateUnknown}` }),
    diskWriteBytesPerSecond: t.exposeFloat("diskWriteBytesPerSecond", { nullable: true, description: `Bytes written a second, all disks. ${rateUnknown}` }),
    diskLatencySeconds: t.exposeFloat("diskLatencySeconds", { nullable: true, description: "Mean over the tick's reads and writes, in seconds; null when there were none." }),
    diskOperationsPerSecond: t.exposeFloat("diskOperationsPerSecond", { nullable: true, description: `Reads and writes a second that ended, all disks. ${rateUnknown}` }),
    diskQueueDepth: t.exposeFloat("diskQueueDepth", { nullable: true, description: `Mean number of reads and writes under way, all disks: their summed time over the tick's. ${rateUnknown}` }),
    networkRxBytesPerSecond: t.exposeFloat("networkRxBytesPerSecond", { nullable: true, description: `Bytes that the guest received a second, all NICs. ${guestRateUnknown}` }),
    networkTxBytesPerSecond: t.exposeFloat("networkTxBytesPerSecond", { nullable: true, description: `Bytes that the guest sent a second, all NICs. ${guestRateUnknown}` }),
    networkDropsPerSecond: t.exposeFloat("networkDropsPerSecond", { nullable: true, description: `Packets dropped a second, all NICs, both ways. ${guestRateUnknown}` }),
    disks: t.field({ type: [DiskSampleRef], description: "Each disk, in the definition's order.", resolve: (s) => s.disks as DiskSample[] }),
    nics: t.field({ type: [NicSampleRef], description: "Each NIC that has counters on the host; user-mode networking has none.", resolve: (s) => s.nics as NicSample[] }),
    qmpAgeMs: t.exposeInt("qmpAgeMs", { nullable: true, description: "Age in milliseconds of QEMU's newest answer; null when it has not answered yet." }),
  }),
});

const DiskSpaceRef = builder.objectRef<DiskSpace>("DiskSpace").implement({
  description: "Room on one of the host's file systems.",
  fields: (t) => ({
    path: t.exposeString("path", { description: "A folder on it." }),
    totalBytes: t.expose("totalBytes", { type: "Bytes", description: "Its size in bytes." }),
    availableBytes: t.expose("availableBytes", { type: "Bytes", description: "Bytes that can still be written." }),
  }),
});

HostSampleRef.implement({
  description: "A host at one instant. Rates are over the last tick; a null is unknown, never 0.",
  fields: (t) => ({
    hostId: t.exposeID("hostId", { description: "The host." }),
    time: t.expose("time", { type: "DateTime", description: "When the host took the sample." }),
    cpuRatio: t.exposeFloat("cpuRatio", { nullable: true, description: "Busy share of all cores together, 0 to 1. Null on the first sample, as for every rate." }),
    cpuCoreRatios: t.field({ type: ["Float"], nullable: true, description: "Busy share of each core, 0 to 1. Null on the first sample.", resolve: (s) => s.cpuCoreRatios as number[] | null }),
    cpuStealRatio: t.exposeFloat("cpuStealRatio", { nullable: true, description: "Share of time taken by a hypervisor below, 0 to 1. Null on the first sample." }),
    cpuIowaitRatio: t.exposeFloat("cpuIowaitRatio", { nullable: true, description: "Share of time idle with I/O outstanding, 0 to 1. Null on the first sample." }),
    load1: t.exposeFloat("load1", { nullable: true, description: "Runnable tasks, mean over 1 min; null when not known." }),
    load5: t.exposeFloat("load5", { nullable: true, description: "Runnable tasks, mean over 5 min; null when not known." }),
    load15: t.exposeFloat("load15", { nullable: true, description: "Runnable tasks, mean over 15 min; null when not known." }),
    psiCpuRatio: t.exposeFloat("psiCpuRatio", { nullable: true, description: "Share of the last 10 s in which some task waited for a CPU, 0 to 1. Null without PSI." }),
    psiMemoryRatio: t.exposeFloat("psiMemoryRatio", { nullable: true, description: "Share of the last 10 s in which some task waited for memory, 0 to 1. Null without PSI." }),
    psiIoRatio: t.exposeFloat("psiIoRatio", { nullable: true, description: "Share of the last 10 s in which some task waited for I/O, 0 to 1. Null without PSI." }),
    memoryTotalBytes: t.expose("memoryTotalBytes", { type: "Bytes", description: "Bytes of memory." }),
    memoryAvailableBytes: t.expose("memoryAvailableBytes", { type: "Bytes", description: "Bytes that could be used without swapping (the kernel's MemAvailable)." }),
    memoryFreeBytes: t.expose("memoryFreeBytes", { type: "Bytes", nullable: true, description: "Bytes that nothing uses (the kernel's MemFree); null when not known." }),
    memoryCachedBytes: t.expose("memoryCachedBytes", { type: "Bytes", nullable: true, description: "Bytes of page cache; null when not known." }),
    memoryAnonymousBytes: t.expose("memoryAnonymousBytes", { type: "Bytes", nullable: true, description: "Bytes of processes' memory that no file backs, that of guests included; null when not known." }),
    memoryKernelBytes: t.expose("memoryKernelBytes", { type: "Bytes", nullable: true, description: "Bytes of the kernel itself: slab, page tables, stacks, vmalloc, per-CPU. Null when not known." }),
    swapTotalBytes: t.expose("swapTotalBytes", { type: "Bytes", nullable: true, description: "Bytes of swap; null when not known." }),
    swapUsedBytes: t.expose("swapUsedBytes", { type: "Bytes", nullable: true, description: "Bytes of swap in use; null when not known." }),
    refaultsPerSecond: t.exposeFloat("refaultsPerSecond", { nullable: true, description: "Pages a second fetched back from swap, compressed or not. Null on the first sample, and where the kernel does not count them." }),
    ksmSavedBytes: t.expose("ksmSavedBytes", { type: "Bytes", nullable: true, description: "Bytes of memory that KSM saves. Null without KSM." }),
    ksmSharedBytes: t.expose("ksmSharedBytes", { type: "Bytes", nullable: true, description: "Bytes that the merged pages take. Null without KSM." }),
    ksmdRatio: t.exposeFloat("ksmdRatio", { nullable: true, description: "CPU of the kernel's merging thread; 1 is one core. Null on the first sample and without KSM." }),
    ksmProfitBytes: t.expose("ksmProfitBytes", { type: "BigInt", nullable: true, description: "Bytes that KSM saves less its own cost (may be negative). Null without KSM or on an older kernel." }),
    compressedOriginalBytes: t.expose("compressedOriginalBytes", { type: "Bytes", nullable: true, description: "Uncompressed size in bytes of what zram and zswap hold. Null without them." }),
    compressedStoredBytes: t.expose("compressedStoredBytes", { type: "Bytes", nullable: true, description: "Bytes that it takes in memory. Null without zram and zswap." }),
    diskReadBytesPerSecond: t.exposeFloat("diskReadBytesPerSecond", { nullable: true, description: `Bytes read a second from physical disks. ${rateUnknown}` }),
    diskWriteBytesPerSecond: t.exposeFloat("diskWriteBytesPerSecond", { nullable: true, description: `Bytes written a second to physical disks. ${rateUnknown}` }),
    networkRxBytesPerSecond: t.exposeFloat("networkRxBytesPerSecond", { nullable: true, description: `Bytes received a second by physical NICs. ${rateUnknown}` }),
    networkTxBytesPerSecond: t.exposeFloat("networkTxBytesPerSecond", { nullable: true, description: `Bytes sent a second by physical NICs. ${rateUnknown}` }),
    networkDropsPerSecond: t.exposeFloat("networkDropsPerSecond", { nullable: true, description: `Packets dropped a second by physical NICs. ${rateUnknown}` }),
    diskSpaces: t.field({ type: [DiskSpaceRef], description: "Room where VMs and state are kept.", resolve: (s) => s.diskSpaces as DiskSpace[] }),
  }),
});

const SeriesRef = builder.objectRef<AnySeries>("Series").implement({
  description: "One metric over a span of time; the three lists have one length.",
  fields: (t) => ({
    metric: t.exposeString("metric", { description: "The metric's name as it was asked for." }),
    unit: t.exposeString("unit", { description: "ratio, bytes, bytes/s, seconds, 1/s, load, operations, percent or count." }),
    times: t.field({ type: ["DateTime"], description: "Start of each step.", resolve: (s) => s.times as Date[] }),
    mean: t.field({ type: ["Float"], nullable: { list: false, items: true }, description: "Mean over the step; null where nothing was recorded.", resolve: (s) => s.mean as (number | null)[] }),
    max: t.field({ type: ["Float"], nullable: { list: false, items: true }, description: "Highest 1 s value in the step; null where nothing was recorded.", resolve: (s) => s.max as (number | null)[] }),
  }),
});

HistoryRef.implement({
  description: "Metrics over a span of time. Kept: 1 s for 1 h, 10 s for 24 h, and 1 min, 10 min and 1 h for 30 d.",
  fields: (t) => ({
    from: t.expose("from", { type: "DateTime", description: "Start of the first step." }),
    to: t.expose("to", { type: "DateTime", description: "End of the last step." }),
    stepSeconds: t.exposeInt("stepSeconds", { description: "Length of a step in seconds." }),
    series: t.field({ type: [SeriesRef], description: "One a metric, in the order asked for.", resolve: (h) => h.series as AnySeries[] }),
  }),
});

const MetricsBatchRef = builder.objectRef<MetricsBatch>("MetricsBatch").implement({
  description: "One tick of one host: a sample of each VM asked for that lives.",
  fields: (t) => ({
    time: t.expose("time", { type: "DateTime", description: "When the host took the samples." }),
    hostId: t.exposeID("hostId", { description: "The host." }),
    samples: t.field({ type: [VmSampleRef], description: "By the order of the host; a VM that does not run has none.", resolve: (b) => b.samples as VmSampleList }),
  }),
});
type VmSampleList = (typeof VmSampleRef)["$inferType"][];

builder.subscriptionFields((t) => ({
  metrics: t.field({
    type: MetricsBatchRef,
    description: "A batch a tick with a sample of each living VM (or of those named). A slow reader gets the latest and misses what lay between.",
    args: { vmIds: t.arg.idList({ description: "VMs to sample; null: all." }) },
    extensions: { shared: "latest" },
    subscribe: (_, args, ctx) => openFeed(ctx.services.metrics.batches(args.vmIds ?? null), ctx.part),
    resolve: (item) => item.value,
  }),
  hostMetrics: t.field({
    type: HostSampleRef,
    description: "A sample of the host a tick; without `hostId`, of every host. A slow reader gets the latest and misses what lay between.",
    args: { hostId: t.arg.id({ description: "Host to sample; null: all." }) },
    extensions: { shared: "latest" },
    subscribe: (_, args, ctx) => openFeed(ctx.services.metrics.hostSamples(args.hostId ?? null), ctx.part),
    resolve: (item) => item.value,
  }),
}));
