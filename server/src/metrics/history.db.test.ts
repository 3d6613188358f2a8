import { beforeEach, describe, expect, it } from "vitest";
import { describeOnEveryServer } from "../db/testing/suite.js";
import { MetricsHistory } from "./history.js";
import { tickSamples } from "./rates.js";
import { MINUTES_TIER, SECONDS_TIER } from "./steps.js";
import { vcpuSamplesOf } from "./vcpus.js";
import type { HostSample, TickSamples, VmSample } from "./samples.js";
import { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 0);

function tick(timeMs: number, vms: Readonly<Record<string, Partial<VmSample>>>, host: Partial<HostSample> | null = null): TickSamples {
  const blank = tickSamples("h", null, MetricsTick.fromPartial({ host: {}, vms: Object.keys(vms).map((vmId) => ({ vmId })) }), new Date(timeMs));
  return {
    time: new Date(timeMs),
    host: host === null || blank.host === null ? null : { ...blank.host, ...host },
    vms: blank.vms.map((vm) => ({ ...vm, ...vms[vm.vmId] })),
  };
}

describeOnEveryServer("MetricsHistory", (suite) => {
  let nowMs = START;
  const open = (): MetricsHistory => new MetricsHistory(suite.db, { now: () => nowMs, flushIntervalMs: null });
  const ask = async (history: MetricsHistory, vmId: string, fromMs: number, stepSeconds: number | null) => {
    const result = await history.vmHistory(vmId, ["CPU_RATIO", "RSS_BYTES"], { from: new Date(fromMs), to: new Date(nowMs), stepSeconds });
    return { step: result.stepSeconds, from: result.from.getTime(), cpu: result.series[0], rss: result.series[1] };
  };

  beforeEach(async () => {
    nowMs = START;
    await suite.db.$executeRaw`TRUNCATE metric_subjects, metric_seconds, metric_ten_seconds, metric_minutes, metric_ten_minutes, metric_hours`;
  });

  it("shows the same before, between and after writes, gaps as null", async () => {
    const history = open();
    const expected: (number | null)[] = [];
    for (let second = 0; second < 35; second += 1) {
      nowMs = START + (second + 1) * 1000;
      const known = second % 7 !== 3;
      expected.push(known ? second / 64 : null);
      // A second without any tick, and a tick without the value, are both a gap.
      if (second % 14 !== 3) history.record(tick(START + second * 1000, { a: { cpuRatio: known ? second / 64 : null } }));
      if (second === 12 || second === 20) await history.flush();
      expect((await ask(history, "a", START, 1)).cpu?.mean).toEqual(expected);
    }
    await history.flush("everything");
    const { cpu, rss } = await ask(history, "a", START, 1);
    expect(cpu?.mean).toEqual(expected);
    expect(cpu?.max).toEqual(expected);
    expect(rss?.mean.every((value) => value === null)).toBe(true);
    expect(await ask(open(), "a", START, 1)).toMatchObject({ cpu: { mean: expected } });
  });

  it("downsamples by mean and max the same from every tier, in memory and stored", async () => {
    const history = open();
    for (let second = 0; second < 600; second += 1) history.record(tick(START + second * 1000, { a: { cpuRatio: second % 60 === 59 ? 4 : 1 } }));
    nowMs = START + 600_000;
    for (const when of ["memory", "stored"]) {
      for (const step of [20, 60, 300, 600]) {
        const { cpu } = await ask(history, "a", START, step);
        const mean = step === 20 ? [1, 1, 1.15] : [1.05];
        expect(cpu?.mean.slice(0, mean.length).map((value) => Number(value?.toFixed(4))), `${when} ${step}`).toEqual(mean);
        expect(cpu?.max.at(step === 20 ? 2 : 0)).toBe(4);
        expect(cpu?.mean).toHaveLength(600 / step);
      }
      await history.flush("everything");
    }
  });

  it("puts hours together from their parts: stored, in memory, and over the death of a server", async () => {
    let history = open();
    for (let second = 0; second < 7_200; second += 1) {
      history.record(tick(START + second * 1000, { a: { cpuRatio: second < 3_600 ? 1 : 2, rssBytes: second } }));
      nowMs = START + (second + 1) * 1000;
      if (second % 700 === 699) await history.flush();
      if (second === 4_000) {
        // Ends in good order; the next one goes on with the same hour.
        await history.flush("everything");
        history = open();
      }
    }
    const hours = async (from: MetricsHistory) => {
      const { cpu, rss, step } = await ask(from, "a", START, 3_600);
      return [step, cpu?.mean, rss?.mean.map((value) => Math.round(value ?? -1)), rss?.max];
    };
    const expected = [3_600, [1, 2], [1_800, 5_400], [3_599, 7_199]];
    expect(await hours(history)).toEqual(expected);
    // Killed: what was not handed over yet is lost, and no more than ten minutes of it.
    await history.flush();
    const killed = await hours(open());
    expect(killed.slice(0, 2)).toEqual([3_600, [1, 2]]);
    expect((killed[3] as number[])[1]).toBeGreaterThanOrEqual(7_199 - 600);
    await history.flush("everything");
    expect(await hours(open())).toEqual(expected);
  });

  it.each([
    ["2 GiB", 2 ** 31], ["8 GiB and a page", 2 ** 33 + 4096], ["512 GiB", 2 ** 39], ["as large as is exact", 2 ** 24 - 1], ["a page below 4 GiB", 2 ** 32 - 4096],
    ["bytes that no page begins at", 123_456_789_012], ["less than a real can hold", 1e-60], ["a third", 1 / 3],
  ])("gives back %s as it was, or as the nearest that is kept, from every tier", async (_, value) => {
    const history = open();
    for (let second = 0; second < 60; second += 1) history.record(tick(START + second * 1000, { a: { rssBytes: value } }));
    nowMs = START + 60_000;
    await history.flush("everything");
    for (const step of [1, 10, 60]) {
      const { rss } = await ask(open(), "a", START, step);
      expect(rss?.mean, `step ${step}`).toEqual(Array.from({ length: 60 / step }, () => Math.fround(value)));
      expect(rss?.max, `step ${step}`).toEqual(rss?.mean);
    }
    for (const ageSeconds of [60, 2 * 3600, 48 * 3600]) {
      nowMs = START + ageSeconds * 1000;
      const { vms } = await open().instants(new Date(START + 30_500), [], [{ vmId: "a", endedAt: null }]);
      expect(vms[0]?.values.map((one) => (one === null ? null : Math.fround(one))), `${ageSeconds} s ago`).toContain(Math.fround(value));
    }
  });

  it("shows a gap for what no number of the database can hold, and keeps what came with it", async () => {
    const history = open();
    history.record(tick(START, { a: { cpuRatio: 1e60, rssBytes: 2 ** 31 } }));
    nowMs = START + 1000;
    await history.flush("everything");
    const { cpu, rss } = await ask(open(), "a", START, 1);
    expect([cpu?.mean, rss?.mean]).toEqual([[null], [2 ** 31]]);
  });

  it("completes a minute that a server before it has half written", async () => {
    const values = Array.from({ length: 60 }, (_, second) => second);
    let history = open();
    for (const second of values) {
      if (second === 25) {
        await history.flush("everything");
        history = open();
      }
      history.record(tick(START + second * 1000, { a: { cpuRatio: second < 30 ? null : second, rssBytes: second } }));
    }
    await history.flush("everything");
    nowMs = START + 60_000;
    const { cpu, rss } = await ask(history, "a", START, 60);
    expect(rss?.mean).toEqual([29.5]);
    expect(rss?.max).toEqual([59]);
    expect(cpu?.mean).toEqual([44.5]);
    expect((await suite.db.metricMinute.findMany({ select: { count: true } }))[0]?.count.slice(0, 5)).toEqual([30, 0, 0, 0, 60]);
  });

  it("keeps what it could not write while the database was away", async () => {
    const history = open();
    history.record(tick(START, { a: { cpuRatio: 1 } }));
    await suite.db.$executeRaw`ALTER TABLE metric_seconds RENAME TO metric_seconds_away`;
    await expect(history.flush("everything")).rejects.toThrow();
    await suite.db.$executeRaw`ALTER TABLE metric_seconds_away RENAME TO metric_seconds`;
    history.record(tick(START + 1000, { a: { cpuRatio: 2 } }));
    nowMs = START + 2000;
    expect((await ask(history, "a", START, 1)).cpu?.mean).toEqual([1, 2]);
    await history.flush("everything");
    expect((await ask(open(), "a", START, 1)).cpu?.mean).toEqual([1, 2]);
  });

  it("answers with the finest step that is still kept, and deletes the rest", async () => {
    const history = open();
    history.record(tick(START, { a: { cpuRatio: 1 } }));
    await history.flush("everything");
    const stepAfter = async (seconds: number): Promise<number> => {
      nowMs = START + seconds * 1000;
      return (await history.vmHistory("a", ["CPU_RATIO"], { from: new Date(START), to: new Date(START + 60_000), stepSeconds: 1 })).stepSeconds;
    };
    expect(await stepAfter(60)).toBe(1);
    expect(await stepAfter(SECONDS_TIER.keptSeconds + 300)).toBe(10);
    expect(await history.deleteExpired()).toBe(1);
    expect(await stepAfter(25 * 3600)).toBe(60);
    expect(await history.deleteExpired()).toBe(1);
    nowMs = START + (MINUTES_TIER.keptSeconds + 300) * 1000;
    // A minute, ten of them, and an hour.
    expect(await history.deleteExpired()).toBe(3);
  });

  it("keeps VMs and hosts apart, and sets the history of one apart when it is gone", async () => {
    const history = open();
    const endedAt = new Date(START + 500);
    history.record(tick(START, { a: { cpuRatio: 1 }, h: { cpuRatio: 2 } }, { cpuRatio: 0.5 }));
    await history.flush();
    nowMs = START + 1000;
    await history.retireVm("h", endedAt);
    const gone = async (from: MetricsHistory) => (await from.lifeHistory({ vmId: "h", endedAt }, ["CPU_RATIO"], { from: new Date(START), to: new Date(nowMs), stepSeconds: 1 })).series[0]?.mean;
    expect((await ask(history, "h", START, 1)).cpu?.mean).toEqual([null]);
    expect(await gone(history)).toEqual([2]);
    expect((await ask(history, "a", START, 1)).cpu?.mean).toEqual([1]);
    const host = await history.hostHistory("h", ["CPU_RATIO"], { from: new Date(START), to: null, stepSeconds: null });
    expect(host).toMatchObject({ stepSeconds: 1, series: [{ metric: "CPU_RATIO", unit: "ratio", mean: [0.5] }] });
    await history.flush("everything");
    await history.retireVm("h", endedAt);
    expect(await gone(open())).toEqual([2]);
  });

  it("keeps the history of two VMs apart that had one id, whatever was in memory when the first one went", async () => {
    const history = open();
    const endedAt = new Date(START + 15_500);
    for (let second = 0; second < 30; second += 1) {
      history.record(tick(START + second * 1000, { a: { cpuRatio: second < 16 ? 1 : 3 } }));
      nowMs = START + (second + 1) * 1000;
      if (second === 11) await history.flush();
      if (second === 15) await history.retireVm("a", endedAt);
    }
    for (const from of [history, open()]) {
      if (from !== history) await history.flush("everything");
      const first = (await from.lifeHistory({ vmId: "a", endedAt }, ["CPU_RATIO"], { from: new Date(START), to: new Date(nowMs), stepSeconds: 10 })).series[0]?.mean;
      expect(first).toEqual([1, 1, null]);
      expect((await ask(from, "a", START, 10)).cpu?.mean).toEqual([null, 3, 3]);
    }
  });

  it("sets a history apart that could not be, once the database is back", async () => {
    const history = open();
    history.record(tick(START, { a: { cpuRatio: 1 } }));
    await history.flush("everything");
    await suite.db.$executeRaw`ALTER TABLE metric_subjects RENAME TO metric_subjects_away`;
    await expect(history.retireVm("a", new Date(START + 500))).rejects.toThrow();
    await suite.db.$executeRaw`ALTER TABLE metric_subjects_away RENAME TO metric_subjects`;
    nowMs = START + 1000;
    await history.flush();
    expect((await ask(history, "a", START, 1)).cpu?.mean).toEqual([null]);
  });

  it("shows at an instant the sample that was the newest then, and a gap as a gap", async () => {
    const history = open();
    // Ticks at .950 that drift over the second's edge, as a busy host's do; the fifth is missing.
    const times = [950, 1_960, 2_990, 4_010, 6_020, 7_030].map((offset) => START + offset);
    for (const [index, time] of times.entries()) history.record(tick(time, { a: { cpuRatio: index } }));
    const at = async (offsetMs: number, from: MetricsHistory) => {
      const { vms, stepSeconds } = await from.instants(new Date(START + offsetMs), [], [{ vmId: "a", endedAt: null }]);
      expect(stepSeconds).toBe(1);
      return vms[0] == null ? null : [vms[0].values[0], vms[0].timeMs - START];
    };
    nowMs = START + 8_000;
    for (const from of [history, open()]) {
      if (from !== history) await history.flush("everything");
      expect(await at(900, from)).toBeNull();
      expect(await at(950, from)).toEqual([0, 950]);
      expect(await at(3_000, from)).toEqual([2, 2_990]);
      expect(await at(4_009, from)).toEqual([2, 2_990]);
      expect(await at(4_010, from)).toEqual([3, 4_010]);
      expect(await at(5_500, from)).toEqual([3, 4_010]);
      expect(await at(5_600, from)).toBeNull();
      expect(await at(6_500, from)).toEqual([4, 6_020]);
      expect(await at(9_000, from)).toBeNull();
    }
  });

  it("shows at an instant of long ago the step it fell into, and nothing of what is not kept", async () => {
    const history = open();
    for (let second = 0; second < 120; second += 1) history.record(tick(START + second * 1000, { a: { cpuRatio: second < 60 ? 1 : 2 } }, { cpuRatio: 0.25 }));
    await history.flush("everything");
    const at = async (ageSeconds: number, offsetMs: number) => {
      nowMs = START + ageSeconds * 1000;
      const { stepSeconds, vms, hosts } = await open().instants(new Date(START + offsetMs), ["h"], [{ vmId: "a", endedAt: null }, { vmId: "nobody", endedAt: null }]);
      return [stepSeconds, vms.map((vm) => vm?.values[0] ?? null), hosts.map((host) => host?.values[0] ?? null)];
    };
    expect(await at(120, 65_500)).toEqual([1, [2, null], [0.25]]);
    expect(await at(2 * 3600, 65_500)).toEqual([10, [2, null], [0.25]]);
    expect(await at(48 * 3600, 59_999)).toEqual([60, [1, null], [0.25]]);
    expect(await at(48 * 3600, 60_000)).toEqual([60, [2, null], [0.25]]);
    expect(await at(48 * 3600, 120_000)).toEqual([60, [null, null], [null]]);
  });

  describe("of vCPUs", () => {
    const HOTPLUGS = 40;
    /** Two vCPUs, four after some seconds, and two again; vCPU n runs n + the second. */
    const present = (second: number): number => (second >= 13 && second < 27 ? 4 : 2);
    const ran = (second: number, index: number): number | null => (index < present(second) ? second + index : null);
    const vcpus = (second: number): VmSample["vcpus"] => Array.from({ length: present(second) }, (_, index) => ({ index, ratio: ran(second, index), stealRatio: second % 2 }));
    const fill = async (history: MetricsHistory, flushAt: number): Promise<void> => {
      for (let second = 0; second < HOTPLUGS; second += 1) {
        history.record(tick(START + second * 1000, { a: { vcpus: vcpus(second) } }));
        nowMs = START + (second + 1) * 1000;
        if (second === flushAt) await history.flush();
      }
    };
    const shown = async (history: MetricsHistory, stepSeconds: number, life: { vmId: string; endedAt: Date | null } = { vmId: "a", endedAt: null }) =>
      (await history.vcpuHistory(life, ["STEAL_RATIO", "RATIO"], { from: new Date(START), to: new Date(START + HOTPLUGS * 1000), stepSeconds })).map(({ index, history: { series } }) => ({ index, steal: series[0], ratio: series[1] }));

    it.each([5, 15, 30, HOTPLUGS])("shows each from when it was plugged in to when it went, before and after a write at %i s", async (flushAt) => {
      const history = open();
      await fill(history, flushAt);
      for (const from of [history, open()]) {
        if (from !== history) await history.flush("everything");
        const seconds = await shown(from, 1);
        expect(seconds.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
        for (const { index, ratio } of seconds) expect(ratio?.mean, `vCPU ${index}`).toEqual(Array.from({ length: HOTPLUGS }, (_, second) => ran(second, index)));
        expect(seconds[0]?.steal).toMatchObject({ metric: "STEAL_RATIO", unit: "ratio", mean: Array.from({ length: HOTPLUGS }, (_, second) => second % 2) });
        const tens = await shown(from, 10);
        expect(tens.map(({ ratio }) => ratio?.max)).toEqual([[9, 19, 29, 39], [10, 20, 30, 40], [null, 21, 28, null], [null, 22, 29, null]]);
        expect(tens[3]?.ratio?.mean).toEqual([null, 19, 26, null]);
        expect((await shown(from, 60)).map(({ ratio }) => ratio?.max)).toEqual([[39], [40], [28], [29]]);
      }
    });

    it("shows at an instant those that were there, and takes no history of the VM for one of a vCPU", async () => {
      const history = open();
      await fill(history, 20);
      for (const from of [history, open()]) {
        if (from !== history) await history.flush("everything");
        const at = async (second: number) => (await from.instants(new Date(START + second * 1000 + 500), [], [{ vmId: "a", endedAt: null }, { vmId: "nobody", endedAt: null }])).vcpus.map((one) => one && vcpuSamplesOf(one.values));
        expect(await at(12)).toEqual([vcpus(12), null]);
        expect(await at(13)).toEqual([vcpus(13), null]);
        expect(await at(27)).toEqual([vcpus(27), null]);
      }
      nowMs = START + 48 * 3600_000;
      expect((await open().instants(new Date(START), [], [{ vmId: "a", endedAt: null }])).vcpus[0]?.values).toHaveLength(8);
    });

    it("goes with the VM that is gone, and is nothing of what is kept of others or of another span", async () => {
      const history = open();
      await fill(history, 20);
      const endedAt = new Date(nowMs);
      await history.retireVm("a", endedAt);
      expect(await shown(history, 1)).toEqual([]);
      await history.flush("everything");
      expect(await shown(open(), 1)).toEqual([]);
      expect(await shown(open(), 10, { vmId: "a", endedAt })).toHaveLength(4);
      const { cpu } = await ask(open(), "a", START, 1);
      expect(cpu?.mean.every((value) => value === null)).toBe(true);
      expect(await open().vcpuHistory({ vmId: "a", endedAt }, ["RATIO"], { from: new Date(START - 60_000), to: new Date(START - 30_000), stepSeconds: null })).toEqual([]);
    });
  });

  it("gives nulls for a VM that never ran", async () => {
    nowMs = START + 3000;
    expect((await ask(open(), "nobody", START, 1)).cpu?.mean).toEqual([null, null, null]);
  });
});
