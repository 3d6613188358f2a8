import { describe, expect, it } from "vitest";
import { DIAGNOSIS_KINDS, type DiagnosisKind, type Neighbour, type Observations, type Steps } from "./model.js";
import { diagnose } from "./rules.js";
import { ALL_STEPS, flat, LOOKBACK_STEPS, MIB, observations, risen, WINDOW_STEPS, type Differences } from "./testing.js";

const kinds = (list: readonly { readonly kind: DiagnosisKind }[]): DiagnosisKind[] => list.map(({ kind }) => kind);
const neighbour = (id: string, cpu: number | Neighbour["cpu"], disk: number | Neighbour["cpu"] = 0): Neighbour => ({
  id, name: `${id} name`, weight: 100, cpu: typeof cpu === "number" ? flat(cpu) : cpu, diskBytesPerSecond: typeof disk === "number" ? flat(disk) : disk,
});

const waiting: Differences = { figures: { STEAL_RATIO: risen(0.001, 0.45), CPU_RATIO: risen(1.6, 1.1) }, host: { PSI_CPU_RATIO: risen(0.02, 0.8) } };
const slowDisk = { DISK_LATENCY_SECONDS: risen(0.001, 0.2), DISK_QUEUE_DEPTH: risen(0.02, 1), DISK_OPERATIONS_PER_SECOND: risen(20, 5) };
const swapping = { GUEST_SWAP_IN_BYTES_PER_SECOND: risen(0, 2_000_000), GUEST_SWAP_OUT_BYTES_PER_SECOND: risen(0, 2_000_000), GUEST_MAJOR_FAULTS_PER_SECOND: risen(0, 41), GUEST_AVAILABLE_BYTES: risen(128 * MIB, 8 * MIB) };
const squeezed = { BALLOON_ACTUAL_BYTES: risen(256 * MIB, 120 * MIB), GUEST_AVAILABLE_BYTES: risen(128 * MIB, 4 * MIB) };

describe("the true cause ranks first", () => {
  it.each<[string, DiagnosisKind[], Differences]>([
    ["a quota, whose waits the kernel counts as steal too", ["THROTTLING"], { figures: { THROTTLED_RATIO: risen(0, 0.98), STEAL_RATIO: risen(0, 0.7), CPU_RATIO: risen(1, 0.25) }, host: { PSI_CPU_RATIO: risen(0, 0.9) } }],
    ["a neighbour that began when the waiting did", ["NEIGHBOUR_CPU", "STEAL", "HOST_CPU"], { ...waiting, neighbours: [neighbour("still", 0.9), neighbour("hog", risen(0.02, 1.8))] }],
    ["something on the host that is no VM", ["STEAL", "HOST_CPU"], { ...waiting, neighbours: [neighbour("still", 0.01)] }],
    ["a slow disk", ["DISK_LATENCY", "HOST_IO"], { figures: slowDisk, host: { PSI_IO_RATIO: risen(0.01, 0.6) }, neighbours: [neighbour("still", 0, 1_000)] }],
    ["a neighbour's writing", ["NEIGHBOUR_DISK", "DISK_LATENCY", "HOST_IO"], { figures: slowDisk, host: { PSI_IO_RATIO: risen(0.01, 0.6) }, neighbours: [neighbour("still", 0), neighbour("writer", 0.3, risen(0, 8e7))] }],
    ["too much asked of a disk at once", ["DISK_LATENCY", "DISK_QUEUE"], { figures: { ...slowDisk, DISK_QUEUE_DEPTH: risen(0.02, 30) } }],
    ["a queue at a disk that answers in 8 ms", ["DISK_QUEUE"], { figures: { DISK_LATENCY_SECONDS: risen(0.001, 0.008), DISK_QUEUE_DEPTH: risen(0.02, 20) } }],
    ["a guest that swaps to a quick disk", ["GUEST_MEMORY"], { figures: swapping }],
    ["a guest that swaps to a slow disk", ["GUEST_MEMORY", "DISK_LATENCY"], { figures: { ...swapping, ...slowDisk, DISK_READ_BYTES_PER_SECOND: risen(0, 2_500_000), DISK_WRITE_BYTES_PER_SECOND: risen(0, 2_000_000) } }],
    ["a balloon that took what was needed", ["BALLOON"], { figures: squeezed }],
    ["a balloon that made the guest swap", ["BALLOON", "GUEST_MEMORY"], { figures: { ...swapping, ...squeezed } }],
    ["a VM that the host has swapped out", ["HOST_MEMORY"], { figures: { MAJOR_FAULTS_PER_SECOND: risen(0, 300), SWAP_BYTES: flat(90 * MIB) } }],
    ["a VM that the host pages", ["HOST_MEMORY"], { figures: { MAJOR_FAULTS_PER_SECOND: risen(0, 300) }, host: { PSI_MEMORY_RATIO: risen(0, 0.5) } }],
    ["packets thrown away", ["NETWORK_DROPS"], { figures: { NETWORK_DROPS_PER_SECOND: risen(0, 900) } }],
    ["work of its own", ["GUEST_CPU"], { figures: { CPU_RATIO: risen(0.1, 1.98) } }],
    ["work of its own beside a slow disk", ["DISK_LATENCY", "GUEST_CPU"], { figures: { ...slowDisk, CPU_RATIO: risen(0.1, 1.98) } }],
  ])("%s", (_, expected, differences) => {
    const diagnosis = diagnose(observations(differences));
    expect(kinds(diagnosis.causes)).toEqual(expected);
    expect(diagnosis).toMatchObject({ verdict: "SLOW", slowFrom: new Date("2026-01-01T12:01:30Z"), slowTo: new Date("2026-01-01T12:02:00Z") });
    for (const cause of diagnosis.causes) expect(cause.advice, cause.kind).not.toBeNull();
  });
});

