// Names, labels, messages and causes that somebody chose to do harm, in every list and record of the command line and in
// every format: a terminal gets nothing to act on, and what programs read has lost nothing.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ClientBundle } from "../support/client-bundle.js";
import { HOSTILE_TEXTS, strayInRaw, strayOf } from "../support/hostile.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const TIME = "2026-01-01T00:00:00.000Z";
/** As a server sends them, which knows no half characters. */
const NAMES = HOSTILE_TEXTS.map((text) => Buffer.from(text).toString());
const ALL = NAMES.join(" ");

const vm = (name: string, index: number): object => ({
  __typename: "Vm", id: `vm-${index}`, name, state: "CRASHED", stateSince: TIME, generation: "1", startedAt: null, vcpus: 1, memoryBytes: 268_435_456, machine: name, accelerator: name, networkInUse: name,
  qemuVersion: name, pid: 1, protected: false, autostart: false, restartRequired: false, labels: [{ key: name, value: name }], latest: null, definition: { id: `vm-${index}`, name }, host: { id: "h", name },
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
  capabilities: [{ name: "kvm", available: false, reason: text, mend: text }], latest: null,
});
const evidence = NAMES.map((text) => ({ name: text, value: 0.5, threshold: 0.05, unit: text, shareBeyond: 1, source: text, text }));
const finding = (text: string): object => ({ kind: "NEIGHBOUR_CPU", title: text, score: 0.9, evidence, advice: text, adviceCommand: text, neighbour: { id: "vm-2", name: text } });

const page = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const script = {
  Query: {
    vms: () => ({ nodes: VMS, edges: [], pageInfo: page, totalCount: VMS.length }),
    vm: (_: unknown, { id }: { id: string }) => VMS[Number(id.slice(3))] ?? null,
    hosts: () => NAMES.map(host),
    events: () => ({ events: NAMES.map(event), newestCursor: String(NAMES.length), trimmedBefore: null }),
    operations: () => ({ nodes: NAMES.map(operation), edges: [], pageInfo: page }),
    vmDiagnosis: (_: unknown, { vm: id }: { vm: string }) => (id === "vm-1" ? {
      __typename: "VmDiagnosis", vm: { id, name: ALL }, from: TIME, to: TIME, stepSeconds: 5, verdict: "SLOW", summary: NAMES[0], slowFrom: TIME, slowTo: TIME, confidence: "HIGH",
      causes: NAMES.map(finding), ruledOut: NAMES.map(finding), notKnown: NAMES.map(finding),
    } : { __typename: "InvalidInput", message: ALL, field: "range" }),
  },
};

let bundle: ClientBundle;
let server: ScriptedServer;
beforeAll(async () => {
  bundle = await ClientBundle.build();
  server = await ScriptedServer.start(script);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  bundle[Symbol.dispose]();
});

const LISTS = ["vm ls", "events", "operation ls", "host ls"];
const RECORDS = ["vm show vm-1", "explain vm-1"];
const RECORD_FORMATS = ["table", "json", "yaml", "name"];
const LIST_FORMATS = [...RECORD_FORMATS, "wide", "csv"];

describe("hostile names", { timeout: 60_000 }, () => {
  it.each([...LISTS.flatMap((words) => LIST_FORMATS.map((format) => [words, format])), ...RECORDS.flatMap((words) => RECORD_FORMATS.map((format) => [words, format]))])("in %s -o %s drive no terminal", async (words = "", format = "") => {
    const { code, out, err } = await bundle.run([...words.split(" "), "-o", format], server.environment);
    expect({ code, stray: strayOf(out), said: strayOf(err) }).toEqual({ code: 0, stray: "", said: "" });
    expect(out).not.toBe("");
  });

  it.each(["vm ls", "vm show vm-1", "explain vm-1", "events"])("in %s on a terminal, colours and all", async (words) => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, ...words.split(" ")], { columns: 200, env: { ...server.environment, TERM: "xterm-256color" } });
    expect(await terminal.waitForExit()).toBe(0);
    expect(terminal.raw).toContain("pwned");
    expect(strayInRaw(terminal.raw)).toBe("");
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
