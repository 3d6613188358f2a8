// What the line of a target means, and which answers to it count.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reduce } from "./reduce.js";
import { bytesOfAmount, controlStep, judgementOf, parseTarget } from "./targets.js";
import type { TargetPrompt } from "./targets.js";
import type { State } from "./state.js";
import { stateWith, vm } from "./testing.js";

const MIB = 1024 ** 2;

describe("a target's text", () => {
  it.each([
    ["200M", 200], ["200", 200], ["200 MiB", 200], ["1.5G", 1536], ["2g", 2048], ["50%", 128], ["150 %", 384], ["0M", 0], ["33%", 84], ["1T", 1024 ** 2],
  ])("%s of a VM of 256 MiB is %i MiB", (text, mib) => {
    const parsed = parseTarget("balloon", text);
    expect(parsed.fits && bytesOfAmount(parsed.amount, 256 * MIB)).toBe(mib * MIB);
  });

  it.each(["", "M", "-5M", "+1G", "1e3", "12K", "1,5G", "G1", "99999999M", "10001%", "½G", "200M x"])('"%s" is none, and an example stands below', (text) => {
    expect(parseTarget("balloon", text)).toEqual({ fits: false, reason: expect.stringContaining("512M") as string });
  });

  it("is a number of vCPUs, all that is resident, or a mode, by what it is for", () => {
    expect(parseTarget("vcpus", "4")).toEqual({ fits: true, amount: { unit: "count", count: 4 } });
    expect(parseTarget("vcpus", "4G").fits).toBe(false);
    expect(parseTarget("pageOut", " ")).toEqual({ fits: true, amount: { unit: "all" } });
    expect(parseTarget("memoryControl", "recommend")).toEqual({ fits: true, amount: { unit: "control", control: "RECOMMEND" } });
    expect(parseTarget("memoryControl", "auto").fits).toBe(false);
  });

  it("never means anything but whole MiB from 0 on", () => {
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 8 }), fc.stringMatching(/^[0-9]{1,7}(\.[0-9]{1,3})?[MGT%]?$/)), (text) => {
      const parsed = parseTarget("memorySize", text);
      if (!parsed.fits) return;
      const bytes = bytesOfAmount(parsed.amount, 300 * MIB);
      expect(bytes !== null && bytes >= 0 && bytes % MIB === 0).toBe(true);
    }));
  });

  it("goes through the modes and round", () => {
    expect([controlStep("off", 1), controlStep("recommend", 1), controlStep("on", 1), controlStep("off", -1)]).toEqual(["recommend", "on", "off", "on"]);
  });
});

describe("what would come of it", () => {
  const prompt: TargetPrompt = { kind: "target", what: "balloon", text: "200M", vmIds: ["web-1"], judged: null };
  const asked = reduce(stateWith([vm({})]), { type: "prompt", prompt });
  const answer = { type: "targetJudged", what: "balloon", vmId: "web-1", text: "200M", judgement: { can: true, effect: "Leaves it 200 MiB." } } as const;
  const judged = (state: State) => (state.ui.prompt?.kind === "target" ? judgementOf(state.ui.prompt) : undefined);

  it("counts for the text that it answers, until that is changed", () => {
    const answered = reduce(asked, answer);
    expect(judged(answered)).toEqual(answer.judgement);
    expect(judged(reduce(answered, { type: "promptText", text: "20" }))).toBeNull();
  });

  it.each([{ text: "20M" }, { what: "memorySize" }, { vmId: "web-2" }] as const)("is late or of another question with %o, and counts for nothing", (other) => {
    expect(judged(reduce(asked, { ...answer, ...other }))).toBeNull();
  });
});
