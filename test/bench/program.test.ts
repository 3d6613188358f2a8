import { describe, expect, it } from "vitest";
import { figure, NO_TARGET } from "./figure.js";
import { bench, formatTook } from "./program.js";
import type { Suite } from "./suite.js";

const RAW = { name: "raw QEMU", samples: [20, 21] };
const SUITES: readonly Suite[] = [
  { name: "kept", about: "kept promises", run: (note) => { note("on its way"); return Promise.resolve([figure("quick", "ms", [1, 2, 3], { atMost: 5 }, RAW), figure("told", "%", [4], NO_TARGET)]); } },
  { name: "missed", about: "a missed promise", run: () => Promise.resolve([figure("slow", "ms", [70, 80], { peerPlus: 40.12345678 }, RAW)]) },
  { name: "broken", about: "cannot measure", run: () => Promise.reject(new Error("no guest image")) },
];

/** What a person and a program see of a run. */
async function run(...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await bench(args, SUITES, { out: (line) => void out.push(line), err: (line) => void err.push(line), describe: () => ["run: a commit"] });
  return { code, out, err };
}

describe("bench --json", () => {
  it("prints one object a figure to stdout, with every field that is promised, and nothing else", async () => {
    const { code, out } = await run("--json", "kept", "missed");
    expect(code).toBe(0);
    const raw = { name: "raw QEMU", median: 20, p95: 21, worst: 21, n: 2 };
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      { name: "quick", unit: "ms", median: 2, p95: 3, worst: 3, n: 3, peer: { ...raw, ratio: 0.1 }, ratio: 0.1, peers: [{ ...raw, ratio: 0.1 }], target: "≤ 5 ms", met: true },
      { name: "told", unit: "%", median: 4, p95: 4, worst: 4, n: 1, peer: null, ratio: null, peers: [], target: null, met: null },
      { name: "slow", unit: "ms", median: 70, p95: 80, worst: 80, n: 2, peer: { ...raw, ratio: 3.5 }, ratio: 3.5, peers: [{ ...raw, ratio: 3.5 }], target: "≤ raw QEMU + 40.12 ms", met: false },
    ]);
  });

  it("tells on stderr what it is a run of, how it goes on and what was missed", async () => {
    const { err } = await run("--json", "kept", "missed");
    expect(err[0]).toBe("run: a commit");
    expect(err.join("\n")).toMatch(/kept: kept promises\n {2}on its way\n {2}kept took \d\.\d s[\s\S]*missed: slow; \d\.\d s in all$/);
  });
});

describe("the bench's exit code", () => {
  it.each([
    ["0 when all was met", ["kept"], 0, "every promised figure that was measured was met"],
    ["0 when a target was missed, which it says", ["missed"], 0, "missed: slow"],
    ["1 when a suite could not measure", ["broken"], 1, "suites that could not measure: 1"],
    ["1 also when others could", [], 1, "missed: slow; suites that could not measure: 1"],
  ])("is %s", async (_, args, code, words) => {
    const seen = await run(...args);
    expect(seen.code).toBe(code);
    expect(seen.out.join("\n")).toContain(words);
  });

  it.each([[["nothing", "kept", "none"], "no suite named nothing, none; there are: kept, missed, broken."], [["--jsno"], "'--jsno': it takes names of suites and --json; there are: kept, missed, broken."]])(
    "is 2 for %j, and nothing is run", async (args, words) => {
      const { code, out, err } = await run(...args);
      expect([code, out, err.length]).toEqual([2, [], 1]);
      expect(err[0]).toContain(words);
    });
});

describe("a run", () => {
  it("goes on after a suite that could not measure, and names why", async () => {
    const { out, err } = await run("broken", "kept");
    expect(out.join("\n")).toContain("met    quick");
    expect(err).toEqual(["bench: suite broken could not measure: no guest image"]);
  });

  it("is in the suites' own order, each once, and tells how long each took", async () => {
    const { out } = await run("missed", "kept", "missed");
    expect(out.filter((line) => line.includes(" took ")).map((line) => line.trim().split(" ")[0])).toEqual(["kept", "missed"]);
  });

  it("that is interrupted takes no suite's failure for one", async () => {
    const err: string[] = [];
    const interrupted = new Promise<void>(() => undefined);
    const run = bench(["broken"], SUITES, { out: () => undefined, err: (line) => void err.push(line), describe: () => [], interrupted: () => interrupted });
    await Promise.race([run, new Promise((resolve) => setImmediate(resolve))]);
    expect(err).toEqual([]);
  });
});

describe("formatTook", () => {
  it.each([[0, "0.0 s"], [8_260, "8.3 s"], [9_960, "10 s"], [41_200, "41 s"], [59_600, "1 min 0 s"], [725_000, "12 min 5 s"]])("writes %d ms as %s", (milliseconds, text) => { expect(formatTook(milliseconds)).toBe(text); });
});
