// Memory between the daemon's words and the server's. Pure; ratios on the wire are percent in the API.
import {
  CompressionMode as WireCompressionMode, KsmMode as WireKsmMode, type CompressionSettings as WireCompression, type ControllerSettings as WireController, type HostMemory as WireHostMemory,
  type KsmSettings as WireKsm, type MemoryDecision as WireDecision,
} from "../hypervisor/generated/quetzal/v1/memory.js";
import type { Room as WireRoom } from "../hypervisor/generated/quetzal/v1/vm.js";
import {
  COMPRESSION_MODES, DECISION_ACTIONS, KSM_MODES, PRESSURE_STATES,
  type CompressionMode, type CompressionSettings, type ControllerSettings, type HostMemory, type KsmMode, type KsmSettings, type MemoryDecision, type VmRoom,
} from "./model.js";

const PERCENT = 100;

export function room(wire: WireRoom | undefined): VmRoom | null {
  if (wire === undefined) return null;
  return {
    balloonTargetBytes: Number(wire.balloonTargetBytes), balloonFloorBytes: Number(wire.balloonFloorBytes),
    memoryTargetBytes: Number(wire.memoryTargetBytes), memoryMaxBytes: Number(wire.memoryMaxBytes),
    vcpusTarget: wire.vcpusTarget, vcpusMax: wire.vcpusMax,
  };
}

export function hostMemory(wire: WireHostMemory): HostMemory {
  return {
    ksm: ksm(wire.ksm), compression: compression(wire.compression), controller: controller(wire.controller),
    state: PRESSURE_STATES[wire.state - 1] ?? "HIGH",
    thresholds: { highBytes: Number(wire.highBytes), softBytes: Number(wire.softBytes), hardBytes: Number(wire.hardBytes), lowBytes: Number(wire.lowBytes) },
  };
}

// The wire's numbers follow the order of the names, from 1.
function ksm(wire: WireKsm | undefined): KsmSettings {
  return {
    mode: KSM_MODES[(wire?.mode ?? 1) - 1] ?? "UNTOUCHED", cpuBudgetPercent: percent(wire?.cpuBudgetRatio ?? 0),
    activeDomain: wire === undefined || wire.activeDomain === "" ? null : wire.activeDomain, reason: wire?.reason ?? "",
    pagesPerScan: wire?.pagesPerScan ?? 0, sleepMs: wire?.sleepMs ?? 0,
    cpuUsedRatio: wire?.cpuUsedRatio ?? null,
  };
}

function compression(wire: WireCompression | undefined): CompressionSettings {
  return { mode: COMPRESSION_MODES[(wire?.mode ?? 1) - 1] ?? "UNTOUCHED", sizeBytes: Number(wire?.sizeBytes ?? 0n), algorithm: wire?.algorithm ?? "" };
}

function controller(wire: WireController | undefined): ControllerSettings {
  return {
    enabled: wire?.enabled ?? false, idleTaxPercent: percent(wire?.idleTaxRatio ?? 0), highPercent: percent(wire?.highRatio ?? 0),
    softPercent: percent(wire?.softRatio ?? 0), hardPercent: percent(wire?.hardRatio ?? 0), lowPercent: percent(wire?.lowRatio ?? 0),
  };
}

/** 0.1 + 0.2 shall not read 30.000000000000004. */
function percent(ratio: number): number {
  return Math.round(ratio * PERCENT * 1_000) / 1_000;
}

const WIRE_KSM_MODES: Readonly<Record<KsmMode, WireKsmMode>> = {
  UNTOUCHED: WireKsmMode.KSM_MODE_UNTOUCHED, TUNED: WireKsmMode.KSM_MODE_TUNED, STOPPED: WireKsmMode.KSM_MODE_STOPPED, UNMERGED: WireKsmMode.KSM_MODE_UNMERGED,
};
const WIRE_COMPRESSION_MODES: Readonly<Record<CompressionMode, WireCompressionMode>> = {
  UNTOUCHED: WireCompressionMode.COMPRESSION_MODE_UNTOUCHED, ZRAM: WireCompressionMode.COMPRESSION_MODE_ZRAM, ZSWAP: WireCompressionMode.COMPRESSION_MODE_ZSWAP,
};

export function wireKsm({ mode, cpuBudgetPercent }: Pick<KsmSettings, "mode" | "cpuBudgetPercent">): WireKsm {
  return { mode: WIRE_KSM_MODES[mode], cpuBudgetRatio: cpuBudgetPercent / PERCENT, activeDomain: "", reason: "", pagesPerScan: 0, sleepMs: 0 };
}

export function wireCompression({ mode, sizeBytes, algorithm }: CompressionSettings): WireCompression {
  return { mode: WIRE_COMPRESSION_MODES[mode], sizeBytes: BigInt(sizeBytes), algorithm };
}

export function wireController(settings: ControllerSettings): WireController {
  return {
    enabled: settings.enabled, idleTaxRatio: settings.idleTaxPercent / PERCENT, highRatio: settings.highPercent / PERCENT,
    softRatio: settings.softPercent / PERCENT, hardRatio: settings.hardPercent / PERCENT, lowRatio: settings.lowPercent / PERCENT,
  };
}

export function decision(wire: WireDecision, hostId: string): MemoryDecision {
  return {
    hostId, vmId: wire.vmId, time: wire.time ?? new Date(0), action: DECISION_ACTIONS[wire.action - 1] ?? "BALLOON",
    fromBytes: Number(wire.fromBytes), toBytes: Number(wire.toBytes), reason: wire.reason, carriedOut: wire.carriedOut,
    state: PRESSURE_STATES[wire.state - 1] ?? "HIGH", hostAvailableBytes: Number(wire.hostAvailableBytes),
    guestAvailableBytes: wire.guestAvailableBytes === undefined ? null : Number(wire.guestAvailableBytes),
    guestTotalBytes: wire.guestTotalBytes === undefined ? null : Number(wire.guestTotalBytes),
    effectBytes: wire.effectBytes ?? null,
  };
}
