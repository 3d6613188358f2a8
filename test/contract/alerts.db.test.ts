// Alerts over the API: rules and who may write them, raising and clearing as events, and what survives a restart.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventKind } from "../../server/src/hypervisor/generated/quetzal/v1/event.js";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

const PUT = `mutation ($input: PutAlertRuleInput!) { putAlertRule(input: $input) { __typename
  ... on PutAlertRuleSuccess { matchesNow rule { id name where forSeconds severity enabled updatedBy } }
  ... on Error { message } ... on InvalidInput { field column } ... on Forbidden { requiredRole } } }`;
const DELETE = `mutation ($input: DeleteAlertRuleInput!) { deleteAlertRule(input: $input) { __typename
  ... on DeleteAlertRuleSuccess { alertsCleared rule { id } } ... on Error { message } ... on AlertRuleNotFound { id } ... on Forbidden { requiredRole } } }`;
const FOLLOW = "subscription { alertsChanged { id vmId message severity: rule { severity } rule { id } vm { state } } }";
interface Answer { readonly __typename: string; readonly [field: string]: unknown }
interface Listed { readonly id: string; readonly vmId: string; readonly message: string; readonly rule: { readonly id: string } }
interface Told { readonly kind: string; readonly vmId: string | null; readonly actor: string | null; readonly message: string }

let stack: ContractStack;
let admin: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
    daemon.add("db", VmState.VM_STATE_RUNNING);
  }, { tickMs: 50 });
  admin = stack.peer();
});
afterAll(() => stack[Symbol.asyncDispose]());

const put = async (input: object, peer = admin) => (await peer.query<{ putAlertRule: Answer }>(PUT, { input })).putAlertRule;
const remove = async (input: object, peer = admin) => (await peer.query<{ deleteAlertRule: Answer }>(DELETE, { input })).deleteAlertRule;
const alerts = async () => (await stack.peer().query<{ alerts: Listed[] }>("{ alerts { id vmId message rule { id } } }")).alerts;
async function told(...kinds: readonly string[]): Promise<Told[]> {
  const { events } = await stack.peer().query<{ events: { events: Told[] } }>("{ events(last: 500) { events { kind vmId actor message } } }");
  return events.events.filter(({ kind }) => kinds.includes(kind));
}

describe("rules", () => {
  it("begin with a few sensible ones", async () => {
    const { alertRules } = await admin.query<{ alertRules: object[] }>("{ alertRules { id where forSeconds severity enabled updatedBy } }");
    expect(alertRules).toEqual([
      { id: "crashed", where: "state:crashed", forSeconds: 0, severity: "CRITICAL", enabled: true, updatedBy: "QuetzalCore" },
      { id: "disk-latency-high", where: "disk.latency>50ms", forSeconds: 60, severity: "WARNING", enabled: true, updatedBy: "QuetzalCore" },
      { id: "guest-memory-low", where: "guest.available<10%", forSeconds: 60, severity: "WARNING", enabled: true, updatedBy: "QuetzalCore" },
      { id: "steal-high", where: "steal>10", forSeconds: 60, severity: "WARNING", enabled: true, updatedBy: "QuetzalCore" },
    ]);
  });

  it("are judged by a dry run, which says how many VMs pass now and changes nothing", async () => {
    expect(await put({ name: "Running", where: "state:running", dryRun: true })).toMatchObject({ __typename: "PutAlertRuleSuccess", matchesNow: 2, rule: { id: "running", forSeconds: 60, severity: "WARNING" } });
    expect((await admin.query<{ alertRules: object[] }>("{ alertRules { id } }")).alertRules).toHaveLength(4);
    expect(await told("ALERT_RULE_CHANGED")).toEqual([]);
  });

  it("are written by operators, with who wrote them, and changed by their id", async () => {
    const operator = await stack.peerAs("OPERATOR");
    expect(await put({ id: "hot", name: "Hot", where: "cpu>500", forSeconds: 5, severity: "CRITICAL" }, operator)).toMatchObject({ matchesNow: 0, rule: { id: "hot", severity: "CRITICAL" } });
    expect(await put({ id: "hot", name: "Hot", where: "cpu>400", enabled: false }, operator)).toMatchObject({ rule: { where: "cpu>400", enabled: false } });
    expect((await admin.query<{ alertRules: object[] }>("{ alertRules { id where } }")).alertRules).toContainEqual({ id: "hot", where: "cpu>400" });
    expect(await remove({ id: "hot", dryRun: true }, operator)).toMatchObject({ __typename: "DeleteAlertRuleSuccess", alertsCleared: 0 });
    expect(await remove({ id: "hot" }, operator)).toMatchObject({ __typename: "DeleteAlertRuleSuccess" });
    expect(await remove({ id: "hot" }, operator)).toMatchObject({ __typename: "AlertRuleNotFound", id: "hot" });
    await until("three acts in the events", async () => (await told("ALERT_RULE_CHANGED")).length === 3);
    const acts = await told("ALERT_RULE_CHANGED");
    expect(acts.map(({ message }) => message.replace(/^operator-\S+ /, ""))).toEqual([
      "set the alert rule Hot: cpu>500 for 5 s, critical.", "set the alert rule Hot: cpu>400 for 60 s, warning, disabled.", "deleted the alert rule Hot (cpu>400 for 60 s, warning, disabled).",
    ]);
    expect(acts.every(({ actor }) => actor?.startsWith("operator-"))).toBe(true);
  });

  it("are refused to viewers, and with the place where they are wrong", async () => {
    const viewer = await stack.peerAs("VIEWER");
    expect(await put({ name: "X", where: "cpu>1" }, viewer)).toMatchObject({ __typename: "Forbidden", requiredRole: "OPERATOR" });
    expect(await remove({ id: "crashed" }, viewer)).toMatchObject({ __typename: "Forbidden" });
    expect(await put({ name: "X", where: "cpu>80 or" })).toMatchObject({ __typename: "InvalidInput", field: "where", column: 10 });
    expect(await put({ name: "X", where: "alert:yes" })).toMatchObject({ __typename: "InvalidInput", field: "where", column: 1 });
    expect(await put({ name: "X", where: "cpu>1", forSeconds: -1 })).toMatchObject({ __typename: "InvalidInput", field: "forSeconds" });
    expect(await put({ name: "Crashed", where: "cpu>1", id: "y" })).toMatchObject({ __typename: "InvalidInput", field: "name" });
  });
});

