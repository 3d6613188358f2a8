// What each mechanism saves and in which state it is: page sharing, compression, balloons, what guests leave unused, and
// the controller over them. An empty one says why, and what turns it on.
import { bytesOf } from "../../store/memory.js";
import type { HostMemory, HostMemorySettings, MemoryControl, MemoryPartKind, PressureState } from "../../store/memory.js";
import type { Host, HostSample, Vm } from "../../store/model.js";
import type { State } from "../../store/state.js";
import { wrapped } from "../../wrap.js";
import { style } from "../frame.js";
import type { Rect, Style } from "../frame.js";
import { UNKNOWN, bytes, count, cut } from "../format.js";
import { BOLD, DIM, TEXT, parts } from "../painter.js";
import type { Painter } from "../painter.js";
import { UNKEPT, whyNoMemoryThen } from "../past-words.js";

const NAME_CELLS = 12;
const SAVED_CELLS = 6;
/** Pages a second below which nobody reads their tenths. */
const WHOLE_BELOW = 1_000;
/** Lines that one mechanism takes at most where there is room. */
const LINES_MAX = 3;

const NAMES = ["KSM", "compression", "balloons", "unused", "controller"] as const;

export interface Mechanism { name: (typeof NAMES)[number]; savedBytes: number | null; text: string; isOff: boolean }

export const STATE_WORDS: Readonly<Record<PressureState, string>> = {
  HIGH: "enough: nothing is taken", SOFT: "short: balloons take", HARD: "very short: cold memory is paged out", LOW: "none left: room is asked for",
};
export const STATE_LOOKS: Readonly<Record<PressureState, Style>> = { HIGH: style("running"), SOFT: style("between"), HARD: style("attention"), LOW: style("crashed") };

/** How a reader is told to change something: by keys of the dashboard, or by commands where there are none. */
export type Means = "keys" | "commands";
const MEANS: Readonly<Record<Means, { balloon: string; control: string }>> = {
  keys: { balloon: "b on a VM sets how much its guest keeps", control: "A on a VM makes it recommend, or on" },
  commands: { balloon: "quetzal memory set VM --balloon SIZE sets how much its guest keeps", control: "quetzal memory set VM --control recommend, or on, lets it" },
};

export function mechanisms(state: State, host: Host, memory: HostMemory | null, means: Means = "keys"): Mechanism[] {
  const isPast = state.past.at !== null;
  if (memory === null) return NAMES.map((name) => ({ name, savedBytes: null, text: isPast ? whyNoMemoryThen(state, { kind: "host", id: host.id }, false) : "asking the server", isOff: true }));
  const sample = state.hostSamples.get(host.id) ?? null;
  const { settings } = memory;
  const vms = [...state.vms.values()].filter(({ hostId }) => hostId === host.id);
  if (isPast) return [...kernelThen(sample), balloons(state, vms, means), unused(state, vms), { name: "controller", savedBytes: null, text: `VMs: ${modesOf(state, vms)}; its own settings ${UNKEPT}`, isOff: false }];
  return [sharing(host, sample, settings), compression(host, sample, settings), balloons(state, vms, means), unused(state, vms), controller(state, vms, settings)];
}

/** Why the host cannot do something; null when it can, or does not say. */
function missing({ capabilities }: Host, name: string): string | null {
  const known = capabilities.find((capability) => capability.name === name);
  return known === undefined || known.available ? null : `not here: ${known.reason ?? "not available"}`;
}

/** Commands that turn things on, whole on the narrowest screen. */
const TUNE = "quetzal memory host --ksm tuned";
const AWAY = "The host's daemon cannot be asked.";

/** With a tenth, unless it is whole. */
function percent(value: number | null): string {
  return value === null ? UNKNOWN : `${Math.round(value * 10) / 10}%`;
}

