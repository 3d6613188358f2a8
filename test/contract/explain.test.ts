// `quetzal explain` as it ships, against a scripted server: its text, its JSON, its exit codes.
import { describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import type { Ran } from "../support/client-bundle.js";
import { ScriptedServer } from "../support/scripted-server.js";

const VM = { id: "web-1", name: "web-1" };
const evidence = { name: "time ready to run without a CPU", value: 0.5, threshold: 0.05, unit: "ratio", shareBeyond: 1, source: "USE method", text: "\x1b]0;owned\x07evil used 1.80 cores" };
const finding = { kind: "NEIGHBOUR_CPU", title: "a neighbour's CPU", score: 0.9, evidence: [evidence], advice: "Pause it.", adviceCommand: "quetzal vm pause evil", neighbour: null };
const window = { __typename: "VmDiagnosis", vm: VM, from: "2026-01-01T13:00:00.000Z", to: "2026-01-01T13:10:00.000Z", stepSeconds: 5, summary: "A summary.", ruledOut: [], notKnown: [], causes: [] };
const slow = { ...window, verdict: "SLOW", confidence: "HIGH", slowFrom: "2026-01-01T13:01:00.000Z", slowTo: "2026-01-01T13:02:00.000Z", causes: [finding] };

const askedSpans: number[] = [];
const script = {
  Query: {
    // An id is taken for one; "the web" is a name.
    vm: (_: unknown, { id }: { id: string }) => (id === "web-1" ? { ...VM, state: "RUNNING" } : null),
    vms: () => ({ nodes: [{ ...VM, name: "the web", state: "RUNNING" }], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 1 }),
    vmDiagnosis: (_: unknown, { vm, range }: { vm: string; range: { from: string } }) => {
      askedSpans.push(Math.round((Date.now() - Date.parse(range.from)) / 60_000));
      if (vm === "missing") return { __typename: "VmNotFound", message: 'No VM has the id "missing".', id: vm };
      if (vm === "away") return { __typename: "DatabaseUnavailable", message: "The database cannot be reached." };
      return slow;
    },
  },
};

const bundle = new ClientBundle();
const server = ScriptedServer.forFile(script);

const explain = (...args: string[]): Promise<Ran> => bundle.run(["explain", ...args], server.environment);

describe("quetzal explain", { timeout: 60_000 }, () => {
  it("prints when it was slow and why, hostile names made harmless", async () => {
    const { code, out, err } = await explain("web-1", "--range", "1h30m");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^web-1 was slow: 13:01:00 to 13:02:00 UTC +confidence high\n1 ▲ a neighbour's CPU\n/);
    expect(out).toContain("    run     quetzal vm pause evil\n");
    expect(out).not.toContain("\x1b");
    expect(askedSpans.at(-1)).toBe(90);
  });

  it("gives the whole answer as JSON, of the last ten minutes unless told otherwise", async () => {
    const { code, out } = await explain("the web", "-o", "json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ verdict: "SLOW", causes: [{ kind: "NEIGHBOUR_CPU", evidence: [{ value: 0.5, threshold: 0.05 }] }] });
    expect(askedSpans.at(-1)).toBe(10);
  });

  it.each([[["missing"], 3, "No VM has the id"], [["away"], 5, "database cannot be reached"], [["web-1", "--range", "soon"], 2, "Give a span of time such as 90s"], [[], 2, "missing required argument"]] as const)(
    "ends %j with exit code %d and one sentence", async (args, code, sentence) => {
      const outcome = await explain(...args);
      expect(outcome).toMatchObject({ code, out: "" });
      expect(outcome.err).toContain(sentence);
      expect(outcome.err.trimEnd().split("\n")).toHaveLength(1);
    });
});
