// What the recorded server says of memory and vCPUs: made-up figures divided by the real server's own rules, targets that
// are kept within the limits a host would set, and a controller that has decided a few things. The same each time.
import { hostBreakdown, vmBreakdown } from "../../server/src/memory/breakdown.js";
import { InvalidInput } from "../../server/src/errors.js";
import { vmCompression } from "../../server/src/memory/compression.js";
import { balloonEffect, pageOutEffect, resizeEffect, vcpusEffect } from "../../server/src/memory/effects.js";
import { hostMemoryEffect, mergedSettings } from "../../server/src/memory/host-settings.js";
import type { HostMemoryChange } from "../../server/src/memory/host-settings.js";
import { hostUndoPlan, partsOf } from "../../server/src/memory/host-undo.js";
import type { HostMemoryChanged } from "../../server/src/memory/host-undo.js";
import { MEMORY_CONTROLS } from "../../server/src/memory/model.js";
import type { ControllerSettings, DecisionAction, HostMemory, VmRoom } from "../../server/src/memory/model.js";
import { decisionUndoPlan } from "../../server/src/memory/undo.js";
import type { DecisionUndoPlan } from "../../server/src/memory/undo.js";
import { RECORDED_HOST, hostFigures, vmFigures } from "./recorded-fleet.js";
import type { RecordedVm } from "./recorded-fleet.js";

type Payload = Record<string, unknown>;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Guests have touched most of what they have; QEMU itself takes this much. */
const OVERHEAD_BYTES = 42 * MIB;
const TOTAL_BYTES = 23_962 * MIB;

interface Targets { balloonBytes: number; memoryBytes: number; vcpus: number; control: string }

/** One of the fleet can be plugged into; the controller may act on one and only advise on another. */
const HOTPLUG = new Set(["build-runner", "test-vm-001"]);
const CONTROLS: Readonly<Record<string, string>> = { "test-vm-001": "ON", "build-runner": "RECOMMEND" };

export class RecordedMemory {
  private readonly targets = new Map<string, Targets>();
  /** Balloon targets before each operation, for undoing. */
  private readonly before = new Map<string, number>();

  constructor(private readonly now: () => number) {}

  isOn = true;
  /** Null: as it is recorded. */
  private controller: ControllerSettings | null = null;
  private readonly changes: HostMemoryChanged[] = [];

  private settings(controller: ControllerSettings = this.controller ?? { enabled: this.isOn, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 }): HostMemory {
    const share = (percent: number): number => Math.round((TOTAL_BYTES * percent) / 100);
    const thresholds = { highBytes: share(controller.highPercent), softBytes: share(controller.softPercent), hardBytes: share(controller.hardPercent), lowBytes: share(controller.lowPercent) };
    return {
      ksm: { mode: this.isOn ? "TUNED" : "UNTOUCHED", cpuBudgetPercent: 5, activeDomain: "default", reason: "", pagesPerScan: 400, sleepMs: 20, cpuUsedRatio: 0.012 },
      compression: this.isOn ? { mode: "ZRAM", sizeBytes: 2 * GIB, algorithm: "zstd" } : { mode: "UNTOUCHED", sizeBytes: 0, algorithm: "" },
      controller, state: "HIGH", thresholds,
    };
  }

  /** By the server's own rules; only the controller's part is kept. */
  setHost({ dryRun, ...change }: HostMemoryChange & { dryRun: boolean }): Payload {
    const before = this.settings();
    try {
      const settings = mergedSettings(before, change);
      const memory = this.settings(settings.controller);
      if (!dryRun && settings.controller !== undefined) {
        this.changes.push({ id: BigInt(this.changes.length), actor: "local", before: partsOf(before, settings), after: partsOf(memory, settings) });
        this.controller = settings.controller;
      }
      return { __typename: "SetHostMemorySuccess", effect: hostMemoryEffect(RECORDED_HOST.name, before, settings), memory };
    } catch (error) {
      if (error instanceof InvalidInput) return { __typename: "InvalidInput", message: error.message, field: error.field };
      throw error;
    }
  }

  undoHost({ dryRun }: { dryRun: boolean }): Payload {
    const before = this.settings();
    const plan = hostUndoPlan(RECORDED_HOST.name, this.changes.at(-1) ?? null, before);
    if (plan.kind === "none") return { __typename: "NotUndoable", message: plan.reason };
    if (!dryRun) {
      this.changes.pop();
      this.controller = plan.settings.controller ?? null;
    }
    return { __typename: "SetHostMemorySuccess", effect: hostMemoryEffect(RECORDED_HOST.name, before, plan.settings), memory: this.settings(plan.settings.controller) };
  }

