// The plain face: the dashboard in sentences, one a line, for pipes, logs and screen readers. No colour, no sign that
// needs a terminal.
import { guestUsedBytes } from "../guest-memory.js";
import type { Event, Operation, Vm, VmSample, VmState } from "../store/model.js";
import { countByState, host, hostSample, sampleAgeMs, sum, vcpusOf } from "../store/select.js";
import type { State } from "../store/state.js";
import type { PlainPage } from "./plain-pages.js";
import { dayClock, longAge, percent, words } from "./format.js";
import { memoryLines } from "./plain-memory.js";
import { whyLines } from "./plain-why.js";
import { UNKNOWN_WORD, ofCore, rate, size, sizeOf, sizeOr as bytesOf, three } from "./plain-words.js";
import { UNCOUNTED, isUserNetwork } from "./vm-plots.js";

const STATES: readonly VmState[] = ["RUNNING", "PAUSED", "STARTING", "STOPPING", "MIGRATING", "STOPPED", "DEFINED", "CRASHED"];

function overviewLine(state: State): string {
  const counts = countByState(state);
  const total = state.vms.size;
  const byState = STATES.filter((name) => counts.has(name)).map((name) => `, ${counts.get(name) ?? 0} ${name.toLowerCase()}`).join("");
  const ageMs = sampleAgeMs(state);
  const sample = ageMs === null ? "No sample yet." : `Sample ${(ageMs / 1000).toFixed(1)} s old.`;
  return `${host(state)?.name ?? "no host"}: ${total} ${total === 1 ? "VM" : "VMs"}${byState}. ${sample}`;
}

function hostLine(state: State): string {
  const known = host(state);
  const sample = hostSample(state);
  if (known === null) return "Host: none is known to the server.";
  if (sample === null) return known.connected ? "Host: no sample yet." : `Host: not connected: ${known.connectionError ?? "no reason given"}.`;
  const cpu = sample.cpuRatio === null ? UNKNOWN_WORD : `${Math.round(sample.cpuRatio * 100)} %`;
  const shared = (sample.ksmSavedBytes ?? 0) > 0 ? `, ${size(sample.ksmSavedBytes ?? 0)} shared` : "";
  const zip = (sample.compressedOriginalBytes ?? 0) > 0 ? `, ${size(sample.compressedOriginalBytes ?? 0)} compressed` : "";
  const used = sizeOf(sample.memoryTotalBytes - sample.memoryAvailableBytes, sample.memoryTotalBytes);
  return `Host: CPU ${cpu} of ${known.cpuCount} cores. Memory ${used} used${shared}${zip}.`;
}

function vmLine(state: State, vm: Vm): string {
  const sample = state.samples.get(vm.id);
  if (vm.state === "CRASHED") return `${vm.label}: CRASHED. ${vm.crashCause ?? "No cause is known."}`;
  if (sample === undefined) return `${vm.label}: ${vm.state}. ${size(vm.memoryBytes)} configured.`;
  const used = guestUsedBytes(sample);
  const memory = used === null ? `Guest memory ${UNKNOWN_WORD} of ${size(sample.memoryConfiguredBytes)}` : `Guest memory ${sizeOf(used, sample.memoryConfiguredBytes)}`;
  // The scale with it: a reader cannot look at a table's head.
  const cpu = ofCore(sample.cpuRatio);
  const disk = rate(sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond));
  const since = vm.startedAt === null ? "" : ` Up ${longAge(state.now + state.clockSkewMs - vm.startedAt)}.`;
  return `${vm.label}: ${vm.state}. CPU ${cpu}. ${memory}. Disk ${disk}. ${netText(vm, sample)}.${since}`;
}

/** What nobody counts is unknown for ever, and says so. */
function netText(vm: Vm, { networkRxBytesPerSecond: rx, networkTxBytesPerSecond: tx }: VmSample): string {
  if (rx === null && tx === null && isUserNetwork(vm)) return `Net ${UNKNOWN_WORD} (${UNCOUNTED})`;
  return `Net ${rate(rx)} in, ${rate(tx)} out`;
}

/** Events and operations told: the newest, oldest first, as a log is read. */
const TOLD_MAX = 50;

/** A page as lines, one fact or one thing a line, in an order that does not change with the figures. */
export function plainPage(state: State, page: PlainPage, vmId: string | null): string[] {
  const away = state.connection.phase === "lost" ? [`No server: ${state.connection.reason}. What follows is from before.`] : [];
  return [...away, ...linesOf(state, page, vmId)];
}

function linesOf(state: State, page: PlainPage, vmId: string | null): string[] {
  switch (page) {
    case "overview": return overviewLines(state);
    case "vm": return vmLines(state, vmId);
    case "why": return whyLines(state);
    case "memory": return memoryLines(state);
    case "hosts": return hostLines(state);
    case "events": return state.events.length === 0 ? ["No event yet."] : state.events.slice(-TOLD_MAX).map((event) => eventLine(state, event));
    case "operations": return state.operations.length === 0 ? ["No operation yet."] : state.operations.slice(0, TOLD_MAX).reverse().map((operation) => operationLine(state, operation));
    case "alerts": return state.alerts.length === 0 ? ["No alert."] : alertLines(state);
  }
}

