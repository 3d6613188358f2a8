// The pages of memory and of causes in sentences: what they tell, line by line.
import { describe, expect, it } from "vitest";
import type { HostMemory, MemoryBreakdown, MemoryDecision, MemoryPartKind, VmMemory } from "../store/memory.js";
import type { Event, Host, HostSample } from "../store/model.js";
import { reduce } from "../store/reduce.js";
import type { State } from "../store/state.js";
import { NOW, sample, stateWith, vm } from "../store/testing.js";
import type { Diagnosis } from "../store/why.js";
import { plainPage } from "./plain.js";

const MIB = 1024 ** 2;
const HOST: Host = {
  id: "lab1", name: "lab1", connected: true, connectionError: null, connectedSince: NOW, bootedAt: null, cpuModel: "A CPU", cpuCount: 2, memoryBytes: 1024 * MIB, daemonVersion: "0", qemuVersion: "7.2", kernel: "6.1", capabilities: [],
};
const HOST_SAMPLE = { hostId: "lab1", time: NOW, memoryTotalBytes: 1024 * MIB, memoryAvailableBytes: 512 * MIB, swapTotalBytes: 0, swapUsedBytes: 0, ksmSavedBytes: 3 * MIB, ksmProfitBytes: 2 * MIB, compressedOriginalBytes: null, compressedStoredBytes: null, diskSpaces: [] } as unknown as HostSample;

function breakdown(parts: Partial<Record<MemoryPartKind, number>>, remainderMib = 0): MemoryBreakdown {
  const shown = Object.entries(parts).map(([kind, mib]) => ({ kind: kind as MemoryPartKind, bytes: mib * MIB, description: `What ${kind} is`, source: "From a file." }));
  return { at: NOW - 3_000, totalBytes: (shown.reduce((sum, { bytes }) => sum + bytes, 0) / MIB + remainderMib) * MIB, source: "meminfo", parts: shown, remainderBytes: remainderMib * MIB };
}

const MEMORY: HostMemory = {
  hostId: "lab1", breakdown: breakdown({ VMS: 300, FREE: 700 }, 24), decisions: [],
  settings: {
    ksm: { mode: "TUNED", cpuBudgetPercent: 5, activeDomain: "default", reason: "", pagesPerScan: 100, sleepMs: 20, cpuUsedRatio: 0.01 }, compression: { mode: "UNTOUCHED", sizeBytes: 0, algorithm: "" },
    controller: { enabled: true, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 }, state: "SOFT", thresholds: { highBytes: 60 * MIB, softBytes: 40 * MIB, hardBytes: 20 * MIB, lowBytes: 10 * MIB },
  },
};
const OF_VM: VmMemory = {
  vmId: "web-1", breakdown: breakdown({ GUEST_USED: 90, GUEST_FREE: 10, BALLOONED: 56, SHARED: 0, OVERHEAD: 20 }, -2),
  room: { balloonTargetBytes: 200 * MIB, balloonFloorBytes: 128 * MIB, memoryTargetBytes: 256 * MIB, memoryMaxBytes: 256 * MIB, vcpusTarget: 1, vcpusMax: 1 },
  policy: { floorBytes: 128 * MIB, ceilingBytes: 256 * MIB, maxBytes: 256 * MIB, shares: 1_000, control: "RECOMMEND", sharingDomain: "default" },
};
const DECISION: MemoryDecision = { time: NOW - 9_000, vmId: "web-1", action: "BALLOON", fromBytes: 256 * MIB, toBytes: 200 * MIB, reason: "The host is short.", carriedOut: true, effectBytes: 40 * MIB };

function known(): State {
  return reduce(stateWith([vm({}), vm({ id: "db", label: "db", state: "STOPPED", startedAt: null })], [sample("web-1", NOW)]), { type: "welcomed", role: "ADMIN", clockSkewMs: 0, databaseConnected: true, hosts: [HOST], hostSamples: [HOST_SAMPLE] });
}
const told = (change: Partial<HostMemory> = {}): string[] => plainPage(reduce(known(), { type: "memory", host: { ...MEMORY, ...change }, vms: [OF_VM] }), "memory", null);

