// Laws of the rules over observations made at random, from a seed that a failure names.
import { describe, expect, it } from "vitest";
import { DIAGNOSIS_KINDS, HOST_FIGURES, VM_FIGURES, type Diagnosis, type Neighbour, type Observations, type Steps, type VmFigure } from "./model.js";
import { diagnose } from "./rules.js";
import { ALL_STEPS, MIB, observations } from "./testing.js";
import { LEAST_SHARE, THRESHOLDS } from "./thresholds.js";

const RUNS = 400;

/** Mulberry32: small, and the same everywhere. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a figure may reach at random: well beyond every threshold. */
const LARGEST: Readonly<Partial<Record<VmFigure, number>>> = {
  CPU_RATIO: 2, GUEST_MAJOR_FAULTS_PER_SECOND: 500, MAJOR_FAULTS_PER_SECOND: 500, GUEST_AVAILABLE_BYTES: 256 * MIB, BALLOON_ACTUAL_BYTES: 256 * MIB,
  GUEST_SWAP_IN_BYTES_PER_SECOND: 5e6, GUEST_SWAP_OUT_BYTES_PER_SECOND: 5e6, DISK_READ_BYTES_PER_SECOND: 5e7, DISK_WRITE_BYTES_PER_SECOND: 5e7,
  DISK_LATENCY_SECONDS: 0.4, DISK_OPERATIONS_PER_SECOND: 900, DISK_QUEUE_DEPTH: 40, NETWORK_DROPS_PER_SECOND: 50,
};

/** Flat, rising, noisy or unknown, with holes at times. */
function steps(random: () => number, largest: number): Steps {
  const shape = Math.floor(random() * 5);
  const [level, turn, holes] = [random() * largest, Math.floor(random() * ALL_STEPS), random() < 0.3 ? random() : 0];
  return Array.from({ length: ALL_STEPS }, (_, step) => {
    if (shape === 0 || random() < holes) return null;
    if (shape === 1) return level;
    if (shape === 2) return step < turn ? 0 : level;
    return random() * largest * (shape === 3 ? 1 : 0.1);
  });
}

function madeUp(seed: number): Observations {
  const random = dice(seed);
  const neighbours = Array.from({ length: Math.floor(random() * 4) }, (_, index): Neighbour => ({ id: `n${index}`, name: `n${index}`, cpu: steps(random, 2), diskBytesPerSecond: steps(random, 1e8) }));
  return observations({
    vm: { hasBalloon: random() < 0.8, hasDisks: random() < 0.8, network: random() < 0.5 ? "counted" : "user", pid: random() < 0.5 ? null : 7 },
    figures: Object.fromEntries(VM_FIGURES.map((name) => [name, steps(random, LARGEST[name] ?? 1)])),
    host: Object.fromEntries(HOST_FIGURES.map((name) => [name, steps(random, 1)])),
    neighbours: random() < 0.3 ? null : neighbours,
  });
}

const cases = Array.from({ length: RUNS }, (_, seed) => seed);
const all = ({ causes, ruledOut, notKnown }: Diagnosis) => [...causes, ...ruledOut, ...notKnown];

function holds(law: (diagnosis: Diagnosis, made: Observations) => void): void {
  for (const seed of cases) {
    const made = madeUp(seed);
    try {
      law(diagnose(made), made);
    } catch (error) {
      throw new Error(`The law breaks with seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}

describe("whatever was observed", () => {
  it("judges every cause once, or gives no verdict", () => {
    let verdicts = new Set<string>();
    holds((diagnosis) => {
      verdicts = verdicts.add(diagnosis.verdict);
      expect(all(diagnosis).map(({ kind }) => kind).toSorted()).toEqual(diagnosis.verdict === "UNKNOWN" ? [] : [...DIAGNOSIS_KINDS].toSorted());
    });
    expect([...verdicts].toSorted(), "the made-up observations reach every verdict").toEqual(["FINE", "SLOW", "UNKNOWN"]);
  });

  it("is slow if and only if there is a cause, and then says when", () => {
    holds(({ verdict, causes, slowFrom, slowTo, from, to, confidence }) => {
      expect(verdict === "SLOW").toBe(causes.length > 0);
      expect(confidence === null).toBe(verdict === "UNKNOWN");
      if (slowFrom === null || slowTo === null) { expect(verdict).not.toBe("SLOW"); return; }
      expect(slowFrom.getTime()).toBeGreaterThanOrEqual(from.getTime());
      expect(slowTo.getTime()).toBeLessThanOrEqual(to.getTime());
      expect(slowTo.getTime()).toBeGreaterThan(slowFrom.getTime());
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
