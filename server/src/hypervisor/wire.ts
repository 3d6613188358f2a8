// From the daemon's words to the server's. Pure; absence on the wire becomes null.
import type { HostFacts } from "../host/model.js";
import { room } from "../memory/wire.js";
import type { CrashReport, Label, Vm, VmDefinition, VmState } from "../vm/model.js";
import { VM_STATES } from "../vm/model.js";
import { EventKind as WireEventKind } from "./generated/quetzal/v1/event.js";
import type { Host as WireHost } from "./generated/quetzal/v1/host.js";
import { VmState as WireVmState, type CrashReport as WireCrash, type Vm as WireVm } from "./generated/quetzal/v1/vm.js";
import type { EventKind } from "../event/log.js";

const BYTES_PER_MIB = 1_048_576;

export function vmState(state: WireVmState): VmState | null {
  // The wire's numbers follow the order of VM_STATES, from 1.
  return VM_STATES[state - 1] ?? null;
}

export function vm(wire: WireVm, hostId: string): Vm {
  return {
    ...definitionFields(parseDefinition(wire.specJson), wire.id),
    id: wire.id,
    hostId,
    state: vmState(wire.state) ?? "DEFINED",
    stateSince: wire.stateSince ?? new Date(0),
    generation: wire.generation,
    startedAt: wire.startedAt ?? null,
    accelerator: wire.accelerator ?? null,
    networkInUse: wire.networkInUse ?? null,
    qemuVersion: wire.qemuVersion ?? null,
    pid: wire.pid ?? null,
    room: room(wire.room),
    restartRequired: wire.restartRequired,
    crash: wire.crash === undefined ? null : crash(wire.crash),
  };
}

/** What the API shows of a definition; the daemon has checked it and filled in its defaults. */
export function definitionFields(definition: VmDefinition, id: string) {
  const text = (field: string, fallback: string) => (typeof definition[field] === "string" ? definition[field] : fallback);
  const number = (field: string) => (typeof definition[field] === "number" ? definition[field] : 0);
  return {
    definition,
    name: text("name", id),
    machine: text("machine", "q35"),
    vcpus: number("vcpus"),
    memoryBytes: number("memory_mb") * BYTES_PER_MIB,
    labels: labels(definition["labels"]),
    protected: definition["protected"] === true,
    autostart: definition["autostart"] === true,
  };
}

function labels(value: unknown): Label[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .map(([key, label]) => ({ key, value: String(label) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function parseDefinition(json: string): VmDefinition {
  const parsed: unknown = json === "" ? {} : JSON.parse(json);
  return typeof parsed === "object" && parsed !== null ? (parsed as VmDefinition) : {};
}

function crash(wire: WireCrash): CrashReport {
  return { cause: wire.cause, exitCode: wire.exitCode ?? null, signal: wire.signal ?? null, stderrTail: wire.stderrTail, consoleTail: wire.consoleTail };
}

export function host(wire: WireHost): HostFacts {
  return {
    id: wire.id, name: wire.hostname, kernel: wire.kernel, cpuModel: wire.cpuModel, cpuCount: wire.cpuCount,
    memoryBytes: Number(wire.memoryBytes), daemonVersion: wire.daemonVersion, qemuVersion: wire.qemuVersion,
    stateDirectory: wire.stateDir, bootedAt: wire.bootedAt ?? null, daemonStartedAt: wire.daemonStartedAt ?? null,
    capabilities: wire.capabilities.map(({ name, available, reason, mend }) => ({
      name, available, reason: reason === "" ? null : reason, mend: mend === "" ? null : mend,
    })),
  };
}

const EVENT_KINDS: Readonly<Record<WireEventKind, EventKind | null>> = {
  [WireEventKind.EVENT_KIND_UNSPECIFIED]: null,
  [WireEventKind.EVENT_KIND_VM_DEFINED]: "VM_DEFINED",
  [WireEventKind.EVENT_KIND_VM_DELETED]: "VM_DELETED",
  [WireEventKind.EVENT_KIND_VM_STATE_CHANGED]: "VM_STATE_CHANGED",
  [WireEventKind.EVENT_KIND_VM_CHANGED]: "VM_CHANGED",
  [WireEventKind.EVENT_KIND_OPERATION_FINISHED]: "OPERATION_FINISHED",
  [WireEventKind.EVENT_KIND_DAEMON_STARTED]: "DAEMON_STARTED",
  [WireEventKind.EVENT_KIND_VM_ADOPTED]: "VM_ADOPTED",
  [WireEventKind.EVENT_KIND_GUEST_PANICKED]: "GUEST_PANICKED",
  [WireEventKind.EVENT_KIND_VM_RESET]: "VM_RESET",
  [WireEventKind.EVENT_KIND_WARNING]: "WARNING",
  [WireEventKind.EVENT_KIND_MEMORY_DECISION]: "MEMORY_DECISION",
  [WireEventKind.EVENT_KIND_HOST_MEMORY_CHANGED]: "HOST_MEMORY_CHANGED",
  [WireEventKind.UNRECOGNIZED]: null,
};

/** A kind that a newer daemon knows and we do not is shown as a warning: its sentence still tells people. */
export function eventKind(kind: WireEventKind): EventKind {
  return EVENT_KINDS[kind] ?? "WARNING";
}
