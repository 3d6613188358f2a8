// Second by second figures of the parts of one VM: its vCPUs, disks and network cards, for as long as its page is open.
// The server keeps history of each vCPU, which is filled in; of disks and cards only that of all together, so these begin
// when the page does. It knows no page.
import type { HistoryOf } from "./actions.js";
import type { VmDetail } from "./model.js";
import { Ring } from "./ring.js";

export interface DetailRings { vmId: string; parts: Map<string, Ring> }

export type VcpuFigure = "ratio" | "stealRatio";
export type DiskFigure = "readLatencySeconds" | "writeLatencySeconds" | "flushLatencySeconds" | "readsPerSecond" | "writesPerSecond";
export type NicFigure = "rxPacketsPerSecond" | "txPacketsPerSecond" | "dropsPerSecond";

const VCPU_FIGURES: readonly VcpuFigure[] = ["ratio", "stealRatio"];
const DISK_FIGURES: readonly DiskFigure[] = ["readLatencySeconds", "writeLatencySeconds", "flushLatencySeconds", "readsPerSecond", "writesPerSecond"];
const NIC_FIGURES: readonly NicFigure[] = ["rxPacketsPerSecond", "txPacketsPerSecond", "dropsPerSecond"];

export function vcpuPart(index: number, figure: VcpuFigure): string {
  return `vcpu ${index} ${figure}`;
}
export function diskPart(name: string, figure: DiskFigure): string {
  return `disk ${name} ${figure}`;
}
export function nicPart(name: string, figure: NicFigure): string {
  return `nic ${name} ${figure}`;
}

/** The rings with one more second of a VM; another VM's are dropped. They grow in place, as every ring does. */
export function withDetail(known: DetailRings | null, vmId: string, detail: VmDetail): DetailRings {
  const rings = ringsOf(known, vmId);
  const push = (part: string, value: number | null): void => ringOf(rings, part).push(detail.time, value);
  for (const vcpu of detail.vcpus) for (const figure of VCPU_FIGURES) push(vcpuPart(vcpu.index, figure), vcpu[figure]);
  for (const disk of detail.disks) for (const figure of DISK_FIGURES) push(diskPart(disk.name, figure), disk[figure]);
  for (const nic of detail.nics) for (const figure of NIC_FIGURES) push(nicPart(nic.name, figure), nic[figure]);
  return rings;
}

/** The rings with what is kept of parts from before they were looked at. */
export function withPartHistory(known: DetailRings | null, vmId: string, history: HistoryOf<string>): DetailRings {
  const rings = ringsOf(known, vmId);
  for (const [part, kept] of Object.entries(history)) kept?.times.forEach((time, step) => ringOf(rings, part).backfill(time, kept.values[step] ?? null));
  return rings;
}

function ringsOf(known: DetailRings | null, vmId: string): DetailRings {
  return known?.vmId === vmId ? known : { vmId, parts: new Map<string, Ring>() };
}

function ringOf({ parts }: DetailRings, part: string): Ring {
  let ring = parts.get(part);
  if (ring === undefined) parts.set(part, (ring = new Ring()));
  return ring;
}
