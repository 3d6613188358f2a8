import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dropped, type Painted, SAMPLE_MS, seen, type Tick, waits } from "./ticks.js";

/** A tick taken at `time` with these VMs in it, that took `late` to arrive. */
function tick(time: number, vms: string, late = 2): Tick {
  return { arrived: time + late, taken: new Map(vms.split("").map((id) => [id, { time, text: "", qmpAgeMs: null }])) };
}

describe("waits", () => {
  it("are the distances of arrivals", () => { expect(waits([tick(0, "a"), tick(1000, "a", 7), tick(2000, "a")], ["a"])).toEqual([1005, 995]); });

  it("are the longest of any VM, over ticks that left it out too", () => {
    expect(waits([tick(0, "ab"), tick(1000, "a"), tick(2000, "ab")], ["a", "b"])).toEqual([1000, 2000]);
  });

  it("know no VM but those that were asked for", () => { expect(waits([tick(0, "ax"), tick(1000, "a"), tick(2000, "ax")], ["a"])).toEqual([1000, 1000]); });

  it("go on over an old sample that is told again", () => {
    const [first, second] = [tick(0, "a"), tick(2000, "a")];
    expect(waits([first, { ...first, arrived: 1002 }, second], ["a"])).toEqual([2000]);
  });
});

describe("dropped", () => {
  it.each<[string, Tick[], number[]]>([
    ["none of what came in time", [tick(0, "ab"), tick(1003, "ab"), tick(1990, "ab")], [0, 0]],
    ["a VM that a tick left out", [tick(0, "ab"), tick(1000, "a"), tick(2000, "ab")], [0, 1]],
    ["a whole tick", [tick(0, "ab"), tick(2000, "ab")], [1, 1]],
    ["a VM that the last ticks left out", [tick(0, "ab"), tick(1000, "a"), tick(2000, "a")], [0, 2]],
    ["a VM that the first ticks left out", [tick(0, "a"), tick(1000, "a"), tick(2000, "ab")], [0, 2]],
    ["a VM that never came", [tick(0, "a"), tick(1000, "a")], [0, 2]],
  ])("counts %s", (_, ticks, counts) => { expect(dropped(ticks, ["a", "b"])).toEqual(counts); });

  it("does not take a late sample for a lost one", () => { expect(dropped([tick(0, "a"), tick(1700, "a"), tick(2000, "a")], ["a"])).toEqual([0]); });

  it("and a long wait go together: whatever is left out between two ticks lengthens a wait", () => {
    fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (there) => {
      const ticks = [true, ...there, true].map((isThere, second) => tick(second * SAMPLE_MS, isThere ? "ab" : "b"));
      const lost = there.filter((isThere) => !isThere).length;
      expect(dropped(ticks, ["a", "b"])).toEqual([lost, 0]);
      expect(waits(ticks, ["a"]).reduce((sum, wait) => sum + wait / SAMPLE_MS - 1, 0)).toBe(lost);
    }));
  });
});

describe("seen", () => {
  const samples = (...texts: string[]) => texts.map((text, second) => ({ time: second * SAMPLE_MS, text }));
  const frame = (at: number, text: string): Painted => ({ at, text });

  it("is the frame that shows the sample, not the first one after it", () => {
    expect(seen(samples("1.0", "2.0", "3.0"), [frame(1010, "1.0"), frame(1044, "2.0"), frame(2050, "3.0")])).toEqual({ delays: [44, 50], unseen: 0, alike: 0 });
  });

  it("counts what no frame showed", () => {
    expect(seen(samples("1.0", "2.0", "3.0", "4.0"), [frame(1040, "2.0"), frame(3040, "4.0")])).toEqual({ delays: [40, 40], unseen: 1, alike: 0 });
  });

  it("tells how late a late frame is", () => { expect(seen(samples("1.0", "2.0", "3.0", "4.0"), [frame(2600, "2.0"), frame(2700, "3.0"), frame(3040, "4.0")]).delays).toEqual([1600, 700, 40]); });

  it("counts apart what reads like the sample before, for no frame changes with it", () => {
    expect(seen(samples("1.0", "2.0", "2.0", "3.0"), [frame(1040, "2.0"), frame(3040, "3.0")])).toEqual({ delays: [40, 40], unseen: 0, alike: 1 });
  });

  it("takes no frame for two samples, and none from before a sample", () => {
    expect(seen(samples("1.0", "2.0", "1.0"), [frame(40, "1.0"), frame(1040, "2.0")])).toEqual({ delays: [40], unseen: 1, alike: 0 });
  });

  it("leaves no sample but the first out of account", () => {
    const texts = fc.array(fc.constantFrom("1.0", "2.0", "3.0"), { maxLength: 20 });
    fc.assert(fc.property(texts, fc.array(fc.tuple(fc.nat(20_000), fc.constantFrom("1.0", "2.0", "3.0")), { maxLength: 30 }), (series, painted) => {
      const frames = painted.map(([at, text]) => frame(at, text)).sort((a, b) => a.at - b.at);
      const { delays, unseen, alike } = seen(samples(...series), frames);
      expect(delays.length + unseen + alike).toBe(Math.max(0, series.length - 1));
      for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(0);
    }));
  });
});
