// Memory and CPU over HTTP against a scripted daemon: what is read, every mutation with its typed errors, undo, decisions.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CompressionMode, DecisionAction, KsmMode } from "../../server/src/hypervisor/generated/quetzal/v1/memory.js";
import { RefusalCode } from "../../server/src/hypervisor/generated/quetzal/v1/refusal.js";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

const MIB = 1_048_576;
const ANSWER = `__typename
  ... on VmOperationAccepted { effect vm { id room { balloonTargetBytes memoryTargetBytes vcpusTarget } } operation { id kind state requestedBy undo { text } } }
  ... on Error { message } ... on VmNotFound { id } ... on InvalidVmState { state } ... on Forbidden { requiredRole } ... on InvalidInput { field } ... on InvalidSpec { field }`;
const ALL = ["ballooning", "hotplug", "tps"];

interface Answer {
  readonly __typename: string; readonly message?: string; readonly effect?: string; readonly field?: string | null;
  readonly operation?: { readonly id: string; readonly kind: string } | null; readonly [field: string]: unknown;
}

let stack: ContractStack;
let admin: GraphqlPeer;
let operator: GraphqlPeer;
let viewer: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.haveQuota = true;
    daemon.add("web", VmState.VM_STATE_RUNNING, { features: ALL });
    daemon.add("db", VmState.VM_STATE_RUNNING, { features: ALL });
    daemon.add("plain", VmState.VM_STATE_RUNNING);
    daemon.add("off", VmState.VM_STATE_STOPPED, { features: ALL });
  }, { tickMs: 50 });
  admin = stack.peer();
  operator = await stack.peerAs("OPERATOR");
  viewer = await stack.peerAs("VIEWER");
  await until("samples come", async () => (await admin.query<{ vm: { latest: { throttledTimeRatio: number | null } | null } }>('{ vm(id: "web") { latest { throttledTimeRatio } } }')).vm.latest?.throttledTimeRatio != null);
});
afterAll(() => stack[Symbol.asyncDispose]());

async function call(name: string, input: Record<string, unknown>, peer = admin): Promise<Answer> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return (await peer.query<{ answer: Answer }>(`mutation ($input: ${type}!) { answer: ${name}(input: $input) { ${ANSWER} } }`, { input })).answer;
}
type Room = Readonly<Record<"balloonTargetBytes" | "balloonFloorBytes" | "memoryTargetBytes" | "memoryMaxBytes" | "vcpusTarget" | "vcpusMax", number>>;
async function room(id: string): Promise<Room | null> {
  const { vm } = await admin.query<{ vm: { room: Room | null } }>(`{ vm(id: "${id}") { room { balloonTargetBytes balloonFloorBytes memoryTargetBytes memoryMaxBytes vcpusTarget vcpusMax } } }`);
  return vm.room;
}
async function ended(answer: Answer): Promise<{ state: string; undo: { text: string } | null }> {
  let operation: { state: string; undo: { text: string } | null } | undefined;
  await until("the operation has ended", async () => {
    ({ operation } = await admin.query<{ operation: { state: string; undo: { text: string } | null } }>(`{ operation(id: "${answer.operation?.id ?? ""}") { state undo { text } } }`));
    return operation.state !== "RUNNING";
  });
  return operation as { state: string; undo: { text: string } | null };
}

