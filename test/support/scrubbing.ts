// Records what a live dashboard showed of each sample and steps back through what it shows of the same instants then.
import { expect } from "vitest";
import { eventually } from "./process.js";
import type { Stack } from "./stack.js";
import type { TerminalDriver } from "./terminal.js";
import { smallGuest, VmDriver } from "./vm.js";

/** Samples in a row that must have reached the screen regularly: only then is every one of them known to have been shown. */
const RECORDED_SAMPLES = 10;
/** On a crowded machine the dashboard may be kept from painting one before the next has come; so long a regular run is waited for. */
const RECORDED_WITHIN_MS = 120_000;
/** What is drawn within this belongs to one sample: that of the host and those of the guests come apart. */
const ONE_SAMPLE_MS = 400;
/** Samples come once a second; painted so far apart, none lies unseen between two. */
const REGULAR_MS = { least: 600, most: 1_400 } as const;
/** For the answer to one step, and the steps in a row that may find no sample of their own. */
const STEP_DEADLINE_MS = 5_000;
const STEPS_WITHOUT_SAMPLE = 4;
/** More steps than any age of a recorded run takes. */
const STEPS_MAX = 200;
export const CLOCK = /PAST (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC/;
export const SECOND_MS = 1_000;

/** A booted guest that does this work over and over, with rests, so that each second has figures of its own; and beside it an idle one. */
export async function busyBesideIdle(stack: Stack, work: string, extra: Record<string, unknown> = {}): Promise<VmDriver> {
  const busy = await VmDriver.define(stack, smallGuest("busy-guest", extra));
  const idle = await VmDriver.define(stack, smallGuest("idle-guest"));
  await Promise.all([busy.start(), idle.start()]);
  await Promise.all([busy.waitForBoot(), idle.waitForBoot()]);
  await busy.run(`(while :; do ${work}; sleep 0.3; done) & :`);
  return busy;
}

/** What one sample brought to the screen: all that was drawn while it came, and when that began. */
export interface Shown { readonly at: number; readonly looks: string[] }

/**
 * What the live screen showed of a run of samples of which none can have been missed. Every picture that was drawn is taken,
 * not one that a timer finds: a crowded machine keeps this test waiting too.
 */
export async function recordLive(screen: TerminalDriver, take: (text: string) => string): Promise<Shown[]> {
  let run: Shown[] = [];
  using watching = screen.onDrawn(() => {
    const look = take(screen.screen());
    const last = run.at(-1);
    if (last !== undefined && last.looks.includes(look)) return;
    const now = Date.now();
    if (last !== undefined && now - last.at < ONE_SAMPLE_MS) {
      last.looks.push(look);
      return;
    }
    const isRegular = last !== undefined && now - last.at >= REGULAR_MS.least && now - last.at <= REGULAR_MS.most;
    run = isRegular ? [...run, { at: now, looks: [look] }] : [{ at: now, looks: [look] }];
  });
  await eventually(`${RECORDED_SAMPLES} samples in a row, each on the screen by itself`, () => run.length >= RECORDED_SAMPLES, RECORDED_WITHIN_MS);
  watching[Symbol.dispose]();
  return run;
}

/** A step back: the clock and the screen of the next older sample. On a busy host one may come so late that its second has none: the step leads to the same sample, and another one is taken. */
async function stepBack(screen: TerminalDriver, before: string): Promise<{ clock: string; text: string }> {
  for (let tries = 1; ; tries += 1) {
    screen.send("[");
    try {
      const text = await eventually("another instant of the past", () => {
        const now = screen.screen();
        const clock = CLOCK.exec(now)?.[1];
        return clock !== undefined && clock !== before && !now.includes("asking") ? now : undefined;
      }, STEP_DEADLINE_MS);
      return { clock: CLOCK.exec(text)?.[1] ?? "", text };
    } catch (error) {
      if (tries >= STEPS_WITHOUT_SAMPLE) throw new Error(`after ${before || "now"} no other instant is shown:\n${screen.screen()}`, { cause: error });
    }
  }
}

/** Steps back, newest first, to an instant; each with the second that its sample was taken in. */
export async function stepsBackTo(screen: TerminalDriver, instant: number): Promise<{ second: number; text: string }[]> {
  const steps: { second: number; text: string }[] = [];
  for (let clock = ""; steps.length < STEPS_MAX; ) {
    const step = await stepBack(screen, clock);
    const second = Date.parse(`${step.clock}Z`);
    if (clock !== "") expect(second).toBeLessThan(Date.parse(`${clock}Z`));
    clock = step.clock;
    if (second < instant) return steps;
    steps.push({ second, text: step.text });
  }
  throw new Error(`${new Date(instant).toISOString()} is not reached in ${STEPS_MAX} steps`);
}

/** Of every instant of a run: what is shown of it then and what was live, newest first. */
export async function comparable(screen: TerminalDriver, live: readonly Shown[]): Promise<{ second: number; text: string; place: (isThat: (look: string) => boolean) => number }[]> {
  // A sample taken after the first look of a run was painted by a later one, and one taken two looks before its end was painted within it.
  const [begin, end] = [live[0]?.at ?? NaN, live.at(-3)?.at ?? NaN];
  const steps = (await stepsBackTo(screen, begin)).filter(({ second }) => second + SECOND_MS <= end);
  expect(steps.length).toBeGreaterThanOrEqual(RECORDED_SAMPLES / 2 - 1);
  return steps.map((step) => ({ ...step, place: (isThat) => live.findLastIndex(({ looks }) => looks.some(isThat)) }));
}

/** All that was on the live screen for a while in which it was drawn regularly, each look once. */
export interface Watched { readonly from: number; readonly to: number; readonly looks: ReadonlySet<string> }

/** For looks that do not change with every sample: the screen is drawn each second all the same, as ages count on. */
export async function watchLive(screen: TerminalDriver, take: (text: string) => string): Promise<Watched> {
  let [from, to] = [Date.now(), Date.now()];
  let looks = new Set<string>();
  using watching = screen.onDrawn(() => {
    const now = Date.now();
    if (now - to > REGULAR_MS.most) [from, looks] = [now, new Set()];
    to = now;
    looks.add(take(screen.screen()));
  });
  await eventually(`${RECORDED_SAMPLES} seconds of a screen that is drawn regularly`, () => to - from >= (RECORDED_SAMPLES + 2) * SECOND_MS, RECORDED_WITHIN_MS);
  watching[Symbol.dispose]();
  return { from, to, looks };
}

/** What is shown of the instants of that while, of which each was on the screen: a sample is painted within a second or so. */
export async function stepsThrough(screen: TerminalDriver, { from, to }: Watched): Promise<{ second: number; text: string }[]> {
  const steps = (await stepsBackTo(screen, from)).filter(({ second }) => second + 2 * SECOND_MS <= to);
  expect(steps.length).toBeGreaterThanOrEqual(RECORDED_SAMPLES / 2 - 1);
  return steps;
}
