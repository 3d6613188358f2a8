// `quetzal memory` and `quetzal cpu`, run as a person runs them, against a server whose answers are scripted.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import type { Ran } from "../support/client-bundle.js";
import { eventually } from "../support/process.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const MIB = 1_048_576;
const TIME = "2026-01-01T00:00:00.000Z";
const RANGE = "The balloon target of web-1 is out of range: 64 MiB; give 128 to 256 MiB.";
const asked: { name: string; input: Record<string, unknown> }[] = [];
let decided: () => void = () => undefined;

const PAGE = { hasNextPage: false, hasPreviousPage: false };
const sample = {
  vmId: "web-1", time: TIME, memoryConfiguredBytes: 256 * MIB, guestTotalBytes: 240 * MIB, guestAvailableBytes: 120 * MIB, balloonActualBytes: 192 * MIB, pluggedBytes: 0, throttledRatio: 0.5, throttledTimeRatio: 0.125, vcpusPresent: 2,
  cpuRatio: 0.5, stealRatio: 0.01, vcpus: [{ index: 0, ratio: 0.4, stealRatio: 0.01 }, { index: 1, ratio: 0.1, stealRatio: 0.01 }],
  guestRam: { sizeBytes: 256 * MIB, residentBytes: 190 * MIB, sharedBytes: 40 * MIB, swappedBytes: 20 * MIB, overheadBytes: 30 * MIB }, disks: [], nics: [],
};
const breakdown = {
  at: TIME, totalBytes: 256 * MIB, source: "smaps", remainderBytes: String(-2 * MIB),
  parts: [{ kind: "GUEST_USED", bytes: 128 * MIB, description: "Used.", source: "guest" }, { kind: "BALLOONED", bytes: 130 * MIB, description: "Taken.", source: "QEMU" }],
};
const decision = (vmId: string, time = TIME): object => ({
  time, vmId, action: "BALLOON", fromBytes: 256 * MIB, toBytes: 192 * MIB, reason: "The host has 900 MiB available.", carriedOut: true, state: "SOFT", hostAvailableBytes: 900 * MIB, guestAvailableBytes: null, guestTotalBytes: null, effectBytes: String(60 * MIB),
});
const vm = (id: string): object => ({
  id, name: id, generation: "1", state: id === "db" ? "STOPPED" : "RUNNING", vcpus: 1, memoryBytes: 256 * MIB, host: { id: "h", name: "lab1", cpuCount: 4 }, latest: id === "db" ? null : sample,
  room: id === "db" ? null : { balloonTargetBytes: 192 * MIB, balloonFloorBytes: 128 * MIB, memoryTargetBytes: 256 * MIB, memoryMaxBytes: 1_280 * MIB, vcpusTarget: 2, vcpusMax: 4 },
  memoryPolicy: { floorBytes: 128 * MIB, ceilingBytes: 1_280 * MIB, maxBytes: 1_280 * MIB, shares: 1_000, control: "RECOMMEND", sharingDomain: "default" },
  cpuPolicy: { weight: 200, limitPercent: 150, pins: [{ vcpu: 0, cpus: [0, 1, 3] }], emulatorCpus: [0], maxVcpus: 4 },
  memoryBreakdown: id === "db" ? null : breakdown, memoryDecisions: [decision(id, "2026-01-01T00:00:10.000Z"), decision(id)],
});
const memory = {
  state: "SOFT", thresholds: { highBytes: 600 * MIB, softBytes: 400 * MIB, hardBytes: 200 * MIB, lowBytes: 100 * MIB },
  ksm: { mode: "TUNED", cpuBudgetPercent: 5, activeDomain: "default", reason: "Domain b waits.", pagesPerScan: 100, sleepMs: 20, cpuUsedRatio: 0.015 },
  compression: { mode: "ZRAM", sizeBytes: 2_048 * MIB, algorithm: "zstd" }, controller: { enabled: true, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 },
};
const host = { id: "h", name: "lab1", memory, memoryBreakdown: breakdown, memoryDecisions: [decision("web-2"), decision("web-1", "2025-12-31T00:00:00.000Z")], latest: null };