function sharing(host: Host, sample: HostSample | null, settings: HostMemorySettings | null): Mechanism {
  const off = missing(host, "ksm");
  const profit = sample?.ksmProfitBytes == null ? "" : `; profit ${bytes(sample.ksmProfitBytes)}`;
  const base = { name: "KSM" as const, savedBytes: sample?.ksmSavedBytes ?? null };
  if (off !== null || settings === null) return { ...base, text: off ?? `${AWAY}${profit}`, isOff: true };
  const { mode, activeDomain, reason, pagesPerScan, sleepMs, cpuUsedRatio, cpuBudgetPercent } = settings.ksm;
  const domain = activeDomain === null ? "" : `; domain ${activeDomain}`;
  const why = reason === "" ? "" : `; ${reason}`;
  switch (mode) {
    case "UNTOUCHED": return { ...base, text: `${ksmSwitch(host)}, set by the host: ${TUNE}${profit}${domain}${why}`, isOff: true };
    case "TUNED": return { ...base, text: `on, tuned by quetzal: CPU ${percent(cpuUsedRatio === null ? null : cpuUsedRatio * 100)} of ${percent(cpuBudgetPercent)}${profit}${domain}${why}; ${pagesPerScan} pages each ${sleepMs} ms`, isOff: false };
    case "STOPPED": return { ...base, text: `off, by quetzal: ${TUNE}${profit}${why}`, isOff: true };
    case "UNMERGED": return { ...base, text: `off, unmerged by quetzal: ${TUNE}${why}`, isOff: true };
  }
}

/** What the daemon found when it looked at the kernel's switch. */
function ksmSwitch(host: Host): "on" | "off" {
  return host.capabilities.find(({ name }) => name === "ksm")?.reason === KSM_IS_ON ? "on" : "off";
}
/** The daemon's word of a KSM that merges. */
const KSM_IS_ON = "running";

function compression(host: Host, sample: HostSample | null, settings: HostMemorySettings | null): Mechanism {
  const original = sample?.compressedOriginalBytes ?? null;
  const stored = sample?.compressedStoredBytes ?? null;
  const saved = original === null || stored === null ? null : original - stored;
  const ratio = original === null || stored === null || stored <= 0 ? "" : `; ${bytes(original)} in ${bytes(stored)} (${(original / stored).toFixed(1)}:1), ${refaults(sample)}`;
  const base = { name: "compression" as const, savedBytes: saved };
  const mode = settings?.compression.mode;
  if (settings === null) return { ...base, text: `${AWAY}${ratio}`, isOff: true };
  if (mode === "UNTOUCHED") {
    const nowhere = sample?.swapTotalBytes === 0 && original === null ? "no swap device" : "set by the host";
    return { ...base, text: `${missing(host, "zram") ?? `${nowhere}: quetzal memory host --compression zram`}${ratio}`, isOff: true };
  }
  const { sizeBytes, algorithm } = settings.compression;
  return { ...base, text: `${mode === "ZRAM" ? "zram" : "zswap"} ${algorithm} of ${bytes(sizeBytes)}${ratio}`, isOff: false };
}

function refaults(sample: HostSample | null): string {
  const rate = sample?.refaultsPerSecond ?? null;
  return `${rate !== null && rate < WHOLE_BELOW ? Math.round(rate) : count(rate)} refaults/s`;
}

/** What the kernel saved then; how it had been told to is not kept. */
function kernelThen(sample: HostSample | null): [Mechanism, Mechanism] {
  const original = sample?.compressedOriginalBytes ?? null;
  const stored = sample?.compressedStoredBytes ?? null;
  const profit = sample?.ksmProfitBytes == null ? "" : `profit ${bytes(sample.ksmProfitBytes)}; `;
  const isEmpty = original === null || stored === null || stored <= 0;
  return [
    { name: "KSM", savedBytes: sample?.ksmSavedBytes ?? null, text: `${profit}its settings ${UNKEPT}`, isOff: sample?.ksmSavedBytes == null },
    { name: "compression", savedBytes: original === null || stored === null ? null : original - stored, text: `${isEmpty ? "" : `${bytes(original)} in ${bytes(stored)} (${(original / stored).toFixed(1)}:1), ${refaults(sample)}; `}its settings ${UNKEPT}`, isOff: isEmpty },
  ];
}

