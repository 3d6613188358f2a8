// Every mutation and every member of its union, over HTTP, against a scripted daemon.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RefusalCode } from "../../server/src/hypervisor/generated/quetzal/v1/refusal.js";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

const VERB = `__typename
  ... on VmOperationAccepted { vm { id state } operation { id kind state requestedBy } }
  ... on Error { message } ... on VmNotFound { id } ... on InvalidVmState { state } ... on Forbidden { requiredRole }
  ... on InvalidInput { field } ... on StorageFault { field } ... on InsufficientResources { field }`;
const PUT = `__typename
  ... on PutVmSuccess { action changes vm { id name memoryBytes labels { key value } } operation { id state } }
  ... on Error { message } ... on InvalidSpec { field } ... on InvalidInput { field } ... on VmExists { id } ... on InsufficientResources { field } ... on Forbidden { requiredRole }`;

interface Answer { readonly __typename: string; readonly message?: string; readonly [field: string]: unknown }

let stack: ContractStack;
let admin: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
    daemon.add("off");
    daemon.add("safe", VmState.VM_STATE_STOPPED, { protected: true });
  });
  admin = stack.peer();
});
afterAll(() => stack[Symbol.asyncDispose]());

async function verb(name: string, input: Record<string, unknown>, peer = admin): Promise<Answer> {
  const type = name === "stopVm" ? "StopVmInput" : name === "deleteVm" ? "DeleteVmInput" : "VmVerbInput";
  const done = await peer.query<{ answer: Answer }>(`mutation ($input: ${type}!) { answer: ${name}(input: $input) { ${VERB} } }`, { input });
  return done.answer;
}
async function put(input: Record<string, unknown>, peer = admin): Promise<Answer> {
  return (await peer.query<{ putVm: Answer }>(`mutation ($input: PutVmInput!) { putVm(input: $input) { ${PUT} } }`, { input })).putVm;
}
async function stateIs(id: string, state: string): Promise<void> {
  await until(`${id} is ${state}`, async () => (await admin.query<{ vm: { state: string } }>(`{ vm(id: "${id}") { state } }`)).vm.state === state);
}

describe("verbs", () => {
  it("carries out the whole life of a VM, each verb as an operation that ends", async () => {
    for (const [name, during, after] of [
      ["startVm", "STARTING", "RUNNING"], ["pauseVm", "PAUSED", "PAUSED"], ["resumeVm", "RUNNING", "RUNNING"], ["resetVm", "RUNNING", "RUNNING"],
      ["stopVm", "STOPPING", "STOPPED"], ["startVm", "STARTING", "RUNNING"], ["forceOffVm", "STOPPED", "STOPPED"],
    ] as const) {
      const done = await verb(name, { id: "off" });
      expect(done, name).toMatchObject({ __typename: "VmOperationAccepted", operation: { requestedBy: "local" } });
      expect([during, after]).toContain((done["vm"] as { state: string }).state);
      await stateIs("off", after);
      const id = (done["operation"] as { id: string }).id;
      await until("the operation has ended", async () => (await admin.query<{ operation: { state: string } }>(`{ operation(id: "${id}") { state } }`)).operation.state === "SUCCEEDED");
    }
  });

  it("says VmNotFound for a VM that nobody has", async () => {
    expect(await verb("startVm", { id: "nobody" })).toMatchObject({ __typename: "VmNotFound", id: "nobody" });
  });

  it("says InvalidVmState with the state, and leaves no operation behind", async () => {
    const before = await admin.query("{ operations(vmId: \"web\") { nodes { id } } }");
    expect(await verb("startVm", { id: "web" })).toMatchObject({ __typename: "InvalidVmState", state: "RUNNING" });
    expect(await verb("deleteVm", { id: "web" })).toMatchObject({ __typename: "InvalidVmState" });
    expect(await admin.query("{ operations(vmId: \"web\") { nodes { id } } }")).toEqual(before);
  });

  it.each([
    [RefusalCode.REFUSAL_CODE_INSUFFICIENT_RESOURCES, "InsufficientResources"],
    [RefusalCode.REFUSAL_CODE_STORAGE, "StorageFault"],
    [RefusalCode.REFUSAL_CODE_UNSUPPORTED, "Unsupported"],
    [RefusalCode.REFUSAL_CODE_LAUNCH_FAILED, "LaunchFailed"],
    [RefusalCode.REFUSAL_CODE_PROTECTED, "VmProtected"],
  ])("passes refusal %i on as %s", async (code, type) => {
    stack.daemon.refuseNext = { code, message: "Said by the daemon.", field: "disks[0].path" };
    expect(await verb("startVm", { id: "off" })).toMatchObject({ __typename: type, message: "Said by the daemon." });
  });

  it("protects a protected VM against deletion", async () => {
    expect(await verb("deleteVm", { id: "safe" })).toMatchObject({ __typename: "VmProtected" });
  });

  it("changes nothing in a dry run", async () => {
    const sequence = stack.daemon.journal.length;
    expect(await verb("startVm", { id: "off", dryRun: true })).toMatchObject({ __typename: "VmOperationAccepted", operation: null });
    expect(await verb("startVm", { id: "web", dryRun: true })).toMatchObject({ __typename: "InvalidVmState" });
    expect(stack.daemon.journal.length).toBe(sequence);
  });

  it("carries out a verb once under one idempotency key, and refuses the key for another verb", async () => {
    const first = await verb("pauseVm", { id: "web", idempotencyKey: "k1" });
    const again = await verb("pauseVm", { id: "web", idempotencyKey: "k1" });
    expect((again["operation"] as { id: string }).id).toBe((first["operation"] as { id: string }).id);
    expect(await verb("resumeVm", { id: "web", idempotencyKey: "k1" })).toMatchObject({ __typename: "InvalidInput", field: "idempotencyKey" });
    expect(await verb("resumeVm", { id: "web" })).toMatchObject({ __typename: "VmOperationAccepted" });
  });

  it("frees the key of a verb that was refused", async () => {
    expect(await verb("startVm", { id: "web", idempotencyKey: "k2" })).toMatchObject({ __typename: "InvalidVmState" });
    expect(await verb("resetVm", { id: "web", idempotencyKey: "k2" })).toMatchObject({ __typename: "VmOperationAccepted" });
  });

  it("refuses a stop timeout out of range", async () => {
    expect(await verb("stopVm", { id: "web", timeoutSeconds: 0 })).toMatchObject({ __typename: "InvalidInput", field: "timeoutSeconds" });
  });

  it("cancels a stop, and says what cannot be cancelled", async () => {
    const cancel = async (id: string) =>
      (await admin.query<{ cancelOperation: Answer }>(`mutation { cancelOperation(id: "${id}") { __typename ... on CancelOperationSuccess { operation { state } } ... on NotCancellable { state } ... on Error { message } } }`)).cancelOperation;
    stack.daemon.ignoreStop = true;
    const stop = await verb("stopVm", { id: "web" });
    const id = (stop["operation"] as { id: string }).id;
    expect(await cancel(id)).toMatchObject({ __typename: "CancelOperationSuccess" });
    await until("the operation is cancelled", async () => (await admin.query<{ operation: { state: string } }>(`{ operation(id: "${id}") { state } }`)).operation.state === "CANCELLED");
    stack.daemon.ignoreStop = false;
    await stateIs("web", "RUNNING");
    expect(await cancel(id)).toMatchObject({ __typename: "NotCancellable", state: "CANCELLED" });
    expect(await cancel("0f0f0f0f-0000-4000-8000-000000000000")).toMatchObject({ __typename: "OperationNotFound" });
  });
});

