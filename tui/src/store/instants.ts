// Two instants side by side: for each VM what it was at the one and at the other. Pure.
import type { PastFrame } from "./past.js";
import { guestUsedBytes } from "../guest-memory.js";
import { sum } from "./select.js";
import type { Vm, VmSample } from "./model.js";
import type { State } from "./state.js";

export interface ComparedVm {
  id: string;
  label: string;
  /** Null: it was not defined then. */
  before: Vm | null;
  after: Vm | null;
  figures: Readonly<Record<InstantFigure, Change>>;
}

/** A figure at both instants; null where it is not known. */
export interface Change { before: number | null; after: number | null }

export const INSTANT_FIGURES = ["cpu", "guestUsed", "rss", "disk", "rx", "tx", "steal", "latency"] as const;
export type InstantFigure = (typeof INSTANT_FIGURES)[number];

const READS: Readonly<Record<InstantFigure, (sample: VmSample) => number | null>> = {
  cpu: (sample) => sample.cpuRatio,
  guestUsed: guestUsedBytes,
  rss: (sample) => sample.rssBytes,
  disk: (sample) => sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond),
  rx: (sample) => sample.networkRxBytesPerSecond,
  tx: (sample) => sample.networkTxBytesPerSecond,
  steal: (sample) => sample.stealRatio,
  latency: (sample) => sample.diskLatencySeconds,
};

export function difference({ before, after }: Change): number | null {
  return before === null || after === null ? null : after - before;
}

/** Every VM of either instant: first those that came, went or changed their state, then by how much their CPU changed. */
export function comparedInstants(state: State): ComparedVm[] {
  const [first, second] = state.past.comparison?.frames ?? [null, null];
  if (first === null || second === null) return [];
  const ids = [...new Set([...first.vms.keys(), ...second.vms.keys()])];
  return ids
    .map((id) => comparedVm(id, first, second))
    .sort((a, b) => Number(isOther(b)) - Number(isOther(a)) || weight(b) - weight(a) || (a.label < b.label ? -1 : 1));
}

function comparedVm(id: string, first: PastFrame, second: PastFrame): ComparedVm {
  const [before, after] = [first.vms.get(id) ?? null, second.vms.get(id) ?? null];
  const read = (frame: PastFrame, figure: InstantFigure): number | null => {
    const sample = frame.samples.get(id);
    return sample === undefined ? null : READS[figure](sample);
  };
  const figures = Object.fromEntries(INSTANT_FIGURES.map((figure) => [figure, { before: read(first, figure), after: read(second, figure) }])) as Record<InstantFigure, Change>;
  return { id, label: after?.label ?? before?.label ?? id, before, after, figures };
}

function isOther({ before, after }: ComparedVm): boolean {
  return before?.state !== after?.state;
}

function weight({ figures: { cpu } }: ComparedVm): number {
  return Math.abs(difference(cpu) ?? 0);
}
