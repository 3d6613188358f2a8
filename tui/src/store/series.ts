// One subject's figures over a span, in equal steps, as the server keeps them: what graphs of the past and of long
// spans are drawn from. Unlike a ring it never grows. Pure.
import type { Window } from "./ring.js";

export interface Series {
  /** `vm ID`, `host ID` or `spark ID`. */
  key: string;
  /** Epoch milliseconds of the first step's start, and of the last one's end. */
  from: number;
  to: number;
  stepSeconds: number;
  /** The span of the graphs that it was asked for: another one wants other steps. */
  spanSeconds: number;
  /** By figure: a value a step, NaN where nothing is kept. */
  figures: Readonly<Record<string, readonly number[]>>;
}

/** The one made for graphs of this span; what was asked for another one has other steps and may end elsewhere. */
export function madeFor(series: Series | undefined, spanSeconds: number): Series | undefined {
  return series?.spanSeconds === spanSeconds ? series : undefined;
}

/** Whether it holds all of a span that ends at `end`, in steps made for it. */
export function covers(series: Series | undefined, end: number, spanSeconds: number): boolean {
  return series?.spanSeconds === spanSeconds && series.from <= end - spanSeconds * 1000 && series.to >= end;
}

/**
 * The span that ends at `end` in `columnCount` columns: each the highest of its steps, or the step it lies in where a
 * step is longer than a column. Columns are aligned to absolute time, so that a graph stands still between its steps.
 */
export function seriesWindow(series: Series | undefined, figure: string, end: number, spanSeconds: number, columnCount: number): Window {
  const columns = new Array<number>(columnCount).fill(NaN);
  let peak = NaN;
  let low = NaN;
  const values = series?.figures[figure];
  if (series === undefined || values === undefined || columnCount <= 0) return { columns, peak, low };
  const width = (spanSeconds * 1000) / columnCount;
  const last = Math.floor(end / width);
  const stepMs = series.stepSeconds * 1000;
  for (let index = 0; index < columnCount; index++) {
    const start = (last - (columnCount - 1 - index)) * width;
    const first = Math.floor((start - series.from) / stepMs);
    // What begins after the end of the span has not happened yet.
    const beyond = Math.min(Math.ceil((start + width - series.from) / stepMs), Math.floor((end - series.from) / stepMs) + 1);
    let highest = NaN;
    for (let step = Math.max(0, first); step < Math.min(values.length, Math.max(beyond, first + 1)); step++) {
      const value = values[step] ?? NaN;
      if (Number.isNaN(value)) continue;
      if (!(value <= highest)) highest = value;
      if (!(value >= low)) low = value;
    }
    columns[index] = highest;
    if (!Number.isNaN(highest) && !(highest <= peak)) peak = highest;
  }
  return { columns, peak, low };
}