describe("reading", () => {
  it("shows the room of a VM while it runs, and none of one that does not", async () => {
    expect(await room("web")).toEqual({ balloonTargetBytes: 256 * MIB, balloonFloorBytes: 128 * MIB, memoryTargetBytes: 256 * MIB, memoryMaxBytes: 4_096 * MIB, vcpusTarget: 1, vcpusMax: 4 });
    expect(await room("off")).toBeNull();
  });

  it("knows the room after the server has come up again, though the database remembers the VM without it", async () => {
    await stack.stopServer();
    await stack.startServer();
    [admin, operator, viewer] = [stack.peer(), await stack.peerAs("OPERATOR"), await stack.peerAs("VIEWER")];
    await until("the room is known", async () => (await room("web")) !== null);
  });

  it("fills policies with their defaults", async () => {
    const { vm } = await admin.query<{ vm: unknown }>('{ vm(id: "web") { memoryPolicy { floorBytes ceilingBytes maxBytes shares control sharingDomain } cpuPolicy { weight limitPercent pins { vcpu cpus } emulatorCpus maxVcpus } } }');
    expect(vm).toEqual({
      memoryPolicy: { floorBytes: 128 * MIB, ceilingBytes: 1_280 * MIB, maxBytes: 1_280 * MIB, shares: 1_000, control: "OFF", sharingDomain: "default" },
      cpuPolicy: { weight: 100, limitPercent: null, pins: [], emulatorCpus: null, maxVcpus: 4 },
    });
  });

  it("makes rates of the new counters, and keeps their history", async () => {
    interface Latest { readonly vm: { readonly latest: Record<string, unknown> | null }; readonly host: { readonly latest: Record<string, unknown> | null } }
    const latest = () => admin.query<Latest>(
      '{ vm(id: "web") { latest { throttledTimeRatio vcpusPresent pluggedBytes guestFreeBytes guestRam { sizeBytes residentBytes sharedBytes swappedBytes overheadBytes } } } host(id: "host-1") { latest { ksmdRatio ksmSharedBytes memoryFreeBytes memoryAnonymousBytes memoryKernelBytes } } }');
    await until("there are two samples to make rates of", async () => typeof (await latest()).vm.latest?.["throttledTimeRatio"] === "number");
    const { vm, host } = await latest();
    expect(vm.latest).toMatchObject({ vcpusPresent: 1, pluggedBytes: 0, guestFreeBytes: 100 * MIB, guestRam: { sizeBytes: 256 * MIB, sharedBytes: 40 * MIB } });
    expect(vm.latest?.["throttledTimeRatio"]).toBeCloseTo(0.25, 5);
    expect(host.latest?.["ksmdRatio"]).toBeCloseTo(0.02, 5);
    expect(host.latest).toMatchObject({ ksmSharedBytes: 10 * MIB, memoryAnonymousBytes: 8_192 * MIB });
    await until("history has it", async () => {
      const range = `{ from: "${new Date(Date.now() - 60_000).toISOString()}" }`;
      const { vm: kept } = await admin.query<{ vm: { history: { series: { unit: string; mean: (number | null)[] }[] } } }>(`{ vm(id: "web") { history(range: ${range}, stepSeconds: 1, metrics: [THROTTLED_TIME_RATIO]) { series { unit mean } } } }`);
      return kept.history.series[0]?.unit === "ratio" && kept.history.series[0].mean.some((value) => value !== null && Math.abs(value - 0.25) < 1e-4);
    });
  });

  it("breaks memory down into parts that add up with the remainder", async () => {
    interface Breakdown { totalBytes: number; remainderBytes: string; parts: { kind: string; bytes: number; description: string; source: string }[] }
    const parts = "totalBytes source remainderBytes at parts { kind bytes description source }";
    const { vm, off, host } = await admin.query<{ vm: { memoryBreakdown: Breakdown }; off: { memoryBreakdown: null }; host: { memoryBreakdown: Breakdown } }>(
      `{ vm(id: "web") { memoryBreakdown { ${parts} } } off: vm(id: "off") { memoryBreakdown { ${parts} } } host(id: "host-1") { memoryBreakdown { ${parts} } } }`);
    expect(off.memoryBreakdown).toBeNull();
    for (const { totalBytes, remainderBytes, parts: shown } of [vm.memoryBreakdown, host.memoryBreakdown]) {
      expect(shown.reduce((sum, { bytes }) => sum + bytes, Number(remainderBytes))).toBe(totalBytes);
    }
    const of = (breakdown: Breakdown) => Object.fromEntries(breakdown.parts.map(({ kind, bytes }) => [kind, bytes / MIB]));
    expect(of(vm.memoryBreakdown)).toMatchObject({ SHARED: 40, OVERHEAD: 30, COMPRESSED: 10, SWAPPED: 10, GUEST_USED: 100, GUEST_CACHE: 40, GUEST_FREE: 10 });
    // Of three running VMs, and 10 MiB of pages that several share.
    expect(of(host.memoryBreakdown)).toMatchObject({ VMS: 3 * 180, SHARED: 10, COMPRESSED: 25, KERNEL: 1_024, FREE: 10_240 });
  });

  it("estimates how many fit, with its basis", async () => {
    const fit = async (input: Record<string, unknown>) => (await admin.query<{ howManyFit: { count: number; basis: string[]; limitedBy: string; perVmBytes: number } }>("query ($input: HowManyFitInput!) { howManyFit(input: $input) { count basis limitedBy perVmBytes } }", { input })).howManyFit;
    const like = await fit({ like: "web" });
    expect(like).toMatchObject({ perVmBytes: 130 * MIB, limitedBy: "CPU" });
    expect(like.basis.join(" ")).toContain("web holds 130 MiB");
    expect((await fit({ memoryBytes: 8_192 * MIB, features: ["compression"] })).limitedBy).toBe("MEMORY");
    expect(JSON.stringify((await admin.raw('{ howManyFit(input: { like: "none" }) { count } }')).body)).toContain("VM_NOT_FOUND");
    expect(JSON.stringify((await admin.raw("{ howManyFit(input: {}) { count } }")).body)).toContain("INVALID_INPUT");
  });
});