describe("definitions", () => {
  it("creates, changes line by line, and finds nothing to do the third time", async () => {
    expect(await put({ definition: { id: "new", memory_mb: 512, labels: { tier: "web" } } })).toMatchObject({ action: "CREATED", operation: { state: expect.any(String) as string }, vm: { labels: [{ key: "tier", value: "web" }] } });
    expect(await put({ definition: { id: "new", memory_mb: 1024, labels: { tier: "web" } } })).toMatchObject({ action: "CHANGED", changes: ["memory_mb: 512 → 1024"] });
    const sequence = stack.daemon.journal.length;
    expect(await put({ definition: { id: "new", memory_mb: 1024, labels: { tier: "web" } } })).toMatchObject({ action: "UNCHANGED", changes: [], operation: null });
    expect(stack.daemon.journal.length).toBe(sequence);
  });

  it("stores nothing in a dry run and says what would change", async () => {
    expect(await put({ definition: { id: "new", memory_mb: 2048, labels: { tier: "web" } }, dryRun: true })).toMatchObject({ action: "CHANGED", changes: ["memory_mb: 1024 → 2048"], operation: null, vm: { memoryBytes: 1_073_741_824 } });
    expect(await put({ definition: { id: "unborn" }, dryRun: true })).toMatchObject({ action: "CREATED", vm: { id: "unborn" } });
    expect(await admin.query('{ vm(id: "unborn") { id } }')).toEqual({ vm: null });
  });

  it("says where a definition is wrong", async () => {
    expect(await put({ definition: { id: "bad", memory_mb: 0 } })).toMatchObject({ __typename: "InvalidSpec", field: "memory_mb" });
    expect(await put({ definition: { id: "bad", colour: "red" } })).toMatchObject({ __typename: "InvalidSpec", field: "colour" });
    expect(await put({ definition: { id: "bad", memory_mb: 1_000_000 } })).toMatchObject({ __typename: "InsufficientResources", field: "memory_mb" });
    expect(await put({ definition: { id: "../etc" } })).toMatchObject({ __typename: "InvalidSpec", field: "id" });
    expect(await put({ definition: [1] })).toMatchObject({ __typename: "InvalidInput", field: "definition" });
    expect(await put({ definition: { id: "web" }, createOnly: true })).toMatchObject({ __typename: "VmExists", id: "web" });
    expect(await put({ definition: { id: "web" }, hostId: "elsewhere" })).toMatchObject({ __typename: "InvalidInput", field: "hostId" });
  });

  it("applies several, each judged alone, and refuses two with one id", async () => {
    const definitions = [{ id: "a1" }, { id: "twin", vcpus: 1 }, { id: "bad", memory_mb: 0 }, { id: "twin", vcpus: 2 }];
    const { applyVms } = await admin.query<{ applyVms: { results: Answer[] } }>(`mutation ($input: ApplyVmsInput!) { applyVms(input: $input) { results { ${PUT} } } }`, { input: { definitions } });
    expect(applyVms.results.map((result) => result.__typename)).toEqual(["PutVmSuccess", "InvalidInput", "InvalidSpec", "InvalidInput"]);
    expect(applyVms.results[1]?.message).toContain("twin");
    expect(await admin.query('{ vm(id: "twin") { id } }')).toEqual({ vm: null });
  });

  it("deletes a VM and remembers it in the events", async () => {
    expect(await verb("deleteVm", { id: "a1" })).toMatchObject({ __typename: "VmOperationAccepted", operation: { kind: "DELETE_VM" } });
    await until("a1 is gone", async () => (await admin.query<{ vm: unknown }>('{ vm(id: "a1") { id } }')).vm === null);
    // The list is served from memory; the event is stored a moment later.
    await until("the deletion is stored with its actor", async () => {
      const { events } = await admin.query<{ events: { events: { kind: string; actor: string | null }[] } }>('{ events(last: 20, vmId: "a1") { events { kind actor } } }');
      return events.events.some(({ kind, actor }) => kind === "VM_DELETED" && actor === "local");
    });
  });
});

