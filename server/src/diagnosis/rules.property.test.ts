// Laws of the rules over observations made at random.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DIAGNOSIS_KINDS, HOST_FIGURES, VM_FIGURES, type Diagnosis, type Observations, type Steps, type VmFigure } from "./model.js";
import { diagnose } from "./rules.js";
import { ALL_STEPS, MIB, flat, observations, risen } from "./testing.js";
import { LEAST_SHARE, THRESHOLDS } from "./thresholds.js";

/** What a figure may reach at random, where that is not 1: well beyond every threshold. */
const LARGEST: Readonly<Partial<Record<VmFigure, number>>> = {
  CPU_RATIO: 2, GUEST_MAJOR_FAULTS_PER_SECOND: 500, MAJOR_FAULTS_PER_SECOND: 500, SWAP_BYTES: MIB, GUEST_AVAILABLE_BYTES: 256 * MIB, BALLOON_ACTUAL_BYTES: 256 * MIB,
  GUEST_SWAP_IN_BYTES_PER_SECOND: 5e6, GUEST_SWAP_OUT_BYTES_PER_SECOND: 5e6, DISK_READ_BYTES_PER_SECOND: 5e7, DISK_WRITE_BYTES_PER_SECOND: 5e7,
  DISK_LATENCY_SECONDS: 0.4, DISK_OPERATIONS_PER_SECOND: 900, DISK_QUEUE_DEPTH: 40, NETWORK_DROPS_PER_SECOND: 50,
};

const value = (largest: number) => fc.double({ min: 0, max: largest, noNaN: true });

/** Flat, turning at a step, noisy with holes, or unknown. */
function steps(largest: number): fc.Arbitrary<Steps> {
  return fc.oneof(
    fc.constant(flat(null)),
    value(largest).map((level) => flat(level)),
    fc.tuple(value(largest), value(largest), fc.nat(ALL_STEPS)).map(([calm, then, turn]) => risen(calm, then, turn)),
    fc.array(fc.option(value(largest), { freq: 4 }), { minLength: ALL_STEPS, maxLength: ALL_STEPS }),
  );
}

function figures<Name extends string>(names: readonly Name[], largest: Readonly<Partial<Record<Name, number>>>): fc.Arbitrary<Record<Name, Steps>> {
  return fc.tuple(...names.map((name) => steps(largest[name] ?? 1))).map((each) => Object.fromEntries(names.map((name, index) => [name, each[index] ?? []])) as Record<Name, Steps>);
}

const neighbours = fc.uniqueArray(fc.record({ id: fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/), weight: fc.integer({ min: 1, max: 10_000 }), cpu: steps(2), diskBytesPerSecond: steps(1e8) }), { maxLength: 4, selector: ({ id }) => id });
const madeUp: fc.Arbitrary<Observations> = fc.record({
  vm: fc.record({ hasBalloon: fc.boolean(), hasDisks: fc.boolean(), network: fc.constantFrom("counted" as const, "user" as const, "none" as const), pid: fc.option(fc.nat()) }),
  figures: figures(VM_FIGURES, LARGEST), host: figures(HOST_FIGURES, {}),
  neighbours: fc.option(neighbours.map((list) => list.map((each) => ({ ...each, name: each.id.toUpperCase() })))),
}).map((made) => observations(made));

const all = ({ causes, ruledOut, notKnown }: Diagnosis) => [...causes, ...ruledOut, ...notKnown];

function holds(law: (diagnosis: Diagnosis, made: Observations) => void): void {
  fc.assert(fc.property(madeUp, (made) => law(diagnose(made), made)), { numRuns: 300 });
}

