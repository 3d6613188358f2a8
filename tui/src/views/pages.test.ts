import { describe, expect, it } from "vitest";
import { COMPARED_MAX } from "../store/compare.js";
import { reduce } from "../store/reduce.js";
import type { Host, HostSample, Vm, VmDetail, VmSample } from "../store/model.js";
import { COMPARED_FIGURES, PAGES, VM_TABS } from "../store/state.js";
import type { Page, State, VmTab } from "../store/state.js";
import { NOW, sample, stateWith, vm } from "../store/testing.js";
import { screen } from "./screen.js";
import { ASCII, UNICODE } from "./theme.js";

const MIB = 1024 ** 2;
const SIZE = { columns: 80, rows: 24 };

function rows(state: State, size = SIZE): string[] {
  const frame = screen(reduce(state, { type: "sized", bodyRows: size.rows - 4, columns: size.columns }), size, UNICODE);
  return Array.from({ length: size.rows }, (_, y) => frame.line(y));
}
const text = (state: State, size = SIZE): string => rows(state, size).join("\n");
const opened = (state: State, page: Page): State => reduce(state, { type: "open", page });
const onTab = (state: State, tab: VmTab): State => reduce(opened(state, "vm"), { type: "tab", tab });

const DETAIL: VmDetail = {
  time: NOW, cpuUserRatio: 0.4, cpuSystemRatio: 0.1, vcpus: [{ index: 0, ratio: 0.4, stealRatio: 0.02 }, { index: 1, ratio: 0.1, stealRatio: null }],
  disks: [{ name: "vda", readBytesPerSecond: 1e6, writeBytesPerSecond: 2e5, readsPerSecond: 61, writesPerSecond: 12, flushesPerSecond: 0.5, readLatencySeconds: 0.001, writeLatencySeconds: 0.002, flushLatencySeconds: 0.009, allocatedBytes: 310 * MIB, capacityBytes: 1_024 * MIB }],
  nics: [{ name: "net0", rxBytesPerSecond: 1e5, txBytesPerSecond: 2e4, rxPacketsPerSecond: 120, txPacketsPerSecond: 80, dropsPerSecond: 3 }],
  guestUpdatedAt: NOW - 2_000, guestCacheBytes: 30 * MIB, guestMajorFaultsPerSecond: 4, guestSwapInBytesPerSecond: 0, guestSwapOutBytesPerSecond: 1_000,
  pssBytes: 150 * MIB, swapBytes: 5 * MIB, ksmProfitBytes: 9 * MIB, qmpAgeMs: 300, pluggedBytes: null, vcpusPresent: 2, throttledTimeRatio: 0, majorFaultsPerSecond: 2,
};
const FULL: Partial<VmSample> = { balloonActualBytes: 200 * MIB, guestTotalBytes: 246 * MIB, guestAvailableBytes: 90 * MIB, rssBytes: 180 * MIB, ksmMergedBytes: 12 * MIB, diskLatencySeconds: 0.0014 };

function host(change: Partial<Host> = {}): Host {
  return {
    id: "lab1", name: "lab1", connected: true, connectionError: null, connectedSince: NOW - 3_600_000, bootedAt: null, cpuModel: "A CPU", cpuCount: 2, memoryBytes: 24 * 1024 * MIB,
    daemonVersion: "0.1.0", qemuVersion: "7.2", kernel: "6.1", capabilities: [{ name: "kvm", available: false, reason: "emulated only", mend: "a host with vmx" }, { name: "psi", available: true, reason: null, mend: null }], ...change,
  };
}
function hostSample(hostId: string, change: Partial<HostSample> = {}): HostSample {
  return {
    hostId, time: NOW, cpuRatio: 0.4, cpuCoreRatios: [0.5, 0.3], cpuStealRatio: 0.01, cpuIowaitRatio: 0, psiCpuRatio: 0.12, psiMemoryRatio: 0, psiIoRatio: null, load1: 1, load5: 1, load15: 1,
    memoryTotalBytes: 24 * 1024 * MIB, memoryAvailableBytes: 9 * 1024 * MIB, memoryCachedBytes: null, swapTotalBytes: 0, swapUsedBytes: 0, refaultsPerSecond: 3, ksmSavedBytes: 30 * MIB, ksmProfitBytes: 20 * MIB,
    compressedOriginalBytes: null, compressedStoredBytes: null, diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 0, networkRxBytesPerSecond: 0, networkTxBytesPerSecond: 0, networkDropsPerSecond: 0,
    diskSpaces: [{ path: "/var/lib/quetzal", totalBytes: 100 * 1024 * MIB, availableBytes: 40 * 1024 * MIB }], ...change,
  };
}
function welcomed(state: State, hosts: Host[]): State {
  return reduce(state, { type: "welcomed", role: "ADMIN", clockSkewMs: 0, databaseConnected: true, hosts, hostSamples: hosts.map(({ id }) => hostSample(id)) });
}
function detailed(change: Partial<Vm> = {}): State {
  const one = vm({ id: "web-1", networkInUse: "tap on br0", ...change });
  return reduce(welcomed(stateWith([one], [sample("web-1", NOW, FULL)]), [host()]), { type: "detail", vmId: "web-1", detail: DETAIL });
}

