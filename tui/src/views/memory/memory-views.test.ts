// The memory page and the tabs of a VM's memory and CPU: bars that add up, and an empty part that says why.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostMemory, HostMemorySettings, MemoryBreakdown, MemoryDecision, MemoryPartKind, VmMemoryDetail } from "../../store/memory.js";
import type { Host, HostSample } from "../../store/model.js";
import { reduce } from "../../store/reduce.js";
import type { State, VmTab } from "../../store/state.js";
import { NOW, sample, stateWith, vm } from "../../store/testing.js";
import { cpuList } from "../vm-cpu.js";
import { screen } from "../screen.js";
import { ASCII, UNICODE } from "../theme.js";
import { partLook } from "./parts.js";
import { cellsOfShares, stackedBar } from "./stack.js";

const MIB = 1024 ** 2;
const SIZES = [{ columns: 80, rows: 24 }, { columns: 120, rows: 40 }, { columns: 200, rows: 50 }];

function text(state: State, size = SIZES[0] as (typeof SIZES)[number], theme = UNICODE): string {
  const frame = screen(reduce(state, { type: "sized", bodyRows: size.rows - 4, columns: size.columns }), size, theme);
  return Array.from({ length: size.rows }, (_, y) => frame.line(y)).join("\n");
}

function breakdown(parts: Partial<Record<MemoryPartKind, number>>, remainderMib = 0): MemoryBreakdown {
  const shown = Object.entries(parts).map(([kind, mib]) => ({ kind: kind as MemoryPartKind, bytes: mib * MIB, description: `What ${kind} is.`, source: "a file" }));
  const totalBytes = shown.reduce((sum, { bytes }) => sum + bytes, 0) + remainderMib * MIB;
  return { at: NOW - 3_000, totalBytes, source: "meminfo", parts: shown, remainderBytes: remainderMib * MIB };
}

const SETTINGS: HostMemorySettings = {
  ksm: { mode: "UNTOUCHED", cpuBudgetPercent: 5, activeDomain: null, reason: "", pagesPerScan: 100, sleepMs: 20, cpuUsedRatio: null },
  compression: { mode: "UNTOUCHED", sizeBytes: 0, algorithm: "" }, controller: { enabled: false, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 }, state: "HIGH",
  thresholds: { highBytes: 1438 * MIB, softBytes: 958 * MIB, hardBytes: 479 * MIB, lowBytes: 240 * MIB },
};
const HOST: Host = {
  id: "lab1", name: "lab1", connected: true, connectionError: null, connectedSince: NOW, bootedAt: null, cpuModel: "A CPU", cpuCount: 2, memoryBytes: 1024 * MIB, daemonVersion: "0", qemuVersion: "7.2", kernel: "6.1", capabilities: [],
};
const HOST_SAMPLE = { hostId: "lab1", time: NOW, memoryTotalBytes: 1024 * MIB, memoryAvailableBytes: 512 * MIB, swapTotalBytes: 0, swapUsedBytes: 0, refaultsPerSecond: 3, ksmSavedBytes: 0, ksmProfitBytes: -3 * MIB, compressedOriginalBytes: null, compressedStoredBytes: null, diskSpaces: [] } as unknown as HostSample;
const DECISION: MemoryDecision = { time: NOW - 9_000, vmId: "web-1", action: "BALLOON", fromBytes: 256 * MIB, toBytes: 200 * MIB, reason: "The host is short and this guest idle.", carriedOut: true, effectBytes: -1 * MIB };

function hostState(change: Partial<HostMemory> = {}, host: Partial<Host> = {}): State {
  const known = reduce(stateWith([vm({})], [sample("web-1", NOW)]), { type: "welcomed", role: "ADMIN", clockSkewMs: 0, databaseConnected: true, hosts: [{ ...HOST, ...host }], hostSamples: [HOST_SAMPLE] });
  const memory: HostMemory = { hostId: "lab1", settings: SETTINGS, breakdown: breakdown({ VMS: 300, KERNEL: 100, FREE: 600 }, 24), decisions: [], ...change };
  return reduce(reduce(known, { type: "memory", host: memory, vms: [detail()] }), { type: "open", page: "memory" });
}