/** Accepts, but a balloon below its floor. */
function verb(name: string) {
  return (_: unknown, { input }: { input: Record<string, unknown> }): object => {
    asked.push({ name, input: { ...input } });
    const id = String(input["id"]);
    if (name === "setVmBalloon" && Number(input["targetBytes"]) < 128 * MIB) return { __typename: "InvalidInput", message: RANGE, field: "targetBytes" };
    if (id === "db" && name !== "setVmMemoryPolicy") return { __typename: "InvalidVmState", message: "db is stopped; start it first.", state: "STOPPED" };
    const operation = { id: `${name}-${id}`, kind: "SET_VM_BALLOON", vmId: id, state: "RUNNING", cancellable: false, requestedBy: "local", startedAt: TIME };
    return { __typename: "VmOperationAccepted", vm: vm(id), effect: `Does ${name} to ${id}.`, operation: input["dryRun"] === true ? null : operation };
  };
}
const VERBS = ["setVmBalloon", "resizeVmMemory", "pageOutVm", "setVmMemoryPolicy", "setVmVcpus", "setVmCpuPolicy"];
const script = {
  Query: {
    vms: (_: unknown, { filter }: { filter?: { search?: string | null } | null }) => ({ nodes: ["db", "web-1"].filter((id) => id.includes(filter?.search ?? "")).map(vm), edges: [], pageInfo: PAGE, totalCount: 2 }),
    vm: (_: unknown, { id }: { id: string }) => (id === "none" ? null : vm(id)),
    hosts: () => [host],
    host: () => host,
    howManyFit: (_: unknown, { input }: { input: Record<string, unknown> }) => {
      asked.push({ name: "howManyFit", input: { ...input } });
      return { count: 12, limitedBy: "MEMORY", perVmBytes: 64 * MIB, basis: ["Each takes 64 MiB.", "Room for 12."] };
    },
  },
  Mutation: {
    ...Object.fromEntries(VERBS.map((name) => [name, verb(name)])),
    undoMemoryDecision: (_: unknown, { input }: { input: Record<string, unknown> }) => {
      const { vmId, dryRun, at } = input;
      asked.push({ name: "undoMemoryDecision", input: { vmId, dryRun, at: at instanceof Date ? at.toISOString() : at } });
      if (vmId === "db") return { __typename: "NotUndoable", message: "It was not carried out; there is nothing to undo." };
      const operation = { id: "undo-1", kind: "SET_VM_BALLOON", vmId, state: "RUNNING", cancellable: false, requestedBy: "local", startedAt: TIME };
      return { __typename: "VmOperationAccepted", vm: vm(String(vmId)), effect: "Gives 64 MiB back; it may take it again.", operation: dryRun === true ? null : operation };
    },
    undoHostMemory: (_: unknown, { input }: { input: { dryRun: boolean } }) => {
      asked.push({ name: "undoHostMemory", input: { dryRun: input.dryRun } });
      return { __typename: "SetHostMemorySuccess", host, memory, effect: "On lab1: leaves page sharing as the host had it." };
    },
    setHostMemory: (_: unknown, { input }: { input: Record<string, unknown> }) => {
      asked.push({ name: "setHostMemory", input: JSON.parse(JSON.stringify(input)) as Record<string, unknown> });
      if (JSON.stringify(input).includes("UNMERGED")) return { __typename: "InsufficientResources", message: "Unmerging needs 2.0 GiB and 1.1 GiB are available.", field: null };
      return { __typename: "SetHostMemorySuccess", host, memory, effect: "On lab1: shares like pages." };
    },
  },
  Subscription: {
    operation: { subscribe: async function* (_: unknown, { id }: { id: string }) { await Promise.resolve(); yield { operation: { id, kind: "SET_VM_BALLOON", vmId: "web-1", state: "SUCCEEDED", cancellable: false, requestedBy: "local", startedAt: TIME, endedAt: TIME } }; } },
    memoryDecided: { subscribe: async function* () { await new Promise<void>((resolve) => (decided = resolve)); yield { memoryDecided: decision("web-9") }; await new Promise(() => undefined); } },
  },
};

