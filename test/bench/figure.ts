// One measured figure: repeated samples reduced to median and p95, set against its peers and its promised target.

/** What is promised of a figure: all that is given must hold. What is set against a peer is not judged where that is missing. */
export interface Target {
  /** Of the median. */
  readonly atMost?: number;
  readonly p95AtMost?: number;
  /** Of every single sample. */
  readonly worstAtMost?: number;
  /** Above the first peer's median, at the median. */
  readonly peerPlus?: number;
  /** Of the first peer's median, at the median. */
  readonly peerShare?: number;
  /** Of every single sample, above the worst of the first peer. */
  readonly worstPeerPlus?: number;
}

export const NO_TARGET: Target = {};

export interface Peer { readonly name: string; readonly samples: readonly number[] }

/** A peer that may not have been there: none where it gave no samples. */
export function peer(name: string, samples: readonly number[]): Peer[] {
  return samples.length === 0 ? [] : [{ name, samples }];
}

/** A peer's figure of the same run; `ratio` is ours over it at the median, null where its median is 0. */
export interface PeerFigure { readonly name: string; readonly median: number; readonly p95: number; readonly worst: number; readonly n: number; readonly ratio: number | null }

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly p95: number;
  /** The largest sample. */
  readonly worst: number;
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
  const own = spread(samples);
  const peerFigures = peers.map((one) => peerFigure(one, own.median));
  const bounds = boundsOf(target, unit, peers[0]);
  const judged = bounds.filter((bound) => bound.limit !== null);
  return {
    name,
    unit,
    ...told(own),
    n: samples.length,
    peer: peerFigures[0] ?? null,
    ratio: peerFigures[0]?.ratio ?? null,
    peers: peerFigures,
    target: bounds.length === 0 ? null : bounds.map(({ words }) => words).join(", "),
    met: judged.length === 0 ? null : judged.every(({ of, limit }) => own[of] <= (limit ?? Infinity)),
  };
}

interface Spread { readonly median: number; readonly p95: number; readonly worst: number }

function spread(samples: readonly number[]): Spread {
  return { median: quantile(samples, 0.5), p95: quantile(samples, 0.95), worst: quantile(samples, 1) };
}

/** As it is shown; what is compared stays exact. */
function told({ median, p95, worst }: Spread): Spread {
  return { median: round(median), p95: round(p95), worst: round(worst) };
}

/** One promise: of which of our values, in words, and its limit; null where the peer is missing. */
interface Bound { readonly of: keyof Spread; readonly words: string; readonly limit: number | null }

function boundsOf(target: Target, unit: string, first: Peer | undefined): Bound[] {
  const theirs = first === undefined ? null : spread(first.samples);
  const name = first?.name ?? "peer";
  const { atMost, p95AtMost, worstAtMost, peerPlus, peerShare, worstPeerPlus } = target;
  const inUnit = (value: number): string => `${value} ${unit}`.trimEnd();
  return [
    ...atMost === undefined ? [] : [{ of: "median", words: `≤ ${inUnit(atMost)}`, limit: atMost } as const],
    ...peerPlus === undefined ? [] : [{ of: "median", words: `≤ ${name} + ${inUnit(round(peerPlus))}`, limit: theirs && theirs.median + peerPlus } as const],
    ...peerShare === undefined ? [] : [{ of: "median", words: `≤ ${round(peerShare)} × ${name}`, limit: theirs && theirs.median * peerShare } as const],
    ...p95AtMost === undefined ? [] : [{ of: "p95", words: `p95 ≤ ${inUnit(p95AtMost)}`, limit: p95AtMost } as const],
    ...worstAtMost === undefined ? [] : [{ of: "worst", words: `each ≤ ${inUnit(worstAtMost)}`, limit: worstAtMost } as const],
    ...worstPeerPlus === undefined ? [] : [{ of: "worst", words: `each ≤ the worst of ${name} + ${inUnit(round(worstPeerPlus))}`, limit: theirs && theirs.worst + worstPeerPlus } as const],
  ];
}

function peerFigure({ name, samples }: Peer, ourMedian: number): PeerFigure {
  const theirs = spread(samples);
  return { name, ...told(theirs), n: samples.length, ratio: theirs.median === 0 ? null : round(ourMedian / theirs.median) };
}

export function formatFigure(one: Figure): string {
  const verdict = one.met === null ? "·" : one.met ? "met" : "MISSED";
  const peers = one.peers.map(({ name, median, ratio }) => `  ${name} ${median}${ratio === null ? "" : ` (×${ratio})`}`).join("");
  return `${verdict.padEnd(7)}${one.name.padEnd(58)}${String(one.median).padStart(9)} ${one.unit} (p95 ${one.p95}, worst ${one.worst}, n ${one.n})${peers}${one.target === null ? "" : `  target ${one.target}`}`;
}

/** To the four digits that a noisy run can mean. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
