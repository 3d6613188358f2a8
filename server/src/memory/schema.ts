// Memory in GraphQL: what can be read of VMs and hosts. The mutations are in mutations.ts.
import { builder } from "../graphql/builder.js";
import { described } from "../graphql/enums.js";
import { HostRef, VmRef } from "../graphql/refs.js";
import type {
  CompressionSettings, ControllerSettings, FitEstimate, HostMemory, KsmSettings, MemoryBreakdown, MemoryCompression, MemoryDecision, MemoryPart, MemoryPolicy, MemoryThresholds, VmRoom,
} from "./model.js";
import { memoryPolicy } from "./policy.js";

export const MemoryControlEnum = builder.enumType("MemoryControl", {
  description: "What the host's memory controller may do to a VM.",
  values: described({ OFF: "Nothing.", RECOMMEND: "Say what it would do, and why.", ON: "Move the balloon and page out." }),
});
export const KsmModeEnum = builder.enumType("KsmMode", {
  description: "How a host looks for like pages to share (KSM).",
  values: described({
    UNTOUCHED: "As the host had it: quetzald leaves it alone.", TUNED: "At the rate that its profit pays for, within the CPU budget; it stops where it brings nothing.",
    STOPPED: "Not at all; what is merged stays.", UNMERGED: "Not at all, and what is merged is unmerged: refused where that would not fit in memory.",
  }),
});
export const CompressionModeEnum = builder.enumType("CompressionMode", {
  description: "How a host compresses memory that is paged out.",
  values: described({ UNTOUCHED: "As the host had it.", ZRAM: "In a swap device in memory, made by quetzald.", ZSWAP: "In a cache before the host's own swap." }),
});
const PressureStateEnum = builder.enumType("PressureState", {
  description: "What a host is in by its available memory, from plenty to none; the thresholds say where each ends.",
  values: described({ HIGH: "Enough: nothing is taken from anybody.", SOFT: "Balloons take from VMs.", HARD: "Balloons take, and cold memory is paged out.", LOW: "Room is asked for, and while the controller is on no VM starts." }),
});
const DecisionActionEnum = builder.enumType("MemoryDecisionAction", {
  description: "What a memory controller decided to do.",
  values: described({ BALLOON: "Move the balloon's target.", PAGE_OUT: "Page cold memory out.", ASK_FOR_ROOM: "Ask for a VM to be moved away, or new ones to be refused: no more can be taken." }),
});
const MemoryPartKindEnum = builder.enumType("MemoryPartKind", {
  description: "Where memory is: of a VM up to OVERHEAD, of a host SHARED, COMPRESSED and those from VMS on.",
  values: described({
    GUEST_USED: "Resident, used in the guest.", GUEST_CACHE: "Resident, the guest's page cache.", GUEST_FREE: "Resident, free in the guest.",
    SHARED: "Merged with like pages.", COMPRESSED: "Paged out and compressed: of a VM the size before, of a host the size after.", SWAPPED: "Paged out to disk.",
    BALLOONED: "Taken by the balloon.", REPORTED_FREE: "Never touched, or reported free by the guest: it takes no memory.", UNPLUGGED: "Room to grow that is not plugged in: it takes no memory.",
    OVERHEAD: "QEMU's own.", VMS: "Guests and their QEMUs, without what is shared.", PAGE_CACHE: "Files kept in memory.", KERNEL: "The kernel itself.",
    OTHER: "Other processes.", FREE: "Used for nothing.",
  }),
});

const VmRoomRef = builder.objectRef<VmRoom>("VmRoom").implement({
  description: "The limits between which a running VM's memory and vCPUs move, and what was asked for last. All of it ends with the VM's power.",
  fields: (t) => ({
    balloonTargetBytes: t.expose("balloonTargetBytes", { type: "Bytes", description: "Bytes that the guest was last asked to leave itself; all that it has where nobody asked." }),
    balloonFloorBytes: t.expose("balloonFloorBytes", { type: "Bytes", description: "Least bytes that a balloon target may be." }),
    memoryTargetBytes: t.expose("memoryTargetBytes", { type: "Bytes", description: "Bytes that the guest was last asked to have plugged in, boot memory counted in." }),
    memoryMaxBytes: t.expose("memoryMaxBytes", { type: "Bytes", description: "Most bytes that it can have without a restart." }),
    vcpusTarget: t.exposeInt("vcpusTarget", { description: "Number of vCPUs last asked for." }),
    vcpusMax: t.exposeInt("vcpusMax", { description: "Most vCPUs that it can have without a restart." }),
  }),
});

