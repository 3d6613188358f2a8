import { beforeEach, expect, it } from "vitest";
import { describeOnEveryServer } from "../db/testing/suite.js";
import { EventLog, type NewEvent, type RecordedVm } from "../event/log.js";
import { observeHost } from "../host/store.js";
import { HostService } from "../host/service.js";
import { MetricsHistory } from "../metrics/history.js";
import { tickSamples } from "../metrics/rates.js";
import { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";
import type { VmState } from "../vm/model.js";
import { PastService } from "./service.js";
import { definitionAt, newestVersions, noteListed, trimPast, versionsOf, MOMENT_RETENTION_DAYS, VERSION_RETENTION_DAYS, VERSIONS_PER_VM, type ListedVm } from "./store.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 0);
const DAY_SECONDS = 86_400;
const HOST = {
  id: "h1", name: "host", kernel: "6.18", cpuModel: "", cpuCount: 2, memoryBytes: 1n << 34n, daemonVersion: "0.1.0", qemuVersion: "7.2.22",
  stateDirectory: "/s", bootedAt: null, daemonStartedAt: null, capabilities: [],
};

describeOnEveryServer("the past", (suite) => {
  let log: EventLog;
  let history: MetricsHistory;
  let past: PastService;
  let nowMs = START;
  let sequence = 0n;

  beforeEach(async () => {
    nowMs = START + 600_000;
    sequence = 0n;
    await suite.db.$executeRaw`TRUNCATE vm_versions, vm_moments, metric_subjects, metric_seconds, metric_ten_seconds, metric_minutes, metric_ten_minutes, metric_hours, operations`;
    await suite.db.event.deleteMany();
    await suite.db.host.deleteMany();
    await observeHost(suite.db, HOST);
    log = new EventLog(suite.db);
    history = new MetricsHistory(suite.db, { now: () => nowMs, flushIntervalMs: null });
    const hosts = new HostService();
    hosts.remember({ ...HOST, memoryBytes: Number(HOST.memoryBytes) });
    past = new PastService({ db: suite.db, history, hosts, now: () => nowMs });
  });

  const at = (second: number): Date => new Date(START + second * 1000);
  function vm(id: string, state: VmState, since: number, more: Partial<RecordedVm> & { name?: string; memory?: number } = {}): RecordedVm {
    const { name = id, memory = 256, ...observed } = more;
    sequence += 1n;
    return {
      definition: { id, name, vcpus: 1, memory_mb: memory, labels: { tier: "web" } }, generation: sequence, state, stateSince: at(since), startedAt: state === "RUNNING" ? at(since) : null,
      accelerator: state === "RUNNING" ? "tcg" : null, networkInUse: null, pid: state === "RUNNING" ? 42 : null, restartRequired: false, crash: null, ...observed,
    };
  }
  function told(kind: NewEvent["kind"], vmId: string, second: number, recorded: RecordedVm | null): Promise<unknown> {
    return log.append([{ kind, time: at(second), vmId, hostId: "h1", message: "told", state: recorded?.state ?? null, vm: recorded }]);
  }
  function measured(second: number, cpu: Readonly<Record<string, number>>, hostCpu = 0.5): void {
    const blank = tickSamples("h1", null, MetricsTick.fromPartial({ host: {}, vms: Object.keys(cpu).map((vmId) => ({ vmId })) }), at(second));
    history.record({
      time: at(second), host: blank.host === null ? null : { ...blank.host, cpuRatio: hostCpu, memoryTotalBytes: 1000, memoryAvailableBytes: 600 },
      vms: blank.vms.map((sample) => ({ ...sample, cpuRatio: cpu[sample.vmId] ?? null, rssBytes: 214_958_080 })),
    });
  }
  const shown = async (second: number) =>
    (await past.frame(at(second))).vms.map(({ id, name, state, memoryBytes, sample }) => [id, name, state, memoryBytes / 1_048_576, sample?.cpuRatio ?? null]);

  it("shows VMs as they were named, sized and in the state of then, deleted ones too", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "DEFINED", 0));
    await told("VM_STATE_CHANGED", "a", 10, vm("a", "RUNNING", 10));
    await told("VM_DEFINED", "b", 20, vm("b", "DEFINED", 20));
    await told("VM_DEFINED", "a", 30, vm("a", "RUNNING", 10, { name: "renamed", memory: 512, restartRequired: true }));
    await told("VM_STATE_CHANGED", "a", 40, vm("a", "STOPPED", 40, { name: "renamed", memory: 512 }));
    await told("VM_DELETED", "a", 50, vm("a", "STOPPED", 40, { name: "renamed", memory: 512 }));
    expect(await shown(-1)).toEqual([]);
    expect(await shown(0)).toEqual([["a", "a", "DEFINED", 256, null]]);
    expect(await shown(25)).toEqual([["a", "a", "RUNNING", 256, null], ["b", "b", "DEFINED", 256, null]]);
    expect(await shown(35)).toEqual([["a", "renamed", "RUNNING", 512, null], ["b", "b", "DEFINED", 256, null]]);
    expect(await shown(49)).toEqual([["a", "renamed", "STOPPED", 512, null], ["b", "b", "DEFINED", 256, null]]);
    expect(await shown(50)).toEqual([["b", "b", "DEFINED", 256, null]]);
    expect((await past.frame(at(35))).vms[0]).toMatchObject({ startedAt: at(10), stateSince: at(10), accelerator: "tcg", pid: 42, restartRequired: true, deletedAt: at(50), labels: [{ key: "tier", value: "web" }] });
  });

  it("shows the figures of then, a gap as null, and none of what did not live", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "DEFINED", 0));
    await told("VM_STATE_CHANGED", "a", 1, vm("a", "RUNNING", 1));
    for (const second of [2, 3, 4, 8, 9]) measured(second, { a: second / 10 });
    await told("VM_STATE_CHANGED", "a", 10, vm("a", "STOPPED", 10));
    for (const when of ["in memory", "stored"]) {
      expect(await Promise.all([1, 3, 4.4, 6, 8, 9.9, 10].map(async (second) => (await shown(second))[0]?.[4])), when).toEqual([null, 0.3, 0.4, null, 0.8, 0.9, null]);
      const frame = await past.frame(at(3));
      expect(frame).toMatchObject({ at: at(3), stepSeconds: 1, hosts: [{ id: "h1", name: "host", sample: { cpuRatio: 0.5, memoryTotalBytes: 1000, memoryAvailableBytes: 600 } }] });
      expect(frame.vms[0]?.sample).toMatchObject({ vmId: "a", time: at(3), memoryConfiguredBytes: 256 * 1_048_576, rssBytes: 214_958_080, stealRatio: null, vcpus: [{ index: 0, ratio: null, stealRatio: null }] });
      expect((await past.frame(at(6))).hosts[0]?.sample).toBeNull();
      await history.flush("everything");
    }
  });

  it("shows what a VM ran with while its definition was another, until it was started anew", async () => {
    const one = (state: VmState, since: number, memory: number, more: Partial<RecordedVm> = {}) => {
      const told = vm("a", state, since, { memory, ...more });
      return { ...told, definition: { ...told.definition, vcpus: memory / 128 } };
    };
    await told("VM_DEFINED", "a", 0, one("DEFINED", 0, 128));
    await told("VM_DEFINED", "a", 5, one("DEFINED", 0, 256));
    await told("VM_STATE_CHANGED", "a", 10, one("STARTING", 10, 256));
    // Edited while its QEMU was being started with what was defined before.
    await told("VM_DEFINED", "a", 11, one("STARTING", 10, 384));
    await told("VM_STATE_CHANGED", "a", 12, one("RUNNING", 12, 384, { restartRequired: true }));
    await told("VM_DEFINED", "a", 20, one("RUNNING", 12, 512, { restartRequired: true }));
    await told("VM_STATE_CHANGED", "a", 30, one("STOPPED", 30, 512));
    await told("VM_STATE_CHANGED", "a", 31, one("STARTING", 31, 512));
    await told("VM_STATE_CHANGED", "a", 32, one("RUNNING", 32, 512));
    for (const second of [14, 25, 33]) measured(second, { a: 1 });
    const ran = async (second: number) => (await past.frame(at(second))).vms.map(({ memoryBytes, vcpus, restartRequired, sample }) =>
      [memoryBytes / 1_048_576, vcpus, restartRequired, (sample?.memoryConfiguredBytes ?? 0) / 1_048_576, sample?.vcpusPresent])[0];
    expect(await ran(14)).toEqual([384, 3, true, 256, 2]);
    expect(await ran(25)).toEqual([512, 4, true, 256, 2]);
    expect(await ran(33)).toEqual([512, 4, false, 512, 4]);
  });

  it("filters by what was true then", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "RUNNING", 0));
    await told("VM_DEFINED", "b", 0, vm("b", "STOPPED", 0));
    for (const second of [1, 2]) measured(second, { a: second / 2 });
    const passing = async (second: number, where: string) => (await past.frame(at(second), where)).vms.map(({ id }) => id);
    expect(await passing(2, "cpu>80")).toEqual(["a"]);
    expect(await passing(1, "cpu>80")).toEqual([]);
    expect(await passing(2, "state:stopped or cpu>80")).toEqual(["a", "b"]);
    expect(await passing(2, "label.tier=web host=host age<5s")).toEqual(["a", "b"]);
    await expect(past.frame(at(2), "cpu>")).rejects.toMatchObject({ name: "FilterFault" });
  });

  it("keeps the figures of a VM that is gone, apart from those of another under its id", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "RUNNING", 0));
    for (let second = 1; second < 20; second += 1) measured(second, { a: 1 });
    await told("VM_DELETED", "a", 20, null);
    await history.retireVm("a", at(20));
    await told("VM_DEFINED", "a", 22, vm("a", "RUNNING", 22, { name: "successor" }));
    for (let second = 23; second < 40; second += 1) measured(second, { a: 2 });
    await history.flush("everything");
    expect(await shown(19)).toEqual([["a", "a", "RUNNING", 256, 1]]);
    expect(await shown(21)).toEqual([]);
    expect(await shown(39)).toEqual([["a", "successor", "RUNNING", 256, 2]]);
    for (const [second, expected] of [[19, [1, 1, null, null]], [39, [null, null, 2, 2]]] as const) {
      const [vmThen] = (await past.frame(at(second))).vms;
      if (vmThen === undefined) throw new Error("no VM then");
      const { series } = await past.history(vmThen, ["CPU_RATIO"], { from: at(0), to: at(40), stepSeconds: 10 });
      expect(series[0]?.mean).toEqual(expected);
    }
  });

  it("answers with the mean of the step that is still kept: a second, ten, a minute", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "RUNNING", 0));
    for (let second = 0; second < 60; second += 1) measured(second, { a: second < 30 ? 1 : 3 });
    await history.flush("everything");
    const later = async (ageSeconds: number) => {
      nowMs = START + ageSeconds * 1000;
      const frame = await past.frame(at(35));
      return [frame.stepSeconds, frame.vms[0]?.sample?.cpuRatio ?? null, frame.hosts[0]?.sample?.cpuRatio ?? null];
    };
    expect(await later(60)).toEqual([1, 3, 0.5]);
    expect(await later(2 * 3600)).toEqual([10, 3, 0.5]);
    expect(await later(2 * DAY_SECONDS)).toEqual([60, 2, 0.5]);
  });

  it("says how far back it goes, and refuses the future", async () => {
    expect(await past.bounds()).toEqual({ oldest: null, newest: new Date(nowMs) });
    await told("VM_DEFINED", "a", 100, vm("a", "RUNNING", 100));
    expect((await past.bounds()).oldest).toEqual(at(100));
    measured(50, { a: 1 });
    expect((await past.bounds()).oldest).toEqual(at(50));
    await history.flush("everything");
    expect((await past.bounds()).oldest?.getTime()).toBeLessThanOrEqual(at(50).getTime());
    await expect(past.frame(new Date(nowMs + 3_600_000))).rejects.toMatchObject({ kind: "InvalidInput", field: "at" });
    expect((await past.frame(new Date(nowMs + 1_000))).at).toEqual(new Date(nowMs));
  });

  it("knows no state of what happened before anything was kept", async () => {
    await suite.db.vmVersion.create({ data: { vmId: "a", hostId: "h1", generation: 1n, time: at(0), definition: { id: "a" } } });
    expect((await past.frame(at(5))).vms[0]).toMatchObject({ id: "a", name: "a", state: null, stateSince: null, sample: null });
  });

  it("lists definitions newest first with what each changed, of the present life alone", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "DEFINED", 0, { memory: 128 }));
    await told("VM_DELETED", "a", 5, null);
    await told("VM_DEFINED", "a", 10, vm("a", "DEFINED", 10));
    await told("VM_DEFINED", "a", 20, vm("a", "DEFINED", 10, { memory: 512 }));
    expect(await past.versions("a", null)).toMatchObject([{ time: at(20), changes: ["memory_mb: 256 → 512"] }, { time: at(10), changes: [] }]);
    expect((await past.versions("a", 1)).map(({ changes }) => changes)).toEqual([["memory_mb: 256 → 512"]]);
    await expect(past.versions("a", 0)).rejects.toMatchObject({ field: "first" });
    await told("VM_DELETED", "a", 30, null);
    expect(await versionsOf(suite.db, "a", 10)).toHaveLength(2);
    expect((await newestVersions(suite.db, "a")).map(({ definition }) => definition?.["memory_mb"] ?? null)).toEqual([null, 512]);
  });

  it("names who put a definition, by the operation that did", async () => {
    await suite.db.operation.create({ data: { id: "o1", kind: "PUT_VM", vmId: "a", hostId: "h1", actorId: "t", requestedBy: "ada", fingerprint: "" } });
    await log.append([{ kind: "VM_DEFINED", time: at(0), vmId: "a", hostId: "h1", operationId: "o1", message: "", vm: vm("a", "DEFINED", 0) }]);
    expect(await past.versions("a", null)).toMatchObject([{ actor: "ada", generation: sequence }]);
    expect(await definitionAt(suite.db, "a", sequence + 5n)).toMatchObject({ id: "a" });
    expect(await definitionAt(suite.db, "a", 0n)).toBeNull();
  });

  it("notes what a daemon lists and its journal never told, once, and leaves alone what happened since", async () => {
    const listed = (id: string, state: VmState, memory = 256): ListedVm => ({ ...vm(id, state, 0, { memory }), id });
    await told("VM_DEFINED", "told", 0, vm("told", "RUNNING", 0));
    await told("VM_DEFINED", "gone", 0, vm("gone", "RUNNING", 0));
    await told("VM_DEFINED", "edited", 0, vm("edited", "RUNNING", 0));
    await told("VM_DEFINED", "later", 70, vm("later", "RUNNING", 70));
    const list = [listed("told", "RUNNING"), listed("edited", "STOPPED", 512), listed("untold", "RUNNING")];
    await noteListed(suite.db, "h1", list, at(60));
    const once = await suite.db.vmVersion.count();
    await noteListed(suite.db, "h1", list, at(61));
    expect(await suite.db.vmVersion.count()).toBe(once);
    expect((await shown(59)).map(([id]) => id)).toEqual(["edited", "gone", "told"]);
    expect((await shown(80)).map(([id, , state, memory]) => [id, state, memory])).toEqual([["edited", "STOPPED", 512], ["later", "RUNNING", 256], ["told", "RUNNING", 256], ["untold", "RUNNING", 256]]);
  });

  it("forgets what is too old, and keeps what was true at the oldest instant that is kept", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "DEFINED", 0));
    await told("VM_STATE_CHANGED", "a", 10, vm("a", "RUNNING", 10));
    await told("VM_DEFINED", "gone", 0, vm("gone", "DEFINED", 0));
    await told("VM_DELETED", "gone", 20, null);
    const days = (count: number): Date => new Date(START + (count * DAY_SECONDS + 60) * 1000);
    expect([MOMENT_RETENTION_DAYS, VERSION_RETENTION_DAYS]).toEqual([31, 90]);
    await trimPast(suite.db, days(MOMENT_RETENTION_DAYS));
    expect((await shown(500)).map(([id, , state]) => [id, state])).toEqual([["a", "RUNNING"]]);
    expect(await suite.db.vmVersion.count()).toBe(3);
    await trimPast(suite.db, days(VERSION_RETENTION_DAYS));
    expect(await suite.db.vmVersion.findMany({ select: { vmId: true } })).toEqual([{ vmId: "a" }]);
    expect((await shown(500)).map(([id, , state]) => [id, state])).toEqual([["a", "RUNNING"]]);
  });

  it("keeps as many definitions of a VM as it promises, the newest", async () => {
    await told("VM_DEFINED", "a", 0, vm("a", "DEFINED", 0));
    await suite.db.$executeRaw`
      INSERT INTO vm_versions (vm_id, host_id, generation, time, definition)
      SELECT 'a', 'h1', 1 + edit, ${at(0)}::timestamptz + edit * interval '1 second', '{}'::jsonb FROM generate_series(1, ${VERSIONS_PER_VM + 5}::int) AS edit`;
    await trimPast(suite.db, at(3600));
    const kept = await suite.db.vmVersion.aggregate({ where: { vmId: "a" }, _count: true, _min: { generation: true }, _max: { generation: true } });
    expect(kept).toEqual({ _count: 750, _min: { generation: 7n }, _max: { generation: 756n } });
  });
});
