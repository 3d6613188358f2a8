// Disk: do its reads and writes take long, do they queue, does the whole host wait for I/O.
import { judge, settled, type Figure, type Judged } from "../finding.js";
import { percentText } from "../format.js";
import { combine, isAllUnknown, meanOver, measure, type Measured, type Span } from "../measure.js";
import type { Observations } from "../model.js";
import { DISK_WAITED_QUEUE_DEPTH, QUEUE_COUNTS_FROM_LATENCY_SECONDS, THRESHOLDS } from "../thresholds.js";
import type { MemorySigns } from "./memory.js";

export interface DiskSigns {
  readonly latency: Measured;
  /** Share of the disk's bytes that are the guest's swapping, while the disk was slow; null: not known. */
  readonly swapShare: number | null;
}

export function diskSigns({ figures }: Observations, span: Span, { swapTraffic }: MemorySigns): DiskSigns {
  const waited = (step: number): boolean => (figures.DISK_QUEUE_DEPTH[step] ?? 0) >= DISK_WAITED_QUEUE_DEPTH;
  const latency = measure(span, figures.DISK_LATENCY_SECONDS, (seconds, step) => seconds > THRESHOLDS.diskLatency.value && waited(step));
  const bytes = meanOver(combine(figures.DISK_READ_BYTES_PER_SECOND, figures.DISK_WRITE_BYTES_PER_SECOND, (read, written) => read + written), latency.beyond);
  const swapped = meanOver(swapTraffic, latency.beyond);
  return { latency, swapShare: bytes === null || swapped === null || bytes === 0 ? null : Math.min(swapped / bytes, 1) };
}

export function diskRules(observations: Observations, span: Span, signs: DiskSigns): Judged[] {
  return [diskLatency(observations, span, signs), diskQueue(observations, span), hostIo(observations, span, signs)];
}

/** The finding where the disk has nothing to say; null: it has. */
function withoutDisk({ vm, figures }: Observations, span: Span, look: Pick<Judged, "kind" | "title">, figure: Pick<Figure, "name" | "threshold">): Judged | null {
  if (!vm.hasDisks) return settled("ruledOut", look, figure, "It has no disk.");
  const operations = meanOver(figures.DISK_OPERATIONS_PER_SECOND, span.observed);
  if (operations === 0 && isAllUnknown(span, figures.DISK_LATENCY_SECONDS)) return settled("ruledOut", look, figure, "It did not read or write in this window.");
  return null;
}

function diskLatency(observations: Observations, span: Span, { latency, swapShare }: DiskSigns): Judged {
  const look = { kind: "DISK_LATENCY", title: "disk latency" } as const;
  const figure = { name: "time of a read or write", threshold: THRESHOLDS.diskLatency };
  const isRead = observations.figures.DISK_OPERATIONS_PER_SECOND.some((rate, step) => span.observed[step] === true && rate !== null);
  return withoutDisk(observations, span, look, figure) ?? judge({
    // A step without an operation has no latency and needs none: what counts is that operations were counted.
    ...look, main: { ...figure, measured: { ...latency, isKnown: latency.isKnown || isRead }, bad: "above", ...(swapShare === null || swapShare < 0.01 ? {} : { remark: `${percentText(swapShare)} of the traffic is the guest's swapping` }) },
    whyNotKnown: "The disk's latency is not in the history of this window: QEMU has not answered.",
    advice: "Each read or write takes long: look for a limit on the disk, for others who use the same disk of the host, and at the disk itself. The command shows how busy the host's disks are.",
    adviceCommand: "iostat -x 1 5",
  });
}

function diskQueue(observations: Observations, span: Span): Judged {
  const look = { kind: "DISK_QUEUE", title: "disk queue" } as const;
  const figure = { name: "reads and writes under way", threshold: THRESHOLDS.diskQueue };
  const { figures } = observations;
  const isSlow = (step: number): boolean => (figures.DISK_LATENCY_SECONDS[step] ?? 0) >= QUEUE_COUNTS_FROM_LATENCY_SECONDS;
  return withoutDisk(observations, span, look, figure) ?? judge({
    ...look, main: { ...figure, measured: measure(span, figures.DISK_QUEUE_DEPTH, (depth, step) => depth > THRESHOLDS.diskQueue.value && isSlow(step)), bad: "above" },
    whyNotKnown: "The disk's queue is not in the history of this window: QEMU has not answered.",
    advice: "The guest asks for more than its disk can do at once: spread the work over time or over disks, or move the disk to a faster pool.",
    adviceCommand: `quetzal vm show ${observations.vm.id}`,
  });
}

/** Pressure counts where this VM's disk is slow too. */
function hostIo({ host, vm }: Observations, span: Span, { latency }: DiskSigns): Judged {
  const waits = (step: number): boolean => vm.hasDisks && latency.beyond[step] === true;
  const measured = measure(span, host.PSI_IO_RATIO, (ratio, step) => ratio > THRESHOLDS.hostIo.value && waits(step));
  return judge({
    kind: "HOST_IO", title: "host I/O pressure",
    main: { name: "time in which some task of the host waited for I/O", measured, threshold: THRESHOLDS.hostIo, bad: "above", ...(measured.share === 0 ? { remark: "this VM's disk was not slow with them" } : {}) },
    whyNotKnown: "The host's I/O pressure cannot be told: its kernel has no PSI (the capability psi says why), or the history of this window does not hold it.",
    advice: "The host's disks have more to do than they can: move a VM's disk to another pool, or find who reads and writes most. The command shows it.",
    adviceCommand: "quetzal vm ls --sort -disk",
  });
}