describe("targets of a running VM", () => {
  it.each([
    ["setVmBalloon", "SET_VM_BALLOON", { targetBytes: 192 * MIB }, "balloonTargetBytes", 192 * MIB, "Leaves the guest of db 192 MiB"],
    ["resizeVmMemory", "RESIZE_VM_MEMORY", { targetBytes: 512 * MIB }, "memoryTargetBytes", 512 * MIB, "Plugs 256 MiB into the guest of db"],
    ["setVmVcpus", "SET_VM_VCPUS", { count: 3 }, "vcpusTarget", 3, "Gives db 3 vCPUs (now 1)"],
  ] as const)("%s moves there, says beforehand what it will bring, and is undone", async (name, kind, target, field, value, words) => {
    const before = (await room("db"))?.[field];
    const trial = await call(name, { id: "db", ...target, dryRun: true }, operator);
    expect(trial).toMatchObject({ __typename: "VmOperationAccepted", operation: null, effect: expect.stringContaining(words) as string });
    expect((await room("db"))?.[field]).toBe(before);
    const done = await call(name, { id: "db", ...target }, operator);
    expect(done).toMatchObject({ __typename: "VmOperationAccepted", operation: { kind }, effect: trial.effect });
    expect((await room("db"))?.[field]).toBe(value);
    const { state, undo } = await ended(done);
    expect({ state, text: undo?.text }).toEqual({ state: "SUCCEEDED", text: expect.stringContaining("db") as string });
    const undone = (await operator.query<{ undoOperation: Answer }>(`mutation ($id: ID!) { undoOperation(input: { id: $id }) { ${ANSWER} } }`, { id: done.operation?.id })).undoOperation;
    expect(undone).toMatchObject({ __typename: "VmOperationAccepted", operation: { kind } });
    expect((await room("db"))?.[field]).toBe(before);
    await ended(undone);
    expect((await ended(done)).undo).toBeNull();
  });

  it("is undone as well where the guest went only half-way", async () => {
    stack.daemon.failOrders = true;
    const done = await call("setVmBalloon", { id: "db", targetBytes: 160 * MIB });
    stack.daemon.failOrders = false;
    expect(await ended(done)).toMatchObject({ state: "FAILED", undo: { text: "Leave the guest of db 256 MiB as before." } });
    await call("setVmBalloon", { id: "db", targetBytes: 256 * MIB });
  });

  it("pages out, which nothing undoes", async () => {
    const done = await call("pageOutVm", { id: "db", bytes: 64 * MIB });
    expect(done).toMatchObject({ operation: { kind: "PAGE_OUT_VM" }, effect: expect.stringContaining("up to 64 MiB") as string });
    expect((await ended(done)).undo).toBeNull();
    expect((await call("pageOutVm", { id: "db", dryRun: true })).effect).toContain("up to 190 MiB");
  });

  it("is carried out once under one idempotency key", async () => {
    const input = { id: "db", targetBytes: 200 * MIB, idempotencyKey: "balloon-1" };
    const [first, again] = [await call("setVmBalloon", input), await call("setVmBalloon", input)];
    expect(again.operation?.id).toBe(first.operation?.id);
    expect(await call("setVmBalloon", { ...input, targetBytes: 201 * MIB })).toMatchObject({ __typename: "InvalidInput", field: "idempotencyKey" });
    await call("setVmBalloon", { id: "db", targetBytes: 256 * MIB });
  });

  it.each([
    ["setVmBalloon", { id: "web", targetBytes: 100 * MIB }, "InvalidInput", "targetBytes", "give 128 to 256 MiB"],
    ["setVmBalloon", { id: "web", targetBytes: 257 * MIB }, "InvalidInput", "targetBytes", "give 128 to 256 MiB"],
    ["resizeVmMemory", { id: "web", targetBytes: 8_192 * MIB }, "InvalidInput", "targetBytes", "give 256 to 4096 MiB"],
    ["setVmVcpus", { id: "web", count: 5 }, "InvalidInput", "count", "give 1 to 4"],
    ["setVmVcpus", { id: "web", count: 0 }, "InvalidInput", "count", "1 to 4"],
    ["setVmVcpus", { id: "web", count: -1 }, "InvalidInput", "count", "1 to 4"],
    ["pageOutVm", { id: "web", bytes: 0 }, "InvalidInput", "bytes", "above 0"],
    ["setVmBalloon", { id: "off", targetBytes: 200 * MIB }, "InvalidVmState", undefined, "start it first"],
    ["resizeVmMemory", { id: "off", targetBytes: 300 * MIB }, "InvalidVmState", undefined, "start it first"],
    ["pageOutVm", { id: "off" }, "InvalidVmState", undefined, "start it first"],
    ["setVmVcpus", { id: "off", count: 2 }, "InvalidVmState", undefined, "start it first"],
    ["setVmBalloon", { id: "plain", targetBytes: 200 * MIB }, "Unsupported", undefined, "ballooning"],
    ["setVmVcpus", { id: "plain", count: 2 }, "Unsupported", undefined, "hotplug"],
    ["setVmBalloon", { id: "none", targetBytes: 200 * MIB }, "VmNotFound", undefined, "quetzal vm ls"],
    ["setVmMemoryPolicy", { id: "none", shares: 1 }, "VmNotFound", undefined, "quetzal vm ls"],
    ["setVmMemoryPolicy", { id: "web", floorBytes: MIB + 1 }, "InvalidInput", "floorBytes", "give 1048576 or 2097152"],
  ])("%s(%o) is refused as %s with its limit and mend", async (name, input, type, field, words) => {
    const refused = await call(name, input);
    expect(refused).toMatchObject({ __typename: type, message: expect.stringContaining(words) as string });
    if (field !== undefined) expect(refused.field).toBe(field);
  });

  it("takes no negative bytes at all", async () => {
    const { body } = await admin.raw('mutation { setVmBalloon(input: { id: "web", targetBytes: -1 }) { __typename } }');
    expect(body.errors?.[0]?.message).toContain("from 0 to 2^53");
  });

  it.each([
    [RefusalCode.REFUSAL_CODE_INSUFFICIENT_RESOURCES, "InsufficientResources"], [RefusalCode.REFUSAL_CODE_UNSUPPORTED, "Unsupported"],
  ])("passes refusal %i on as %s", async (code, type) => {
    stack.daemon.refuseNext = { code, message: "Said by the daemon." };
    expect(await call("resizeVmMemory", { id: "web", targetBytes: 512 * MIB })).toMatchObject({ __typename: type, message: "Said by the daemon." });
  });
});