describe("the tabs of a VM", () => {
  it("keep four figures of memory apart, each with its source and age", () => {
    const shown = rows(onTab(detailed(), "memory"));
    const row = (name: string): string => shown.find((line) => line.includes(name)) ?? "";
    expect(row("configured  ")).toMatch(/256M +100% +the definition/);
    expect(row("balloon actual")).toMatch(/200M +78% +0\.3s QEMU/);
    expect(row("guest available")).toMatch(/90\.0M +35% +2\.0s guest's own word, of +246M/);
    expect(row("host resident")).toMatch(/180M +70% +0\.0s host/);
    expect([row("fair share"), row("shared by KSM"), row("swapped out")].map((line) => /(\d[\d.]*M)/.exec(line)?.[1])).toEqual(["150M", "12.0M", "5.00M"]);
  });

  it("say of an unknown figure why, and give it neither 0 nor an age", () => {
    const shown = rows(onTab(stateWith([vm({ id: "quiet" })], [sample("quiet", NOW)]), "memory"));
    expect(shown.find((line) => line.includes("guest available"))).toMatch(/guest available +– {8,}the guest's driver has not reported/);
  });

  it.each([["all is known", detailed()], ["nothing is", stateWith([vm({ id: "quiet" })], [sample("quiet", NOW, { guestTotalBytes: null })])], ["it is off", stateWith([vm({ state: "STOPPED", startedAt: null })])]] as const)("have room for each source and reason of memory at 80 columns where %s", (_, state) => {
    const [narrow, wide] = [SIZE, { columns: 200, rows: 50 }].map((size) => rows(onTab(state, "memory"), size).filter((line) => /^ +(configured|balloon actual|guest available|host resident|fair share|shared by|swapped|guest's cache|guest swap|major faults)/.test(line)));
    expect(narrow).toHaveLength(10);
    const told = (line: string): string => line.slice(40).trim();
    narrow?.forEach((line, index) => {
      expect(line).not.toContain("…");
      expect((wide?.[index] ?? "").replace(/ +/g, " ")).toContain(told(line).replace(/ +/g, " "));
      expect((wide?.[index] ?? "").trimEnd().endsWith(told(line).split(" ").at(-1) ?? "?")).toBe(true);
    });
  });

  it("show what a VM runs with while its definition is another", () => {
    const edited = stateWith([vm({ id: "web-1", vcpus: 4, memoryBytes: 512 * MIB, restartRequired: true })], [sample("web-1", NOW, { cpuRatio: 1, vcpusUsed: 2 })]);
    const shown = rows(reduce(onTab(edited, "memory"), { type: "cpuScale" }));
    expect(shown[2]).toMatch(/^ 2 vCPUs \(then 4\) {2}256M \(then 512M\) /);
    expect(shown.join("\n")).toMatch(/configured +256M +100% +what it was started with/);
    expect(text(reduce(edited, { type: "cpuScale" }))).toMatch(/web-1 +running +50\.0 .*256M/);
  });

  it("show time and steal of each vCPU, unknown steal as a dash", () => {
    const shown = rows(onTab(detailed(), "cpu"));
    expect(shown.find((line) => /^ +0 +40\.0/.test(line))).toMatch(/40\.0 +2\.0 +█{5}/);
    expect(shown.find((line) => /^ +1 +10\.0/.test(line))).toMatch(/10\.0 +– +█[^█]/);
  });

  it("show rates, operations, latency of each kind and room of each disk", () => expect(text(onTab(detailed(), "disks"))).toMatch(/vda +1\.00M +200k +61 +12 +0\.50 +1\.0ms +2\.0ms +9\.0ms +310M/));

  it("show rates, packets and drops of each card", () => expect(text(onTab(detailed(), "net"))).toMatch(/net0 +100k\/s +20\.0k\/s +120 +80 +3/));

  it("show the last lines of the console, and of a crashed VM what it said before", () => {
    const live = reduce(onTab(detailed(), "console"), { type: "consoleTail", tail: { vmId: "web-1", lines: ["one", "login:"], closed: null } });
    expect(text(live)).toMatch(/console, last lines[^]*one *\n login:/);
    const crashed = reduce(onTab(detailed({ state: "CRASHED", crashCause: "QEMU exited 1" }), "console"), { type: "vmRecord", record: { vmId: "web-1", events: [], crashTail: ["Kernel panic"] } });
    expect(text(crashed)).toMatch(/before the end[^]*Kernel panic/);
  });

  it("show a VM's events from before those kept of all, once each, and its operations below", () => {
    const event = (cursor: bigint, message: string) => ({ cursor, time: NOW, kind: "VM_CHANGED", vmId: "web-1", operationId: null, state: null, actor: null, message });
    const live = reduce(detailed(), { type: "events", events: [event(7n, "seven")], newestCursor: null });
    const shown = text(onTab(reduce(live, { type: "vmRecord", record: { vmId: "web-1", events: [event(3n, "three"), event(7n, "seven")], crashTail: [] } }), "events"));
    expect(shown).toMatch(/seven[^]*three[^]*operations, newest first/);
    expect(shown.match(/^ \d\d:\d\d:\d\d +seven/gm)).toHaveLength(1);
  });

  it.each([["STOPPED", "stopped: nothing to measure"], ["CRASHED", "crashed: nothing to measure"], ["RUNNING", "waiting for the first samples"]] as const)("say of a %s VM without figures why its graphs are empty", (state, why) => {
    expect(text(onTab(stateWith([vm({ state })]), "graphs"))).toContain(why);
  });

  it("tell the whole reason of an empty graph on the smallest screen", () => {
    expect(text(onTab(stateWith([vm({ state: "STOPPED" })]), "graphs"))).toMatch(/stopped: nothing to measure \(s[^]*starts it\)/);
  });

  it("say of a disk at rest for how long it was, not that it never was used", () => {
    const atRest = stateWith([vm({})], [sample("web-1", NOW, { diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 0 })]);
    expect(text(onTab(atRest, "disks"))).toContain("no read or write in these 5 min");
    expect(text(onTab(reduce(atRest, { type: "zoom", by: -1 }), "disks"))).toContain("in these 2 min");
    expect(text(onTab(stateWith([vm({})]), "disks"))).not.toContain("no read or write");
  });

  it("say of a VM without a disk that it has none, not that a sample is awaited nor that the disk rests", () => {
    const diskless = stateWith([vm({})], [sample("web-1", NOW, { diskReadBytesPerSecond: null, diskWriteBytesPerSecond: null, diskLatencySeconds: null })]);
    expect(text(onTab(diskless, "disks")).match(/no disk, or no figures yet/g)).toHaveLength(2);
    expect(text(onTab(diskless, "disks"))).not.toMatch(/waiting for|no read or write/);
  });

  it("tell what a VM runs with and what it will run with once restarted", () => {
    const edited = stateWith([vm({ memoryBytes: 512 * 1024 ** 2, vcpus: 2, restartRequired: true })], [sample("web-1", NOW, { vcpusUsed: 1 })]);
    expect(text(onTab(edited, "graphs"))).toContain("1 vCPU (then 2)  256M (then 512M)  q35");
    expect(text(onTab(stateWith([vm({})], [sample("web-1", NOW)]), "graphs"))).not.toContain("then");
  });
});

describe("an idle disk", () => {
  const disk = (change: Partial<VmSample>): string => text(reduce(stateWith([vm({})], [sample("web-1", NOW, change)]), { type: "open", page: "vm" }));
  it("is called idle, and no latency of it is told", () => {
    const idle = disk({ diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 0 });
    expect(idle).toMatch(/disk, B\/s ─+ idle ─/);
    expect(idle).not.toContain("– each");
    expect(disk({ diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 9_000, diskLatencySeconds: 0.001 })).toMatch(/disk, B\/s ─+ +1\.0ms each ─/);
    expect(disk({})).toMatch(/disk, B\/s ─+ +– each ─/);
  });
});

describe("the page of views", () => {
  it("tells whole how a first view is saved", () => {
    expect(text(opened(stateWith([vm({})]), "views"))).toMatch(/No view is saved yet\. .*; Ctrl-s here names it\./);
  });
});

describe("the scale of CPU", () => {
  const busy = stateWith([vm({ id: "a", vcpus: 4 }), vm({ id: "b", vcpus: 1 })], [sample("a", NOW, { cpuRatio: 2 }), sample("b", NOW, { cpuRatio: 0.9 })]);
  const cpuOf = (state: State, id: string): string | undefined => new RegExp(` ${id} +running +([\\d.]+)`).exec(text(state))?.[1];
  it("is labelled, turned by one key, and orders the table", () => {
    expect([cpuOf(busy, "a"), cpuOf(busy, "b")]).toEqual(["200", "90.0"]);
    expect(text(busy)).toMatch(/STATE +CORE% /);
    const turned = reduce(busy, { type: "cpuScale" });
    expect([cpuOf(turned, "a"), cpuOf(turned, "b")]).toEqual(["50.0", "90.0"]);
    expect(text(turned)).toMatch(/STATE +VM% [^]* b +running[^]* a +running/);
    expect(text(onTab(turned, "graphs"))).toContain("CPU, % of 4 vCPUs");
  });
});

describe("the page of hosts", () => {
  it("says of what a host cannot do why, and what would mend it", () => {
    const shown = text(opened(welcomed(stateWith([vm({})]), [host()]), "hosts"));
    expect(shown).toMatch(/connected for 1h 0m[^]*cores %.*50\.0.*30\.0[^]*KSM +saves 30\.0M[^]*waiting +cpu +12%[^]*40\.0G available of +100G +\/var\/lib\/quetzal/);
    expect(text(opened(welcomed(stateWith([vm({})]), [host()]), "hosts"), { columns: 120, rows: 40 })).toMatch(/▲ kvm +emulated only; mend: a host with vmx[^]*can +psi/);
  });

  it("lists several, the unreachable one with its reason, and follows the arrows", () => {
    const two = opened(welcomed(stateWith([vm({})]), [host(), host({ id: "lab2", name: "lab2", connected: false, connectionError: "connection refused" })]), "hosts");
    expect(text(two)).toMatch(/2 hosts[^]*1 of 2 hosts unreachable[^]*lab2 .*unreachable: connection refu[^]*host lab1 /);
    expect(text(reduce(two, { type: "move", by: 1 }))).toMatch(/host lab2 .* 2 of 2/);
  });

});

describe("the comparison", () => {
  const ids = Array.from({ length: COMPARED_MAX + 2 }, (_, index) => `vm-${index}`);
  const fleet = stateWith(ids.map((id) => vm({ id })), ids.map((id, index) => sample(id, NOW, { cpuRatio: index / 10 })));
  const marked = (state: State, marks: readonly string[]): State => ({ ...state, ui: { ...state.ui, marks: new Set(marks) } });

  it("shows the marked VMs in one graph with a number each, as many as can be told apart", () => {
    const shown = text(opened(marked(fleet, ids), "compare"), { columns: 120, rows: 40 });
    expect(shown).toContain(`the first ${COMPARED_MAX} of ${ids.length} marked`);
    expect(shown).toMatch(/1 +vm-0 +running +0\.0[^]*6 +vm-5 +running +50\.0/);
    const frame = screen(opened(marked(fleet, ["vm-1", "vm-3"]), "compare"), SIZE, UNICODE);
    expect(frame.graphs[0]?.marks.map(({ sign }) => sign)).toEqual(["1", "2"]);
  });

  it("shows the chosen VM while none is marked, and without a VM says what to do", () => {
    expect(text(opened(fleet, "compare"))).toContain("space on the overview marks more");
    expect(text(opened(stateWith([]), "compare"))).toContain("space on the overview marks VMs");
  });

  it("goes through the figures and round", () => {
    let state = opened(fleet, "compare");
    for (const figure of COMPARED_FIGURES) {
      expect(state.ui.compared).toBe(figure);
      state = reduce(state, { type: "compareStep", step: 1 });
    }
    expect(reduce(state, { type: "compareStep", step: -1 }).ui.compared).toBe(COMPARED_FIGURES.at(-1));
  });
});

describe("any page", () => {
  const hostile = ["\u001b[31mred", "日本語のマシン", "e\u0301\u0301\u0301", "\u202egnp.exe", "x".repeat(64)];
  it("keeps its rows whatever a VM is called", () => {
    for (const [index, label] of hostile.entries()) {
      // What the feed gives the store: the name where it can be painted, else the id.
      const state = reduce(stateWith([vm({ id: "plain", label: index === 4 ? label : "plain" })], [sample("plain", NOW, FULL)]), { type: "detail", vmId: "plain", detail: DETAIL });
      for (const page of PAGES) {
        for (const tab of VM_TABS) {
          for (const [columns, height] of [[80, 24], [120, 40], [200, 50]] as const) {
            const frame = screen(reduce(opened(state, page), { type: "tab", tab }), { columns, rows: height }, ASCII);
            expect(frame.chars).toHaveLength(columns * height);
            expect(frame.chars.every((char) => char >= " " && char !== "\u007f")).toBe(true);
            if (page !== "vm") break;
          }
          if (page !== "vm") break;
        }
      }
    }
  });

  it("asks of a large fleet only for the figures of the rows it shows", () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `vm-${String(index).padStart(4, "0")}`);
    const state = reduce(stateWith(ids.map((id) => vm({ id })), ids.map((id) => sample(id, NOW))), { type: "sortBy", column: "name" });
    let asked = 0;
    const rings = new Proxy(state.rings, { get: (target, key) => { const value: unknown = Reflect.get(target, key); if (key === "get") asked++; return typeof value === "function" ? value.bind(target) as unknown : value; } });
    screen({ ...state, rings }, { columns: 200, rows: 50 }, UNICODE);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(200);
  });
});

describe("a CPU limit", () => {
  const [wide, at] = [{ columns: 120, rows: 40 }, (throttledTimeRatio: number | null): VmSample => sample("web-1", NOW, { ...FULL, throttledTimeRatio })];
  const graphs = (throttled: number | null): string => text(opened(stateWith([vm({ id: "web-1" })], [at(throttled)]), "vm"), wide);

  it("has a line in the graph of CPU where it stopped the VM, and none where there is none", () => {
    expect(graphs(0.42)).toMatch(/used [^]*steal [^]*throttled 42\.0/);
    expect(graphs(0)).not.toContain("throttled");
    expect(graphs(null)).not.toContain("throttled");
  });

  it("has a column of its own", () => {
    const state = stateWith([vm({ id: "web-1" })], [at(0.42)]);
    expect(text({ ...state, ui: { ...state.ui, tableColumns: ["name", "steal", "throttled"] } })).toMatch(/NAME +steal% +throttled%[^]*web-1 +0\.0 +42\.0/);
  });
});

describe("graphs in few rows", () => {
  const fleet = (count: number): State => {
    const ids = Array.from({ length: count }, (_, index) => `vm-${index}`);
    return stateWith(ids.map((id) => vm({ id })), ids.map((id) => sample(id, NOW, { ...FULL, cpuRatio: id === "vm-0" ? 0.9 : 0.1 })));
  };
  it.each([1, 7, 10, 12])("stand below a table of %i VMs at 80x24, with unit, now, lowest and highest of the chosen one", (count) => {
    const earlier = reduce(fleet(count), { type: "vmHistory", vmId: "vm-0", history: { cpu: { times: [NOW - 60_000], values: [0.25] } } });
    const shown = text(earlier);
    expect(shown).toMatch(/─ vm-0 ─+ 5 min, Enter for more ─/);
    expect(shown).toMatch(/\n CPU, % of a core +90\.0 .*[▁▂▃▄▅▆▇█].* min +25\.0 max +90\.0/);
    expect(shown).toMatch(/\n memory of 256M +100M .*[▁▂▃▄▅▆▇█].* min +100M max +100M/);
    for (let index = 0; index < count; index++) expect(shown).toContain(` vm-${index} `);
  });

  it.each([13, 15, 40])("leave a table of %i VMs all its rows", (count) => {
    expect(rows(fleet(count)).filter((line) => /^ +● +vm-/.test(line))).toHaveLength(Math.min(count, 15));
    expect(text(fleet(count))).not.toContain("Enter for more");
  });

  it("are told apart from the graphs of a larger screen, and say why they are empty", () => {
    expect(text(fleet(3), { columns: 120, rows: 40 })).not.toContain("Enter for more");
    expect(text(stateWith([vm({ state: "STOPPED" })]))).toMatch(/CPU, % of a core +– +stopped: nothing to measure/);
  });
});
