// What is known of one host, as lines: what it is, its cores, memory, pressure and disk space, then what it cannot do
// with the reason and the mend, then what it can.
import { countOn, serverNow } from "../store/select.js";
import type { Capability, Host, HostSample } from "../store/model.js";
import { bar } from "./bars.js";
import { style } from "./frame.js";
import type { Style } from "./frame.js";
import { UNKNOWN, bytes, longAge, percent, wholePercent } from "./format.js";
import { pressureWords } from "./host-plots.js";
import { BOLD, DIM, TEXT } from "./painter.js";
import type { Painter } from "./painter.js";
import { whyNoSample } from "./past-words.js";
import { wrapped } from "../wrap.js";

export type FactLine = readonly (readonly [string, Style])[];

/** Cells of a name at the start of a line. */
const NAME_CELLS = 11;
const BAR_CELLS = 16;
/** Cells of one core: number, bar, percent. */
const CORE_CELLS = 21;
const CORE_BAR_CELLS = 8;

export function hostFacts(p: Painter, host: Host, width: number): FactLine[] {
  const sample = p.state.hostSamples.get(host.id) ?? null;
  return [
    ...identity(p, host, sample), ...cores(p, host, sample, width), ...memory(p, host, sample), ...waits(sample), ...spaces(p, sample),
    ...missing(p, host.capabilities, width), ...present(p, host.capabilities, width),
  ];
}

function named(name: string, ...rest: FactLine): FactLine {
  return [[name.padEnd(NAME_CELLS), DIM], ...rest];
}

function identity(p: Painter, host: Host, sample: HostSample | null): FactLine[] {
  const now = serverNow(p.state);
  const since = host.connectedSince === null ? "" : ` for ${longAge(now - host.connectedSince)}`;
  const link: FactLine[number] = p.state.past.at !== null && sample === null ? [whyNoSample(p.state, host.id), DIM] : host.connected ? [`connected${since}`, TEXT] : [`unreachable${since}: ${host.connectionError ?? "no reason given"}`, style("attention")];
  const up = host.bootedAt === null ? "" : `, up ${longAge(now - host.bootedAt)}`;
  const vms = countOn(p.state, host.id);
  return [
    named("link", link, [up, TEXT], [`   ${vms} ${vms === 1 ? "VM" : "VMs"}`, TEXT]),
    named("machine", [`${host.cpuCount} ${host.cpuCount === 1 ? "core" : "cores"}, ${bytes(host.memoryBytes)}, ${host.cpuModel}`, TEXT]),
    named("software", [`Linux ${host.kernel}, QEMU ${host.qemuVersion}, quetzald ${host.daemonVersion}`, TEXT]),
  ];
}

/** Each core as a bar, as many in a line as fit. */
function cores(p: Painter, host: Host, sample: HostSample | null, width: number): FactLine[] {
  const ratios = sample?.cpuCoreRatios ?? null;
  if (ratios === null) return [named("cores", [UNKNOWN, DIM], [`  ${p.state.past.at !== null && sample !== null ? "each core is told of now alone" : whyNoSample(p.state, host.id)}`, DIM])];
  const across = Math.max(1, Math.floor((width - NAME_CELLS) / CORE_CELLS));
  const lines: FactLine[] = [];
  for (let start = 0; start < ratios.length; start += across) {
    const shown = ratios.slice(start, start + across).flatMap((ratio, index): FactLine => [
      [`${String(start + index).padStart(3)} `, DIM], ...bar(p.theme, CORE_BAR_CELLS, ratio), [`${percent(ratio).padStart(6)}   `, TEXT],
    ]);
    lines.push(named(start === 0 ? "cores %" : "", ...shown));
  }
  return lines;
}

function memory(p: Painter, host: Host, sample: HostSample | null): FactLine[] {
  if (sample === null) return [named("memory", [UNKNOWN, DIM], [`  ${whyNoSample(p.state, host.id)}`, DIM])];
  const used = sample.memoryTotalBytes - sample.memoryAvailableBytes;
  const zip = (sample.compressedStoredBytes ?? 0) / sample.memoryTotalBytes;
  return [
    named("memory", ...bar(p.theme, BAR_CELLS, used / sample.memoryTotalBytes - zip, zip), [` ${bytes(used)} of ${bytes(sample.memoryTotalBytes)}   available ${bytes(sample.memoryAvailableBytes)}   cache ${bytes(sample.memoryCachedBytes)}`, TEXT]),
    named("swap", [`${bytes(sample.swapUsedBytes)} of ${bytes(sample.swapTotalBytes)}`, TEXT], [`   compressed ${bytes(sample.compressedOriginalBytes)} in ${bytes(sample.compressedStoredBytes)}`, TEXT]),
    named("KSM", [`saves ${bytes(sample.ksmSavedBytes)}`, TEXT], [`, its own cost taken off ${bytes(sample.ksmProfitBytes)}`, TEXT]),
  ];
}

function waits(sample: HostSample | null): FactLine[] {
  const load = [sample?.load1, sample?.load5, sample?.load15].map((value) => value?.toFixed(2) ?? UNKNOWN).join(" ");
  return [
    named("waiting", [`${pressureWords(sample)} of the last 10 s (PSI)`, TEXT]),
    named("CPU", [`steal ${wholePercent(sample?.cpuStealRatio ?? null)}   waits for disk ${wholePercent(sample?.cpuIowaitRatio ?? null)}   load ${load}`, TEXT]),
  ];
}

function spaces(p: Painter, sample: HostSample | null): FactLine[] {
  const known = sample?.diskSpaces ?? [];
  if (known.length === 0) return [named("disk space", [UNKNOWN, DIM], ["  not reported", DIM])];
  return known.map(({ path, totalBytes, availableBytes }, index) => {
    const used = totalBytes === 0 ? 0 : 1 - availableBytes / totalBytes;
    return named(index === 0 ? "disk space" : "", ...bar(p.theme, BAR_CELLS, used), [` ${bytes(availableBytes).padStart(5)} available of ${bytes(totalBytes).padStart(5)}  `, TEXT], [path, DIM]);
  });
}

/** What it cannot do: the reason, then what would give it. */
function missing(p: Painter, capabilities: readonly Capability[], width: number): FactLine[] {
  return capabilities.filter(({ available }) => !available).flatMap(({ name, reason, mend }) => {
    const lead: FactLine = [[`${p.theme.attention} `, style("attention")], [name.padEnd(NAME_CELLS - 2), BOLD]];
    const text = wrapped(`${reason ?? "not available"}${mend === null ? "" : `; mend: ${mend}`}`, width - Math.max(NAME_CELLS, name.length + 3));
    return text.map((part, index): FactLine => (index === 0 ? [...lead, [name.length >= NAME_CELLS - 2 ? " " : "", TEXT], [part, TEXT]] : named("", [part, TEXT])));
  });
}

function present(p: Painter, capabilities: readonly Capability[], width: number): FactLine[] {
  const names = capabilities.filter(({ available }) => available).map(({ name, reason }) => (reason === null ? name : `${name} (${reason})`));
  if (names.length === 0) return [];
  return wrapped(names.join(", "), width - NAME_CELLS).map((part, index) => named(index === 0 ? `${p.theme.states.RUNNING} can` : "", [part, TEXT]));
}
