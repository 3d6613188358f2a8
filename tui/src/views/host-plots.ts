// The graphs of one host: which figures stand together, in which unit, and why one may be empty.
import type { Host, HostFigure, HostSample } from "../store/model.js";
import { hostWindow } from "../store/windows.js";
import type { Role } from "./frame.js";
import { UNKNOWN, bytes, count, wholePercent } from "./format.js";
import type { Painter } from "./painter.js";
import type { Plot, PlotLine } from "./plot.js";
import { PRESSURE, RATE, SHARE, sizesOf } from "./scales.js";

function line(p: Painter, hostId: string, figure: HostFigure, name: string, role: Role, read: (sample: HostSample) => number | null): PlotLine {
  const sample = p.state.hostSamples.get(hostId);
  return { name, role, now: sample === undefined ? null : read(sample), window: (columns) => hostWindow(p.state, hostId, figure, columns) };
}

export function hostPlots(p: Painter, host: Host): { cpu: Plot; memory: Plot; disk: Plot; network: Plot; pressure: Plot } {
  const { theme } = p;
  const sample = p.state.hostSamples.get(host.id);
  const common = { of: [{ kind: "host", id: host.id }] as const, whyEmpty: whyNoFigures(host) };
  return {
    cpu: {
      title: `CPU, % of ${host.cpuCount} cores`, scale: SHARE, ...common,
      lines: [
        line(p, host.id, "cpu", "used", "first", (known) => known.cpuRatio), line(p, host.id, "steal", "steal", "second", (known) => known.cpuStealRatio),
        line(p, host.id, "iowait", "wait", "third", (known) => known.cpuIowaitRatio),
      ],
    },
    memory: {
      title: `memory of ${bytes(sample?.memoryTotalBytes ?? host.memoryBytes)}`, scale: sizesOf(sample?.memoryTotalBytes ?? host.memoryBytes), ...common,
      lines: [
        line(p, host.id, "memoryUsed", "used", "first", (known) => known.memoryTotalBytes - known.memoryAvailableBytes),
        line(p, host.id, "ksmSaved", "KSM saves", "third", (known) => known.ksmSavedBytes),
      ],
    },
    disk: {
      title: "disk, B/s", scale: RATE, ...common,
      lines: [line(p, host.id, "diskRead", "r", "first", (known) => known.diskReadBytesPerSecond), line(p, host.id, "diskWrite", "w", "second", (known) => known.diskWriteBytesPerSecond)],
    },
    network: {
      title: "net, B/s", scale: RATE, ...common, extra: `drops ${count(sample?.networkDropsPerSecond ?? null)}`,
      lines: [
        line(p, host.id, "netRx", theme.down, "first", (known) => known.networkRxBytesPerSecond), line(p, host.id, "netTx", theme.up, "second", (known) => known.networkTxBytesPerSecond),
      ],
    },
    pressure: pressurePlot(p, host.id),
  };
}

/** Pressure stall information: the share of time in which something waited. */
export function pressurePlot(p: Painter, hostId: string): Plot {
  const host = p.state.hosts.find((one) => one.id === hostId);
  const psi = host?.capabilities.find((capability) => capability.name === "psi");
  const missing = psi !== undefined && !psi.available ? `no PSI: ${psi.reason ?? "no reason given"}` : null;
  return {
    title: `host ${host?.name ?? hostId} waits, %`, scale: PRESSURE, of: [{ kind: "host", id: hostId }], whyEmpty: missing ?? whyNoFigures(host ?? null), ...(missing === null ? {} : { whyEmptyThen: missing }),
    lines: [
      line(p, hostId, "psiCpu", "cpu", "first", (known) => known.psiCpuRatio), line(p, hostId, "psiMemory", "mem", "second", (known) => known.psiMemoryRatio),
      line(p, hostId, "psiIo", "io", "third", (known) => known.psiIoRatio),
    ],
  };
}

export function whyNoFigures(host: Host | null): string {
  if (host === null) return "no such host";
  return host.connected ? "waiting for the first samples" : `unreachable: ${host.connectionError ?? "no reason given"}`;
}

/** How the daemon's reason ends that says what is used instead. */
const USING_TCG = /[,;] using TCG$/;

/** What guests run on: first what follows for them, then why, for the end is what small screens cut off. */
export function kvmNote(host: Host | null): { label: string; note: string } {
  const kvm = host?.capabilities.find((capability) => capability.name === "kvm");
  if (kvm === undefined) return { label: "KVM", note: UNKNOWN };
  if (kvm.available) return { label: "KVM", note: "available" };
  const reason = kvm.reason ?? "not available";
  if (!USING_TCG.test(reason)) return { label: "KVM", note: reason };
  const why = reason.replace(USING_TCG, "");
  return { label: "TCG:", note: why.startsWith(EMULATED) ? `KVM ${EMULATED}, ${why.slice(EMULATED.length + 2)}` : why };
}
/** The daemon's word for a KVM that is slower than TCG; a colon and the measured figure follow. */
const EMULATED = "emulated only";

export function pressureWords(sample: HostSample | null): string {
  const psi = [["cpu", sample?.psiCpuRatio], ["memory", sample?.psiMemoryRatio], ["io", sample?.psiIoRatio]] as const;
  return psi.map(([name, ratio]) => `${name} ${wholePercent(ratio ?? null).padStart(4)}`).join("  ");
}