describe("rights", () => {
  it("lets a viewer change nothing, and an operator drive but not define", async () => {
    const viewer = await stack.peerAs("VIEWER");
    const operator = await stack.peerAs("OPERATOR");
    for (const name of ["startVm", "stopVm", "forceOffVm", "resetVm", "pauseVm", "resumeVm"]) {
      expect(await verb(name, { id: "web" }, viewer), name).toMatchObject({ __typename: "Forbidden", requiredRole: "OPERATOR" });
    }
    expect(await verb("deleteVm", { id: "off" }, operator)).toMatchObject({ __typename: "Forbidden", requiredRole: "ADMIN" });
    expect(await put({ definition: { id: "x" } }, operator)).toMatchObject({ __typename: "Forbidden", requiredRole: "ADMIN" });
    expect(await verb("resetVm", { id: "web" }, operator)).toMatchObject({ __typename: "VmOperationAccepted" });
    const { body } = await operator.raw("{ tokens { id } }");
    expect(body.errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
  });

  it("makes tokens once by name, lists them without secrets, and revokes them at once", async () => {
    const make = (name: string) => admin.query<{ createToken: Answer }>(`mutation ($name: String!) { createToken(input: { name: $name, role: VIEWER }) { __typename ... on CreateTokenSuccess { secret token { id name role expiresAt lastUsedAt } } ... on InvalidInput { field } } }`, { name });
    const made = (await make("bot")).createToken;
    expect(made).toMatchObject({ __typename: "CreateTokenSuccess", token: { name: "bot", role: "VIEWER", expiresAt: null, lastUsedAt: null } });
    expect(String(made["secret"])).toMatch(/^qz_[\w-]{43}$/);
    expect((await make("bot")).createToken).toMatchObject({ __typename: "InvalidInput", field: "name" });
    expect((await make("a b")).createToken).toMatchObject({ __typename: "InvalidInput", field: "name" });
    expect(JSON.stringify(await admin.query("{ tokens { id name role } }"))).toContain("bot");
    const bot = stack.peer(String(made["secret"]));
    expect(await bot.query("{ viewer { name role } }")).toEqual({ viewer: { name: "bot", role: "VIEWER" } });
    const revoke = (id: string) => admin.query<{ revokeToken: Answer }>(`mutation { revokeToken(id: "${id}") { __typename ... on TokenNotFound { id } } }`);
    const { id } = made["token"] as { id: string };
    expect((await revoke(id)).revokeToken.__typename).toBe("RevokeTokenSuccess");
    expect((await bot.raw("{ viewer { name } }")).status).toBe(401);
    expect((await revoke(id)).revokeToken).toMatchObject({ __typename: "TokenNotFound", id });
  });

  it("writes who asked into the events", async () => {
    const { events } = await admin.query<{ events: { events: { kind: string; actor: string | null }[] } }>("{ events(last: 1000) { events { kind actor } } }");
    for (const kind of ["OPERATION_STARTED", "OPERATION_FINISHED", "TOKEN_CREATED", "TOKEN_REVOKED", "VM_DEFINED"]) {
      expect(events.events.find((event) => event.kind === kind)?.actor, kind).toBeTruthy();
    }
  });
});
