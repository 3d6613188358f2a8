// One measured figure: repeated samples reduced to median and p95, set against its peer and its promised target.

/** A figure's target: at most a number, or at most the peer's median times or plus something. */
export type Target =
  | { readonly atMost: number }
  | { readonly peerPlus: number }
  | { readonly none: true };

export interface Peer { readonly name: string; readonly samples: readonly number[] }

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly p95: number;
  readonly n: number;
  /** Null where no peer could be run. */
  readonly peer: { readonly name: string; readonly median: number; readonly p95: number } | null;
  /** Ours over the peer's, at the median; null without a peer. */
  readonly ratio: number | null;
  /** In words; null where nothing is promised. */
  readonly target: string | null;
  /** Null where nothing is promised. */
  readonly met: boolean | null;
}

/** The value below which a share of the sorted samples lies (nearest rank). */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error("no samples: a figure needs at least one measurement");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number;
}

export function figure(name: string, unit: string, samples: readonly number[], target: Target, peer?: Peer): Figure {
  const median = quantile(samples, 0.5);
  const peerMedian = peer === undefined ? null : quantile(peer.samples, 0.5);
  const limit = "atMost" in target ? target.atMost : "peerPlus" in target && peerMedian !== null ? peerMedian + target.peerPlus : null;
  const words = "atMost" in target ? `≤ ${target.atMost} ${unit}` : "peerPlus" in target ? `≤ ${peer?.name ?? "peer"} + ${target.peerPlus} ${unit}` : null;
  return {
    name,
    unit,
    median: round(median),
    p95: round(quantile(samples, 0.95)),
    n: samples.length,
    peer: peer === undefined || peerMedian === null ? null : { name: peer.name, median: round(peerMedian), p95: round(quantile(peer.samples, 0.95)) },
    ratio: peerMedian === null || peerMedian === 0 ? null : round(median / peerMedian),
    target: words,
    met: limit === null ? null : median <= limit,
  };
}

export function formatFigure(one: Figure): string {
  const verdict = one.met === null ? "·" : one.met ? "met" : "MISSED";
  const peer = one.peer === null ? "" : `  ${one.peer.name} ${one.peer.median} (×${one.ratio})`;
  return `${verdict.padEnd(7)}${one.name.padEnd(58)}${String(one.median).padStart(9)} ${one.unit} (p95 ${one.p95}, n ${one.n})${peer}${one.target === null ? "" : `  target ${one.target}`}`;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