describe("what goes on ranks before what is over or was short", () => {
  /** Steps of half a minute, so that there is an end of the window to tell from its rest. */
  const long = (differences: Differences): Observations => ({ ...observations(differences), stepSeconds: 30 });
  const steps = (value: number, calm: number, isBeyond: (step: number) => boolean): Steps => flat(calm).map((_, step) => (step >= LOOKBACK_STEPS && isBeyond(step - LOOKBACK_STEPS) ? value : calm));
  const lastOf = WINDOW_STEPS - 1;

  it.each<[string, DiagnosisKind[], Differences]>([
    ["a quota that was lifted, above which a dropped packet now and then goes on", ["NETWORK_DROPS", "THROTTLING"], { figures: { THROTTLED_RATIO: steps(0.98, 0, (step) => step < 5), NETWORK_DROPS_PER_SECOND: steps(1.3, 0, () => true) } }],
    ["a short steal of a VM that computes all the time", ["GUEST_CPU", "STEAL"], { figures: { CPU_RATIO: steps(1.98, 0.1, (step) => step !== 4 && step !== 5), STEAL_RATIO: steps(0.12, 0, (step) => step === 4 || step === 5) } }],
    ["two steals, the last of them not long ago, that together cover little", ["DISK_LATENCY", "STEAL"], { figures: { STEAL_RATIO: steps(0.9, 0, (step) => step === 2 || step === lastOf - 2), DISK_LATENCY_SECONDS: steps(0.022, 0.001, () => true), DISK_QUEUE_DEPTH: flat(1) } }],
    ["a quota that began of late, of a disk that was slow before", ["THROTTLING", "DISK_LATENCY"], { figures: { THROTTLED_RATIO: steps(0.3, 0, (step) => step >= lastOf - 1), DISK_LATENCY_SECONDS: steps(0.2, 0.001, (step) => step < 8), DISK_QUEUE_DEPTH: flat(1) } }],
    ["what goes on explains what did not: a neighbour's steal of before", ["NEIGHBOUR_CPU", "STEAL", "NETWORK_DROPS"], { figures: { STEAL_RATIO: steps(0.3, 0, (step) => step > 3), NETWORK_DROPS_PER_SECOND: steps(900, 0, (step) => step < 4), CPU_RATIO: flat(1.2) }, neighbours: [neighbour("hog", steps(1.8, 0, (step) => step > 3 && step < 9))] }],
  ])("%s", (_, expected, differences) => {
    const { causes } = diagnose(long(differences));
    expect(kinds(causes)).toEqual(expected);
    for (const [index, { score }] of causes.entries()) expect(score).toBeGreaterThan(causes[index + 1]?.score ?? 0);
  });

  it("keeps the order by strength of causes that are all over", () => {
    const { causes } = diagnose(long({ figures: { THROTTLED_RATIO: steps(0.98, 0, (step) => step < 5), NETWORK_DROPS_PER_SECOND: steps(1.3, 0, (step) => step < 5) } }));
    expect(kinds(causes)).toEqual(["THROTTLING", "NETWORK_DROPS"]);
  });

  it("tells the end of a short window from its beginning, too", () => {
    const { causes } = diagnose(observations({ figures: { THROTTLED_RATIO: risen(0.98, 0, LOOKBACK_STEPS + 5), NETWORK_DROPS_PER_SECOND: flat(1.3) } }));
    expect(kinds(causes)).toEqual(["NETWORK_DROPS", "THROTTLING"]);
  });

  it("is sure of a VM's own work where that is plain", () => {
    const { causes, confidence, slowFrom, slowTo, from, to } = diagnose(observations({ figures: { CPU_RATIO: flat(2.02) } }));
    expect({ kinds: kinds(causes), confidence, slowFrom, slowTo }).toEqual({ kinds: ["GUEST_CPU"], confidence: "MEDIUM", slowFrom: from, slowTo: to });
  });
});

