// Who may do what: roles, audit, revoked and expired tokens, over HTTP and WebSocket alike.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { eventually } from "../support/process.js";
import { type GrantedPeer, Stack } from "../support/stack.js";
import { bareGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
let vm: VmDriver;
let viewer: GrantedPeer;
let operator: GrantedPeer;
beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, bareGuest("story-rights"));
  viewer = await stack.peerAs("VIEWER");
  operator = await stack.peerAs("OPERATOR");
});
afterAll(() => stack[Symbol.asyncDispose]());

interface Answer { readonly __typename: string; readonly requiredRole?: string; readonly results?: readonly Answer[]; readonly operation?: { id: string } }
interface Seen { readonly kind: string; readonly actor: string | null; readonly operationId: string | null; readonly message: string }
const ID = '"story-rights"';
const ANSWER = "__typename ... on Forbidden { requiredRole message }";
const VERBS: readonly [string, string][] = ["startVm", "stopVm", "forceOffVm", "resetVm", "pauseVm", "resumeVm"].map((verb) => [verb, `${verb}(input: { id: ${ID} }) { ${ANSWER} }`]);
const OF_OPERATORS: readonly [string, string][] = [
  ...VERBS,
  ["cancelOperation", `cancelOperation(id: "00000000-0000-0000-0000-000000000000") { ${ANSWER} }`],
  ["consoleInput", `consoleInput(input: { vm: ${ID}, session: "s", sequence: 1, data: "" }) { ${ANSWER} }`],
];
const OF_ADMINS: readonly [string, string][] = [
  ["putVm", `putVm(input: { definition: { id: "forbidden", memory_mb: 32, vcpus: 1 } }) { ${ANSWER} }`],
  ["deleteVm", `deleteVm(input: { id: ${ID} }) { ${ANSWER} }`],
  ["createToken", `createToken(input: { name: "mine", role: ADMIN }) { ${ANSWER} }`],
  ["revokeToken", `revokeToken(id: "00000000-0000-0000-0000-000000000000") { ${ANSWER} }`],
];

async function over(transport: "HTTP" | "WebSocket", peer: GrantedPeer, field: string): Promise<Answer> {
  const document = `mutation { answer: ${field} }`;
  if (transport === "HTTP") return (await peer.query<{ answer: Answer }>(document)).answer;
  for await (const { answer } of peer.subscribe<{ answer: Answer }>(document)) return answer;
  throw new Error("no answer");
}
async function events(): Promise<Seen[]> {
  return (await stack.api.query<{ events: { events: Seen[] } }>("{ events(last: 1000) { events { kind actor operationId message } } }")).events.events;
}

describe.each(["HTTP", "WebSocket"] as const)("over %s", (transport) => {
  it.each(OF_OPERATORS)("a viewer may not %s", async (_, field) => {
    expect(await over(transport, viewer, field)).toMatchObject({ __typename: "Forbidden", requiredRole: "OPERATOR" });
  });

  it.each(OF_ADMINS)("neither a viewer nor an operator may %s", async (_, field) => {
    for (const peer of [viewer, operator]) expect(await over(transport, peer, field)).toMatchObject({ __typename: "Forbidden", requiredRole: "ADMIN" });
  });

  it("no refusal has changed anything, and each is kept with who tried", async () => {
    expect((await vm.show()).state).toBe("DEFINED");
    // A refusal is answered at once, and kept a moment later.
    const tried = await eventually("every refusal to be kept", async () => {
      const kept = (await events()).filter((event) => event.actor === viewer.tokenName || event.actor === operator.tokenName);
      return kept.length >= OF_OPERATORS.length + 2 * OF_ADMINS.length ? kept : undefined;
    });
    expect(new Set(tried.map((event) => event.kind))).toEqual(new Set(["ACCESS_REFUSED"]));
    for (const [verb] of OF_OPERATORS) expect(tried.filter((event) => event.message.startsWith(`${verb} `)).map((event) => event.actor), verb).toEqual([viewer.tokenName]);
    for (const [verb] of OF_ADMINS) expect(tried.filter((event) => event.message.startsWith(`${verb} `)).map((event) => event.actor), verb).toEqual([viewer.tokenName, operator.tokenName]);
  });
});

describe("what is done", () => {
  it("is in the events with who asked, from the question to its end", async () => {
    const { answer } = await operator.query<{ answer: Answer }>(`mutation { answer: startVm(input: { id: ${ID} }) { __typename ... on VmOperationAccepted { operation { id } } } }`);
    expect(answer.__typename).toBe("VmOperationAccepted");
    const id = answer.operation?.id ?? "";
    await vm.operationEnd(id);
    const trail = (await events()).filter((event) => event.operationId === id);
    expect(trail.map((event) => event.kind)).toEqual(expect.arrayContaining(["OPERATION_STARTED", "VM_STATE_CHANGED", "OPERATION_FINISHED"]));
    expect(new Set(trail.map((event) => event.actor))).toEqual(new Set([operator.tokenName]));
  });

  it("to tokens is in the events too, without their secrets", async () => {
    const made = (await events()).filter((event) => event.kind === "TOKEN_CREATED");
    expect(made.map((event) => event.actor)).toEqual(["local", "local"]);
    expect(made.map((event) => event.message).join("\n")).toContain(viewer.tokenName);
    expect(JSON.stringify(await events())).not.toContain(viewer.token);
  });
});

/** The code with which the server closes a connection that shows this token. */
function closeCode(token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(stack.url.replace(/^http/, "ws"), "graphql-transport-ws");
    socket.once("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } })));
    socket.once("message", () => { socket.close(); resolve(1000); });
    socket.once("close", (code: number) => resolve(code));
    socket.once("error", reject);
  });
}

describe("a token that is no longer good", () => {
  it("is refused once revoked, and its open connection is closed at once", async () => {
    const peer = await stack.peerAs("VIEWER");
    const stream = peer.subscribe<{ events: unknown }>("subscription { events { __typename } }");
    await stream.next();
    // The token's own events may still come before the end.
    const cut = (async () => { while ((await stream.next()).done !== true); return "ended"; })().catch(() => "was cut");
    await stack.api.query("mutation ($id: ID!) { revokeToken(id: $id) { __typename } }", { id: peer.tokenId });
    expect(await cut).toBe("was cut");
    expect((await peer.raw("{ viewer { name } }")).status).toBe(401);
    expect(await closeCode(peer.token)).toBe(4401);
  });

  it("is refused once expired", async () => {
    const lifetimeMs = 1_500;
    const peer = await stack.peerAs("VIEWER", new Date(Date.now() + lifetimeMs));
    await eventually("the token to expire", async () => (await peer.raw("{ viewer { name } }")).status === 401);
    expect(await closeCode(peer.token)).toBe(4401);
  });

  it("is no worse than one that never was: a wrong one closes the connection the same way", async () => {
    expect(await closeCode("qz_wrong")).toBe(4401);
    expect(await closeCode(stack.token)).toBe(1000);
  });
});
