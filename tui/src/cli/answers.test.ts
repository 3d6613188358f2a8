// What commands print, against a context that only records.
import { describe, expect, it } from "vitest";
import { ClientError, fromGraphqlErrors } from "../client/error.js";
import { EXIT } from "./exit.js";
import { documentFault } from "./graphql.js";
import { parseInstant } from "./grammar/parsers.js";
import { SHORT, withoutOpenEnd } from "./metrics.js";
import { buildProgram, everyCommand } from "./program.js";
import { printList, rowPrinter } from "./output/print.js";
import { recordedContext } from "./testing.js";
import { VM_LISTING } from "./vm/columns.js";
import type { ListedVm } from "./vm/columns.js";
import { carryOut } from "./vm/drive.js";
import { newsPrinter } from "./vm/watch.js";
import type { VmNews } from "./vm/watch.js";

function vm(id: string, more: Partial<ListedVm> = {}): ListedVm {
  return {
    id, name: id, state: "RUNNING", stateSince: "1970-01-01T00:00:00Z", startedAt: null, vcpus: 1, memoryBytes: 1024 ** 2, accelerator: "tcg", protected: false, autostart: false,
    restartRequired: false, host: { id: "h", name: "lab1" }, labels: [], latest: null, ...more,
  };
}

describe("a watch", () => {
  const listed = (one: ListedVm): VmNews => ({ change: "listed", vm: one });
  const lines = (text: string): string[] => text.trimEnd().split("\n");

  it("keeps every column of its titles for what changes later, and says its titles again when one joins them", async () => {
    const { context, printed } = recordedContext();
    const print = newsPrinter(context, {});
    await print([listed(vm("a", { name: "first" })), listed(vm("b"))]);
    await print([{ change: "changed", vm: vm("b", { state: "STOPPED" }) }]);
    const [head = "", ...rows] = lines(printed());
    expect(head).toMatch(/^ {2}ID {2}NAME {3}STATE/);
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row.slice(head.indexOf("STATE"))).toMatch(/^(running|stopped) /);

    const later = recordedContext();
    const printLater = newsPrinter(later.context, {});
    await printLater([listed(vm("b"))]);
    await printLater([listed(vm("a", { name: "first" }))]);
    await printLater([{ change: "left", vm: vm("b") }]);
    expect(lines(later.printed()).map((line) => line.replace(/ {2,}/g, " ").trim().split(" ").slice(0, 4).join(" "))).toEqual(["ID STATE CPU% GUEST", "* b running –", "ID NAME STATE CPU%", "* a first running", "* b b running"]);
  });

  it.each([
    ["name", "a\nb\n"],
    ["yaml", /^---\nchange: listed\nvm:\n {2}id: a\n[^]*\n---\nchange: left\nvm:\n {2}id: b\n/],
    ["json", /^\{"change":"listed","vm":\{"id":"a"[^\n]*\n\{"change":"left"[^\n]*\n$/],
  ] as const)("speaks %s", async (format, expected) => {
    const { context, printed } = recordedContext({ format });
    await newsPrinter(context, {})([listed(vm("a")), { change: "left", vm: vm("b") }]);
    expect(printed()).toEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
  });

  it("of other rows speaks YAML too, a document a row", async () => {
    const { context, printed } = recordedContext({ format: "yaml" });
    await rowPrinter(context, VM_LISTING, {})([vm("a"), vm("b")]);
    expect(printed().match(/^---\nid: [ab]$/gm)).toHaveLength(2);
  });
});

describe("a list of VMs", () => {
  const long = [vm("web-frontend-eu-01", { name: "The first of Europe" }), vm("b", { state: "STOPPED", stateSince: "1969-12-31T23:00:00Z" })];

  it("has names beside ids, and on a terminal leaves out what has no room, and says so", async () => {
    const { context, printed, notes } = recordedContext({ outputIsTerminal: true, size: () => ({ rows: 24, columns: 80 }) });
    await printList(context, VM_LISTING, long);
    for (const line of printed().trimEnd().split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(printed()).toMatch(/^ {2}ID +NAME +STATE/);
    expect(notes).toEqual(["Too wide for this terminal, so left out: disk, net.rx, net.tx; --columns chooses."]);
  });

  it.each([["a pipe", { outputIsTerminal: false }, {}], ["columns of one's own", { outputIsTerminal: true }, { columns: "id,name,state,cpu,disk,net.rx,net.tx,memory,rss,pss,host,balloon" }]])("has all of them in %s", async (_, more, flags) => {
    const { context, printed } = recordedContext(more);
    await printList(context, VM_LISTING, long, flags);
    expect(printed()).toContain("NET OUT");
  });

  it("tells since when a VM is off", async () => {
    const { context, printed } = recordedContext();
    await printList(context, VM_LISTING, long, { columns: "id,age" });
    expect(printed()).toMatch(/b +1h 0m$/m);
  });

  it("takes the filter language's word for labels", async () => {
    const { context, printed } = recordedContext({ format: "csv" });
    await printList(context, VM_LISTING, [vm("a", { labels: [{ key: "tier", value: "web" }] })], { columns: "id,label", sort: "label" });
    expect(printed()).toBe("id,labels\na,tier=web\n");
  });
});

describe("the bar of a deed", () => {
  it("counts each that has ended, and is full before it goes", async () => {
    const operation = (id: string): object => ({ id: `op-${id}`, kind: "STOP_VM", vmId: id, state: "SUCCEEDED", progressRatio: null, etaSeconds: null, error: null, startedAt: "", endedAt: "" });
    const client = { request: (_: unknown, { id }: { id: string }) => Promise.resolve({ vm: { id, name: id, state: "RUNNING" }, vms: { nodes: [] } }) };
    const { context, bars } = recordedContext({ client: () => client as never });
    const deed = { words: "stop", care: "none" as const, ask: (_: unknown, id: string) => Promise.resolve({ vm: { id, name: id, state: "RUNNING", generation: "1" }, effect: "", operation: operation(id) }) };
    await carryOut(context, deed as never, { vms: ["a", "b"] }, { wait: true });
    const counts = bars.map((line) => (line === null ? "gone" : /(\d\/\d)(.*)$/.exec(line)?.slice(1).join("")));
    expect(counts.at(-1)).toBe("gone");
    expect(counts.at(-2)).toBe("2/2");
    expect(counts).toContain("1/2 b: stop");
  });
});

describe("a GraphQL document that breaks a rule", () => {
  it("is wrong usage, its place told and marked", () => {
    const refused = fromGraphqlErrors([{ message: "No field vmz.", locations: [{ line: 2, column: 3 }], extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
    expect(documentFault(refused, "{\n\tvmz\n}")).toMatchObject({ exitCode: EXIT.usage, code: "InvalidQuery", message: "Line 2, column 3: No field vmz.\n   vmz\n    ^" });
    const costly = new ClientError("graphql", "Too much.", { code: "QUERY_TOO_EXPENSIVE" });
    expect(documentFault(costly, "{ a }")).toMatchObject({ exitCode: EXIT.usage, message: "Too much." });
  });

  it("is told from one that failed while it was carried out", () => {
    const failed = fromGraphqlErrors([{ message: "Away.", locations: [{ line: 1, column: 3 }], path: ["vms"], extensions: { code: "DATABASE_UNAVAILABLE" } }]);
    expect(documentFault(failed, "{ vms }")).toBe(failed);
    const away = new ClientError("unreachable", "Away.");
    expect(documentFault(away, "{ vms }")).toBe(away);
  });
});

describe("metrics", () => {
  const series = (values: (number | null)[]) => [{ metric: "CPU_RATIO", unit: "ratio", times: values.map(String), mean: values, max: values }];
  const history = (...values: (number | null)[]) => ({ from: "", to: "", stepSeconds: 1, series: series(values), vcpus: [] });
  it.each([[[1, 2, null], [1, 2]], [[1, null, null], [1, null]], [[1, null, 3], [1, null, 3]], [[], []]])("of %j end with a step that is known of, at most one left out", (given, expected) => {
    expect(withoutOpenEnd(history(...given)).series[0]?.mean).toEqual(expected);
  });

  it("end alike of the VM and of its vCPUs, whichever is known of longer", () => {
    const both = (ofVm: (number | null)[], ofVcpu: (number | null)[]) => {
      const { series: [whole], vcpus: [vcpu] } = withoutOpenEnd({ ...history(...ofVm), vcpus: [{ index: 2, history: { series: series(ofVcpu) } }] });
      return [whole?.mean, vcpu?.history.series[0]?.max];
    };
    expect(both([1, null], [2, null])).toEqual([[1], [2]]);
    expect(both([1, null], [2, 3])).toEqual([[1, null], [2, 3]]);
  });

  it("have short names for no figure twice", () => {
    expect(new Set(SHORT.values()).size).toBe(SHORT.size);
  });
});

describe("help", () => {
  const program = buildProgram("0", () => {
    throw new Error("no command runs here");
  });
  it.each(everyCommand(program).filter((command) => command.name() !== "complete").map((command) => [command.name(), command] as const))("of %s is no wider than the least terminal, and says a time with its unit", (_, command) => {
    let text = "";
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp();
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    const bare = command.options.filter(({ flags, defaultValue, defaultValueDescription }) => /<(time|span)>/.test(flags) && typeof defaultValue === "number" && defaultValueDescription === undefined);
    expect(bare.map(({ flags }) => flags)).toEqual([]);
  });
});

describe("an instant", () => {
  it.each([
    ["2026-01-31 13:02:11", { at: Date.UTC(2026, 0, 31, 13, 2, 11) }], ["2026-01-31T13:02:11Z", { at: Date.UTC(2026, 0, 31, 13, 2, 11) }], ["2026-01-31 13:02 UTC", { at: Date.UTC(2026, 0, 31, 13, 2) }],
    ["2026-01-31T13:02:11.5+02:00", { at: Date.UTC(2026, 0, 31, 11, 2, 11, 500) }], ["10m", { agoSeconds: 600 }],
  ])("is read of %j", (text, instant) => expect(parseInstant(text)).toEqual(instant));
  it.each(["", "yesterday", "2026-02-31 25:00", "13:02", "2026-01-31", "10x"])("is not read of %j", (text) => expect(() => parseInstant(text)).toThrow());
});
