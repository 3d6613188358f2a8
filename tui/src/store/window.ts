// From figures in equal steps to the columns of a graph: the one place that says which step is drawn where, so that a graph
// of the past is the graph that was seen live. Pure; it knows neither rings nor series.

/** What one column of a graph stands for: the highest value of its steps, NaN where all are unknown. */
export interface Window {
  /** Oldest first. */
  columns: number[];
  /** Highest single step in the window; NaN when nothing is known. */
  peak: number;
  /** Lowest single step in the window; NaN when nothing is known. */
  low: number;
}

/** Figures in equal steps from an instant on. */
export interface Steps {
  /** Epoch milliseconds of the start of step 0. */
  from: number;
  stepMs: number;
  /** The first step that may be known, and the one after the last. */
  first: number;
  beyond: number;
  /** NaN where unknown. */
  at: (step: number) => number;
}

/**
 * The span that ends at `endMs` in so many columns. Columns are aligned to absolute time, so that a graph shifts once a
 * column and stands still in between. A step is drawn in the column that it starts in; a column in which none starts is
 * part of the step before. What starts after the end has not happened yet.
 */
export function windowOver(steps: Steps | undefined, endMs: number, spanSeconds: number, columnCount: number): Window {
  const columns = new Array<number>(Math.max(0, columnCount)).fill(NaN);
  let peak = NaN;
  let low = NaN;
  if (steps === undefined || columnCount <= 0) return { columns, peak, low };
  const width = (spanSeconds * 1000) / columnCount;
  const newest = Math.floor((endMs - steps.from) / steps.stepMs);
  const firstOf = (column: number): number => Math.ceil((column * width - steps.from) / steps.stepMs);
  // The newest step is drawn whole as far as it has come, and moves the graph on when its column does.
  let last = Math.floor((width < steps.stepMs ? endMs : steps.from + newest * steps.stepMs) / width);
  // Where it starts with its column, the division may fall short of that.
  if (firstOf(last + 1) <= newest) last += 1;
  for (let index = 0; index < columnCount; index++) {
    const column = last - (columnCount - 1 - index);
    const begin = firstOf(column);
    const end = Math.min(firstOf(column + 1), newest + 1);
    const [first, beyond] = end > begin ? [begin, end] : [begin - 1, begin];
    let highest = NaN;
    for (let step = Math.max(first, steps.first); step < Math.min(beyond, steps.beyond); step++) {
      const value = steps.at(step);
      if (Number.isNaN(value)) continue;
      if (!(value <= highest)) highest = value;
      if (!(value >= low)) low = value;
    }
    columns[index] = highest;
    if (!Number.isNaN(highest) && !(highest <= peak)) peak = highest;
  }
  return { columns, peak, low };
}