function detail(change: Partial<VmMemoryDetail> = {}): VmMemoryDetail {
  return {
    vmId: "web-1", breakdown: breakdown({ GUEST_USED: 90, GUEST_CACHE: 20, BALLOONED: 56, REPORTED_FREE: 70, OVERHEAD: 20 }),
    room: { balloonTargetBytes: 200 * MIB, balloonFloorBytes: 128 * MIB, memoryTargetBytes: 256 * MIB, memoryMaxBytes: 256 * MIB, vcpusTarget: 1, vcpusMax: 2 },
    policy: { floorBytes: 128 * MIB, ceilingBytes: 256 * MIB, maxBytes: 256 * MIB, shares: 700, control: "OFF", sharingDomain: "lab" },
    compression: null, cpuPolicy: { weight: 300, limitPercent: 50, pins: [{ vcpu: 0, cpus: [1, 0, 4] }], emulatorCpus: [0, 1, 2, 5], maxVcpus: 2 }, decisions: [], ...change,
  };
}
function vmState(tab: VmTab, change: Partial<VmMemoryDetail> = {}): State {
  const opened = reduce(reduce(hostState(), { type: "back" }), { type: "enter" });
  return reduce(reduce(opened, { type: "tab", tab }), { type: "vmMemory", detail: detail(change) });
}

describe("a stacked bar", () => {
  it("has exactly its cells, and each part within one cell of its share", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.integer({ min: -5, max: 1_000_000 }), { minLength: 1, maxLength: 12 }), (cells, amounts) => {
      const total = amounts.reduce((sum, amount) => sum + Math.max(0, amount), 0);
      const counts = cellsOfShares(cells, amounts);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total === 0 ? 0 : cells);
      counts.forEach((count, index) => expect(Math.abs(count - (total === 0 ? 0 : (Math.max(0, amounts[index] ?? 0) / total) * cells))).toBeLessThan(1));
    }));
  });

  it("leaves out room to grow, and shows what no part explains", () => {
    const bar = stackedBar(ASCII, 10, breakdown({ GUEST_USED: 5, UNPLUGGED: 1_000 }, 5)).map(([part]) => part).join("");
    expect(bar).toBe("#####?????");
  });

  it.each([UNICODE, ASCII])("tells its parts apart without colour in $kind", (theme) => {
    const signs = (kinds: readonly MemoryPartKind[]): string[] => kinds.map((kind) => partLook(theme, kind).sign);
    for (const kinds of [["GUEST_USED", "GUEST_CACHE", "GUEST_FREE", "SHARED", "COMPRESSED", "SWAPPED", "BALLOONED", "REPORTED_FREE", "UNPLUGGED", "OVERHEAD"], ["VMS", "SHARED", "COMPRESSED", "PAGE_CACHE", "KERNEL", "OTHER", "FREE"]] as const) {
      expect(new Set(signs(kinds)).size).toBe(kinds.length);
    }
  });
});

describe("the memory page", () => {
  it("has the host's parts with bytes and shares, the rest among them", () => {
    const shown = text(hostState());
    expect(shown).toMatch(/memory of lab1, 1\.00G .*HIGH, enough: nothing is taken .* as of 3\.0s/);
    expect(shown).toMatch(/█ VMs +300M 29% .*▌ kernel +100M 10% .*░ free +600M 59% .*\? rest +24\.0M +2%/);
  });

  it("says of what saves nothing why, and what turns it on", () => {
    const shown = text(hostState());
    expect(shown).toMatch(/KSM +0 +off, set by the host: quetzal memory host --ksm tuned;/);
    expect(text(hostState({}, { capabilities: [{ name: "ksm", available: true, reason: "running", mend: null }] }))).toContain("on, set by the host: ");
    expect(shown).toMatch(/compression +– +no swap device: quetzal memory host --compression zram/);
    expect(shown).toMatch(/controller +off: quetzal memory host --control on; VMs: 0 on, /);
    expect(shown).toContain("The controller is off. To turn it on: quetzal memory host --control on");
    expect(text(hostState({}, { capabilities: [{ name: "ksm", available: false, reason: "the kernel has no KSM", mend: null }] }), { columns: 200, rows: 50 })).toContain("not here: the kernel has no KSM");
    expect(text(hostState({ settings: null }))).toContain("The host's daemon cannot be asked.");
    expect(text(hostState({ settings: { ...SETTINGS, controller: { enabled: true, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 } } }))).toContain("No VM lets it: A on a VM makes it recommend, or on.");
  });

  it("says what it is waiting for, or why there is no answer", () => {
    const asking = reduce(reduce(hostState(), { type: "memory", host: null, vms: [] }), { type: "tick", now: NOW });
    expect(text(asking)).toMatch(/Asking the server\.[^]*KSM +– +asking the server/);
    expect(text(reduce(asking, { type: "memoryFault", reason: "connection refused" }))).toContain("▲ connection refused");
    expect(text(hostState({ breakdown: null }))).toContain("The host has not told its figures yet.");
  });

  it("tells each decision with what came of it, and the newest reason in full", () => {
    const told = text(hostState({ decisions: [DECISION, { ...DECISION, action: "PAGE_OUT", carriedOut: false, effectBytes: null }] }));
    expect(told).toMatch(/13:02:02 web-1 +balloon 256M to 200M +done +-1\.00M *\n +The host is short and this guest idle\. *\n 13:02:02 web-1 +page out 200M +advised/);
  });
});