  private of(vm: RecordedVm): Targets {
    let known = this.targets.get(vm.id);
    if (known === undefined) this.targets.set(vm.id, (known = { balloonBytes: vm.id === "test-vm-001" ? 1.5 * GIB : vm.memoryBytes, memoryBytes: vm.memoryBytes, vcpus: vm.vcpus, control: CONTROLS[vm.id] ?? "OFF" }));
    return known;
  }

  private limits(vm: RecordedVm) {
    const can = HOTPLUG.has(vm.id);
    return { floorBytes: vm.memoryBytes / 2, maxBytes: can ? vm.memoryBytes * 2 : vm.memoryBytes, vcpusMax: can ? 4 : vm.vcpus };
  }

  private room(vm: RecordedVm): VmRoom {
    const { floorBytes, maxBytes, vcpusMax } = this.limits(vm);
    const { balloonBytes, memoryBytes, vcpus } = this.of(vm);
    return { balloonTargetBytes: balloonBytes, balloonFloorBytes: floorBytes, memoryTargetBytes: memoryBytes, memoryMaxBytes: maxBytes, vcpusTarget: vcpus, vcpusMax };
  }

  /** What of a sample a breakdown needs, with what a host keeps of the guest's mapping. */
  private facts(vm: RecordedVm, time: number) {
    const { maxBytes } = this.limits(vm);
    const { balloonBytes, memoryBytes } = this.of(vm);
    const { ksmMergedBytes, guestAvailableBytes } = vmFigures(vm, Math.floor(time / 1000));
    const guestCacheBytes = Math.round(vm.memoryBytes * 0.1);
    const guestFreeBytes = Math.max(0, guestAvailableBytes - guestCacheBytes - (vm.memoryBytes - balloonBytes));
    const residentBytes = Math.round(balloonBytes - 0.4 * guestFreeBytes);
    return {
      time: new Date(time), memoryConfiguredBytes: vm.memoryBytes, pluggedBytes: memoryBytes - vm.memoryBytes, balloonActualBytes: balloonBytes + memoryBytes - vm.memoryBytes, guestTotalBytes: memoryBytes,
      guestAvailableBytes, guestFreeBytes, guestCacheBytes,
      guestRam: { sizeBytes: maxBytes, residentBytes, sharedBytes: ksmMergedBytes, swappedBytes: vm.state === "PAUSED" ? 120 * MIB : 0, overheadBytes: OVERHEAD_BYTES },
    };
  }

  sampled(vm: RecordedVm): Payload {
    const { memoryBytes, vcpus, balloonBytes } = this.of(vm);
    // What was not moved here stands as the fleet has it.
    const moved = this.before.size === 0 ? {} : { balloonActualBytes: balloonBytes };
    return { pluggedBytes: HOTPLUG.has(vm.id) ? memoryBytes - vm.memoryBytes : null, vcpusPresent: vcpus, vcpusUsed: vcpus, ...moved };
  }

  vm(vm: RecordedVm, isAlive: boolean, time = this.now()): Payload {
    const { floorBytes, maxBytes, vcpusMax } = this.limits(vm);
    const { control } = this.of(vm);
    return {
      room: isAlive ? this.room(vm) : null,
      memoryPolicy: { floorBytes, ceilingBytes: vm.memoryBytes, maxBytes, shares: 1_000, control, sharingDomain: "default" },
      cpuPolicy: { weight: 100, limitPercent: vm.id === "build-runner" ? 150 : null, pins: vm.id === "build-runner" ? [{ vcpu: 0, cpus: [0, 1] }] : [], emulatorCpus: vm.id === "build-runner" ? [0] : null, maxVcpus: vcpusMax },
      memoryBreakdown: () => (isAlive ? wireBreakdown(vmBreakdown(this.facts(vm, time), { swapUsedBytes: 310 * MIB, compressedOriginalBytes: 310 * MIB })) : null),
      memoryCompression: () => (isAlive ? vmCompression({ swapBytes: vm.state === "PAUSED" ? 120 * MIB : 0, majorFaultsPerSecond: vm.state === "PAUSED" ? 0 : 2 }, { swapUsedBytes: 310 * MIB, compressedOriginalBytes: 310 * MIB, compressedStoredBytes: 120 * MIB, refaultsPerSecond: 4 }) : null),
      memoryDecisions: () => this.decisions().filter(({ vmId }) => vmId === vm.id),
    };
  }

  host(vms: readonly RecordedVm[], time = this.now()): Payload {
    const { memoryAvailableBytes } = hostFigures(Math.floor(time / 1000));
    const sample = { time: new Date(time), memoryTotalBytes: TOTAL_BYTES, memoryFreeBytes: memoryAvailableBytes - 3 * GIB, memoryCachedBytes: 3 * GIB, memoryAnonymousBytes: 13_000 * MIB, memoryKernelBytes: 922 * MIB, ksmSharedBytes: 204 * MIB, compressedStoredBytes: 120 * MIB };
    return {
      memory: () => this.settings(),
      memoryBreakdown: () => wireBreakdown(hostBreakdown(sample, vms.map((vm) => this.facts(vm, time)))),
      memoryDecisions: () => (this.isOn ? this.decisions() : []),
    };
  }

