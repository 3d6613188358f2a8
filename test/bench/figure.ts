// One measured figure: repeated samples reduced to median and p95, set against its peers and its promised target.

/** A figure's target: at most a number (for the median, the p95 or both), or at most the first peer's median plus something, or a share of it. */
export type Target =
  | { readonly atMost: number; readonly p95AtMost?: number }
  | { readonly p95AtMost: number }
  | { readonly peerPlus: number }
  | { readonly peerShare: number }
  | { readonly none: true };

export interface Peer { readonly name: string; readonly samples: readonly number[] }

/** A peer that may not have been there: none where it gave no samples. */
export function peer(name: string, samples: readonly number[]): Peer[] {
  return samples.length === 0 ? [] : [{ name, samples }];
}

/** A peer's figure of the same run; `ratio` is ours over it at the median, null where its median is 0. */
export interface PeerFigure { readonly name: string; readonly median: number; readonly p95: number; readonly n: number; readonly ratio: number | null }

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly p95: number;
  readonly n: number;
  /** The first of the peers, which the target is set against; null where none could be run. */
  readonly peer: PeerFigure | null;
  /** That peer's ratio; null without a peer. */
  readonly ratio: number | null;
  /** Every peer of the run, the first included. */
  readonly peers: readonly PeerFigure[];
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

export function figure(name: string, unit: string, samples: readonly number[], target: Target, ...peers: readonly Peer[]): Figure {
  const median = quantile(samples, 0.5);
  const [first] = peers;
  const peerMedian = first === undefined ? null : quantile(first.samples, 0.5);
  const peerFigures = peers.map((one) => peerFigure(one, median));
  const p95 = quantile(samples, 0.95);
  const limit = "atMost" in target ? target.atMost : peerLimit(target, peerMedian);
  const p95Limit = "p95AtMost" in target ? target.p95AtMost : null;
  const words = [
    ..."atMost" in target ? [`≤ ${target.atMost} ${unit}`] : [],
    ..."peerPlus" in target ? [`≤ ${first?.name ?? "peer"} + ${target.peerPlus} ${unit}`] : [],
    ..."peerShare" in target ? [`≤ ${target.peerShare} × ${first?.name ?? "peer"}`] : [],
    ...p95Limit !== null ? [`p95 ≤ ${p95Limit} ${unit}`] : [],
  ];
  return {
    name,
    unit,
    median: round(median),
    p95: round(p95),
    n: samples.length,
    peer: peerFigures[0] ?? null,
    ratio: peerFigures[0]?.ratio ?? null,
    peers: peerFigures,
    target: words.length === 0 ? null : words.join(", "),
    met: limit === null && p95Limit === null ? null : median <= (limit ?? Infinity) && p95 <= (p95Limit ?? Infinity),
  };
}

function peerLimit(target: Target, peerMedian: number | null): number | null {
  if (peerMedian === null) return null;
  if ("peerPlus" in target) return peerMedian + target.peerPlus;
  return "peerShare" in target ? peerMedian * target.peerShare : null;
}

function peerFigure({ name, samples }: Peer, ourMedian: number): PeerFigure {
  const median = quantile(samples, 0.5);
  return { name, median: round(median), p95: round(quantile(samples, 0.95)), n: samples.length, ratio: median === 0 ? null : round(ourMedian / median) };
}

export function formatFigure(one: Figure): string {
  const verdict = one.met === null ? "·" : one.met ? "met" : "MISSED";
  const peers = one.peers.map(({ name, median, ratio }) => `  ${name} ${median}${ratio === null ? "" : ` (×${ratio})`}`).join("");
  return `${verdict.padEnd(7)}${one.name.padEnd(58)}${String(one.median).padStart(9)} ${one.unit} (p95 ${one.p95}, n ${one.n})${peers}${one.target === null ? "" : `  target ${one.target}`}`;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
