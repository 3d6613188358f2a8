// Names, labels, messages and causes that somebody chose to do harm, in every list and record of the command line and in
// every format: a terminal gets nothing to act on, and what programs read has lost nothing.
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { PLAIN_PAGES, PLAIN_VM_PAGES } from "../../tui/src/views/plain-pages.js";
import { ClientBundle } from "../support/client-bundle.js";
import { HOSTILE_TEXTS, strayInRaw, strayOf } from "../support/hostile.js";
import { RecordedServer } from "../support/recorded-server.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const TIME = "2026-01-01T00:00:00.000Z";
/** As a server sends them, which knows no half characters. */
const NAMES = HOSTILE_TEXTS.map((text) => Buffer.from(text).toString());
const ALL = NAMES.join(" ");

const decision = (text: string, index: number): object => ({
  time: TIME, vmId: text, action: "BALLOON", fromBytes: 2, toBytes: 1, reason: text, carriedOut: index % 2 === 0, state: "SOFT", hostAvailableBytes: 1, guestAvailableBytes: null, guestTotalBytes: null, effectBytes: null,
});
const breakdown = { at: TIME, totalBytes: 2, source: ALL, remainderBytes: "1", parts: NAMES.map((text) => ({ kind: "OTHER", bytes: 1, description: text, source: text })) };
const memory = {
  state: "HIGH", thresholds: { highBytes: 4, softBytes: 3, hardBytes: 2, lowBytes: 1 }, ksm: { mode: "TUNED", cpuBudgetPercent: 5, activeDomain: ALL, reason: ALL, pagesPerScan: 1, sleepMs: 1, cpuUsedRatio: null },
  compression: { mode: "ZRAM", sizeBytes: 1, algorithm: ALL }, controller: { enabled: true, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 },
};
const vm = (name: string, index: number): object => ({
  __typename: "Vm", id: `vm-${index}`, name, state: "CRASHED", stateSince: TIME, generation: "1", startedAt: null, vcpus: 1, memoryBytes: 268_435_456, machine: name, accelerator: name, networkInUse: name,
  qemuVersion: name, pid: 1, protected: false, autostart: false, restartRequired: false, labels: [{ key: name, value: name }], latest: null, definition: { id: `vm-${index}`, name }, host: { id: "h", name, cpuCount: 2 }, room: null,
  memoryPolicy: { floorBytes: 1, ceilingBytes: 1, maxBytes: 1, shares: 1, control: "OFF", sharingDomain: name }, cpuPolicy: { weight: 1, limitPercent: null, pins: [], emulatorCpus: null, maxVcpus: 1 },
  memoryBreakdown: breakdown, memoryDecisions: NAMES.map(decision),
  crash: { cause: name, exitCode: 1, signal: null, stderrTail: `${name}\n${name}`, consoleTail: `${name}\n${name}` }, verbs: [{ verb: "START", allowed: false, reason: name }],
});
const VMS = NAMES.map(vm);
const event = (text: string, index: number): object => ({
  __typename: "Event", cursor: String(index + 1), time: TIME, kind: "VM_CHANGED", vmId: null, hostId: "h", hostName: text, operationId: null, previousState: null, state: null, actor: text, message: text,
});
const operation = (text: string, index: number): object => ({
  id: `op-${index}`, kind: "START_VM", vmId: "vm-1", state: "FAILED", progressRatio: null, etaSeconds: null, cancellable: false, error: text, requestedBy: text, startedAt: TIME, endedAt: TIME,
});
const host = (text: string, index: number): object => ({
  id: `h-${index}`, name: text, connected: false, connectedSince: null, connectionError: text, kernel: text, cpuModel: text, cpuCount: 2, memoryBytes: 1, daemonVersion: text, qemuVersion: text, bootedAt: null, daemonStartedAt: null,
  capabilities: [{ name: "kvm", available: false, reason: text, mend: text }], latest: null, memory, memoryBreakdown: breakdown, memoryDecisions: NAMES.map(decision),
});
const evidence = NAMES.map((text) => ({ name: text, value: 0.5, threshold: 0.05, unit: text, shareBeyond: 1, source: text, text }));
const finding = (text: string): object => ({ kind: "NEIGHBOUR_CPU", title: text, score: 0.9, evidence, advice: text, adviceCommand: text, neighbour: { id: "vm-2", name: text } });

