// The past, versions and undo over HTTP: a server on a real Postgres, over a scripted daemon.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

interface Answer { readonly __typename: string; readonly message?: string; readonly effect?: string; readonly operation?: { readonly id: string; readonly kind: string } | null; readonly [field: string]: unknown }

const REFUSED = "... on Error { message } ... on VmChanged { id generation } ... on Forbidden { requiredRole }";
const VERB_ANSWER = `__typename ... on VmOperationAccepted { vm { id state } effect operation { id kind } } ${REFUSED}`;
const PUT_ANSWER = `__typename ... on PutVmSuccess { vm { id generation } effect changes operation { id kind } } ${REFUSED}`;

let stack: ContractStack;
let admin: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
    daemon.add("off", VmState.VM_STATE_STOPPED);
  });
  admin = stack.peer();
});
afterAll(() => stack[Symbol.asyncDispose]());

const verb = async (name: string, id: string, more: Record<string, unknown> = {}, peer = admin): Promise<Answer> => {
  const type = name === "stopVm" ? "StopVmInput" : name === "deleteVm" ? "DeleteVmInput" : name === "undoOperation" ? "UndoOperationInput" : "VmVerbInput";
  return (await peer.query<{ answer: Answer }>(`mutation ($input: ${type}!) { answer: ${name}(input: $input) { ${VERB_ANSWER} } }`, { input: { id, ...more } })).answer;
};
const put = async (definition: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<Answer> =>
  (await admin.query<{ answer: Answer }>(`mutation ($input: PutVmInput!) { answer: putVm(input: $input) { ${PUT_ANSWER} } }`, { input: { definition, ...more } })).answer;
async function done(answer: Answer): Promise<string> {
  const id = answer.operation?.id ?? "";
  expect(id, JSON.stringify(answer)).not.toBe("");
  await until(`operation ${id} has ended`, async () => (await admin.query<{ operation: { state: string } | null }>(`{ operation(id: "${id}") { state } }`)).operation?.state === "SUCCEEDED");
  return id;
}
const undoOf = async (id: string): Promise<{ text: string } | null> => (await admin.query<{ operation: { undo: { text: string } | null } }>(`{ operation(id: "${id}") { undo { text } } }`)).operation.undo;
const state = async (id: string): Promise<string | null> => (await admin.query<{ vm: { state: string } | null }>(`{ vm(id: "${id}") { state } }`)).vm?.state ?? null;
const frame = async (at: Date, where: string | null = null) =>
  (await admin.query<{ past: { at: string; stepSeconds: number; hosts: { id: string; sample: { cpuRatio: number } | null }[]; vms: { id: string; name: string; state: string | null; memoryBytes: number; deletedAt: string | null; sample: { cpuRatio: number | null; guestTotalBytes: number | null } | null; history: { series: { mean: (number | null)[] }[] } }[] } }>(
    `query ($at: DateTime!, $from: DateTime!, $where: String) { past(at: $at, where: $where) { at stepSeconds hosts { id sample { cpuRatio } }
      vms { id name state memoryBytes deletedAt sample { cpuRatio guestTotalBytes } history(range: { from: $from, to: $at }, stepSeconds: 1, metrics: [CPU_RATIO]) { series { mean } } } } }`,
    { at: at.toISOString(), from: new Date(at.getTime() - 5_000).toISOString(), where },
  )).past;

describe("undo", () => {
  it("undoes a pause once, and the undoing as any other verb", async () => {
    const id = await done(await verb("pauseVm", "web"));
    expect(await state("web")).toBe("PAUSED");
    expect(await undoOf(id)).toEqual({ text: "Let web run on." });
    expect(await verb("undoOperation", id, { dryRun: true })).toMatchObject({ __typename: "VmOperationAccepted", operation: null, effect: expect.stringContaining("run on") as string });
    expect(await state("web")).toBe("PAUSED");
    const undone = await verb("undoOperation", id, { idempotencyKey: "undo-1" });
    expect(undone).toMatchObject({ __typename: "VmOperationAccepted", operation: { kind: "RESUME_VM" } });
    const again = await verb("undoOperation", id, { idempotencyKey: "undo-1" });
    expect(again.operation?.id).toBe(await done(undone));
    expect(await state("web")).toBe("RUNNING");
    expect(await undoOf(id)).toBeNull();
    expect(await verb("undoOperation", id)).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining("since") as string });
    expect(await undoOf(undone.operation?.id ?? "")).toEqual({ text: "Pause web again." });
  });

  it("undoes a start by asking the guest, and a stop by starting", async () => {
    const started = await done(await verb("startVm", "off"));
    expect(await undoOf(started)).toEqual({ text: "Ask the guest of off to power down." });
    const stopped = await done(await verb("undoOperation", started));
    await until("off is stopped", async () => (await state("off")) === "STOPPED");
    expect(await undoOf(stopped)).toEqual({ text: "Power off on again." });
  });

  it("undoes an edit and a deletion by the version before, and no creation", async () => {
    const made = await done(await put({ id: "doc", memory_mb: 256 }));
    await until("its version is stored", async () => (await admin.query<{ vm: { versions: unknown[] } }>('{ vm(id: "doc") { versions { generation } } }')).vm.versions.length === 1);
    expect(await undoOf(made)).toBeNull();
    expect(await verb("undoOperation", made)).toMatchObject({ __typename: "NotUndoable" });
    const edited = await done(await put({ id: "doc", memory_mb: 512 }));
    expect(await undoOf(edited)).toEqual({ text: "Put back the definition that doc had before." });
    await done(await verb("undoOperation", edited));
    const { vm } = await admin.query<{ vm: { memoryBytes: number; versions: { actor: string; changes: string[]; definition: { memory_mb: number } }[] } }>('{ vm(id: "doc") { memoryBytes versions { actor changes definition } } }');
    expect(vm.memoryBytes).toBe(256 * 1_048_576);
    expect(vm.versions.map(({ actor, changes, definition }) => [actor, changes, definition.memory_mb])).toEqual([["local", ["memory_mb: 512 → 256"], 256], ["local", ["memory_mb: 256 → 512"], 512], ["local", [], 256]]);
    const deleted = await done(await verb("deleteVm", "doc"));
    expect(await state("doc")).toBeNull();
    await done(await verb("undoOperation", deleted));
    expect(await state("doc")).toBe("DEFINED");
  });

  it("does not undo a deletion that took the disks, nor what nobody knows, nor for those who may not", async () => {
    await done(await put({ id: "scratch", memory_mb: 128 }));
    const id = await done(await verb("deleteVm", "scratch", { deleteDisks: true }));
    expect(await verb("undoOperation", id)).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining("disks") as string });
    expect(await verb("undoOperation", "0f0f0f0f-0000-4000-8000-000000000000")).toMatchObject({ __typename: "OperationNotFound" });
    const viewer = await stack.peerAs("VIEWER");
    const paused = await done(await verb("pauseVm", "web"));
    expect(await verb("undoOperation", paused, {}, viewer)).toMatchObject({ __typename: "Forbidden", requiredRole: "OPERATOR" });
    await done(await verb("undoOperation", paused));
  });
});