describe("policies", () => {
  it("change the definition field by field, in effect at once, with versions and undo", async () => {
    const done = await call("setVmMemoryPolicy", { id: "web", floorBytes: 192 * MIB, control: "RECOMMEND", sharingDomain: "blue" });
    expect(done).toMatchObject({ __typename: "VmOperationAccepted", operation: { kind: "SET_VM_MEMORY_POLICY" }, effect: expect.stringContaining("in effect at once") as string });
    await call("setVmCpuPolicy", { id: "web", weight: 200, limitPercent: 150, pins: [{ vcpu: 0, cpus: [0, 1] }], emulatorCpus: [0] });
    await call("setVmMemoryPolicy", { id: "web", shares: 2_000, sharingDomain: null });
    const definition = async () => (await admin.query<{ vm: { definition: Record<string, unknown> } }>('{ vm(id: "web") { definition } }')).vm.definition;
    expect(await definition()).toMatchObject({
      memory_policy: { floor_mb: 192, control: "recommend", shares: 2_000 }, cpu_policy: { weight: 200, limit_percent: 150, pins: [{ vcpu: 0, cpus: [0, 1] }], emulator_cpus: [0] },
    });
    expect((await definition())["memory_policy"]).not.toHaveProperty("sharing_domain");
    const last = await call("setVmCpuPolicy", { id: "web", weight: null, limitPercent: null, pins: null, emulatorCpus: null });
    expect(await definition()).not.toHaveProperty("cpu_policy");
    expect((await ended(last)).undo?.text).toBe("Put back the definition that web had before.");
    expect(await call("setVmMemoryPolicy", { id: "web", shares: 2_000 })).toMatchObject({ operation: null, effect: "Changes nothing: web has this definition already." });
  });

  it("are the daemon's to judge", async () => {
    stack.daemon.refuseNext = { code: RefusalCode.REFUSAL_CODE_INVALID_SPEC, message: "CPU 9 is not there; this host has CPUs 0 to 1.", field: "cpu_policy.pins[0].cpus" };
    expect(await call("setVmCpuPolicy", { id: "web", pins: [{ vcpu: 0, cpus: [9] }] })).toMatchObject({ __typename: "InvalidSpec", field: "cpu_policy.pins[0].cpus" });
  });
});