const rule = (text: string): object => ({ id: text, name: text, where: text, forSeconds: 1, severity: "WARNING", enabled: true, updatedAt: TIME, updatedBy: text });
const alert = (text: string, index: number): object => ({ id: text, rule: rule(text), vmId: `vm-${index}`, since: TIME, message: text });
const entry = (text: string, index: number): object => ({ cursor: String(index + 1), time: TIME, actor: text, kind: "ACCESS_REFUSED", vmId: `vm-${index}`, outcome: "REFUSED", reason: index % 2 === 0 ? text : null, message: text, operation: null });
const token = (text: string, index: number): object => ({ id: `t-${index}`, name: text, role: "VIEWER", createdAt: TIME, expiresAt: null, lastUsedAt: null });
const version = (text: string, index: number): object => ({ generation: String(index + 1), time: TIME, actor: text, changes: [text], definition: { [text]: text } });
/** What a plan says of each: a sentence of what would be done, or why it cannot be. */
const judged = (_: unknown, { input: { id } }: { input: { id: string } }): object => {
  const index = Number(id.replace(/\D/g, ""));
  const text = NAMES[index] ?? ALL;
  return index % 2 === 0 ? { __typename: "VmOperationAccepted", vm: VMS[index], effect: text, operation: null } : { __typename: "VmProtected", message: text };
};

const page = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const script = {
  Query: {
    vms: () => ({ nodes: VMS, edges: [], pageInfo: page, totalCount: VMS.length }),
    vm: (_: unknown, { id }: { id: string }) => VMS[Number(id.slice(3))] ?? null,
    hosts: () => NAMES.map(host),
    host: (_: unknown, { id }: { id: string }) => host(ALL, Number(id.slice(2))),
    howManyFit: () => ({ count: 3, limitedBy: "CPU", perVmBytes: 1, basis: NAMES }),
    events: () => ({ events: NAMES.map(event), newestCursor: String(NAMES.length), trimmedBefore: null }),
    operations: () => ({ nodes: NAMES.map(operation), edges: [], pageInfo: page }),
    viewer: () => ({ name: NAMES[0], role: "ADMIN" }),
    alerts: () => NAMES.map(alert), alertRules: () => NAMES.map(rule), tokens: () => NAMES.map(token),
    audit: () => ({ nodes: NAMES.map(entry), edges: [], pageInfo: page }),
    vmDiagnosis: (_: unknown, { vm: id }: { vm: string }) => (id === "vm-1" ? {
      __typename: "VmDiagnosis", vm: { id, name: ALL }, from: TIME, to: TIME, stepSeconds: 5, verdict: "SLOW", summary: NAMES[0], slowFrom: TIME, slowTo: TIME, confidence: "HIGH",
      causes: NAMES.map(finding), ruledOut: NAMES.map(finding), notKnown: NAMES.map(finding),
    } : { __typename: "InvalidInput", message: ALL, field: "range" }),
  },
  Vm: { versions: () => NAMES.map(version) },
  Mutation: {
    ...Object.fromEntries(["startVm", "stopVm", "forceOffVm", "resetVm", "pauseVm", "resumeVm", "deleteVm", "undoOperation", "setVmBalloon", "resizeVmMemory", "pageOutVm", "setVmVcpus", "setVmMemoryPolicy", "setVmCpuPolicy"].map((verb) => [verb, judged])),
    setHostMemory: () => ({ __typename: "Unsupported", message: ALL }),
    putVm: () => ({ __typename: "InvalidSpec", message: ALL, field: ALL }),
    applyVms: () => ({ results: [{ __typename: "InvalidSpec", message: ALL, field: ALL }] }),
    putAlertRule: () => ({ __typename: "InvalidInput", message: ALL, field: "where", column: 3 }),
    deleteAlertRule: () => ({ __typename: "AlertRuleNotFound", id: ALL, message: ALL }),
    createToken: () => ({ __typename: "InvalidInput", message: ALL, field: "name" }),
    cancelOperation: () => ({ __typename: "OperationNotFound", id: ALL, message: ALL }),
  },
};

const bundle = new ClientBundle();
const server = ScriptedServer.forFile(script);

const LISTS = ["vm ls", "events", "vm events vm-1", "operation ls", "host ls", "alert ls", "alert rules", "audit", "token ls", "vm versions vm-1", "memory ls", "memory decisions", "memory decisions vm-1", "cpu ls"];
const RECORDS = ["vm show vm-1", "explain vm-1", "host show h-1", "memory show vm-1", "memory host h-1", "memory fit --memory 1G", "cpu show vm-1"];
/** Done to all, only said: what would be done and what cannot, then the sum of it. */
const PLANS = ["start", "stop", "force-off", "reset", "pause", "resume", "delete", "protect", "label x=y"].map((verb) => `vm ${verb} --all --dry-run`)
  .concat("memory set --balloon 64M --all --dry-run", "memory page-out --all --dry-run", "cpu set --vcpus 2 --weight 5 --all --dry-run");