export const MemoryPolicyRef = builder.objectRef<MemoryPolicy>("MemoryPolicy").implement({
  description: "Who takes memory from a VM, and how far: from its definition, defaults filled in. A change is in effect at once.",
  fields: (t) => ({
    floorBytes: t.expose("floorBytes", { type: "Bytes", description: "Bytes below which nobody takes memory from the guest." }),
    ceilingBytes: t.expose("ceilingBytes", { type: "Bytes", description: "Most bytes that the controller leaves the guest." }),
    maxBytes: t.expose("maxBytes", { type: "Bytes", description: "Most bytes that the guest can grow to while it runs; a change of it needs a restart." }),
    shares: t.exposeInt("shares", { description: "Claim to memory beside the other VMs' when it is short." }),
    control: t.expose("control", { type: MemoryControlEnum, description: "What the host's memory controller may do to it." }),
    sharingDomain: t.exposeString("sharingDomain", { description: "Like pages are shared only between VMs of one domain." }),
  }),
});

const KsmSettingsRef = builder.objectRef<KsmSettings>("KsmSettings").implement({
  description: "Page sharing of a host.",
  fields: (t) => ({
    mode: t.expose("mode", { type: KsmModeEnum, description: "How it looks for like pages." }),
    cpuBudgetPercent: t.exposeFloat("cpuBudgetPercent", { description: "Percent of one core that scanning may take." }),
    activeDomain: t.exposeString("activeDomain", { nullable: true, description: "The one sharing domain whose VMs may merge here; null: no VM has asked to." }),
    reason: t.exposeString("reason", { description: "Why this domain and, where others wait, which; empty when there is nothing to say." }),
    pagesPerScan: t.exposeInt("pagesPerScan", { description: "Pages looked at before each sleep, as last chosen." }),
    sleepMs: t.exposeInt("sleepMs", { description: "Milliseconds of each sleep, as last chosen." }),
    cpuUsedRatio: t.exposeFloat("cpuUsedRatio", { nullable: true, description: "Share of one core that scanning took of late, 0 to 1; null where it cannot be read." }),
  }),
});
const CompressionSettingsRef = builder.objectRef<CompressionSettings>("CompressionSettings").implement({
  description: "Compression of a host's memory.",
  fields: (t) => ({
    mode: t.expose("mode", { type: CompressionModeEnum, description: "How it compresses." }),
    sizeBytes: t.expose("sizeBytes", { type: "Bytes", description: "Of ZRAM, bytes that it may hold before compression; of ZSWAP, most bytes of memory for its pool; 0 with UNTOUCHED." }),
    algorithm: t.exposeString("algorithm", { description: 'E.g. "zstd"; empty with UNTOUCHED.' }),
  }),
});
export const MemoryCompressionRef = builder.objectRef<MemoryCompression>("MemoryCompression").implement({
  description: "What is paged out to compressed memory (zram, zswap), and what it costs.",
  fields: (t) => ({
    originalBytes: t.expose("originalBytes", { type: "Bytes", description: "Bytes that it holds, before compression." }),
    storedBytes: t.expose("storedBytes", { type: "Bytes", description: "Bytes of the host's memory that it takes. Of a VM its part by the host's ratio: the kernel counts it for the whole host." }),
    ratio: t.exposeFloat("ratio", { nullable: true, description: "originalBytes over storedBytes; null where nothing is stored." }),
    refaultsPerSecond: t.exposeFloat("refaultsPerSecond", { nullable: true, description: "Pages a second that had to be fetched back: of a host from all of its swap; of a VM the major faults of its QEMU, which count pages of files too. Null on the first sample." }),
  }),
});
const ControllerSettingsRef = builder.objectRef<ControllerSettings>("ControllerSettings").implement({
  description: "The memory controller of a host.",
  fields: (t) => ({
    enabled: t.exposeBoolean("enabled", { description: "False: no VM is controlled, whatever its policy says." }),
    idleTaxPercent: t.exposeFloat("idleTaxPercent", { description: "Idle-memory tax in percent: 0 takes from all alike, 100 only from the idle." }),
    highPercent: t.exposeFloat("highPercent", { description: "Percent of the host's memory that must be available for a host that was short to have enough again (HIGH)." }),
    softPercent: t.exposeFloat("softPercent", { description: "Percent available below which SOFT begins; guests are given no more from there on." }),
    hardPercent: t.exposeFloat("hardPercent", { description: "Percent available below which HARD begins." }),
    lowPercent: t.exposeFloat("lowPercent", { description: "Percent available below which LOW begins." }),
  }),
});
const ThresholdsRef = builder.objectRef<MemoryThresholds>("MemoryThresholds").implement({
  description: "Available memory under which each state begins, with the floor for big hosts applied.",
  fields: (t) => ({
    highBytes: t.expose("highBytes", { type: "Bytes", description: "Bytes of the highest threshold." }),
    softBytes: t.expose("softBytes", { type: "Bytes", description: "Bytes of the second." }),
    hardBytes: t.expose("hardBytes", { type: "Bytes", description: "Bytes of the third." }),
    lowBytes: t.expose("lowBytes", { type: "Bytes", description: "Bytes of the lowest." }),
  }),
});
export const HostMemoryRef = builder.objectRef<HostMemory>("HostMemory").implement({
  description: "How a host shares, compresses and takes back memory.",
  fields: (t) => ({
    ksm: t.expose("ksm", { type: KsmSettingsRef, description: "Page sharing." }),
    compression: t.expose("compression", { type: CompressionSettingsRef, description: "Compression." }),
    controller: t.expose("controller", { type: ControllerSettingsRef, description: "The controller." }),
    state: t.expose("state", { type: PressureStateEnum, description: "What the host is in, as the controller sees it." }),
    thresholds: t.expose("thresholds", { type: ThresholdsRef, description: "Where the states begin." }),
  }),
});

