// From what travels of memory to what the store keeps of it: texts become paintable, absent stays null.
import type { ResultOf } from "../client/document.js";
import type { CpuPolicy, HostMemory, HostMemorySettings, MemoryBreakdown, MemoryCompression, MemoryDecision, VmMemory, VmMemoryDetail } from "../store/memory.js";
import { paintable } from "../store/sanitize.js";
import type { BREAKDOWN, DECISION, HOST_MEMORY, VM_MEMORY } from "./memory-documents.js";

type WireDecision = ResultOf<typeof DECISION>;
type WireBreakdown = Omit<ResultOf<typeof BREAKDOWN>, "source" | "parts"> & { source?: string; parts: readonly (Pick<MemoryBreakdown["parts"][number], "kind" | "bytes"> & { description?: string; source?: string })[] };
type WireHost = NonNullable<ResultOf<typeof HOST_MEMORY>["host"]>;
type WireVm = ResultOf<typeof VM_MEMORY> & { memoryBreakdown: WireBreakdown | null };

function toDecision({ time, reason, effectBytes, ...same }: WireDecision): MemoryDecision {
  return { ...same, time: Date.parse(time), reason: paintable(reason), effectBytes: effectBytes === null ? null : Number(effectBytes) };
}

export function toBreakdown(wire: WireBreakdown | null): MemoryBreakdown | null {
  if (wire === null) return null;
  const parts = wire.parts.map(({ kind, bytes, description = "", source = "" }) => ({ kind, bytes, description: paintable(description), source: paintable(source) }));
  return { at: Date.parse(wire.at), totalBytes: wire.totalBytes, source: paintable(wire.source ?? ""), parts, remainderBytes: Number(wire.remainderBytes) };
}

export function toVmMemory({ id, room, memoryPolicy, memoryBreakdown }: WireVm): VmMemory {
  return { vmId: id, room, policy: { ...memoryPolicy, sharingDomain: paintable(memoryPolicy.sharingDomain) }, breakdown: toBreakdown(memoryBreakdown) };
}

export function toVmMemoryDetail(wire: WireVm & { memoryCompression: MemoryCompression | null; cpuPolicy: CpuPolicy; memoryDecisions: readonly WireDecision[] }): VmMemoryDetail {
  return { ...toVmMemory(wire), compression: wire.memoryCompression, cpuPolicy: wire.cpuPolicy, decisions: wire.memoryDecisions.map(toDecision) };
}

function toSettings({ ksm, compression, ...same }: NonNullable<WireHost["memory"]>): HostMemorySettings {
  const activeDomain = ksm.activeDomain === null ? null : paintable(ksm.activeDomain);
  return { ...same, ksm: { ...ksm, activeDomain, reason: paintable(ksm.reason) }, compression: { ...compression, algorithm: paintable(compression.algorithm) } };
}

export function toHostMemory(hostId: string, { memory, memoryBreakdown, memoryDecisions }: WireHost): HostMemory {
  return { hostId, settings: memory === null ? null : toSettings(memory), breakdown: toBreakdown(memoryBreakdown), decisions: memoryDecisions.map(toDecision) };
}
