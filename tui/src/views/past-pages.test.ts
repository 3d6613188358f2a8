// The page of memory and the tabs of parts while the past is looked at: what is kept is shown as it was live, what is not
// says so in a word, and no key there changes anything.
import { describe, expect, it } from "vitest";
import { BINDINGS, availability } from "../keys.js";
import { asOf } from "../store/as-of.js";
import type { MemoryBreakdown } from "../store/memory.js";
import type { DiskSample, Event, HostSample, VmDetail } from "../store/model.js";
import { NO_PAST, THE_PAST } from "../store/past.js";
import type { PastFrame, PastOne } from "../store/past.js";
import { reduce } from "../store/reduce.js";
import type { State, VmTab } from "../store/state.js";
import { NOW, sample, stateWith, vm } from "../store/testing.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const MIB = 1024 ** 2;
const AT = NOW - 60_000;
const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 200, rows: 50 };
const HOST = { id: "lab1", name: "lab1", connected: true, cpuCount: 2, memoryBytes: 1024 * MIB, capabilities: [] } as unknown as State["hosts"][number];
const HOST_SAMPLE = {
  hostId: "lab1", time: AT, cpuCoreRatios: null, memoryTotalBytes: 1024 * MIB, memoryAvailableBytes: 512 * MIB, ksmSavedBytes: 30 * MIB, ksmProfitBytes: 29 * MIB,
  compressedOriginalBytes: 90 * MIB, compressedStoredBytes: 30 * MIB, refaultsPerSecond: 4, diskSpaces: [],
} as unknown as HostSample;
const POLICY = { floorBytes: 128 * MIB, ceilingBytes: 256 * MIB, maxBytes: 256 * MIB, shares: 700, control: "ON" as const, sharingDomain: "lab" };
const CPU_POLICY = { weight: 300, limitPercent: 50, pins: [{ vcpu: 0, cpus: [0, 1] }], emulatorCpus: null, maxVcpus: 2 };
const DECIDED: Event = { cursor: 5n, time: AT - 9_000, kind: "MEMORY_DECISION", vmId: "web-1", operationId: null, state: null, actor: null, message: "Balloon of web-1 to 200 MiB: the host is short." };

function breakdown(...amounts: readonly (readonly [MemoryBreakdown["parts"][number]["kind"], number])[]): MemoryBreakdown {
  const parts = amounts.map(([kind, mib]) => ({ kind, bytes: mib * MIB, description: "", source: "" }));
  return { at: AT, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), source: "", parts, remainderBytes: 0 };
}
const OF_VM = breakdown(["GUEST_USED", 90], ["GUEST_CACHE", 20], ["BALLOONED", 56], ["REPORTED_FREE", 70], ["OVERHEAD", 20]);
const OF_HOST = breakdown(["VMS", 300], ["KERNEL", 100], ["FREE", 624]);

