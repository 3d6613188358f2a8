// The audit over HTTP and WebSocket against a scripted daemon: who did or tried what, and who may read it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import { connect, type GraphqlPeer } from "../support/graphql.js";

interface Entry {
  readonly cursor: string; readonly actor: string | null; readonly kind: string; readonly vmId: string | null; readonly outcome: string | null;
  readonly reason: string | null; readonly message: string; readonly operation: { readonly kind: string; readonly state: string } | null;
}
interface Page { readonly nodes: readonly Entry[]; readonly edges: readonly { readonly cursor: string }[]; readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null } }
const AUDIT = `query ($first: Int, $after: String, $actor: String, $vmId: ID) { audit(first: $first, after: $after, actor: $actor, vmId: $vmId) {
  nodes { cursor actor kind vmId outcome reason message operation { kind state } } edges { cursor } pageInfo { hasNextPage endCursor } } }`;

let stack: ContractStack;
let admin: GraphqlPeer;
let viewer: Awaited<ReturnType<ContractStack["peerAs"]>>;
let operator: Awaited<ReturnType<ContractStack["peerAs"]>>;
let nameOf: (peer: { readonly tokenId: string }) => string;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web");
    daemon.add("slow", VmState.VM_STATE_RUNNING);
  });
  admin = stack.peer();
  viewer = await stack.peerAs("VIEWER");
  operator = await stack.peerAs("OPERATOR");
  const { tokens } = await admin.query<{ tokens: { id: string; name: string }[] }>("{ tokens { id name } }");
  nameOf = ({ tokenId }) => tokens.find(({ id }) => id === tokenId)?.name ?? "";
});
afterAll(() => stack[Symbol.asyncDispose]());

async function audit(args: Record<string, unknown> = {}): Promise<Page> {
  return (await admin.query<{ audit: Page }>(AUDIT, args)).audit;
}
async function entry(what: string, matches: (entry: Entry) => boolean): Promise<Entry> {
  let found: Entry | undefined;
  await until(what, async () => (found = (await audit({ first: 500 })).nodes.find(matches)) !== undefined);
  return found as Entry;
}
/** The code with which a WebSocket that shows this token is closed. */
function wsCloseCode(token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(stack.server.wsUrl, "graphql-transport-ws");
    socket.once("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } })));
    socket.once("close", resolve).once("error", reject);
  });
}