const bundle = new ClientBundle();
let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start(script);
});
beforeEach(() => void asked.splice(0));
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
const quetzal = (...args: readonly string[]): Promise<Ran> => bundle.run(args, server.environment);
const calls = (): string[] => asked.map(({ name }) => name);

describe("quetzal memory", { timeout: 60_000 }, () => {
  it("lists what each may have, has, and takes", async () => {
    const { out } = await quetzal("memory", "ls");
    expect(out).toMatch(/ID +SIZE +HAS +TARGET +FLOOR +AVAILABLE +RESIDENT +SHARED +SWAPPED +CONTROL/);
    expect(out).toMatch(/web-1 +256M +192M +192M +128M +120M +190M +40\.0M +20\.0M +recommend/);
    expect(out).toMatch(/db +256M +– +– +128M/);
    expect((await quetzal("memory", "ls", "-o", "csv", "--columns", "id,resident", "--sort", "-resident")).out).toBe(`id,resident\nweb-1,${190 * MIB}\ndb,\n`);
  });

  it("shows one part by part, with the remainder", async () => {
    const { out } = await quetzal("memory", "show", "web-1");
    expect(out).toMatch(/Balloon +leaves 192M, asked for 192M, not below 128M/);
    expect(out).toMatch(/guest used +128M +50\.0 +[█#]{6}[░.]{6} +Used\./);
    expect(out).toMatch(/remainder +-2\.00M/);
    expect(out).toMatch(/total +256M +100 /);
    expect(JSON.parse((await quetzal("memory", "show", "web-1", "-o", "json")).out)).toMatchObject({ id: "web-1", memoryBreakdown: { parts: [{ kind: "GUEST_USED" }, { kind: "BALLOONED" }] } });
    expect((await quetzal("memory", "show", "db")).out).not.toContain("PART");
    expect((await quetzal("memory", "show", "none")).code).toBe(3);
  });

  it("sets targets and policy in an order that can be, each once the one before is done", async () => {
    const { code, out } = await quetzal("memory", "set", "web-1", "--balloon", "192M", "--size", "1.5G", "--floor", "default", "--control", "on", "--shares", "500", "--wait");
    expect({ code, out: out.trim() }).toEqual({ code: 0, out: "web-1: set memory done" });
    expect(asked).toEqual([
      { name: "setVmMemoryPolicy", input: { id: "web-1", dryRun: false, floorBytes: null, shares: 500, control: "ON" } },
      { name: "resizeVmMemory", input: { id: "web-1", dryRun: false, targetBytes: 1_536 * MIB } },
      { name: "setVmBalloon", input: { id: "web-1", dryRun: false, targetBytes: 192 * MIB } },
    ]);
  });

  it("says what it would do, and does nothing", async () => {
    const { out } = await quetzal("memory", "set", "web-1", "--balloon", "192M", "--size", "512M", "--dry-run");
    expect(out.trim()).toBe("web-1: set memory would be accepted (dry run: nothing was done). Does resizeVmMemory to web-1. Does setVmBalloon to web-1.");
    expect(asked.every(({ input }) => input["dryRun"] === true)).toBe(true);
  });

  it("plans for several, and sums up what was done and what cannot be", async () => {
    const { code, err, out } = await quetzal("memory", "page-out", "--all", "--size", "64M");
    expect(code).toBe(7);
    expect(out).toContain("web-1: page out accepted");
    expect(err).toContain("db: cannot page out: db is stopped; start it first.");
    expect(asked.at(-1)).toEqual({ name: "pageOutVm", input: { id: "web-1", dryRun: false, bytes: 64 * MIB } });
  });

  it.each([
    [["memory", "set", "web-1", "--balloon", "64M"], 2, RANGE], [["memory", "set", "db", "--size", "1G"], 4, "start it first"], [["memory", "set", "web-1"], 2, "Nothing to set"],
    [["memory", "set", "web-1", "--balloon", "-64M"], 2, "Give a size such as 512M"], [["memory", "set", "web-1", "--balloon", "lots"], 2, "Give a size such as 512M"],
    [["memory", "set", "web-1", "--control", "maybe"], 2, "off, recommend, on, default"], [["memory", "host", "--ksm", "unmerged"], 4, "Unmerging needs 2.0 GiB"],
    [["memory", "host", "--budget", "much"], 2, "Give a percentage"], [["memory", "host", "--dry-run"], 2, "--dry-run goes with what to set"], [["memory", "host", "lab9"], 3, "There is no host"],
    [["cpu", "set", "web-1"], 2, "Nothing to set"], [["cpu", "set", "web-1", "--pin", "0"], 2, "Give a vCPU and its CPUs"], [["cpu", "set", "web-1", "--pin", "0=3-1"], 2, "Give CPUs of the host"],
    [["cpu", "set", "web-1", "--vcpus", "0"], 2, "whole number from 1"], [["cpu", "set", "web-1", "--limit", "fast"], 2, "Give a percentage"],
  ] as const)("%j fails with %i: %s", async (args, code, words) => {
    const ran = await quetzal(...args);
    expect({ code: ran.code, err: ran.err }).toEqual({ code, err: expect.stringContaining(words) as string });
  });

  it("shows a host, and sets of it what is said", async () => {
    const { out } = await quetzal("memory", "host");
    expect(out).toMatch(/State +soft; high above 600M available/);
    expect(out).toMatch(/Sharing +tuned, domain default, budget 5 % of a core, 1\.5 % used\. Domain b waits\./);
    expect(out).toMatch(/Compression +zram, 2\.00G, zstd/);
    const set = await quetzal("memory", "host", "lab1", "--ksm", "tuned", "--budget", "5%", "--compression", "zram", "--size", "2G", "--control", "off", "--high", "8%", "--soft", "5.5", "--dry-run");
    expect(set.out.trim()).toBe("lab1: would be set (dry run: nothing was done). On lab1: shares like pages.");
    expect(asked).toEqual([{ name: "setHostMemory", input: { hostId: "h", dryRun: true, ksm: { mode: "TUNED", cpuBudgetPercent: 5 }, compression: { mode: "ZRAM", sizeBytes: 2_048 * MIB }, controller: { enabled: false, highPercent: 8, softPercent: 5.5 } } }]);
  });

  it("takes back what was set of a host, and says how when it sets", async () => {
    expect((await quetzal("memory", "host", "--ksm", "tuned")).out).toBe("lab1: set. On lab1: shares like pages. 'quetzal memory host lab1 --undo' takes it back.\n");
    expect((await quetzal("memory", "host", "lab1", "--undo", "--dry-run")).out).toBe("lab1: would be set (dry run: nothing was done). On lab1: leaves page sharing as the host had it.\n");
    expect((await quetzal("memory", "host", "--undo")).out).toBe("lab1: set. On lab1: leaves page sharing as the host had it.\n");
    expect(asked.slice(1)).toEqual([true, false].map((dryRun) => ({ name: "undoHostMemory", input: { dryRun } })));
    expect(await quetzal("memory", "host", "--undo", "--ksm", "tuned")).toMatchObject({ code: 2, err: expect.stringContaining("give it without what to set") as string });
  });

  it("tells how many fit, and why", async () => {
    const { out } = await quetzal("memory", "fit", "--memory", "512M", "--feature", "tps", "--host", "lab1");
    expect(out).toBe("12 more would fit at 64.0M each; memory runs out first.\n  Each takes 64 MiB.\n  Room for 12.\n");
    expect(asked[0]?.input).toMatchObject({ memoryBytes: 512 * MIB, features: ["tps"], hostId: "h", like: null });
    expect((await quetzal("memory", "fit", "--like", "web-1", "-o", "name")).out).toBe("12\n");
  });

  it("lists decisions oldest first, and follows what comes", async () => {
    const { out } = await quetzal("memory", "decisions", "--no-headers");
    expect(out.split("\n").map((line) => line.split(/ +/)[2])).toEqual(["web-1", "web-2", undefined]);
    expect(out).toMatch(/web-1 +balloon +256M → 192M +yes +60\.0M +soft +The host has 900 MiB available\./);
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, "memory", "decisions", "web-1", "--follow", "-o", "name"], { env: { ...server.environment, TERM: "xterm-256color" }, columns: 100 });
    await eventually("the new one is shown", () => {
      decided();
      return terminal.screen().includes("web-9");
    });
  });
});