function disk(name: string, figure: number | null): DiskSample {
  return { name, readBytesPerSecond: figure, writeBytesPerSecond: figure, readsPerSecond: figure, writesPerSecond: figure, flushesPerSecond: figure, readLatencySeconds: figure, writeLatencySeconds: figure, flushLatencySeconds: figure, allocatedBytes: figure, capacityBytes: figure };
}
function one(change: Partial<VmDetail> = {}, memory: MemoryBreakdown | null = OF_VM): PastOne {
  return {
    detail: {
      time: AT, cpuUserRatio: 0.4, cpuSystemRatio: 0.1, vcpus: [{ index: 0, ratio: 0.25, stealRatio: 0.05 }], disks: [disk("vda", 2)], nics: [{ name: "net0", rxBytesPerSecond: 4_000, txBytesPerSecond: 5_000, rxPacketsPerSecond: 40, txPacketsPerSecond: 50, dropsPerSecond: 0 }],
      guestUpdatedAt: null, guestCacheBytes: 20 * MIB, guestMajorFaultsPerSecond: 3, guestSwapInBytesPerSecond: 4_096, guestSwapOutBytesPerSecond: 0, pssBytes: 100 * MIB, swapBytes: 7 * MIB, ksmProfitBytes: MIB, qmpAgeMs: null,
      pluggedBytes: 0, vcpusPresent: 1, throttledTimeRatio: 0.125, majorFaultsPerSecond: 2, ...change,
    },
    allDisks: disk("all", 6), memory: { vmId: "web-1", breakdown: memory, room: null, policy: POLICY, compression: { originalBytes: 7 * MIB, storedBytes: 2 * MIB, ratio: 3.5 }, cpuPolicy: CPU_POLICY, decisions: [] },
  };
}
function frame(change: Partial<PastFrame> = {}): PastFrame {
  const shown = [vm({ networkInUse: "tap on br0", verbs: {} }), vm({ id: "off", state: "STOPPED", verbs: {} })];
  return {
    at: AT, clock: AT - 500, stepSeconds: 1, where: "", found: null, vms: new Map(shown.map((each) => [each.id, each])), samples: new Map([["web-1", sample("web-1", AT, { balloonActualBytes: 200 * MIB, rssBytes: 110 * MIB })]]),
    hostSamples: new Map([["lab1", HOST_SAMPLE]]), definitions: new Map(), events: [DECIDED], operations: [],
    memory: { hosts: new Map([["lab1", OF_HOST]]), vms: [{ vmId: "web-1", breakdown: OF_VM, room: null, policy: POLICY }, { vmId: "off", breakdown: null, room: null, policy: { ...POLICY, control: "OFF" } }] }, one: one(), ...change,
  };
}
function then(page: "memory" | "vm", change: Partial<PastFrame> | null = {}, tab: VmTab = "memory"): State {
  const live = reduce({ ...stateWith([vm({}), vm({ id: "off" })], [sample("web-1", NOW)]), hosts: [HOST] }, { type: "open", page });
  const chosen = { ...live, ui: { ...live.ui, selectedVmId: "web-1", tab } };
  return { ...chosen, past: { ...NO_PAST, at: AT, frame: change === null ? null : frame(change) } };
}
const text = (state: State, size = SMALL): string => screen(asOf(state), size, UNICODE).text();

describe("the page of memory of then", () => {
  it("has host, mechanisms, VMs and decisions, says per figure what is unkept, and that it is the past", () => {
    const shown = text(then("memory"));
    expect(shown).toMatch(/^ PAST 2026-11-23 13:01:10 UTC/);
    expect(shown).toMatch(/█ VMs +300M 29% ▌ kernel +100M 10%/);
    expect(shown).toMatch(/KSM +30\.0M +profit 29\.0M; its settings unkept[^]*compression +60\.0M +90\.0M in 30\.0M \(3\.0:1\), 4 refaults\/s; its settings unkept[^]*balloons +56\.0M +taken from one VM[^]*controller +VMs: 1 on, 0 recommend, 1 off; its own settings unkept/);
    expect(shown).toMatch(/● web-1 +[█▆▂░▌]+ +130M +126M unkept +236M +on/);
    expect(shown).toMatch(/◌ off +stopped/);
    expect(shown).toMatch(/13:01:02 web-1 +Balloon of web-1 to 200 MiB: the host is short\./);
    expect(shown).not.toMatch(/now alone|asking|quetzal memory/i);
  });

  it("says what it waits for, what was not measured and what is not kept", () => {
    expect(text(then("memory", null))).toMatch(/asking the server/i);
    expect(text(then("memory", { memory: null, one: null }))).toMatch(/memory of lab1[^]*asking the server[^]*● web-1 +asking/);
    expect(text(then("memory", { memory: { hosts: new Map([["lab1", null]]), vms: frame().memory?.vms ?? [] } }))).toMatch(/memory of lab1[^\n]*\n +unkept/);
    expect(text(then("memory", { hostSamples: new Map(), samples: new Map(), one: null, memory: { hosts: new Map([["lab1", null]]), vms: [{ vmId: "web-1", breakdown: null, room: null, policy: POLICY }] } }))).toMatch(/not measured: no sample came[^]*● web-1 +not measured/);
    expect(text(then("memory", { events: [] }))).toContain("None among the last 0 events up to then.");
  });
});