/** What the server refuses, in its words. */
const REFUSED = ["memory set vm-1 --size 2G", "cpu set vm-1 --pin 0=1", "memory host h-1 --ksm tuned", "alert put x --where y", "alert rm x", "token create x", "operation cancel x", "undo op-1", "undo", "vm pause vm-1", "vm create x --memory 32M", `vm stop \x1b[31mpwned\u202e`];
const PARTIAL = 7;
const RECORD_FORMATS = ["table", "json", "yaml", "name"];
const LIST_FORMATS = [...RECORD_FORMATS, "wide", "csv"];

describe("hostile names", { timeout: 60_000 }, () => {
  it.each([...LISTS.flatMap((words) => LIST_FORMATS.map((format) => [words, format])), ...RECORDS.flatMap((words) => RECORD_FORMATS.map((format) => [words, format]))])("in %s -o %s drive no terminal", async (words = "", format = "") => {
    const { code, out, err } = await bundle.run([...words.split(" "), "-o", format], server.environment);
    expect({ code, stray: strayOf(out), said: strayOf(err) }).toEqual({ code: 0, stray: "", said: "" });
    expect(out).not.toBe("");
  });

  it.each(PLANS.flatMap((words) => ["table", "json", "name"].map((format) => [words, format])))("in the plan of %s -o %s drive no terminal", async (words = "", format = "") => {
    const { code, out, err } = await bundle.run([...words.split(" "), "-o", format], server.environment);
    expect([PARTIAL, 2, 4]).toContain(code);
    expect({ stray: strayOf(out), said: strayOf(err) }).toEqual({ stray: "", said: "" });
    expect(err).toContain("pwned");
  });

  it.each(REFUSED.flatMap((words) => [[words, "table"], [words, "json"]]))("in the refusal of %s -o %s drive no terminal", async (words = "", format = "") => {
    const { code, out, err } = await bundle.run([...words.split(" "), "-o", format], server.environment);
    expect(code).not.toBe(0);
    expect({ stray: strayOf(out), said: strayOf(err) }).toEqual({ stray: "", said: "" });
    expect(err).toContain("pwned");
  });

  it.each(["vm ls", "vm show vm-1", "explain vm-1", "events", "alert ls", "alert rules", "audit", "token ls", "vm versions vm-1", "operation ls", "host show h-1", "top --once"])("in %s on a terminal, colours and all", async (words) => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, ...words.split(" ")], { columns: 200, env: { ...server.environment, TERM: "xterm-256color" } });
    expect(await terminal.waitForExit()).toBe(0);
    expect(terminal.raw).toContain("pwned");
    expect(strayInRaw(terminal.raw)).toBe("");
  });

  it.each(["table", "json", "csv"])("in top -o %s drive no terminal", async (format) => {
    const { code, out, err } = await bundle.run(["top", "--once", "-o", format], server.environment);
    expect({ code, stray: strayOf(out), said: strayOf(err) }).toEqual({ code: 0, stray: "", said: "" });
    expect(out).toContain("pwned");
  });

  it("in top on a terminal of its own are painted with nothing of theirs", async () => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, "top"], { columns: 200, env: { ...server.environment, TERM: "xterm-256color" } });
    await terminal.waitFor("pwned");
    terminal.send("\x03");
    await terminal.waitForExit();
    expect(strayInRaw(terminal.raw)).toBe("");
  });

  it.each(PLAIN_PAGES)("in the page %s as plain text drive no terminal", async (name) => {
    await using fleet = await RecordedServer.open({ vms: NAMES.length, names: NAMES });
    for (const text of NAMES) fleet.record("VM_CHANGED", "web-1", null, text);
    const words = ["top", "--plain", "--page", name, ...(PLAIN_VM_PAGES.includes(name) ? ["--vm", "web-1"] : [])];
    const { code, out, err } = await bundle.run(words, { ...process.env, QUETZAL_URL: fleet.url });
    expect({ code, stray: strayOf(out), said: strayOf(err) }).toEqual({ code: 0, stray: "", said: "" });
    expect(out).not.toBe("");
  });

  it("reach programs whole, in JSON as in YAML", async () => {
    const json: unknown = JSON.parse((await bundle.run(["vm", "ls", "-o", "json"], server.environment)).out);
    const yaml: unknown = parse((await bundle.run(["vm", "ls", "-o", "yaml"], server.environment)).out);
    expect((json as { name: string }[]).map(({ name }) => name)).toEqual(NAMES);
    expect(yaml).toEqual(json);
  });

  it("in an error do no harm, as text and as JSON", async () => {
    const text = await bundle.run(["explain", "vm-2"], server.environment);
    expect({ code: text.code, stray: strayOf(text.err) }).toEqual({ code: 2, stray: "" });
    const json = await bundle.run(["explain", "vm-2", "-o", "json"], server.environment);
    expect(strayOf(json.err)).toBe("");
    expect((JSON.parse(json.err) as { error: { message: string } }).error.message).toBe(ALL);
  });
});
