import { describe, expect, it } from "vitest";
import { SubjectBuffer } from "./buffer.js";
import { Bucket, SeriesBuilder } from "./downsample.js";
import { AUTOMATIC_POINTS, InvalidRange, MAX_POINTS, TIERS, planQuery } from "./steps.js";

const NOW = 1_800_000_000;

it("keeps seconds for an hour, ten seconds for a day, and what is coarser for 30 days", () => {
  expect(TIERS.map(({ stepSeconds, keptSeconds }) => [stepSeconds, keptSeconds])).toEqual([
    [1, 3_600], [10, 86_400], [60, 30 * 86_400], [600, 30 * 86_400], [3_600, 30 * 86_400],
  ]);
});

describe("planQuery", () => {
  it.each([
    // age of `from`, length, asked step → step, table
    [300, 300, null, 1, "metric_seconds"],
    [3_600, 3_600, null, 10, "metric_ten_seconds"],
    [3_600, 3_600, 1, 1, "metric_seconds"],
    [3_600, 3_600, 7, 7, "metric_seconds"],
    [7_200, 60, 1, 10, "metric_ten_seconds"],
    [7_200, 60, 15, 20, "metric_ten_seconds"],
    [86_400, 86_400, null, 300, "metric_minutes"],
    [90_000, 600, 1, 60, "metric_minutes"],
    [30 * 86_400, 30 * 86_400, null, 7_200, "metric_hours"],
    [300, 300, 60, 60, "metric_minutes"],
  ])("from %i s ago over %i s with step %s is answered in steps of %i s from %s", (age, length, asked, step, table) => {
    const plan = planQuery(NOW - age, NOW - age + length, asked, NOW);
    expect([plan.stepSeconds, plan.tier.table]).toEqual([step, table]);
  });

  it("always covers the range, in whole steps of a tier that is kept, with few enough points", () => {
    const random = seeded(7);
    for (let i = 0; i < 2_000; i += 1) {
      const age = random() * 31 * 86_400;
      const length = 1 + random() * age;
      const from = NOW - age;
      const plan = planQuery(from, from + length, null, NOW);
      expect(plan.fromSecond).toBeLessThanOrEqual(from);
      expect(plan.toSecond).toBeGreaterThanOrEqual(from + length);
      expect(plan.stepSeconds % plan.tier.stepSeconds).toBe(0);
      expect((plan.toSecond - plan.fromSecond) / plan.stepSeconds).toBeLessThanOrEqual(AUTOMATIC_POINTS + 2);
      expect(age).toBeLessThanOrEqual(Math.max(plan.tier.keptSeconds, TIERS.at(-1)?.keptSeconds ?? 0) + 86_400);
    }
  });

  it.each([
    ["an empty range", NOW, NOW, null],
    ["a range that runs backwards", NOW, NOW - 1, null],
    ["a step of 0", NOW - 10, NOW, 0],
    ["a broken step", NOW - 10, NOW, 1.5],
    ["too many points", NOW - 30 * 86_400, NOW - 30 * 86_400 + (MAX_POINTS + 1) * 60, 60],
    ["no date", NaN, NOW, null],
  ])("refuses %s", (_name, from, to, step) => {
    expect(() => planQuery(from, to, step, NOW)).toThrow(InvalidRange);
  });
});

describe("downsampling", () => {
  it("gives the mean and max of the known values, however they are cut into buckets", () => {
    const random = seeded(3);
    for (let round = 0; round < 100; round += 1) {
      const values = Array.from({ length: 120 }, () => (random() < 0.3 ? null : random() * 1000));
      const direct = new SeriesBuilder(0, 120, 60);
      const bucketed = new SeriesBuilder(0, 120, 60);
      for (let start = 0; start < 120; start += 10) {
        const bucket = new Bucket(start);
        for (const [age, value] of values.slice(start, start + 10).entries()) {
          bucket.add([value]);
          if (value !== null) direct.add(start + age, value, value, 1);
        }
        bucketed.add(start, bucket.means[0] ?? 0, bucket.maxima[0] ?? 0, bucket.countAt(0));
      }
      expect(bucketed.max).toEqual(direct.max);
      for (const [step, mean] of direct.mean.entries()) expect(bucketed.mean[step]).toBeCloseTo(mean ?? NaN, 6);
    }
  });

  it("leaves steps without a value null, also for values that are no numbers", () => {
    const bucket = new Bucket(0);
    bucket.add([null, NaN, Infinity]);
    expect([bucket.means, bucket.maxima, bucket.counts]).toEqual([[null, null, null], [null, null, null], [0, 0, 0]]);
    expect(new SeriesBuilder(0, 3, 1).mean).toEqual([null, null, null]);
  });

  it("counts each place as often as it was known, where samples grow more and fewer values", () => {
    const bucket = new Bucket(0);
    for (const values of [[1], [3, 8, 5], [2, null]]) bucket.add(values);
    expect([bucket.means, bucket.maxima, bucket.counts]).toEqual([[2, 8, 5], [3, 8, 5], [3, 1, 1]]);
    const other = new Bucket(0);
    other.add([6, 4, null, 7]);
    for (const both of [bucket.with(other), other.with(bucket)]) expect([both.means, both.maxima, both.counts]).toEqual([[3, 6, 5, 7], [6, 8, 5, 7], [4, 2, 1, 1]]);
  });

  it("leaves out what lies beside the range", () => {
    const series = new SeriesBuilder(10, 20, 5);
    for (const second of [9, 20, 25]) series.add(second, 1, 1, 1);
    series.add(14, 2, 3, 1);
    expect([series.mean, series.max]).toEqual([[2, null], [3, null]]);
  });
});

describe("SubjectBuffer", () => {
  const secondsOf = (times: readonly number[]): number[] => {
    const buffer = new SubjectBuffer();
    for (const time of times) buffer.add(time, [1]);
    return buffer.chunks.flatMap((chunk) => chunk.rows.flatMap((row, age) => (row[0] === null ? [] : [chunk.firstSecond + age])));
  };

  it("gives ticks that come a little early or late a second each, without a hole", () => {
    const random = seeded(11);
    const times = Array.from({ length: 500 }, (_, i) => i * 1001 + 990 + Math.floor(random() * 20));
    const seconds = secondsOf(times);
    expect(seconds).toHaveLength(times.length);
    const holes = seconds.filter((second, i) => i > 0 && second !== (seconds[i - 1] ?? 0) + 1).length;
    expect(holes).toBeLessThanOrEqual(1);
    for (const [i, second] of seconds.entries()) expect(Math.abs(second - (times[i] ?? 0) / 1000)).toBeLessThan(2);
  });

  it("leaves a hole where ticks are missing, and follows the clock after a jump", () => {
    expect(secondsOf([0, 1000, 4000, 5000])).toEqual([0, 1, 4, 5]);
    expect(secondsOf([0, 1000, 100_500, 101_500])).toEqual([0, 1, 100, 101]);
  });

  it("never writes a second twice when the clock goes back", () => {
    expect(secondsOf([10_000, 11_000, 9_000, 10_000])).toEqual([10, 11, 12, 13]);
  });

  it("follows a clock that was set back far", () => {
    expect(secondsOf([7_200_000, 3_600_000, 3_601_000])).toEqual([7_200, 3_600, 3_601]);
  });
});

/** A small generator of pseudo-random numbers in 0..1, so that a failure can be had again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
