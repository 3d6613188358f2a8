// What a series of samples says of its own regularity, and which frames of a screen show them. Pure; times are in
// milliseconds of one clock.

/** The host samples every running VM once in this time. */
export const SAMPLE_MS = 1_000;

/** One VM's sample in a tick; `time` is when the host took it. */
export interface Taken { readonly time: number; readonly text: string; readonly qmpAgeMs: number | null }
/** One message with the samples of all VMs, by id, and when it arrived. */
export interface Tick { readonly arrived: number; readonly taken: ReadonlyMap<string, Taken> }

/** For each tick the longest that any of these VMs, as far as it is in it, had waited for a new sample to arrive. */
export function waits(ticks: readonly Tick[], ids: readonly string[]): number[] {
  const last = new Map<string, { arrived: number; time: number }>();
  const longest: number[] = [];
  for (const { arrived, taken } of ticks) {
    const inThis: number[] = [];
    for (const id of ids) {
      const time = taken.get(id)?.time;
      const before = last.get(id);
      // An old sample told again is no new one.
      if (time === undefined || time === before?.time) continue;
      if (before !== undefined) inThis.push(arrived - before.arrived);
      last.set(id, { arrived, time });
    }
    if (inThis.length > 0) longest.push(Math.max(...inThis));
  }
  return longest;
}

/** For each VM how many samples of it are missing from the first tick to the last, by the times at which the host took those two. */
export function dropped(ticks: readonly Tick[], ids: readonly string[]): number[] {
  const ends = [ticks.at(0), ticks.at(-1)].map((tick) => Math.max(...[...tick?.taken.values() ?? []].map(({ time }) => time)));
  return ids.map((id) => {
    const [begin = NaN, end = NaN] = ends;
    const due = Math.round((end - begin) / SAMPLE_MS) + 1;
    // By number, for one that was taken late is not lost.
    return Math.max(0, due - new Set(ticks.flatMap(({ taken }) => taken.get(id)?.time ?? [])).size);
  });
}

/** A change of what a screen shows in one place, and when it was painted. */
export interface Painted { readonly at: number; readonly text: string }

/** How a series of samples came to be seen. */
export interface Seen {
  /** From each sample to the frame that shows it. */
  readonly delays: readonly number[];
  /** Samples that no frame showed before the one after next was taken. */
  readonly unseen: number;
  /** Samples that read like the one before: no frame tells that it is of them. */
  readonly alike: number;
}

/** Finds for each sample the first frame after it that reads like it and not like the sample before. The first sample only begins. */
export function seen(samples: readonly Pick<Taken, "time" | "text">[], frames: readonly Painted[]): Seen {
  const delays: number[] = [];
  let [unseen, alike, next] = [0, 0, 0];
  samples.forEach(({ time, text }, index) => {
    if (index === 0) return;
    if (samples[index - 1]?.text === text) {
      alike++;
      return;
    }
    const until = samples[index + 2]?.time ?? Infinity;
    const found = frames.findIndex((frame, place) => place >= next && frame.at >= time && frame.at < until && frame.text === text);
    if (found < 0) unseen++;
    else {
      delays.push((frames[found]?.at ?? NaN) - time);
      next = found + 1;
    }
  });
  return { delays, unseen, alike };
}