const MemoryPartRef = builder.objectRef<MemoryPart>("MemoryPart").implement({
  description: "A part of an amount of memory.",
  fields: (t) => ({
    kind: t.expose("kind", { type: MemoryPartKindEnum, description: "Where it is." }),
    bytes: t.expose("bytes", { type: "Bytes", description: "How many bytes." }),
    description: t.exposeString("description", { description: "What it is, in words." }),
    source: t.exposeString("source", { description: "Where the figure comes from." }),
  }),
});
export const MemoryBreakdownRef = builder.objectRef<MemoryBreakdown>("MemoryBreakdown").implement({
  description: "Where memory is: parts and remainder add up to the total.",
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When the figures were taken; the kernel's of a VM are up to 10 s older." }),
    totalBytes: t.expose("totalBytes", { type: "Bytes", description: "Bytes in all, as the kernel says." }),
    source: t.exposeString("source", { description: "Where the total comes from." }),
    parts: t.field({ type: [MemoryPartRef], description: "The parts, each at least 0.", resolve: (breakdown) => breakdown.parts as MemoryPart[] }),
    remainderBytes: t.expose("remainderBytes", { type: "BigInt", description: "Bytes that no part explains; negative where figures of different moments overlap." }),
  }),
});

export const MemoryDecisionRef = builder.objectRef<MemoryDecision>("MemoryDecision").implement({
  description: "A decision of the memory controller about one VM.",
  fields: (t) => ({
    time: t.expose("time", { type: "DateTime", description: "When it was made." }),
    vmId: t.exposeID("vmId", { description: "The VM it is about." }),
    vm: t.field({ type: VmRef, nullable: true, description: "That VM; null when it is gone.", resolve: ({ vmId }, _, ctx) => ctx.services.vms.get(vmId) }),
    action: t.expose("action", { type: DecisionActionEnum, description: "What to do." }),
    fromBytes: t.expose("fromBytes", { type: "Bytes", description: "Of BALLOON, bytes of the target before; else 0." }),
    toBytes: t.expose("toBytes", { type: "Bytes", description: "Of BALLOON, bytes of the target after; of PAGE_OUT, bytes to page out." }),
    reason: t.exposeString("reason", { description: "One sentence with the figures it was made from." }),
    carriedOut: t.exposeBoolean("carriedOut", { description: "False: the VM's policy only wants to be told." }),
    state: t.expose("state", { type: PressureStateEnum, description: "What the host was in." }),
    hostAvailableBytes: t.expose("hostAvailableBytes", { type: "Bytes", description: "Bytes that the host had available." }),
    guestAvailableBytes: t.expose("guestAvailableBytes", { type: "Bytes", nullable: true, description: "Bytes that the guest had available; null when it had not said." }),
    guestTotalBytes: t.expose("guestTotalBytes", { type: "Bytes", nullable: true, description: "Bytes of memory that the guest counted; null when it had not said." }),
    effectBytes: t.expose("effectBytes", { type: "BigInt", nullable: true, description: "Bytes by which QEMU's resident memory fell, measured 10 s later (negative: it grew); what zram or zswap keeps of it compressed is not taken off. Null until then, and where nothing was carried out." }),
  }),
});