describe("a host's memory", () => {
  const HOST = "ksm { mode cpuBudgetPercent activeDomain reason pagesPerScan sleepMs cpuUsedRatio } compression { mode sizeBytes algorithm } controller { enabled idleTaxPercent highPercent } state thresholds { highBytes lowBytes }";
  const set = async (input: Record<string, unknown>, peer = admin): Promise<Answer> =>
    (await peer.query<{ answer: Answer }>(`mutation ($input: SetHostMemoryInput!) { answer: setHostMemory(input: $input) { __typename ... on SetHostMemorySuccess { effect host { id } memory { ${HOST} } } ... on Error { message } ... on InvalidInput { field } ... on Forbidden { requiredRole } } }`, { input })).answer;

  it("is shown, changed in part, and audited with who wanted it", async () => {
    const { host } = await admin.query<{ host: { memory: unknown } }>(`{ host(id: "host-1") { memory { ${HOST} } } }`);
    expect(host.memory).toMatchObject({ ksm: { mode: "UNTOUCHED", cpuBudgetPercent: 5, cpuUsedRatio: 0.012 }, controller: { enabled: true, idleTaxPercent: 75 }, state: "HIGH" });
    const trial = await set({ ksm: { mode: "TUNED" }, compression: { mode: "ZRAM", sizeBytes: 2_048 * MIB }, dryRun: true });
    expect(trial).toMatchObject({ effect: "On scripted: shares like pages with up to 5 % of a core; compresses up to 2.0 GiB with zram." });
    expect(stack.daemon.memory.settings.ksm?.mode).toBe(KsmMode.KSM_MODE_UNTOUCHED);
    const done = await set({ ksm: { mode: "TUNED", cpuBudgetPercent: 10 }, compression: { mode: "ZRAM", sizeBytes: 2_048 * MIB } });
    expect(done).toMatchObject({ __typename: "SetHostMemorySuccess", memory: { ksm: { mode: "TUNED", cpuBudgetPercent: 10 }, compression: { mode: "ZRAM", sizeBytes: 2_048 * MIB, algorithm: "zstd" } } });
    await set({ controller: { enabled: false } });
    await set({ controller: { highPercent: 12, softPercent: 8 } });
    expect(stack.daemon.memory.settings).toMatchObject({ ksm: { cpuBudgetRatio: 0.1 }, compression: { mode: CompressionMode.COMPRESSION_MODE_ZRAM }, controller: { enabled: false, idleTaxRatio: 0.75, highRatio: 0.12, softRatio: 0.08, hardRatio: 0.02 } });
    await until("the audit has it", async () => {
      const { audit } = await admin.query<{ audit: { nodes: { kind: string; actor: string | null; message: string }[] } }>("{ audit(first: 50) { nodes { kind actor message } } }");
      return audit.nodes.some(({ kind, actor, message }) => kind === "HOST_MEMORY_CHANGED" && actor === "local" && message.includes("with up to 10 % of a core"));
    });
  });

  it.each([
    [{}, "InvalidInput", "Nothing to set"], [{ ksm: { cpuBudgetPercent: 0 } }, "InvalidInput", "above 0 to 100"], [{ ksm: { cpuBudgetPercent: 101 } }, "InvalidInput", "above 0 to 100"],
    [{ controller: { idleTaxPercent: -1 } }, "InvalidInput", "0 to 100"], [{ controller: { highPercent: 51 } }, "InvalidInput", "above 0 to 50"], [{ controller: { softPercent: 1 } }, "InvalidInput", "low < hard < soft < high"], [{ hostId: "none", ksm: { mode: "TUNED" } }, "InvalidInput", "No host has the id"],
  ])("refuses %o as %s", async (input, type, words) => {
    expect(await set(input)).toMatchObject({ __typename: type, message: expect.stringContaining(words) as string });
  });

  it("is taken back change by change, and not over what was set since", async () => {
    const undo = async (input: Record<string, unknown> = {}, peer = admin): Promise<Answer> =>
      (await peer.query<{ answer: Answer }>(`mutation ($input: UndoHostMemoryInput!) { answer: undoHostMemory(input: $input) { __typename ... on SetHostMemorySuccess { effect memory { ${HOST} } } ... on Error { message } } }`, { input })).answer;
    const settings = () => stack.daemon.memory.settings;
    for (let left = 50; left > 0 && (await undo()).__typename === "SetHostMemorySuccess"; left -= 1);
    const before = structuredClone(settings());
    await set({ ksm: { mode: "STOPPED" } });
    await set({ controller: { highPercent: 14, softPercent: 9 } });
    await set({ controller: { highPercent: 14 } });
    expect(await undo({ dryRun: true })).toMatchObject({ __typename: "SetHostMemorySuccess", effect: expect.stringMatching(/thresholds at [\d/]+ % available.* As before local set it\.$/) as string });
    expect(settings().controller?.highRatio).toBeCloseTo(0.14);
    expect(await undo({}, operator)).toMatchObject({ __typename: "Forbidden" });
    expect(await undo()).toMatchObject({ __typename: "SetHostMemorySuccess" });
    expect(settings()).toMatchObject({ controller: before.controller, ksm: { mode: KsmMode.KSM_MODE_STOPPED } });
    stack.daemon.memory.settings = { ...settings(), ksm: { ...(settings().ksm ?? expect.fail("no KSM")), mode: KsmMode.KSM_MODE_UNMERGED } };
    expect(await undo()).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining("is set otherwise now than local set it (ksm)") as string });
    stack.daemon.memory.settings = { ...settings(), ksm: { ...(settings().ksm ?? expect.fail("no KSM")), mode: KsmMode.KSM_MODE_STOPPED } };
    expect(await undo()).toMatchObject({ __typename: "SetHostMemorySuccess", memory: { ksm: { mode: "UNTOUCHED" } } });
    expect(settings()).toEqual(before);
    expect(await undo()).toMatchObject({ __typename: "NotUndoable", message: "Nobody set the memory of scripted in a way that is kept and still stands." });
  });

  it("passes on that the host does not permit it", async () => {
    stack.daemon.memory.refuseNext = { code: RefusalCode.REFUSAL_CODE_UNSUPPORTED, message: "/sys/kernel/mm/ksm is not writable; run quetzald as root." };
    expect(await set({ ksm: { mode: "TUNED" } })).toMatchObject({ __typename: "Unsupported", message: expect.stringContaining("run quetzald as root") as string });
    stack.daemon.memory.refuseNext = { code: RefusalCode.REFUSAL_CODE_INSUFFICIENT_RESOURCES, message: "Unmerging needs 2.0 GiB and 1.1 GiB are available." };
    expect(await set({ ksm: { mode: "UNMERGED" } })).toMatchObject({ __typename: "InsufficientResources" });
  });

  it("is an administrator's to set, and targets an operator's", async () => {
    expect(await set({ ksm: { mode: "TUNED" } }, operator)).toMatchObject({ __typename: "Forbidden", requiredRole: "ADMIN" });
    expect(await call("setVmMemoryPolicy", { id: "web", shares: 1 }, operator)).toMatchObject({ __typename: "Forbidden", requiredRole: "ADMIN" });
    expect(await call("setVmCpuPolicy", { id: "web", weight: 1 }, operator)).toMatchObject({ __typename: "Forbidden", requiredRole: "ADMIN" });
    for (const [name, input] of [["setVmBalloon", { targetBytes: 200 * MIB }], ["resizeVmMemory", { targetBytes: 300 * MIB }], ["pageOutVm", {}], ["setVmVcpus", { count: 2 }]] as const) {
      expect(await call(name, { id: "web", ...input }, viewer), name).toMatchObject({ __typename: "Forbidden", requiredRole: "OPERATOR" });
    }
  });
});