describe("quetzal memory undo", { timeout: 60_000 }, () => {
  it("takes the newest back, says what the controller may do then, and tries only where that is asked", async () => {
    expect((await quetzal("memory", "undo", "web-1", "--dry-run")).out).toBe("web-1: Gives 64 MiB back; it may take it again. (dry run: nothing was done)\n");
    expect((await quetzal("memory", "undo", "web-1")).out).toBe("web-1: Gives 64 MiB back; it may take it again. (operation undo-1)\n");
    expect(asked.map(({ input }) => input)).toEqual([{ vmId: "web-1", dryRun: true, at: null }, { vmId: "web-1", dryRun: false, at: null }]);
  });

  it("takes one of a time back, as it is listed or as JSON has it", async () => {
    for (const at of ["2026-01-01 00:00:10", "2026-01-01T00:00:10.000Z"]) await quetzal("memory", "undo", "web-1", "--at", at);
    expect(asked.map(({ input }) => input["at"])).toEqual(["2026-01-01T00:00:10.000Z", "2026-01-01T00:00:10.000Z"]);
  });

  it.each([
    [["memory", "undo", "web-1", "--at", "2026-01-02 00:00:00"], 3, "decided nothing about web-1"], [["memory", "undo", "web-1", "--at", "yesterday"], 2, "Give an instant such as"], [["memory", "undo", "web-1", "--at", "10m"], 2, "Give the time as it is listed"], [["memory", "undo", "db"], 4, "It was not carried out"],
  ] as const)("%j fails with %i: %s", async (args, code, words) => {
    const ran = await quetzal(...args);
    expect({ code: ran.code, err: ran.err }).toEqual({ code, err: expect.stringContaining(words) as string });
  });
});