describe("what was done", () => {
  it("is one entry a verb, with its outcome, and none for its consequences", async () => {
    await operator.query('mutation { startVm(input: { id: "web" }) { __typename } }');
    const done = await entry("the start to end", ({ kind, outcome }) => kind === "OPERATION_STARTED" && outcome === "SUCCEEDED");
    expect(done).toMatchObject({ actor: nameOf(operator), vmId: "web", reason: null, operation: { kind: "START_VM", state: "SUCCEEDED" }, message: "Asked to start web." });
    expect((await audit({ vmId: "web" })).nodes.filter(({ actor }) => actor === nameOf(operator))).toHaveLength(1);
  });

  it("says of a change of a definition what it changed, where that is one thing, and of its undoing alike", async () => {
    const change = async (more: Record<string, unknown>) => {
      const { vm } = await admin.query<{ vm: { definition: Record<string, unknown> } }>('{ vm(id: "slow") { definition } }');
      await put({ ...vm.definition, ...more });
    };
    const put = async (definition: Record<string, unknown>): Promise<void> => {
      await admin.query("mutation ($definition: JSON!) { putVm(input: { definition: $definition }) { ... on PutVmSuccess { operation { id } } } }", { definition });
    };
    await put({ id: "fresh" });
    await change({ labels: { tier: "web" } });
    await change({ protected: true });
    await change({ protected: false });
    await change({ memory_mb: 384, labels: {} });
    await admin.query('mutation { setVmCpuPolicy(input: { id: "slow", weight: 300 }) { __typename } }');
    const { last } = await admin.query<{ last: { operation: { id: string } } }>('mutation { last: setVmMemoryPolicy(input: { id: "slow", shares: 300 }) { ... on VmOperationAccepted { operation { id } } } }');
    const ofLast = async () => (await admin.query<{ operation: { state: string; undo: unknown } | null }>("query ($id: ID!) { operation(id: $id) { state undo { text } } }", last.operation)).operation;
    await until("the last change can be undone", async () => (await ofLast())?.undo != null);
    const { undoOperation } = await admin.query<{ undoOperation: unknown }>("mutation ($id: ID!) { undoOperation(input: { id: $id }) { __typename ... on Error { message } } }", last.operation);
    expect(undoOperation).toEqual({ __typename: "VmOperationAccepted" });
    const what = async (vmId: string) => (await audit({ vmId })).nodes.filter(({ kind }) => kind === "OPERATION_STARTED").map(({ operation, message }) => `${operation?.kind}: ${message}`).reverse();
    await until("the undoing", async () => (await what("slow")).length >= 7);
    expect(await what("fresh")).toEqual(["PUT_VM: Asked to define fresh."]);
    expect((await what("slow")).slice(-7)).toEqual([
      "SET_VM_LABELS: Asked to set labels of slow.", "PROTECT_VM: Asked to protect slow.", "UNPROTECT_VM: Asked to unprotect slow.", "PUT_VM: Asked to define slow.",
      "SET_VM_CPU_POLICY: Asked to set cpu policy of slow.", "SET_VM_MEMORY_POLICY: Asked to set memory policy of slow.", "SET_VM_MEMORY_POLICY: Asked to set memory policy of slow.",
    ]);
  });

  it("holds tokens that were made and revoked", async () => {
    expect(await entry("the token", ({ kind, message }) => kind === "TOKEN_CREATED" && message.includes(nameOf(viewer)))).toMatchObject({ actor: "local", outcome: "SUCCEEDED", operation: null });
  });

  it("records a cancellation as one, not as a warning", async () => {
    stack.daemon.ignoreStop = true;
    const { stopVm } = await admin.query<{ stopVm: { operation: { id: string } } }>('mutation { stopVm(input: { id: "slow" }) { ... on VmOperationAccepted { operation { id } } } }');
    await operator.query("mutation ($id: ID!) { cancelOperation(id: $id) { __typename } }", { id: stopVm.operation.id });
    const asked = await entry("the cancellation's outcome", ({ kind, outcome }) => kind === "OPERATION_CANCEL_REQUESTED" && outcome !== "RUNNING");
    expect(asked).toMatchObject({ actor: nameOf(operator), vmId: "slow", outcome: "SUCCEEDED", message: "Asked not to stop slow after all." });
    expect((await audit({ actor: nameOf(operator) })).nodes.some(({ kind }) => kind === "WARNING")).toBe(false);
  });
});