describe("what is no cause", () => {
  it("says of a figure beyond its threshold that it was too short", () => {
    const { ruledOut } = diagnose(observations({ figures: { STEAL_RATIO: risen(0.9, 0.001, LOOKBACK_STEPS + 1) } }));
    expect(ruledOut.find(({ kind }) => kind === "STEAL")?.evidence[0]?.text).toBe("time ready to run without a CPU 90 % (above 5.0 % counts), for 8.3 % of the time it ran, too short to count");
  });


  it.each<[string, Differences]>([
    ["a calm VM", {}],
    ["a host that is contended while this VM does not wait", { host: { PSI_CPU_RATIO: flat(0.9), PSI_IO_RATIO: flat(0.9), PSI_MEMORY_RATIO: flat(0.9) } }],
    ["a single step far beyond", { figures: { STEAL_RATIO: risen(0.9, 0.001, LOOKBACK_STEPS + 1) } }],
    ["what lay before the window", { figures: { STEAL_RATIO: risen(0.9, 0.001, LOOKBACK_STEPS) } }],
    ["a rare slow operation on an idle disk", { figures: { DISK_LATENCY_SECONDS: flat(0.04), DISK_QUEUE_DEPTH: flat(0.001), DISK_OPERATIONS_PER_SECOND: flat(0.03) } }],
    ["a long queue at a quick disk", { figures: { DISK_QUEUE_DEPTH: flat(32), DISK_LATENCY_SECONDS: flat(0.0002) } }],
    ["a disk that was not used", { figures: { DISK_OPERATIONS_PER_SECOND: flat(0), DISK_LATENCY_SECONDS: flat(null), DISK_QUEUE_DEPTH: flat(0) } }],
    ["a balloon that took what the guest does not miss", { figures: { BALLOON_ACTUAL_BYTES: flat(160 * MIB), GUEST_AVAILABLE_BYTES: flat(40 * MIB) } }],
    ["major faults of a guest that reads programs", { figures: { GUEST_MAJOR_FAULTS_PER_SECOND: flat(80) } }],
    ["a QEMU that reads its own program", { figures: { MAJOR_FAULTS_PER_SECOND: flat(300) } }],
    ["a busy neighbour that took nothing from this VM", { neighbours: [neighbour("hog", 1.9, 9e7)] }],
  ])("%s", (_, differences) => {
    const diagnosis = diagnose(observations(differences));
    expect(kinds(diagnosis.causes)).toEqual([]);
    expect(diagnosis).toMatchObject({ verdict: "FINE", confidence: "HIGH", slowFrom: null, slowTo: null, notKnown: [] });
    expect(diagnosis.summary).toContain("Nothing is wrong with web two");
    expect(kinds(diagnosis.ruledOut).toSorted()).toEqual([...DIAGNOSIS_KINDS].toSorted());
  });
});