describe("an alert", () => {
  it("is raised and cleared as events with figures, told to whoever follows, and found by the filter", async () => {
    const reader = collect(admin.subscribe<{ alertsChanged: Listed[] }>(FOLLOW));
    await until("the empty list", () => reader.items.length === 1);
    expect(reader.items[0]?.alertsChanged).toEqual([]);
    await put({ id: "paused", name: "Paused", where: "state:paused", forSeconds: 1, severity: "CRITICAL" });
    stack.daemon.setState("web", VmState.VM_STATE_PAUSED);
    await until("it is raised", () => reader.items.at(-1)?.alertsChanged.length === 1);
    expect(reader.items.at(-1)?.alertsChanged[0]).toMatchObject({ vmId: "web", message: "Paused: state paused for 1 s.", rule: { id: "paused" }, vm: { state: "PAUSED" } });
    expect((await admin.query<{ vms: { nodes: object[] } }>('{ vms(filter: { where: "alert:critical" }) { nodes { id } } }')).vms.nodes).toEqual([{ id: "web" }]);
    stack.daemon.setState("web", VmState.VM_STATE_RUNNING);
    await until("it is over", () => reader.items.at(-1)?.alertsChanged.length === 0);
    await until("both are in the events", async () => (await told("ALERT_RAISED", "ALERT_CLEARED")).length === 2);
    expect(await told("ALERT_RAISED", "ALERT_CLEARED")).toEqual([
      { kind: "ALERT_RAISED", vmId: "web", actor: null, message: "Paused: state paused for 1 s." },
      { kind: "ALERT_CLEARED", vmId: "web", actor: null, message: "Paused is over: state running." },
    ]);
    await reader.stop();
  });

  it("fires on over a restart of the server without being raised again, and is cleared after it", async () => {
    await put({ id: "asleep", name: "Asleep", where: "state:paused", forSeconds: 0 });
    stack.daemon.setState("db", VmState.VM_STATE_PAUSED);
    await until("two fire", async () => (await alerts()).length === 2);
    const before = await alerts();
    // What fires is shown before it is told.
    const raised = 3;
    await until("both are told", async () => (await told("ALERT_RAISED")).length === raised);
    await stack.stopServer();
    await stack.startServer();
    admin = stack.peer();
    expect(await alerts()).toEqual(before);
    const clock = collect(admin.subscribe<object>("subscription { metrics { time } }"));
    await until("forty ticks", () => clock.items.length >= 40);
    await clock.stop();
    expect(await alerts()).toEqual(before);
    expect(await told("ALERT_RAISED")).toHaveLength(raised);
    await put({ id: "asleep", name: "Asleep", where: "state:paused", enabled: false });
    await until("the disabled rule's is over", async () => (await alerts()).length === 1);
    stack.daemon.setState("db", VmState.VM_STATE_RUNNING);
    await until("the other is over", async () => (await alerts()).length === 0);
    await until("both ends are told", async () => (await told("ALERT_CLEARED")).length === 3);
    expect((await told("ALERT_CLEARED")).map(({ message }) => message).slice(1)).toEqual(["Asleep is over: the rule was disabled.", "Paused is over: state running."]);
  });

  it("is raised once though the database is away, and told when it is back", async () => {
    const database = stack.postgres();
    database.stop();
    await until("the outage is seen", async () => !(await admin.query<{ server: { databaseConnected: boolean } }>("{ server { databaseConnected } }")).server.databaseConnected);
    expect(await put({ name: "Y", where: "cpu>1" })).toMatchObject({ __typename: "DatabaseUnavailable" });
    stack.daemon.setState("db", VmState.VM_STATE_PAUSED);
    await until("it fires", async () => (await alerts()).length === 1);
    database.start();
    await until("it is told", async () => (await told("ALERT_RAISED").catch(() => [])).filter(({ vmId }) => vmId === "db").length === 3);
    await stack.stopServer();
    await stack.startServer();
    admin = stack.peer();
    expect(await alerts()).toMatchObject([{ vmId: "db", rule: { id: "paused" } }]);
    expect((await told("ALERT_RAISED")).filter(({ vmId }) => vmId === "db")).toHaveLength(3);
    await until("the start is told to its end", async () => (await admin.query<{ events: { events: readonly { kind: string }[] } }>("{ events(last: 1) { events { kind } } }")).events.events[0]?.kind === "HOST_CONNECTED");
  });

  interface Seen { readonly cursor: string; readonly kind: string; readonly vmId: string | null; readonly state: string | null; readonly time: string }
  async function eventsAfter(cursor: string): Promise<Seen[]> {
    const { events } = (await admin.query<{ events: { events: Seen[] } }>("query ($cursor: BigInt) { events(after: $cursor, first: 1000) { events { cursor kind vmId state time } } }", { cursor })).events;
    const last = events.at(-1);
    return last === undefined ? [] : [...events, ...(await eventsAfter(last.cursor))];
  }
  const crashes = () => stack.daemon.setState("web", VmState.VM_STATE_CRASHED);
  const isDeleted = () => {
    stack.daemon.vms.delete("web");
    stack.daemon.append({ kind: EventKind.EVENT_KIND_VM_DELETED, vmId: "web", message: "web was deleted." });
  };
  it.each([
    ["a crash", "ALERT_RAISED", "VM_STATE_CHANGED", crashes],
    ["a deletion", "ALERT_CLEARED", "VM_DELETED", isDeleted],
  ] as const)("is told after what caused it: %s while the daemon could not be reached", async (_, alert, cause, happens) => {
    const { events: { newestCursor: before } } = await admin.query<{ events: { newestCursor: string } }>("{ events(last: 1) { newestCursor } }");
    stack.daemon.kill();
    await until("the loss is seen", async () => (await eventsAfter(before)).some(({ kind }) => kind === "HOST_DISCONNECTED"));
    stack.daemon.append({ kind: EventKind.EVENT_KIND_DAEMON_STARTED, message: "quetzald started." });
    happens();
    // So long that several ticks come before its end.
    for (let count = 0; count < 3_000; count += 1) stack.daemon.append({ message: `Number ${count}.` });
    await stack.daemon.listen();
    await until("the alert is told", async () => (await eventsAfter(before)).some(({ kind, vmId }) => kind === alert && vmId === "web"));
    const seen = await eventsAfter(before);
    expect(seen.filter(({ kind }) => kind !== "WARNING").map(({ kind }) => kind)).toEqual(["HOST_DISCONNECTED", "DAEMON_STARTED", cause, "HOST_CONNECTED", alert]);
    expect(seen.findLastIndex(({ kind }) => kind === "WARNING"), "the journal to its end").toBeLessThan(seen.findIndex(({ kind }) => kind === "HOST_CONNECTED"));
    const times = seen.map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});