describe("an edit on top of what was read", () => {
  const generation = async (id: string): Promise<string> => (await admin.query<{ vm: { generation: string } }>(`{ vm(id: "${id}") { generation } }`)).vm.generation;

  it("is refused when the definition is another by now, and not for a change of state", async () => {
    await done(await put({ id: "edit", memory_mb: 256 }));
    const read = await generation("edit");
    await done(await verb("startVm", "edit"));
    await until("it runs", async () => (await state("edit")) === "RUNNING");
    const mine = await put({ id: "edit", memory_mb: 300 }, { ifGeneration: read });
    expect(mine).toMatchObject({ __typename: "PutVmSuccess", effect: expect.stringContaining("stopped and started again") as string });
    await done(mine);
    expect(await put({ id: "edit", memory_mb: 400 }, { ifGeneration: read })).toMatchObject({ __typename: "VmChanged", id: "edit", generation: await generation("edit") });
    expect(await put({ id: "edit", memory_mb: 400 }, { ifGeneration: read, dryRun: true })).toMatchObject({ __typename: "VmChanged" });
    expect(await put({ id: "unborn", memory_mb: 400 }, { ifGeneration: "1" })).toMatchObject({ __typename: "VmChanged", id: "unborn" });
  });

  it("lets one of two win who read the same", async () => {
    await done(await put({ id: "race", memory_mb: 256 }));
    const read = await generation("race");
    const answers = await Promise.all([1, 2, 3, 4].map((n) => put({ id: "race", memory_mb: 256 + n }, { ifGeneration: read })));
    expect(answers.map((answer) => answer.__typename).sort()).toEqual(["PutVmSuccess", "VmChanged", "VmChanged", "VmChanged"]);
  });
});