describe("the memory tab of a VM", () => {
  it("has its parts, targets against what there is, the policy and the last decision on the smallest screen", () => {
    const shown = text(vmState("memory", { decisions: [DECISION] }));
    expect(shown).toMatch(/█ used +90\.0M 35% ▆ cache +20\.0M +8% ▂ balloon +56\.0M 22%/);
    expect(shown).toMatch(/b balloon target +200M +actual +– +from 128M[^]*B size +target +256M +actual +256M +no room: feature hotplug[^]*A control off +floor 128M +ceiling 256M +shares 700 +domain lab/);
    expect(shown).toMatch(/decided 13:02:02 balloon 256M to 200M, done: The host is short/);
  });

  it("scrolls the figures that have no room, and says how many more there are", () => {
    const state = vmState("memory");
    expect(text(state)).toMatch(/figures: .* [3-6] more ↓ PgDn/);
    const down = reduce(reduce(state, { type: "sized", bodyRows: 20, columns: 80 }), { type: "move", by: 10 });
    expect(text(down)).toMatch(/major faults\/s/);
  });

  it.each(SIZES)("keeps every figure at $columns x $rows, by scrolling or beside", (size) => {
    const top = text(vmState("memory"), size);
    const bottom = text(reduce(reduce(vmState("memory"), { type: "sized", bodyRows: size.rows - 4, columns: size.columns }), { type: "move", by: 10 }), size);
    for (const name of ["configured", "balloon actual", "plugged in", "host resident", "guest's cache", "major faults/s"]) expect(top + bottom).toContain(name);
  });

  it("says of a stopped VM that it takes none", () => {
    const stopped = reduce(vmState("memory", { breakdown: null, room: null }), { type: "vmChanged", id: "web-1", vm: vm({ state: "STOPPED", generation: 2n }), sample: null });
    expect(text(stopped)).toMatch(/stopped: it takes no memory \(s starts it\)[^]*b balloon not running: nothing is asked for/);
  });
});

describe("the cpu tab of a VM", () => {
  const withDetail = reduce(vmState("cpu"), {
    type: "detail", vmId: "web-1",
    detail: {
      time: NOW, cpuUserRatio: 0.1, cpuSystemRatio: 0.1, vcpus: [{ index: 0, ratio: 0.4, stealRatio: 0.02 }], disks: [], nics: [], guestUpdatedAt: null, guestCacheBytes: null, guestMajorFaultsPerSecond: null,
      guestSwapInBytesPerSecond: null, guestSwapOutBytesPerSecond: null, pssBytes: null, swapBytes: null, ksmProfitBytes: null, qmpAgeMs: 1, pluggedBytes: null, vcpusPresent: 1, throttledTimeRatio: 0.125, majorFaultsPerSecond: 2,
    },
  });

  it("has present and possible vCPUs, the policy, throttling, and the CPUs each is kept to", () => {
    const shown = text(withDetail);
    expect(shown).toMatch(/# vCPUs +present 1 +target 1 +of at most 2 *\n/);
    expect(shown).toMatch(/quota +throttled 12\.5% of a core: Linux counts it for the VM as a whole *\n +vCPU +used +steal%/);
    expect(shown).toMatch(/policy weight 300 +limit 50% of a core +QEMU's threads on 0-2,5/);
    expect(shown).toMatch(/^ +0 +40\.0 +2\.0 .* 0-1,4 *\n +1 +not plugged in/m);
  });

  it("writes CPUs as people do", () => expect([cpuList([]), cpuList([3]), cpuList([2, 0, 1, 7])]).toEqual(["", "3", "0-2,7"]));
});