describe("what cannot be told", () => {
  const unjudged = (differences: Differences): DiagnosisKind[] => kinds(diagnose(observations(differences)).notKnown).toSorted();

  it.each<[string, Differences, DiagnosisKind[], string]>([
    ["steal without schedstat", { figures: { STEAL_RATIO: flat(null) } }, ["NEIGHBOUR_CPU", "STEAL"], "schedstat"],
    ["pressure without PSI", { host: { PSI_CPU_RATIO: flat(null), PSI_IO_RATIO: flat(null), PSI_MEMORY_RATIO: flat(null) } }, ["HOST_CPU", "HOST_IO"], "PSI"],
    ["a quota where the figure was not kept", { figures: { THROTTLED_RATIO: flat(null) } }, ["THROTTLING"], "cpu controller"],
    ["a guest whose driver never reported", { figures: { GUEST_AVAILABLE_BYTES: flat(null), GUEST_SWAP_IN_BYTES_PER_SECOND: flat(null), GUEST_SWAP_OUT_BYTES_PER_SECOND: flat(null), GUEST_MAJOR_FAULTS_PER_SECOND: flat(null) } }, ["BALLOON", "GUEST_MEMORY"], "has not reported"],
    ["a guest without a balloon", { vm: { hasBalloon: false }, figures: { BALLOON_ACTUAL_BYTES: flat(null), GUEST_AVAILABLE_BYTES: flat(null), GUEST_SWAP_IN_BYTES_PER_SECOND: flat(null), GUEST_SWAP_OUT_BYTES_PER_SECOND: flat(null), GUEST_MAJOR_FAULTS_PER_SECOND: flat(null) } }, ["GUEST_MEMORY"], "ballooning"],
    ["a disk that QEMU says nothing of", { figures: { DISK_LATENCY_SECONDS: flat(null), DISK_QUEUE_DEPTH: flat(null), DISK_OPERATIONS_PER_SECOND: flat(null) } }, ["DISK_LATENCY", "DISK_QUEUE", "NEIGHBOUR_DISK"], "QEMU has not answered"],
    ["drops of user-mode networking", { vm: { network: "user" }, figures: { NETWORK_DROPS_PER_SECOND: flat(null) } }, ["NETWORK_DROPS"], "user-mode networking"],
  ])("says why: %s", (_, differences, expected, reason) => {
    expect(unjudged(differences)).toEqual(expected.toSorted());
    const { notKnown, verdict } = diagnose(observations(differences));
    expect(verdict).toBe("FINE");
    expect(notKnown.map(({ evidence }) => evidence[0]?.text).join(" ")).toContain(reason);
    for (const { evidence: [first], score } of notKnown) expect({ value: first?.value, score }).toEqual({ value: null, score: 0 });
  });

  it("holds a host's pressure against a VM of which nobody knows whether it waited", () => {
    expect(kinds(diagnose(observations({ figures: { STEAL_RATIO: flat(null) }, host: { PSI_CPU_RATIO: flat(0.8) } })).causes)).toEqual(["HOST_CPU"]);
  });

  it.each<[string, Differences, string]>([
    ["a VM that did not run", { figures: { CPU_RATIO: flat(null) } }, "did not run"],
    ["a VM that ran for a moment", { figures: { CPU_RATIO: risen(null, 0.1, ALL_STEPS - 1) } }, "too little"],
    ["a VM that was paused all the while", { vm: { pausedSince: new Date("2026-01-01T11:00:00Z") } }, "paused since 11:00:00"],
  ])("gives no verdict on %s", (_, differences, why) => {
    const diagnosis = diagnose(observations(differences));
    expect(diagnosis).toMatchObject({ verdict: "UNKNOWN", confidence: null, causes: [], ruledOut: [], notKnown: [] });
    expect(diagnosis.summary).toContain(why);
  });

  it("judges the part in which the VM ran, with less confidence, and tells that part alone", () => {
    const ran = risen(null, 0.1, ALL_STEPS - 4);
    expect(diagnose(observations({ figures: { CPU_RATIO: ran } })).summary).toContain("in the 20 s of these 60 s in which it was seen running none of");
    expect(diagnose(observations()).summary).toContain("in these 60 s none of");
    expect(diagnose(observations({ figures: { CPU_RATIO: ran, STEAL_RATIO: flat(0.5) } })).summary).toContain("for 100 % of the time it ran");
    expect(diagnose(observations({ figures: { CPU_RATIO: ran, STEAL_RATIO: flat(0.5) } }))).toMatchObject({ verdict: "SLOW", confidence: "LOW", causes: [{ kind: "STEAL", evidence: [{ shareBeyond: 1 }] }] });
    expect(diagnose(observations({ figures: { CPU_RATIO: ran } }))).toMatchObject({ verdict: "FINE", confidence: "LOW" });
  });
});