/** VMs by name, so that two frames can be compared line by line. */
function overviewLines(state: State): string[] {
  const vms = [...state.vms.values()].sort((a, b) => (a.label < b.label ? -1 : 1));
  return [overviewLine(state), hostLine(state), ...vms.map((vm) => vmLine(state, vm)), ...alertLines(state)];
}

function alertLines(state: State): string[] {
  return state.alerts.map((alert) => `Alert, ${alert.severity.toLowerCase()}: ${nameOf(state, alert.vmId)}: ${alert.message} Since ${dayClock(alert.since)} UTC.`);
}

function nameOf(state: State, vmId: string | null): string {
  return vmId === null ? "" : (state.vms.get(vmId)?.label ?? vmId);
}

function eventLine(state: State, event: Event): string {
  const who = nameOf(state, event.vmId);
  const text = who === "" || event.message.startsWith(who) ? event.message : `${who}: ${event.message}`;
  return `${dayClock(event.time)} UTC: ${text}${event.actor === null ? "" : ` (${event.actor})`}`;
}

function operationLine(state: State, operation: Operation): string {
  const error = operation.error === null ? "" : ` ${operation.error}`;
  const progress = operation.state === "RUNNING" && operation.progressRatio !== null ? `, ${Math.round(operation.progressRatio * 100)} %` : "";
  return `${dayClock(operation.startedAt)} UTC: ${words(operation.kind)} ${nameOf(state, operation.vmId)}: ${operation.state.toLowerCase()}${progress}, by ${operation.requestedBy}.${error}`;
}

function hostLines(state: State): string[] {
  if (state.hosts.length === 0) return ["No host is known to the server."];
  return state.hosts.flatMap((one) => [
    `${one.name}: ${one.connected ? "connected" : `not connected: ${one.connectionError ?? "no reason given"}`}. ${one.cpuCount} cores, ${size(one.memoryBytes)}, QEMU ${one.qemuVersion}, Linux ${one.kernel}.`,
    ...one.capabilities.map((ability) => `${one.name}, ${ability.name}: ${ability.available ? "yes" : `no, ${ability.reason ?? "no reason given"}`}${ability.available || ability.mend === null ? "" : `; ${ability.mend}`}.`),
  ]);
}

/** Everything that its page in the dashboard tells, a fact a line. */
function vmLines(state: State, vmId: string | null): string[] {
  const vm = vmId === null ? undefined : state.vms.get(vmId);
  if (vm === undefined) return ["There is no such VM any more."];
  const sample = state.samples.get(vm.id);
  const detail = state.details.get(vm.id);
  return [
    vmLine(state, vm),
    `vCPUs: ${vcpusOf(vm, sample)}. Machine: ${vm.machine} on ${vm.accelerator ?? UNKNOWN_WORD}. Network: ${vm.networkInUse ?? UNKNOWN_WORD}.`,
    ...(sample === undefined ? [] : [
      `Memory: configured ${bytesOf(sample.memoryConfiguredBytes)}, balloon ${bytesOf(sample.balloonActualBytes)}, available in the guest ${bytesOf(sample.guestAvailableBytes)}, resident on the host ${bytesOf(sample.rssBytes)}.`,
      `Steal: ${sample.stealRatio === null ? UNKNOWN_WORD : `${percent(sample.stealRatio)} %`}. Disk latency: ${sample.diskLatencySeconds === null ? UNKNOWN_WORD : `${three(sample.diskLatencySeconds * 1_000)} ms`}.`,
    ]),
    ...(detail?.vcpus ?? []).map((vcpu) => `vCPU ${vcpu.index}: ${ofCore(vcpu.ratio)}.`),
    ...(detail?.disks ?? []).map((disk) => `Disk ${disk.name}: read ${rate(disk.readBytesPerSecond)}, written ${rate(disk.writeBytesPerSecond)}, ${bytesOf(disk.allocatedBytes)} on the host of a size of ${bytesOf(disk.capacityBytes)}.`),
    ...(detail?.nics ?? []).map((nic) => `Network card ${nic.name}: ${rate(nic.rxBytesPerSecond)} in, ${rate(nic.txBytesPerSecond)} out.`),
    ...alertLines({ ...state, alerts: state.alerts.filter((alert) => alert.vmId === vm.id) }),
    ...state.events.filter((event) => event.vmId === vm.id).slice(-TOLD_MAX).map((event) => eventLine(state, event)),
  ];
}

/** The overview as text. Ends in a newline. */
export function plainFrame(state: State): string {
  return `${plainPage(state, "overview", null).join("\n")}\n`;
}