describe("what was tried", () => {
  it.each([
    ["a verb", 'mutation { stopVm(input: { id: "web" }) { __typename } }', "stopVm", "web"],
    ["a list of definitions", 'mutation { applyVms(input: { definitions: [{ id: "a" }, { id: "b" }] }) { results { __typename } } }', "applyVms", null],
    ["a query", "{ tokens { id } }", "tokens", null],
    ["the audit itself", "{ audit { nodes { cursor } } }", "audit", null],
    ["a verb on what is no VM", 'mutation { deleteVm(input: { id: "\\u001b[31mnone" }) { __typename } }', "deleteVm", null],
  ])("beyond a role is kept: %s", async (_, document, call, vmId) => {
    await viewer.raw(document);
    const refused = await entry("the refusal", ({ kind, message }) => kind === "ACCESS_REFUSED" && message.startsWith(call));
    expect(refused).toMatchObject({ actor: nameOf(viewer), vmId, outcome: "REFUSED", operation: null });
  });

  it("as a dry run only is not: it would have changed nothing", async () => {
    await viewer.query('mutation { pauseVm(input: { id: "web", dryRun: true }) { __typename } }');
    await viewer.query('mutation { resetVm(input: { id: "web" }) { __typename } }');
    await entry("the later refusal", ({ message }) => message.startsWith("resetVm"));
    expect((await audit({ first: 500 })).nodes.some(({ message }) => message.startsWith("pauseVm"))).toBe(false);
  });

  it("with a token that does not work is kept, over HTTP and WebSocket, with the token's name where it had one", async () => {
    await connect(stack.server.url, "qz_guess").raw("{ viewer { name } }");
    expect(await entry("the guess", ({ kind }) => kind === "LOGIN_FAILED")).toMatchObject({ actor: null, outcome: "REFUSED", message: "A login from 127.0.0.1 was refused: its token is unknown." });
    const gone = await stack.peerAs("VIEWER");
    await admin.query("mutation ($id: ID!) { revokeToken(id: $id) { __typename } }", { id: gone.tokenId });
    expect(await wsCloseCode(gone.token)).toBe(4401);
    const refused = await entry("the revoked one", ({ kind, message }) => kind === "LOGIN_FAILED" && message.includes("was revoked"));
    expect(refused.actor).toMatch(/^viewer-/);
    expect(JSON.stringify(await audit({ first: 500 }))).not.toContain(gone.token);
  });

  it("with a revoked token is told as that after a restart too", async () => {
    const gone = await stack.peerAs("VIEWER");
    const { tokens } = await admin.query<{ tokens: { id: string; name: string }[] }>("{ tokens { id name } }");
    const name = tokens.find(({ id }) => id === gone.tokenId)?.name ?? "";
    await admin.query("mutation ($id: ID!) { revokeToken(id: $id) { __typename } }", { id: gone.tokenId });
    await stack.stopServer();
    await stack.startServer();
    admin = stack.peer();
    await connect(stack.server.url, gone.token).raw("{ viewer { name } }");
    expect(await entry("the revoked one", ({ actor, kind }) => kind === "LOGIN_FAILED" && actor === name)).toMatchObject({ outcome: "REFUSED" });
    viewer = Object.assign(stack.peer(viewer.token), { token: viewer.token, tokenId: viewer.tokenId });
  });
});

describe("reading it", () => {
  it("needs the role ADMIN, and says so", async () => {
    const { body } = await viewer.raw("{ audit { nodes { cursor } } }");
    expect(JSON.stringify(body)).toContain("FORBIDDEN");
    expect(JSON.stringify(body)).toContain("Reading the audit needs the role ADMIN");
  });

  it("shows attempts to nobody else through the events either, as pages or live", async () => {
    const live = collect(viewer.subscribe<{ events: { kind?: string } }>("subscription { events(after: 0) { ... on Event { kind } } }"));
    await viewer.raw('mutation { forceOffVm(input: { id: "web" }) { __typename } }');
    await entry("the refusal", ({ message }) => message.startsWith("forceOffVm"));
    await admin.query('mutation { pauseVm(input: { id: "web" }) { __typename } }');
    await until("the pause is seen", () => live.items.some(({ events }) => events.kind === "VM_STATE_CHANGED"));
    await live.stop();
    const kinds = async (peer: GraphqlPeer) => (await peer.query<{ events: { events: { kind: string }[] } }>("{ events(last: 1000) { events { kind } } }")).events.events.map(({ kind }) => kind);
    for (const seen of [await kinds(viewer), live.items.map(({ events }) => events.kind)]) {
      expect(seen.length).toBeGreaterThan(3);
      expect(seen).not.toContain("ACCESS_REFUSED");
      expect(seen).not.toContain("LOGIN_FAILED");
    }
    expect(await kinds(admin)).toEqual(expect.arrayContaining(["ACCESS_REFUSED", "LOGIN_FAILED"]));
  });

  it("pages from the newest to the oldest without loss or doubles", async () => {
    const whole = (await audit({ first: 500 })).nodes.map(({ cursor }) => cursor);
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const page: Page = await audit({ first: 3, after });
      paged.push(...page.nodes.map(({ cursor }) => cursor));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(paged).toEqual(whole);
    expect(whole.map(BigInt)).toEqual(whole.map(BigInt).sort((a, b) => (a > b ? -1 : 1)));
  });

  it.each(["x", "-1", "99999999999999999999", "1; DROP TABLE events"])("refuses the cursor %s, which is none of ours", async (after) => {
    expect(JSON.stringify((await admin.raw(AUDIT, { after })).body)).toContain("INVALID_INPUT");
  });
});
