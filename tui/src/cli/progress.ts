// How far long work is, on one line: a bar, a count, and what is going on. Pure.

export interface Progress {
  readonly done: number;
  readonly all: number;
  /** What goes on now. */
  readonly text: string;
  /** Of the work under way, 0 to 1; null where it cannot be told. */
  readonly ratio?: number | null;
}

/** Wide enough to see a step of twenty, narrow enough for 80 columns beside the text. */
const BAR_CELLS = 20;

export function progressLine(progress: Progress, characters: "unicode" | "ascii"): string {
  const { done, all, text } = progress;
  const share = all === 0 ? 1 : Math.min(1, (done + (progress.ratio ?? 0)) / all);
  const full = Math.floor(share * BAR_CELLS);
  const [on, off] = characters === "ascii" ? ["#", "."] : ["█", "░"];
  return `[${on.repeat(full)}${off.repeat(BAR_CELLS - full)}] ${done}/${all} ${text}`.trimEnd();
}