  private decisions() {
    const decision = (agoMs: number, vmId: string, action: DecisionAction, fromBytes: number, toBytes: number, carriedOut: boolean, effectBytes: number | null, reason: string) => ({
      time: new Date(this.now() - agoMs).toISOString(), vmId, action, fromBytes, toBytes, carriedOut, effectBytes: effectBytes === null ? null : String(effectBytes), reason,
      vm: null, state: "SOFT", hostAvailableBytes: GIB, guestAvailableBytes: null, guestTotalBytes: null,
    });
    return [
      decision(19_000, "test-vm-001", "BALLOON", 1_638 * MIB, 1_536 * MIB, true, 96 * MIB, "The host has 0.9 GiB available, under the 0.94 GiB of SOFT; this guest leaves 0.8 GiB of 1.6 GiB unused, the most for its 1,000 shares."),
      decision(29_000, "build-runner", "BALLOON", 2 * GIB, 1_843 * MIB, false, null, "The host has 0.9 GiB available, under the 0.94 GiB of SOFT; its policy only wants to be told."),
      decision(95_000, "test-vm-001", "PAGE_OUT", 0, 64 * MIB, true, -2 * MIB, "64 MiB were not touched for 5 minutes."),
      decision(340_000, "web-2", "ASK_FOR_ROOM", 0, 0, false, null, "Nothing more can be taken: 0.1 GiB available."),
    ];
  }

  /** By the server's own rules; the time of a decision, which moves with the clock here, is left aside. */
  decisionUndo(vm: RecordedVm): DecisionUndoPlan {
    const decisions = this.decisions().filter(({ vmId }) => vmId === vm.id).map((one) => ({ ...one, time: new Date(one.time) }));
    const { control } = this.of(vm);
    return decisionUndoPlan(null, { vm: { id: vm.id, name: vm.name, state: vm.state, startedAt: null, room: this.room(vm) }, control: MEMORY_CONTROLS.find((mode) => mode === control) ?? "OFF", decisions });
  }

  /** What setting a target would do, or why it cannot be; `set` does it. */
  judge(vm: RecordedVm, kind: "SET_VM_BALLOON" | "RESIZE_VM_MEMORY" | "PAGE_OUT_VM" | "SET_VM_VCPUS", amount: number | null): { effect: string; set: (operationId: string) => void } | { refusal: Payload } {
    const targets = this.of(vm);
    const { floorBytes, maxBytes, vcpusMax } = this.limits(vm);
    const facts = { ...this.facts(vm, this.now()), vcpusPresent: targets.vcpus };
    const named = { name: vm.name, memoryBytes: vm.memoryBytes, vcpus: vm.vcpus, room: this.room(vm) };
    const beyond = (least: number, most: number, unit: string): { refusal: Payload } => ({ refusal: { __typename: "InvalidInput", field: "target", message: `The target is ${least} to ${most} ${unit}, not ${amount === null ? "none" : unit === "MiB" ? amount / MIB : amount}.` } });
    const value = amount ?? 0;
    switch (kind) {
      case "SET_VM_BALLOON":
        return value < floorBytes || value > targets.memoryBytes ? beyond(floorBytes / MIB, targets.memoryBytes / MIB, "MiB") : {
          effect: balloonEffect(named, value, facts),
          set: (id) => {
            this.before.set(id, targets.balloonBytes);
            targets.balloonBytes = value;
          },
        };
      case "RESIZE_VM_MEMORY":
        return value < vm.memoryBytes || value > maxBytes ? beyond(vm.memoryBytes / MIB, maxBytes / MIB, "MiB") : { effect: resizeEffect(named, value, facts), set: () => { targets.memoryBytes = value; } };
      case "PAGE_OUT_VM":
        return { effect: pageOutEffect(named, amount, facts), set: () => undefined };
      case "SET_VM_VCPUS":
        return value < 1 || value > vcpusMax ? beyond(1, vcpusMax, "vCPUs") : { effect: vcpusEffect(named, value, facts), set: () => { targets.vcpus = value; } };
    }
  }

  setControl(vm: RecordedVm, control: string): void {
    this.of(vm).control = control;
  }

  /** The balloon target that an operation changed; null for any other operation. */
  previous(operationId: string): number | null {
    return this.before.get(operationId) ?? null;
  }
}

function wireBreakdown(breakdown: ReturnType<typeof vmBreakdown>): Payload | null {
  return breakdown === null ? null : { ...breakdown, at: breakdown.at.toISOString(), remainderBytes: String(breakdown.remainderBytes) };
}
