// The service over real history: what the rules are given, from memory and from every tier.
import { beforeEach, expect, it } from "vitest";
import { describeOnEveryServer } from "../db/testing/suite.js";
import { InvalidInput, VmNotFound } from "../errors.js";
import { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { MetricsHistory } from "../metrics/history.js";
import { MetricsService } from "../metrics/service.js";
import { tickSamples } from "../metrics/rates.js";
import type { VmSample } from "../metrics/samples.js";
import type { Vm } from "../vm/model.js";
import { DiagnosisService, MAX_NEIGHBOURS } from "./service.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 0);
/** Calm for so long, then slow for as long. */
const SPELL_SECONDS = 60;
const HOUR_MS = 3_600_000;

function vmOf(id: string, more: Partial<Vm> = {}): Vm {
  return {
    id, hostId: "h1", name: id, state: "RUNNING", stateSince: new Date(START), generation: 1n, startedAt: new Date(START), vcpus: 1, memoryBytes: 2 ** 28, machine: "q35",
    accelerator: "tcg", networkInUse: "bridge br0 (tap0)", qemuVersion: "7.2", pid: 7, room: null, labels: [], protected: false, autostart: false, restartRequired: false,
    definition: { features: ["ballooning"], disks: [{ name: "vda" }], network: { mode: "bridge" } }, crash: null, ...more,
  };
}
const CALM: Partial<VmSample> = {
  cpuRatio: 0.1, stealRatio: 0, throttledRatio: 0, memoryConfiguredBytes: 2 ** 28, swapBytes: 0, majorFaultsPerSecond: 0, guestAvailableBytes: 2 ** 27, balloonActualBytes: 2 ** 28, guestMajorFaultsPerSecond: 0,
  guestSwapInBytesPerSecond: 0, guestSwapOutBytesPerSecond: 0, diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 0, diskLatencySeconds: 0.001, diskOperationsPerSecond: 9,
  diskQueueDepth: 0.01, networkDropsPerSecond: 0,
};

describeOnEveryServer("DiagnosisService", (suite) => {
  let nowMs = START;
  let history: MetricsHistory;
  let vms: Vm[] = [];
  const service = (): DiagnosisService => new DiagnosisService({
    vms: { get: (id) => vms.find((vm) => vm.id === id) ?? null, list: () => vms }, hosts: { get: () => ({ cpuCount: 2 }) }, metrics: new MetricsService(history), now: () => nowMs,
  });
  const second = (offset: number): Date => new Date(START + offset * 1000);
  /** `slow` says of each VM what is different in the second half. */
  function record(seconds: number, slow: Readonly<Record<string, Partial<VmSample>>>, everySeconds = 1): void {
    for (let offset = 0; offset < seconds; offset += everySeconds) {
      const isSlow = offset >= seconds / 2;
      const blank = tickSamples("h1", null, MetricsTick.fromPartial({ host: { psiCpu: {}, psiIo: {}, psiMemory: {} }, vms: Object.keys(slow).map((vmId) => ({ vmId })) }), second(offset));
      history.record({ ...blank, vms: blank.vms.map((sample) => ({ ...sample, ...CALM, ...(isSlow ? slow[sample.vmId] : {}) })) });
    }
    nowMs = START + seconds * 1000;
  }

  beforeEach(async () => {
    nowMs = START;
    vms = [vmOf("web"), vmOf("hog"), vmOf("other"), vmOf("far", { hostId: "h2" })];
    await suite.db.$executeRaw`TRUNCATE metric_subjects, metric_seconds, metric_ten_seconds, metric_minutes`;
    history = new MetricsHistory(suite.db, { now: () => nowMs, flushIntervalMs: null });
  });

  const waits = { web: { stealRatio: 0.5 }, hog: { cpuRatio: 1.9 }, other: {}, far: { cpuRatio: 8 } };

  it("says the same of what is in memory and of what is stored, and names the neighbour of the same host", async () => {
    record(2 * SPELL_SECONDS, waits);
    const fromMemory = await service().diagnose("web", { from: second(SPELL_SECONDS / 2) });
    expect(fromMemory).toMatchObject({ verdict: "SLOW", stepSeconds: 5, from: second(30), to: second(120), slowFrom: second(60), slowTo: second(120) });
    expect(fromMemory.causes.map(({ kind, neighbourId }) => [kind, neighbourId])).toEqual([["NEIGHBOUR_CPU", "hog"], ["STEAL", null]]);
    await history.flush("everything");
    const { causes } = await service().diagnose("web", { from: second(SPELL_SECONDS / 2) });
    expect(causes.map(({ kind, neighbourId }) => [kind, neighbourId])).toEqual(fromMemory.causes.map(({ kind, neighbourId }) => [kind, neighbourId]));
  });

  it("compares with what preceded the window", async () => {
    record(2 * SPELL_SECONDS, waits);
    expect((await service().diagnose("web", { from: second(SPELL_SECONDS) })).causes[0]).toMatchObject({ kind: "NEIGHBOUR_CPU", neighbourId: "hog" });
  });

  it("looks at the last ten minutes when no range is given, in which most was not recorded", async () => {
    record(2 * SPELL_SECONDS, waits);
    expect(await service().diagnose("web", null)).toMatchObject({ from: second(120 - 600), to: second(120), verdict: "SLOW", confidence: "LOW" });
  });

  it.each([[1.5, 10], [25, 60]])("answers for %d h ago in the steps that are kept then", async (hours, stepSeconds) => {
    record(2_400, { web: { diskLatencySeconds: 0.3, diskQueueDepth: 1 }, hog: {} });
    await history.flush("everything");
    nowMs = START + hours * HOUR_MS;
    const diagnosis = await service().diagnose("web", { from: second(600), to: second(2_400) });
    expect(diagnosis).toMatchObject({ verdict: "SLOW", stepSeconds, slowFrom: second(1_200), slowTo: second(2_400) });
    expect(diagnosis.causes.map(({ kind }) => kind)).toEqual(["DISK_LATENCY"]);
  });

  it("finds nothing wrong with a calm VM, whatever its neighbours do", async () => {
    record(2 * SPELL_SECONDS, { ...waits, web: {} });
    expect(await service().diagnose("web", { from: second(0) })).toMatchObject({ verdict: "FINE", confidence: "HIGH", causes: [], notKnown: [] });
  });

  it("knows from the definition what a VM has not", async () => {
    vms = [vmOf("bare", { definition: { network: { mode: "user" } }, networkInUse: null })];
    record(2 * SPELL_SECONDS, { bare: { balloonActualBytes: null } });
    const { ruledOut, notKnown } = await service().diagnose("bare", { from: second(0) });
    expect(ruledOut.filter(({ evidence }) => evidence[0]?.value === null).map(({ kind }) => kind).toSorted()).toEqual(["BALLOON", "DISK_LATENCY", "DISK_QUEUE", "NEIGHBOUR_CPU", "NEIGHBOUR_DISK"]);
    expect(notKnown.map(({ kind }) => kind)).toEqual(["NETWORK_DROPS"]);
  });

  it("advises by the definition's limit and weights, by the room it has and by the CPUs of its host", async () => {
    const room = { balloonTargetBytes: 2 ** 28, balloonFloorBytes: 2 ** 27, memoryTargetBytes: 2 ** 28, memoryMaxBytes: 2 ** 30, vcpusTarget: 1, vcpusMax: 8 };
    vms = [vmOf("held", { definition: { cpu_policy: { limit_percent: 25 } } }), vmOf("busy", { room }), vmOf("web"), vmOf("hog", { definition: { cpu_policy: { weight: 900 } } })];
    record(2 * SPELL_SECONDS, { ...waits, held: { cpuRatio: 0.25, throttledRatio: 0.98, throttledTimeRatio: 0.75 }, busy: { cpuRatio: 1, vcpusPresent: 1 } });
    const commandFor = async (id: string): Promise<unknown> => (await service().diagnose(id, { from: second(SPELL_SECONDS) })).causes[0]?.adviceCommand;
    expect(await Promise.all(["held", "busy", "web"].map(commandFor))).toEqual(["quetzal cpu set held --limit none", "quetzal cpu set busy --vcpus 2", "quetzal cpu set hog --weight 100"]);
  });

  it("judges a balloon by the memory that runs, whatever was defined meanwhile", async () => {
    vms = [vmOf("grown", { memoryBytes: 2 ** 29, restartRequired: true }), vmOf("shrunk", { memoryBytes: 2 ** 28, restartRequired: true })];
    const short = { guestAvailableBytes: 2 ** 20, guestMajorFaultsPerSecond: 900 };
    record(2 * SPELL_SECONDS, { grown: short, shrunk: { ...short, memoryConfiguredBytes: 2 ** 29 } });
    const kinds = async (id: string): Promise<string[]> => (await service().diagnose(id, { from: second(SPELL_SECONDS) })).causes.map(({ kind }) => kind);
    expect(await kinds("grown")).not.toContain("BALLOON");
    expect(await kinds("shrunk")).toContain("BALLOON");
  });

  it("gives no verdict on a VM that never ran, and none on the time in which it was paused", async () => {
    record(2 * SPELL_SECONDS, { hog: {} });
    expect(await service().diagnose("web", null)).toMatchObject({ verdict: "UNKNOWN" });
    vms = [vmOf("hog", { state: "PAUSED", stateSince: second(-5) })];
    expect(await service().diagnose("hog", null)).toMatchObject({ verdict: "UNKNOWN" });
  });

  it("reads the neighbours that use most first, and not more than it says", async () => {
    const crowd = Array.from({ length: MAX_NEIGHBOURS + 20 }, (_, index) => `n${index}`);
    vms = [vmOf("web"), ...crowd.map((id) => vmOf(id))];
    record(2 * SPELL_SECONDS, waits, 10);
    const asked: string[] = [];
    const metrics = new MetricsService(history);
    const watched = new DiagnosisService({
      vms: { get: (id) => vms.find((vm) => vm.id === id) ?? null, list: () => vms }, hosts: { get: () => null }, now: () => nowMs,
      metrics: {
        hostHistory: (...args) => metrics.hostHistory(...args), vmHistory: (id, ...args) => (asked.push(id), metrics.vmHistory(id, ...args)),
        latestVm: (id) => (id === "n83" ? ({ cpuRatio: 4 } as VmSample) : null),
      },
    });
    await watched.diagnose("web", { from: second(0) });
    expect(asked).toHaveLength(1 + MAX_NEIGHBOURS);
    expect(asked.slice(0, 2)).toEqual(["web", "n83"]);
  });

  it("refuses what it cannot answer", async () => {
    nowMs = START + HOUR_MS;
    await expect(service().diagnose("nobody", null)).rejects.toThrow(VmNotFound);
    await expect(service().diagnose("web", { from: new Date(nowMs + 1) })).rejects.toThrow(InvalidInput);
    await expect(service().diagnose("web", { from: second(0), to: second(5) })).rejects.toThrow("10 s or more");
    await expect(service().diagnose("web", { from: new Date(nowMs - 25 * HOUR_MS) })).rejects.toThrow("longer than a day");
  });
});