describe("the page of memory in sentences", () => {
  it("tells the host's parts, what saves memory, each VM, and the decisions, the newest last", () => {
    expect(told({ decisions: [{ ...DECISION, time: NOW, action: "ASK_FOR_ROOM", carriedOut: false, effectBytes: null, reason: "Nobody has more" }, DECISION] })).toMatchInlineSnapshot(`
      [
        "lab1: memory 1.00 GiB, where it was at 11-23 13:02:08 UTC.",
        "lab1: SOFT, short: balloons take. Enough from 60.0 MiB available; short below 40.0 MiB, very short below 20.0 MiB, none left below 10.0 MiB.",
        "lab1, VMs: 300 MiB, 29 %. What VMS is. From a file.",
        "lab1, free: 700 MiB, 68 %. What FREE is. From a file.",
        "lab1, rest: 24.0 MiB, 2 %. What no part explains. meminfo.",
        "KSM: saves 3.00 MiB; on, tuned by quetzal: CPU 1% of 5%; profit 2.00M; domain default; 100 pages each 20 ms.",
        "Compression: saves unknown; no swap device: quetzal memory host --compression zram.",
        "Balloons: saves 56.0 MiB; taken from one VM.",
        "Unused: saves 0.00 MiB; guests have touched all that they have.",
        "Controller: VMs: 0 on, 1 recommend, 0 off; acts below 60.0M; tax 75%.",
        "db: STOPPED. 256 MiB defined, stopped.",
        "web-1: RUNNING. Costs 120 MiB, saves 56.0 MiB, free in the guest 10.0 MiB. Target 200 MiB of 256 MiB. Parts: used 90.0 MiB, free 10.0 MiB, balloon 56.0 MiB, QEMU 20.0 MiB, rest -2.00 MiB. Control recommend.",
        "Decision, 11-23 13:02:02 UTC: web-1: balloon from 256 MiB to 200 MiB, done. 40.0 MiB came free. The host is short.",
        "Decision, 11-23 13:02:11 UTC: web-1: asks for room, only advised. Nobody has more.",
      ]
    `);
  });

  it("says what is waited for, what cannot be known and why nothing was decided", () => {
    expect(plainPage(known(), "memory", null)[0]).toBe("lab1: memory 1.00 GiB. The server has not answered yet.");
    expect(plainPage(reduce(known(), { type: "memoryFault", reason: "connection refused" }), "memory", null)[0]).toBe("lab1: memory 1.00 GiB. connection refused.");
    expect(told({ settings: null }).at(-1)).toBe("No decision of the controller. The host's daemon cannot be asked.");
    expect(told().at(-1)).toBe("No decision of the controller. None in the last hour: there was nothing to do.");
    expect(plainPage(stateWith([]), "memory", null)).toEqual(["No host is known to the server."]);
  });

  it("names no key of the screen", () => {
    const idle = reduce(known(), { type: "memory", host: MEMORY, vms: [{ ...OF_VM, breakdown: breakdown({ GUEST_USED: 90 }), policy: { ...OF_VM.policy, control: "OFF" } }] });
    const lines = plainPage(idle, "memory", null);
    expect(lines).toContain("Balloons: saves 0.00 MiB; no balloon holds memory: quetzal memory set VM --balloon SIZE sets how much its guest keeps.");
    expect(lines.at(-1)).toBe("No decision of the controller. No VM lets it: quetzal memory set VM --control recommend, or on, lets it.");
  });

  it("tells of the past what is kept, and of the rest that it is not", () => {
    const state = reduce(known(), { type: "memory", host: { ...MEMORY, settings: null }, vms: [{ ...OF_VM, room: null }] });
    const event: Event = { cursor: 5n, time: NOW - 9_000, kind: "MEMORY_DECISION", vmId: "web-1", operationId: null, state: null, actor: null, message: "Balloon of web-1 to 200 MiB: the host is short" };
    const then = plainPage({ ...state, events: [event], past: { ...state.past, at: NOW } }, "memory", null);
    expect(then).toContainEqual(expect.stringContaining("Its target then is not kept."));
    expect(then.at(-1)).toBe("Decision, 11-23 13:02:02 UTC: Balloon of web-1 to 200 MiB: the host is short.");
  });
});

describe("the page of causes in sentences", () => {
  const finding = (kind: string, title: string, ...texts: string[]) => ({ kind, title, evidence: texts.map((text) => ({ text, source: "the balloon driver" })), advice: null, adviceCommand: null, neighbour: null });
  const SLOW: Diagnosis = {
    from: NOW - 600_000, to: NOW, verdict: "SLOW", summary: "", slowFrom: NOW - 90_000, slowTo: NOW, confidence: "HIGH", notKnown: [finding("STEAL", "steal")], ruledOut: [finding("DISK", "disk latency", "2.0 ms (below 20)")],
    causes: [{ ...finding("GUEST_MEMORY", "guest memory", "41 major faults/s (above 10)", "available 4 %."), advice: "Give it more", adviceCommand: "quetzal memory set web-1 --size 512M", neighbour: { id: "hog", label: "hog" } }],
  };
  const asked = (): State => reduce(known(), { type: "whyOpen", vmId: "web-1" });
  const found = (change: Partial<Diagnosis> = {}): string[] => plainPage(reduce(asked(), { type: "whyFound", vmId: "web-1", diagnosis: { ...SLOW, ...change } }), "why", "web-1");

  it("tells each cause with its figures, its neighbour, what to do and where it is from, then the rest", () => {
    expect(found()).toMatchInlineSnapshot(`
      [
        "web-1: was slow from 11-23 13:00:41 to 11-23 13:02:11 UTC. Confidence high. Looked through 11-23 12:52:11 to 11-23 13:02:11 UTC.",
        "Cause 1: guest memory: 41 major faults/s (above 10). available 4 %.",
        "Cause 1, neighbour: hog.",
        "Cause 1, advice: Give it more.",
        "Cause 1, run: quetzal memory set web-1 --size 512M",
        "Cause 1, source: the balloon driver.",
        "Looked at and no cause: disk latency: 2.0 ms (below 20).",
        "Cannot be told: steal: not known.",
      ]
    `);
  });

  it("says that nothing is wrong, that it cannot be told, or why there is no answer", () => {
    expect(found({ verdict: "FINE", causes: [], summary: "All is well", confidence: null })[0]).toMatch(/^web-1: nothing is wrong as far as can be seen\. All is well\. Looked through /);
    expect(found({ verdict: "UNKNOWN", causes: [], summary: "It was off" })[0]).toMatch(/^web-1: it cannot be told\. Confidence high\. It was off\. Looked through /);
    expect(plainPage(reduce(asked(), { type: "whyFault", vmId: "web-1", reason: "The range is too long" }), "why", "web-1")).toEqual(["web-1: The range is too long."]);
    expect(plainPage(asked(), "why", "web-1")[0]).toMatch(/^web-1: the server has not answered yet\. Looked through /);
  });
});
