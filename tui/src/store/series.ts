// One subject's figures over a span, in equal steps, as the server keeps them: what graphs of the past and of long
// spans are drawn from. Unlike a ring it never grows. Pure.
import { windowOver } from "./window.js";
import type { Window } from "./window.js";

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

/** A figure's span that ends at `end` in so many columns. */
export function seriesWindow(series: Series | undefined, figure: string, end: number, spanSeconds: number, columnCount: number): Window {
  const values = series?.figures[figure];
  const steps = series === undefined || values === undefined ? undefined : { from: series.from, stepMs: series.stepSeconds * 1000, first: 0, beyond: values.length, at: (step: number) => values[step] ?? NaN };
  return windowOver(steps, end, spanSeconds, columnCount);
}