describe("a neighbour", () => {
  it("is named by id, with what it used before and meanwhile", () => {
    const [cause] = diagnose(observations({ ...waiting, neighbours: [neighbour("hog", risen(0.02, 1.8))] })).causes;
    expect(cause).toMatchObject({ kind: "NEIGHBOUR_CPU", neighbourId: "hog", evidence: [{ text: "hog name (hog) used 1.80 cores while web two had to wait for a CPU, 0.02 cores while this VM was calm" }] });
    expect(cause?.evidence[0]?.value).toBeCloseTo(1.78);
  });

  it("that was as busy while this VM asked for little is named: only then did it take anything", () => {
    const asks: Differences = { figures: { STEAL_RATIO: risen(0.001, 0.45), CPU_RATIO: risen(0.05, 1.1) } };
    expect(diagnose(observations({ ...asks, neighbours: [neighbour("hog", 1.8)] })).causes[0]).toMatchObject({ kind: "NEIGHBOUR_CPU", neighbourId: "hog" });
  });

  it("is found by the worst of the waiting, whatever made this VM wait a little before", () => {
    const grown: Differences = { figures: { STEAL_RATIO: risen(0.2, 0.6), CPU_RATIO: flat(1) } };
    expect(diagnose(observations({ ...grown, neighbours: [neighbour("hog", risen(0, 1.8))] })).causes[0]).toMatchObject({ kind: "NEIGHBOUR_CPU", neighbourId: "hog" });
  });

  it("that writes much is not blamed for a slow disk on a host whose disks keep up", () => {
    expect(kinds(diagnose(observations({ figures: slowDisk, neighbours: [neighbour("writer", 0.3, risen(0, 8e7))] })).causes)).toEqual(["DISK_LATENCY"]);
  });

  it("that was busy before as well is not blamed for what began later", () => {
    expect(kinds(diagnose(observations({ ...waiting, neighbours: [neighbour("hog", 1.8)] })).causes)).toEqual(["STEAL", "HOST_CPU"]);
  });

  it("that is busy all along is named where no calm moment is known", () => {
    const { causes: [cause] } = diagnose(observations({ figures: { STEAL_RATIO: flat(0.4) }, neighbours: [neighbour("hog", 1.8)] }));
    expect(cause).toMatchObject({ kind: "NEIGHBOUR_CPU", neighbourId: "hog" });
    expect(cause?.evidence[0]?.text).toContain("no calm moment");
  });

  it("whose use falls together with less than half of the waiting is not blamed", () => {
    const odd = Array.from({ length: ALL_STEPS }, (_, step) => (step === ALL_STEPS - 1 ? 8 : 0));
    expect(kinds(diagnose(observations({ ...waiting, neighbours: [neighbour("odd", odd)] })).causes)).toEqual(["STEAL", "HOST_CPU"]);
  });

  it("that did not run before used nothing then", () => {
    expect(diagnose(observations({ ...waiting, neighbours: [neighbour("new", risen(null, 1.9))] })).causes[0]).toMatchObject({ kind: "NEIGHBOUR_CPU", neighbourId: "new" });
  });
});

describe("a symptom", () => {
  it("says how much of a slow disk's traffic is swapping", () => {
    const causes = diagnose(observations({ figures: { ...swapping, ...slowDisk, DISK_READ_BYTES_PER_SECOND: risen(0, 2_500_000), DISK_WRITE_BYTES_PER_SECOND: risen(0, 2_320_000) } })).causes;
    expect(causes[1]?.evidence[0]?.text).toContain("83 % of the traffic is the guest's swapping");
  });
});

it("says which window it looked at, without what precedes it", () => {
  const { from, to, stepSeconds } = diagnose(observations());
  expect((to.getTime() - from.getTime()) / 1000 / stepSeconds).toBe(WINDOW_STEPS);
});
