// What views are given: the live state, or while the past is looked at a state as it would have been then. Views need
// not know which of the two they paint. Pure, and the same object for the same state.
import { alertsThen } from "./alerts-then.js";
import type { Memory, VmMemory } from "./memory.js";
import type { Host, Operation, VmSample } from "./model.js";
import type { PastFrame } from "./past.js";
import type { State } from "./state.js";

let remembered: { live: State; seen: State } | null = null;

export function asOf(live: State): State {
  const { at } = live.past;
  if (at === null) return live;
  if (remembered?.live === live) return remembered.seen;
  const seen = stateOf(live, at, live.past.frame);
  remembered = { live, seen };
  return seen;
}

/** What of the state is of an instant; the rest is the person's, and the same whatever instant is looked at. */
type OfThen = Pick<State,
  | "now" | "hosts" | "hostSamples" | "hostRings" | "vms" | "vmsKnown" | "samples" | "details" | "detailRings" | "rings" | "vmRecord"
  | "consoleTail" | "definition" | "memory" | "events" | "operations" | "past" | "matches" | "alerts">;

/** `now` is the instant of the frame that is shown, so that ages are those of then. */
function stateOf(live: State, at: number, frame: PastFrame | null): State {
  const shownAt = frame?.at ?? at;
  const { notice } = live.ui;
  const now = shownAt - live.clockSkewMs;
  const then: OfThen = {
    now,
    hosts: live.hosts.map((host) => hostThen(host, shownAt)),
    hostSamples: frame?.hostSamples ?? new Map(),
    hostRings: new Map(),
    vms: frame?.vms ?? new Map(),
    vmsKnown: frame !== null,
    samples: frame?.samples ?? new Map<string, VmSample>(),
    details: detailsThen(live, frame),
    detailRings: null,
    rings: new Map(),
    vmRecord: null,
    consoleTail: null,
    definition: definitionThen(live, frame),
    memory: memoryThen(live, frame),
    events: frame?.events ?? [],
    operations: frame?.operations.map((operation) => operationThen(operation, shownAt)) ?? [],
    past: { ...live.past, seenFrom: live.now + live.clockSkewMs },
    matches: { ...live.matches, ids: frame?.found ?? null, where: frame?.where ?? "" },
    alerts: alertsThen(live.alerts, frame?.events ?? [], shownAt),
  };
  return { ...live, ...then, ui: { ...live.ui, notice: notice === null ? null : { ...notice, at: now - (live.now - notice.at) } } };
}

/** What was measured then says nothing of who is connected now, nor since when; a start after it is none of then. */
function hostThen(host: Host, at: number): Host {
  const before = (time: number | null): number | null => (time === null || time > at ? null : time);
  return { ...host, connected: true, connectionError: null, connectedSince: before(host.connectedSince), bootedAt: before(host.bootedAt) };
}

function definitionThen({ ui: { selectedVmId } }: State, frame: PastFrame | null): State["definition"] {
  const lines = selectedVmId === null ? undefined : frame?.definitions.get(selectedVmId);
  return selectedVmId === null || lines === undefined ? null : { vmId: selectedVmId, lines };
}

/** Of the VM whose page was looked at; the page of another one has to wait for its own. */
function detailsThen({ ui: { selectedVmId } }: State, frame: PastFrame | null): State["details"] {
  const one = frame?.one ?? null;
  if (frame === null || one?.detail == null || one.memory.vmId !== selectedVmId) return new Map();
  return new Map([[selectedVmId, { ...one.detail, time: frame.at }]]);
}

/** How a host was set, and what was asked of its guests, is not kept. */
function memoryThen(live: State, frame: PastFrame | null): Memory {
  const known = frame?.memory ?? null;
  const one = frame?.one?.memory ?? null;
  const hostId = (live.hosts.length < 2 ? undefined : frame?.vms.get(live.ui.selectedVmId ?? "")?.hostId) ?? live.hosts[0]?.id;
  const vms: VmMemory[] = [...(known?.vms ?? []), ...(one === null ? [] : [one])];
  return {
    host: known === null || hostId === undefined ? null : { hostId, settings: null, breakdown: known.hosts.get(hostId) ?? null, decisions: [] },
    vms: new Map(vms.map((vm) => [vm.vmId, vm])), detail: one, fault: null,
  };
}

/** What had not ended then was still under way. */
function operationThen(operation: Operation, at: number): Operation {
  if (operation.endedAt === null || operation.endedAt <= at) return operation;
  return { ...operation, state: "RUNNING", endedAt: null, progressRatio: null, cancellable: false, error: null };
}

/** The live state after a step that was made on the state as it was seen: all that is the person's, and nothing of then. */
export function withUiOf(live: State, seen: State): State {
  const { now, hosts, hostSamples, hostRings, vms, vmsKnown, samples, details, detailRings, rings, vmRecord, consoleTail, definition, memory, events, operations, past, alerts } = live;
  // Another text is no filter of then: its first answer is of now, and the frame is asked for anew with it.
  const matches = seen.ui.filter === live.ui.filter ? live.matches : seen.ui.filter === "" ? seen.matches : { ...live.matches, fault: null };
  const ofNow: OfThen = { now, hosts, hostSamples, hostRings, vms, vmsKnown, samples, details, detailRings, rings, vmRecord, consoleTail, definition, memory, events, operations, past, alerts, matches };
  const { notice } = seen.ui;
  // A notice carries the clock of the state it was made in.
  return { ...seen, ...ofNow, ui: { ...seen.ui, notice: notice === null ? null : { ...notice, at: now - (seen.now - notice.at) } } };
}
