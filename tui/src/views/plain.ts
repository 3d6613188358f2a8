// The plain face: the dashboard in sentences, one a line, for pipes, logs and screen readers. No colour, no sign that
// needs a terminal.
import { guestUsedBytes } from "../store/reduce-data.js";
import type { Vm, VmState } from "../store/model.js";
import { countByState, host, hostSample, sampleAgeMs, sum } from "../store/select.js";
import type { State } from "../store/state.js";
import { longAge, percent } from "./format.js";

const UNKNOWN_WORD = "unknown";

/** Sizes in words: 412 MiB, 2.00 GiB. */
function size(value: number): string {
  const GIB = 1024 ** 3;
  if (value >= GIB * 0.9995) return `${three(value / GIB)} GiB`;
  return `${three(value / 1024 ** 2)} MiB`;
}

/** `used of total` with the unit once where both share it: 1.71 of 2.00 GiB. */
function sizeOf(used: number, total: number): string {
  const [first, second] = [size(used), size(total)];
  return first.slice(-3) === second.slice(-3) ? `${first.slice(0, -4)} of ${second}` : `${first} of ${second}`;
}

function three(value: number): string {
  return value >= 99.95 ? String(Math.round(value)) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function rate(value: number | null): string {
  if (value === null) return UNKNOWN_WORD;
  if (value >= 999_500) return `${three(value / 1e6)} MB/s`;
  return value >= 999.5 ? `${three(value / 1e3)} kB/s` : `${Math.round(value)} B/s`;
}

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
  const cpu = sample.cpuRatio === null ? UNKNOWN_WORD : `${percent(sample.cpuRatio)} %`;
  const disk = rate(sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond));
  const since = vm.startedAt === null ? "" : ` Up ${longAge(state.now + state.clockSkewMs - vm.startedAt)}.`;
  return `${vm.label}: ${vm.state}. CPU ${cpu}. ${memory}. Disk ${disk}. Net ${rate(sample.networkRxBytesPerSecond)} in, ${rate(sample.networkTxBytesPerSecond)} out.${since}`;
}

/** The whole plain frame, VMs by name so that two frames can be compared line by line. Ends in a newline. */
export function plainFrame(state: State): string {
  const vms = [...state.vms.values()].sort((a, b) => (a.label < b.label ? -1 : 1));
  const away = state.connection.phase === "lost" ? [`No server: ${state.connection.reason}. What follows is from before.`] : [];
  return [...away, overviewLine(state), hostLine(state), ...vms.map((vm) => vmLine(state, vm))].join("\n") + "\n";
}
