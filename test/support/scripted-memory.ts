// Memory and CPU of the scripted daemon: rooms that move at once within limits, settings that are kept, decisions that a
// test writes. It judges as quetzald does, in fewer words.
import {
  CompressionMode, DecisionAction, KsmMode, PressureState,
  type HostMemory, type HostMemoryResponse, type MemoryDecision, type PageOutRequest, type SetHostMemoryRequest, type SetMemoryRequest,
} from "../../server/src/hypervisor/generated/quetzal/v1/memory.js";
import type { SetVcpusRequest } from "../../server/src/hypervisor/generated/quetzal/v1/cpu.js";
import { EventKind } from "../../server/src/hypervisor/generated/quetzal/v1/event.js";
import { RefusalCode } from "../../server/src/hypervisor/generated/quetzal/v1/refusal.js";
import type { Room, Vm, VmResponse } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import type { ScriptedDaemon } from "./scripted-daemon.js";

const MIB = 1_048_576n;
const MOST_MIB = 4_096n;
const VCPUS_MAX = 4;
const PAGE_POOL_BYTES = 6_144n * MIB;

interface Spec { readonly memory_mb: number; readonly vcpus: number; readonly features: readonly string[] }

export function scriptedRoom(specJson: string): Room {
  const { memory_mb: mib, vcpus } = JSON.parse(specJson) as Spec;
  const bytes = BigInt(mib) * MIB;
  return { balloonTargetBytes: bytes, balloonFloorBytes: bytes / 2n, memoryTargetBytes: bytes, memoryMaxBytes: MOST_MIB * MIB, vcpusTarget: vcpus, vcpusMax: VCPUS_MAX };
}

export class ScriptedMemory {
  settings: HostMemory = {
    ksm: { mode: KsmMode.KSM_MODE_UNTOUCHED, cpuBudgetRatio: 0.05, activeDomain: "default", reason: "2 VMs share; domain b waits.", pagesPerScan: 100, sleepMs: 20, cpuUsedRatio: 0.012 },
    compression: { mode: CompressionMode.COMPRESSION_MODE_UNTOUCHED, sizeBytes: 0n, algorithm: "" },
    controller: { enabled: true, idleTaxRatio: 0.75, highRatio: 0.06, softRatio: 0.04, hardRatio: 0.02, lowRatio: 0.01 },
    state: PressureState.PRESSURE_STATE_HIGH, highBytes: 1_475n * MIB, softBytes: 983n * MIB, hardBytes: 492n * MIB, lowBytes: 246n * MIB,
  };
  /** What ListDecisions tells, oldest first. */
  decisions: MemoryDecision[] = [];
  /** The next SetHostMemory is answered with this refusal instead. */
  refuseNext: { code: RefusalCode; message: string; field?: string } | null = null;

  constructor(private readonly daemon: ScriptedDaemon) {}

  setBalloon(request: SetMemoryRequest): VmResponse {
    return this.daemon.order(request, "ballooning", (vm, room) => {
      const range = outOfRange(vm, "balloon target", request.targetBytes, room.balloonFloorBytes, room.memoryTargetBytes);
      return range ?? { ...room, balloonTargetBytes: request.targetBytes };
    });
  }

  resizeMemory(request: SetMemoryRequest): VmResponse {
    return this.daemon.order(request, "hotplug", (vm, room) => {
      const boot = BigInt((JSON.parse(vm.specJson) as Spec).memory_mb) * MIB;
      const range = outOfRange(vm, "memory target", request.targetBytes, boot, room.memoryMaxBytes);
      return range ?? { ...room, memoryTargetBytes: request.targetBytes, balloonTargetBytes: request.targetBytes };
    });
  }

  pageOut(request: PageOutRequest): VmResponse {
    return this.daemon.order(request, null, (_, room) => room);
  }

  setVcpus(request: SetVcpusRequest): VmResponse {
    return this.daemon.order(request, "hotplug", (vm, room) => {
      if (request.count <= room.vcpusMax && request.count > 0) return { ...room, vcpusTarget: request.count };
      return { code: RefusalCode.REFUSAL_CODE_OUT_OF_RANGE, message: `${request.count} vCPUs is out of range for ${vm.id}; give 1 to ${room.vcpusMax}.`, field: "count" };
    });
  }

  setHostMemory(request: SetHostMemoryRequest): HostMemoryResponse {
    if (this.refuseNext !== null) {
      const { code, message, field } = this.refuseNext;
      this.refuseNext = null;
      return { result: { $case: "refusal", value: { code, message, field: field ?? "" } } };
    }
    const { ksm, compression, controller } = this.settings;
    const value: HostMemory = {
      ...this.settings,
      ksm: request.ksm === undefined || ksm === undefined ? ksm : { ...ksm, mode: request.ksm.mode, cpuBudgetRatio: request.ksm.cpuBudgetRatio },
      compression: request.compression === undefined ? compression
        : { ...request.compression, sizeBytes: request.compression.sizeBytes || PAGE_POOL_BYTES, algorithm: request.compression.algorithm || "zstd" },
      controller: request.controller ?? controller,
    };
    if (!request.dryRun) {
      this.settings = value;
      this.daemon.append({ kind: EventKind.EVENT_KIND_HOST_MEMORY_CHANGED, message: "Set." });
    }
    return { result: { $case: "memory", value } };
  }

  /** A decision as the controller makes it: listed, and in the journal. */
  decide(vmId: string, change: Partial<MemoryDecision> = {}): MemoryDecision {
    const decision: MemoryDecision = {
      time: new Date(), vmId, action: DecisionAction.DECISION_ACTION_BALLOON, fromBytes: 256n * MIB, toBytes: 192n * MIB,
      reason: "The host has 900 MiB available, and the guest 120 MiB of 256 MiB.", carriedOut: true, state: PressureState.PRESSURE_STATE_SOFT,
      hostAvailableBytes: 900n * MIB, guestAvailableBytes: 120n * MIB, guestTotalBytes: 256n * MIB, ...change,
    };
    this.decisions.push(decision);
    this.daemon.append({ kind: EventKind.EVENT_KIND_MEMORY_DECISION, vmId, message: decision.reason, decision });
    return decision;
  }
}

export interface Judged { readonly code: RefusalCode; readonly message: string; readonly field?: string }

function outOfRange(vm: Vm, what: string, bytes: bigint, least: bigint, most: bigint): Judged | null {
  if (bytes >= least && bytes <= most) return null;
  return { code: RefusalCode.REFUSAL_CODE_OUT_OF_RANGE, message: `The ${what} of ${vm.id} is out of range: ${bytes / MIB} MiB; give ${least / MIB} to ${most / MIB} MiB.`, field: "target_bytes" };
}