function sumOf(state: State, vms: readonly Vm[], kind: MemoryPartKind): { bytes: number; count: number; most: Vm | null } {
  const sum = { bytes: 0, count: 0, most: null as Vm | null };
  let largest = 0;
  for (const vm of vms) {
    const part = bytesOf(state.memory.vms.get(vm.id)?.breakdown ?? null, kind) ?? 0;
    if (part <= 0) continue;
    sum.bytes += part;
    sum.count += 1;
    if (part > largest) [largest, sum.most] = [part, vm];
  }
  return sum;
}

function vmWords(count: number): string {
  return count === 1 ? "one VM" : `${count} VMs`;
}

function balloons(state: State, vms: readonly Vm[], means: Means): Mechanism {
  const { bytes: saved, count: holding, most } = sumOf(state, vms, "BALLOONED");
  const text = holding === 0 ? `no balloon holds memory${state.past.at === null ? `: ${MEANS[means].balloon}` : ""}` : `taken from ${vmWords(holding)}${holding > 1 && most !== null ? `, most from ${most.label}` : ""}`;
  return { name: "balloons", savedBytes: saved, text, isOff: holding === 0 };
}

function unused(state: State, vms: readonly Vm[]): Mechanism {
  const { bytes: saved, count: having } = sumOf(state, vms, "REPORTED_FREE");
  return { name: "unused", savedBytes: saved, text: having === 0 ? "guests have touched all that they have" : `never touched, or reported free, by ${vmWords(having)}`, isOff: having === 0 };
}

function controller(state: State, vms: readonly Vm[], settings: HostMemorySettings | null): Mechanism {
  const base = { name: "controller" as const, savedBytes: null };
  if (settings === null) return { ...base, text: AWAY, isOff: true };
  const { controller: { enabled, idleTaxPercent }, thresholds } = settings;
  const modes = modesOf(state, vms);
  if (!enabled) return { ...base, text: `off: quetzal memory host --control on; VMs: ${modes}`, isOff: true };
  return { ...base, text: `VMs: ${modes}; acts below ${bytes(thresholds.highBytes)}; tax ${Math.round(idleTaxPercent)}%`, isOff: false };
}

function modesOf(state: State, vms: readonly Vm[]): string {
  const under = (control: MemoryControl): number => vms.filter(({ id }) => state.memory.vms.get(id)?.policy.control === control).length;
  return `${under("ON")} on, ${under("RECOMMEND")} recommend, ${under("OFF")} off`;
}

/** Why no decision is listed, and what would change that. */
export function whyNoDecision(state: State, settings: HostMemorySettings | null, means: Means = "keys"): string {
  if (settings === null) return AWAY;
  if (!settings.controller.enabled) return "The controller is off. To turn it on: quetzal memory host --control on";
  const isWatched = [...state.memory.vms.values()].some(({ policy }) => policy.control !== "OFF");
  return isWatched ? "None in the last hour: there was nothing to do." : `No VM lets it: ${MEANS[means].control}.`;
}

/** Each in its lines; where there is no room for more than one, what is too long is cut. Returns the rows taken. */
export function mechanismLines(p: Painter, rect: Rect, shown: readonly Mechanism[]): number {
  const room = rect.width - NAME_CELLS - SAVED_CELLS - 2;
  const spare = rect.height - shown.length;
  let y = rect.y;
  let used = 0;
  for (const { name, savedBytes: saved, text, isOff } of shown) {
    const lines = wrapped(text, room);
    const count = Math.min(lines.length, LINES_MAX, 1 + Math.max(0, spare - used));
    if (y + count > rect.y + rect.height) break;
    parts(p, rect.x, y, [[name.padEnd(NAME_CELLS), BOLD], [(name === "controller" ? "" : bytes(saved)).padStart(SAVED_CELLS), saved === null || saved === 0 ? DIM : TEXT]], rect.width);
    for (let line = 0; line < count; line++) {
      const words = line === count - 1 ? cut(lines.slice(line).join(" "), room, p.theme.ellipsis) : (lines[line] ?? "");
      p.frame.put(rect.x + NAME_CELLS + SAVED_CELLS + 2, y + line, words, isOff ? DIM : TEXT, room);
    }
    used += count - 1;
    y += count;
  }
  return y - rect.y;
}