describe("whatever was observed", () => {
  it("judges every cause once, or gives no verdict", () => {
    const verdicts = new Set<string>();
    holds((diagnosis) => {
      verdicts.add(diagnosis.verdict);
      expect(all(diagnosis).map(({ kind }) => kind).toSorted()).toEqual(diagnosis.verdict === "UNKNOWN" ? [] : [...DIAGNOSIS_KINDS].toSorted());
    });
    expect([...verdicts].toSorted(), "the made-up observations reach every verdict").toEqual(["FINE", "SLOW", "UNKNOWN"]);
  });

  it("is slow if and only if there is a cause, and then says when", () => {
    holds(({ verdict, causes, slowFrom, slowTo, from, to, confidence }) => {
      expect(verdict === "SLOW").toBe(causes.length > 0);
      expect(confidence === null).toBe(verdict === "UNKNOWN");
      if (verdict !== "SLOW") expect([slowFrom, slowTo]).toEqual([null, null]);
      else expect(from <= (slowFrom ?? Infinity) && (slowFrom ?? Infinity) < (slowTo ?? -Infinity) && (slowTo ?? Infinity) <= to).toBe(true);
    });
  });

  it("ranks by score, and only causes have one", () => {
    holds(({ causes, ruledOut, notKnown }) => {
      expect(causes.map(({ score }) => score)).toEqual(causes.map(({ score }) => score).toSorted((a, b) => b - a));
      for (const { score } of causes) expect(score > 0 && score <= 1).toBe(true);
      for (const { score, advice } of [...ruledOut, ...notKnown]) expect({ score, advice }).toEqual({ score: 0, advice: null });
    });
  });

  it("finds no cause whose figure is within its threshold", () => {
    const lowIsBad = new Set<string>(["BALLOON"]);
    holds(({ causes }) => {
      for (const { kind, evidence: [first] } of causes) {
        expect(first, kind).toBeDefined();
        const beyond = lowIsBad.has(kind) ? (first?.threshold ?? 0) - (first?.value ?? 0) : (first?.value ?? 0) - (first?.threshold ?? 0);
        expect(beyond, kind).toBeGreaterThan(0);
        expect(first?.shareBeyond, kind).toBeGreaterThan(0);
      }
    });
  });

  it("gives each figure a source and a sentence, and each share between 0 and 1", () => {
    holds((diagnosis) => {
      for (const { kind, evidence } of all(diagnosis)) {
        expect(evidence.length, kind).toBeGreaterThan(0);
        for (const { source, text, shareBeyond } of evidence) {
          expect(source.length > 10 && text.length > 10, kind).toBe(true);
          expect(shareBeyond === null || (shareBeyond >= 0 && shareBeyond <= 1), kind).toBe(true);
          expect(text, kind).not.toMatch(/NaN|undefined|Infinity/);
        }
      }
    });
  });

  it("names a neighbour only among those it was shown, and for neighbours' causes only", () => {
    holds((diagnosis, { neighbours }) => {
      for (const { kind, neighbourId } of all(diagnosis)) {
        if (neighbourId === null) continue;
        expect(kind).toMatch(/^NEIGHBOUR_/);
        expect(neighbours?.map(({ id }) => id)).toContain(neighbourId);
      }
    });
  });

  it("says the same twice, and does not depend on the order of neighbours", () => {
    holds((diagnosis, made) => {
      expect(diagnose(made)).toEqual(diagnosis);
      const turned = diagnose({ ...made, neighbours: made.neighbours?.toReversed() ?? null });
      expect(turned.causes.map(({ kind }) => kind)).toEqual(diagnosis.causes.map(({ kind }) => kind));
    });
  });
});

describe("more of it", () => {
  it("never ranks a cause lower for being further beyond", () => {
    let before = 0;
    for (let ratio = THRESHOLDS.steal.value + 0.01; ratio <= 1; ratio += 0.01) {
      const { causes } = diagnose(observations({ figures: { STEAL_RATIO: new Array<number>(ALL_STEPS).fill(ratio) } }));
      expect(causes[0]?.kind).toBe("STEAL");
      expect(causes[0]?.score).toBeGreaterThanOrEqual(before);
      before = causes[0]?.score ?? 0;
    }
  });

  it("counts from the least share of the window on, not below", () => {
    for (let stepsBeyond = 0; stepsBeyond <= ALL_STEPS / 2; stepsBeyond += 1) {
      const { verdict } = diagnose(observations({ figures: { STEAL_RATIO: Array.from({ length: ALL_STEPS }, (_, step) => (step >= ALL_STEPS - stepsBeyond ? 0.5 : 0)) } }));
      expect(verdict, `${stepsBeyond} steps`).toBe(stepsBeyond >= 2 && stepsBeyond / (ALL_STEPS / 2) >= LEAST_SHARE ? "SLOW" : "FINE");
    }
  });
});
