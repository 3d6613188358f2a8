// What a bench suite is: a name, the question it answers, and a run that gives figures.
import type { Figure } from "./figure.js";

export interface Suite {
  readonly name: string;
  readonly about: string;
  run(note: (line: string) => void): Promise<Figure[]>;
}

/** Runs `once` after some warm-up rounds and gives a sample, in milliseconds, for each measured round. */
export async function timed(rounds: number, once: (round: number) => Promise<number>, warmUp = 1): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round < rounds + warmUp; round++) {
    const value = await once(round);
    if (round >= warmUp) samples.push(value);
  }
  return samples;
}

/** Milliseconds that an action takes. */
export async function stopwatch(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