describe("the past", () => {
  it("shows VMs, hosts and figures of an instant, deleted VMs with their history, and the filter of then", async () => {
    await done(await put({ id: "ghost", name: "Ghost", memory_mb: 128 }));
    await done(await verb("startVm", "ghost"));
    await until("ghost has figures", async () => (await admin.query<{ vm: { latest: { cpuRatio: number | null } | null } }>('{ vm(id: "ghost") { latest { cpuRatio } } }')).vm.latest?.cpuRatio != null);
    const then = new Date();
    await done(await verb("forceOffVm", "ghost"));
    await done(await verb("deleteVm", "ghost"));
    await until("its deletion is stored", async () => (await frame(new Date())).vms.every(({ id }) => id !== "ghost"));
    const past = await frame(then);
    expect(past).toMatchObject({ at: then.toISOString(), stepSeconds: 1, hosts: [{ id: "host-1" }] });
    expect(past.hosts[0]?.sample?.cpuRatio).toBeCloseTo(0.5, 1);
    const ghost = past.vms.find(({ id }) => id === "ghost");
    expect(ghost).toMatchObject({ name: "Ghost", state: "RUNNING", memoryBytes: 128 * 1_048_576, deletedAt: expect.any(String) as string, sample: { guestTotalBytes: 240 * 1_048_576 } });
    expect(ghost?.sample?.cpuRatio).toBeCloseTo(0.1, 1);
    expect(ghost?.history.series[0]?.mean.some((value) => value !== null)).toBe(true);
    expect((await frame(then, "name=Ghost cpu>5")).vms.map(({ id }) => id)).toEqual(["ghost"]);
    expect((await frame(then, "state:stopped")).vms.map(({ id }) => id)).not.toContain("ghost");
  });

  it("says how far back it goes, and what it cannot answer", async () => {
    const { pastBounds } = await admin.query<{ pastBounds: { oldest: string; newest: string } }>("{ pastBounds { oldest newest } }");
    expect(Date.parse(pastBounds.oldest)).toBeLessThan(Date.parse(pastBounds.newest));
    const code = async (args: string) => (await admin.raw(`{ past(${args}) { at } }`)).body.errors?.[0]?.extensions?.["code"];
    expect(await code('at: "2999-01-01T00:00:00.000Z"')).toBe("INVALID_INPUT");
    expect(await code(`at: "${new Date().toISOString()}", where: "cpu>"`)).toBe("INVALID_INPUT");
    expect((await frame(new Date(Date.parse(pastBounds.oldest) - 1_000))).vms).toEqual([]);
  });

  it("gives the events and operations up to an instant", async () => {
    const { events } = await admin.query<{ events: { events: { time: string }[] } }>("{ events(last: 1000) { events { time } } }");
    const middle = events.events[Math.floor(events.events.length / 2)]?.time ?? "";
    const until = await admin.query<{ events: { events: { time: string }[] }; operations: { nodes: { startedAt: string }[] } }>(`{ events(last: 5, until: "${middle}") { events { time } } operations(until: "${middle}") { nodes { startedAt } } }`);
    expect(until.events.events).toHaveLength(5);
    for (const { time } of until.events.events) expect(Date.parse(time)).toBeLessThanOrEqual(Date.parse(middle));
    expect(until.events.events.at(-1)?.time).toBe(middle);
    for (const { startedAt } of until.operations.nodes) expect(Date.parse(startedAt)).toBeLessThanOrEqual(Date.parse(middle));
  });
});