describe("the page of hosts of then", () => {
  const since = (connectedSince: number, change: Partial<PastFrame> = {}): string => {
    const state = then("memory", change);
    const hosts = state.hosts.map((host) => ({ ...host, connectedSince, bootedAt: NOW - 3_600_000, cpuModel: "", kernel: "", qemuVersion: "", daemonVersion: "" }));
    return text(reduce({ ...state, hosts }, { type: "open", page: "hosts" }));
  };

  it("tells since when it was connected only where that was before", () => {
    expect(since(AT - 120_000)).toMatch(/link +connected for 2m 0s, up 59m 0s/);
    expect(since(NOW - 1_000)).toMatch(/link +connected, up/);
  });

  it("calls no host connected of which nothing was measured", () => {
    expect(since(AT - 120_000, { hostSamples: new Map() })).toMatch(/link +not measured: no sample came/);
  });
});

describe("the tabs of a VM of then", () => {
  it("tell of memory where it was, targets as unkept, policy, decision and every figure, ages as unkept", () => {
    const shown = text(then("vm"), LARGE);
    expect(shown).toMatch(/its memory, 256M with QEMU's/);
    expect(shown).toMatch(/b balloon target unkept {2}actual +200M[^]*B size +target unkept {2}actual +256M[^]*A control on +floor 128M/);
    expect(shown).toMatch(/13:01:02 Balloon of web-1/);
    expect(shown).toMatch(/balloon actual +200M +78% +unkept +QEMU[^]*fair share +100M[^]*swapped out +7\.00M[^]*guest's cache +20\.0M +8% +unkept[^]*guest swap in +4\.1\dk\/s +unkept[^]*major faults\/s +3\.00 +unkept/);
    expect(text(then("vm"))).toMatch(/decided 13:01:02 Balloon of web-1/);
    expect(text(then("vm", { one: one({}, null) }))).toMatch(/its memory[^\n]*\n +unkept/);
    expect(text(then("vm", { one: null }))).toMatch(/its memory[^\n]*\n +asking the server/);
  });

  it("tell of each vCPU what it did, and of several that each is unkept where it was not kept yet", () => {
    const shown = text(then("vm", {}, "cpu"));
    expect(shown).toMatch(/QEMU: user 40\.0 system 10\.0[^]*present 1 +target unkept[^]*policy weight 300 +limit 50% of a core[^]*quota +throttled 12\.5% of a core[^]*\n +0 +25\.0 +5\.0 .* 0-1/);
    const vcpus = [0, 1].map((index) => ({ index, ratio: null, stealRatio: null }));
    const each = [0.5, 0.125].map((ratio, index) => ({ index, ratio, stealRatio: 0.25 }));
    expect(text(then("vm", { one: one({ vcpus: each, vcpusPresent: 2 }) }, "cpu"))).toMatch(/\n +0 +50\.0 +25\.0 .* 0-1[^]*\n +1 +12\.5 +25\.0 .* any/);
    expect(text(then("vm", { one: one({ vcpus, vcpusPresent: 2 }) }, "cpu"))).toMatch(/\n +0 +unkept +unkept .* 0-1[^]*\n +1 +unkept +unkept .* any/);
  });

  it("tell of an only disk what it did, and of several what they did together", () => {
    expect(text(then("vm", {}, "disks"))).toMatch(/\n vda +2 +2 +2\.00 +2\.00 +2\.00 +2\.0s +2\.0s +2\.0s +2 +2 *\n/);
    const shown = text(then("vm", { one: one({ disks: [disk("vda", null), disk("vdb", null)] }) }, "disks"));
    expect(shown).toMatch(/\n all +6 [^\n]*\n vda +(unkept +){8}– +– *\n vdb +(unkept +){8}– +– *\n/);
  });

  it("tell of the card what went through it, and of user networking why nothing is known", () => {
    expect(text(then("vm", {}, "net"))).toMatch(/net0 +4\.00k\/s +5\.00k\/s +40 +50 +0/);
    expect(text(then("vm", { vms: new Map([["web-1", vm({ networkInUse: "user" })]]), one: one({ nics: [] }) }, "net"))).toContain("no counters on the host");
  });

  it.each(["cpu", "memory", "disks", "net"] as const)("%s: refuse every key that changes something, with the reason", (tab) => {
    const state = asOf(then("vm", {}, tab));
    const changing = BINDINGS.filter(({ keys }) => keys.some((key) => ["b", "B", "#", "z", "A", "s", "S", "E", "d", "K", "L"].includes(key)));
    expect(changing.length).toBeGreaterThan(8);
    for (const binding of changing) expect(availability(state, binding), binding.label).toEqual({ allowed: false, reason: THE_PAST });
  });
});