describe("quetzal cpu", { timeout: 60_000 }, () => {
  it("lists and shows vCPUs with what they wait and where they may run", async () => {
    expect((await quetzal("cpu", "ls")).out).toMatch(/web-1 +2 +4 +50\.0 +1\.0 +12\.5 +200 +150% +0=0-1,3/);
    const { out } = await quetzal("cpu", "show", "web-1");
    expect(out).toMatch(/vCPUs +2, up to 4 without a restart; QEMU has 2, boots with 1/);
    expect(out).toMatch(/0 +40\.0 +1\.0 +0-1,3/);
    expect(out).toMatch(/1 +10\.0 +1\.0 +any/);
    expect(out).toMatch(/^Throttled +12\.5 % of a core's time, in 50\.0 % of the limit's periods; Linux counts it for the VM as a whole, not for each vCPU\n/m);
    expect(out).toMatch(/RUN% +STEAL% +ON\n[^]*Steal is a vCPU's run delay: ready to run, and no CPU for it; what the limit stopped is left out\.\n$/);
  });

  it("sets vCPUs after the policy that they are pinned by", async () => {
    const { code } = await quetzal("cpu", "set", "web-1", "--vcpus", "2", "--weight", "200", "--limit", "150%", "--pin", "0=0-1", "--pin", "1=1", "--emulator", "0", "--wait");
    expect(code).toBe(0);
    expect(asked).toEqual([
      { name: "setVmCpuPolicy", input: { id: "web-1", dryRun: false, weight: 200, limitPercent: 150, pins: [{ vcpu: 0, cpus: [0, 1] }, { vcpu: 1, cpus: [1] }], emulatorCpus: [0] } },
      { name: "setVmVcpus", input: { id: "web-1", dryRun: false, count: 2 } },
    ]);
    await quetzal("cpu", "set", "web-1", "--weight", "default", "--limit", "none", "--pin", "none", "--emulator", "any");
    expect(asked.at(-1)?.input).toEqual({ id: "web-1", dryRun: false, weight: null, limitPercent: null, pins: null, emulatorCpus: null });
    expect(calls()).toHaveLength(3);
  });
});