describe("decisions", () => {
  const DECISION = "time vmId vm { name } action fromBytes toBytes reason carriedOut state hostAvailableBytes guestAvailableBytes guestTotalBytes effectBytes";

  it("are told live, of one VM where only that one is asked for", async () => {
    const live = collect(viewer.subscribe<{ memoryDecided: { vmId: string } }>('subscription { memoryDecided(vmId: "plain") { vmId } }'));
    await until("one is seen", () => {
      for (const id of ["db", "plain"]) stack.daemon.memory.decide(id);
      return live.items.length > 0;
    });
    await live.stop();
    expect(new Set(live.items.map(({ memoryDecided }) => memoryDecided.vmId))).toEqual(new Set(["plain"]));
  });

  it("are listed newest first with their effects", async () => {
    const first = stack.daemon.memory.decide("web");
    const second = stack.daemon.memory.decide("web", { toBytes: BigInt(180 * MIB), time: new Date(Number(first.time) + 1_000) });
    stack.daemon.memory.decisions = stack.daemon.memory.decisions.map((decision) => (decision.time === second.time ? { ...decision, effectBytes: -7n } : decision));
    const { vm, host } = await viewer.query<{ vm: { memoryDecisions: unknown[] }; host: { memoryDecisions: { vmId: string }[] } }>(
      `{ vm(id: "web") { memoryDecisions(first: 5) { ${DECISION} } } host(id: "host-1") { memoryDecisions { ${DECISION} } } }`);
    expect(vm.memoryDecisions).toMatchObject([
      { vmId: "web", vm: { name: "web" }, action: "BALLOON", toBytes: 180 * MIB, effectBytes: "-7" }, { toBytes: 192 * MIB, carriedOut: true, state: "SOFT", guestAvailableBytes: 120 * MIB, effectBytes: null },
    ]);
    expect(host.memoryDecisions.slice(0, 3).map(({ vmId }) => vmId)).toEqual(["web", "web", "plain"]);
    await until("the events hold them for good", async () => {
      const { events } = await viewer.query<{ events: { events: { kind: string }[] } }>('{ events(last: 100, vmId: "web") { events { kind } } }');
      return events.events.filter(({ kind }) => kind === "MEMORY_DECISION").length === 2;
    });
    expect(JSON.stringify((await viewer.raw(`{ vm(id: "web") { memoryDecisions(first: 501) { time } } }`)).body)).toContain("INVALID_INPUT");
  });

  const isListed = (vmId: string, at: Date | undefined) => until("it is listed", async () => {
    const { vm } = await viewer.query<{ vm: { memoryDecisions: { time: string }[] } }>(`{ vm(id: "${vmId}") { memoryDecisions { time } } }`);
    return vm.memoryDecisions.some(({ time }) => time === at?.toISOString());
  });

  it("are undone by setting the balloon back, which is an operation as any, and is undone itself", async () => {
    const undo = (input: Record<string, unknown>, peer = operator): Promise<Answer> => call("undoMemoryDecision", { vmId: "db", ...input }, peer);
    const { time } = stack.daemon.memory.decide("db", { fromBytes: BigInt(256 * MIB), toBytes: BigInt(192 * MIB), time: new Date() });
    // What the daemon does with its own decision.
    await call("setVmBalloon", { id: "db", targetBytes: 192 * MIB });
    await isListed("db", time);
    expect(await undo({}, viewer)).toMatchObject({ __typename: "Forbidden", requiredRole: "OPERATOR" });
    await until("the guest has given it", async () => (await undo({ dryRun: true, at: time })).effect?.includes("now 192 MiB") === true);
    const trial = await undo({ dryRun: true, at: time });
    expect(trial).toMatchObject({ __typename: "VmOperationAccepted", operation: null, effect: expect.stringContaining("256 MiB") as string });
    expect((await room("db"))?.balloonTargetBytes).toBe(192 * MIB);
    const done = await undo({ idempotencyKey: "undo-decision" });
    expect(done).toMatchObject({ operation: { kind: "SET_VM_BALLOON" }, effect: trial.effect });
    expect((await undo({ idempotencyKey: "undo-decision" })).operation?.id).toBe(done.operation?.id);
    expect((await room("db"))?.balloonTargetBytes).toBe(256 * MIB);
    expect(await ended(done)).toMatchObject({ state: "SUCCEEDED", undo: { text: "Leave the guest of db 192 MiB as before." } });
    expect(await undo({ at: time })).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining("256 MiB again") as string });
  });

  it("that did nothing, paged out, or are of nobody's are not undone, with the reason", async () => {
    const undo = (input: Record<string, unknown>): Promise<Answer> => call("undoMemoryDecision", input);
    const after = (ms: number): Date => new Date(Date.now() + ms);
    const advice = stack.daemon.memory.decide("web", { carriedOut: false, time: after(5_000) });
    const paged = stack.daemon.memory.decide("web", { action: DecisionAction.DECISION_ACTION_PAGE_OUT, time: after(6_000) });
    const asked = stack.daemon.memory.decide("web", { action: DecisionAction.DECISION_ACTION_ASK_FOR_ROOM, time: after(7_000) });
    await isListed("web", asked.time);
    for (const [{ time }, words] of [[advice, "not carried out"], [paged, "comes back by itself"], [asked, "only asked for room"]] as const) {
      expect(await undo({ vmId: "web", at: time })).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining(words) as string });
    }
    expect(await undo({ vmId: "web", at: after(9_000) })).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining("is kept") as string });
    expect(await undo({ vmId: "off" })).toMatchObject({ __typename: "NotUndoable" });
    expect(await undo({ vmId: "none" })).toMatchObject({ __typename: "VmNotFound", id: "none" });
  });

  it("and settings are null or what was heard while the daemon is away", async () => {
    stack.daemon.kill();
    await until("it is away", async () => (await admin.query<{ hosts: { connected: boolean }[] }>("{ hosts { connected } }")).hosts[0]?.connected === false);
    const { host } = await admin.query<{ host: { memory: unknown; memoryBreakdown: unknown; memoryDecisions: unknown[] } }>('{ host(id: "host-1") { memory { state } memoryBreakdown { totalBytes } memoryDecisions { vmId } } }');
    expect(host).toMatchObject({ memory: null, memoryBreakdown: null });
    expect(host.memoryDecisions.length).toBeGreaterThan(3);
    expect(await call("setVmBalloon", { id: "web", targetBytes: 200 * MIB })).toMatchObject({ __typename: "HostUnreachable" });
  });
});