const FitLimitEnum = builder.enumType("FitLimit", { description: "What runs out first.", values: described({ MEMORY: "Memory.", CPU: "CPU time." }) });
const FitEstimateRef = builder.objectRef<FitEstimate>("FitEstimate").implement({
  description: "How many more VMs of a kind a host would take.",
  fields: (t) => ({
    count: t.exposeInt("count", { description: "How many, beside those that run." }),
    limitedBy: t.expose("limitedBy", { type: FitLimitEnum, description: "What runs out first." }),
    perVmBytes: t.expose("perVmBytes", { type: "Bytes", description: "Bytes of the host's memory that each is taken to hold." }),
    basis: t.field({ type: ["String"], description: "What the estimate stands on: sentences with their figures.", resolve: (estimate) => estimate.basis as string[] }),
  }),
});
const HowManyFitInput = builder.inputType("HowManyFitInput", {
  description: "A kind of VM, and where.",
  fields: (t) => ({
    hostId: t.id({ description: "The host; null: that of `like`, or the only one." }),
    memoryBytes: t.field({ type: "Bytes", description: "Bytes that each gets at boot; null: those of `like`." }),
    vcpus: t.int({ description: "vCPUs of each; null: those of `like`, or 1." }),
    features: t.stringList({ description: 'Features of each, of which "tps" counts here; null: those of `like`, or none.' }),
    sharingDomain: t.string({ description: 'Sharing domain of each; null: that of `like`, or "default".' }),
    like: t.id({ description: "A VM that they will be like: what it takes now is taken for each. Null: what comparable VMs take." }),
  }),
});

const DECISIONS_FIRST = "At most so many, 1 to 500; null: 20.";
builder.objectFields(VmRef, (t) => ({
  room: t.expose("room", { type: VmRoomRef, nullable: true, description: "What its guest is asked to have and may have; null while it does not run." }),
  memoryPolicy: t.field({ type: MemoryPolicyRef, description: "Who takes memory from it, and how far.", resolve: ({ definition }) => memoryPolicy(definition) }),
  memoryBreakdown: t.field({
    type: MemoryBreakdownRef, nullable: true, description: "Where its memory is; null while it does not run, and for its first seconds.",
    resolve: (vm, _, ctx) => ctx.services.memory.vmBreakdown(vm),
  }),
  memoryCompression: t.field({
    type: MemoryCompressionRef, nullable: true, description: "What of it is paged out to compressed memory; null while it does not run, and on a host without zram and zswap.",
    resolve: (vm, _, ctx) => ctx.services.memory.vmCompression(vm),
  }),
  memoryDecisions: t.field({
    type: [MemoryDecisionRef], description: "What the memory controller decided about it, newest first; kept for about an hour, the events have the rest.",
    args: { first: t.arg.int({ description: DECISIONS_FIRST }) },
    resolve: (vm, { first }, ctx) => ctx.services.memory.decisions({ hostId: vm.hostId, vmId: vm.id }, first ?? null),
  }),
}));
builder.objectFields(HostRef, (t) => ({
  memory: t.field({
    type: HostMemoryRef, nullable: true, description: "How it shares, compresses and takes back memory; null while its daemon cannot be asked.",
    resolve: (host, _, ctx) => ctx.services.memory.hostMemory(host.id),
  }),
  memoryCompression: t.field({
    type: MemoryCompressionRef, nullable: true, description: "What is paged out to compressed memory; null without zram and zswap.",
    resolve: (host, _, ctx) => ctx.services.memory.hostCompression(host),
  }),
  memoryBreakdown: t.field({
    type: MemoryBreakdownRef, nullable: true, description: "Where its memory is; null while its figures are not known.",
    resolve: (host, _, ctx) => ctx.services.memory.hostBreakdown(host),
  }),
  memoryDecisions: t.field({
    type: [MemoryDecisionRef], description: "What its memory controller decided, newest first; kept for about an hour, the events have the rest.",
    args: { first: t.arg.int({ description: DECISIONS_FIRST }) },
    resolve: (host, { first }, ctx) => ctx.services.memory.decisions({ hostId: host.id, vmId: null }, first ?? null),
  }),
}));

builder.queryFields((t) => ({
  howManyFit: t.field({
    type: FitEstimateRef, description: "How many more VMs of a kind a host would take, by what those that run take now.",
    args: { input: t.arg({ type: HowManyFitInput, required: true, description: "Which kind, and where." }) },
    resolve: (_, { input }, ctx) => ctx.services.memory.howManyFit({
      hostId: input.hostId ?? null, memoryBytes: input.memoryBytes ?? null, vcpus: input.vcpus ?? null, features: input.features ?? null,
      sharingDomain: input.sharingDomain ?? null, like: input.like ?? null,
    }),
  }),
}));

builder.subscriptionFields((t) => ({
  memoryDecided: t.field({
    type: MemoryDecisionRef, description: "Decisions of the memory controllers as they are made; one whose effect was measured comes once more with it.",
    args: { vmId: t.arg.id({ description: "Only of this VM; null: of all." }) },
    subscribe: (_, { vmId }, ctx) => ctx.services.memory.watchDecisions(vmId ?? null),
    resolve: (decision) => decision,
  }),
}));
