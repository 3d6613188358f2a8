import { describe, expect, it } from "vitest";
import { ClientError } from "../../client/error.js";
import { CommandError, EXIT } from "../exit.js";
import { progressLine } from "../progress.js";
import { mibOf } from "../size.js";
import { definitionOf } from "./create.js";
import { summary } from "./drive.js";
import type { Outcome } from "./drive.js";
import { readLabelWords } from "./label.js";
import { filterFault, isSelecting, queryOf } from "./select.js";
import type { Selector } from "./select.js";
import { newsBetween } from "./watch.js";

const NOTHING = { states: null, labels: null, search: null, where: null };

describe("a selector", () => {
  it.each<[Selector, object]>([
    [{}, {}],
    [{ label: ["tier=web,env", "x="] }, { labels: ["tier=web", "env", "x="] }],
    [{ label: ["label=web"] }, { where: "label=web" }],
    [{ label: ["label.tier=web", "env"] }, { labels: ["env"], where: "label.tier=web" }],
    [{ filter: "cpu>50" }, { where: "cpu>50" }],
    [{ filter: "cpu>50 or x", host: 'a"b' }, { where: '(cpu>50 or x) host="a\\"b"' }],
    [{ host: "lab1" }, { where: 'host="lab1"' }],
    [{ filter: "  " }, {}],
    [{ state: ["RUNNING"], search: "we" }, { states: ["RUNNING"], search: "we" }],
  ])("%j asks for %j", (selector, query) => {
    expect(queryOf(selector)).toEqual({ ...NOTHING, ...query });
    expect(isSelecting(selector)).toBe(Object.keys(selector).length > 0);
  });

  it.each(["!env", "tier!=web"])("refuses %s with the mend", (text) => {
    expect(() => queryOf({ label: [text] })).toThrow("--filter 'not label.KEY=VALUE'");
  });

  it.each(["bad label!", "k\u00e4se", "=x", `${"k".repeat(65)}=v`, "a=\u0007"])("refuses %j, which no VM can bear", (text) => {
    expect(() => queryOf({ label: [text] })).toThrow("a key is made of 1 to 64");
  });

  it("marks the place where a filter is none", () => {
    const fault = filterFault(new ClientError("graphql", "Expected a value.", { code: "INVALID_INPUT", column: 5 }), { where: "cpu>>50" });
    expect(fault).toMatchObject({ exitCode: EXIT.usage, message: "Expected a value.\n  cpu>>50\n      ^" });
    const other = new ClientError("unreachable", "Away.");
    expect(filterFault(other, { where: "cpu>50" })).toBe(other);
  });
});

describe("words of vm label", () => {
  it("are VMs, labels to set and labels to take away", () => {
    const { vms, change } = readLabelWords(["web-1", "tier=web", "empty=", "old-", "web-2", "a=b=c"]);
    expect([vms, [...change.set], [...change.removed]]).toEqual([["web-1", "web-2"], [["tier", "web"], ["empty", ""], ["a", "b=c"]], ["old"]]);
  });

  it.each([[["=x"], "has no key"], [["a=1", "a-"], "both set and taken away"]])("%j are refused", (words, why) => {
    expect(() => readLabelWords(words)).toThrow(why);
  });
});

describe("vm create", () => {
  it("makes a definition of flags, and leaves out what was not said", () => {
    expect(definitionOf("a", { vcpus: 1, memory: 512 })).toEqual({ id: "a", vcpus: 1, memory_mb: 512 });
    expect(
      definitionOf("b", {
        vcpus: 2, memory: 2048, name: "B", kernel: "k", cmdline: "c", disk: ["size=20G,format=qcow2", "name=data,path=d.img,size=512M,readonly", "image=x.img"],
        network: "bridge:br0", feature: ["tps"], label: ["tier=web", "flag"], autostart: true, protected: true, machine: "pc", accelerator: "tcg",
      }),
    ).toEqual({
      id: "b", name: "B", vcpus: 2, memory_mb: 2048, machine: "pc", accelerator: "tcg", boot: { kernel: "k", cmdline: "c" },
      disks: [
        { name: "vda", path: "vda.qcow2", format: "qcow2", size_mb: 20480 },
        { name: "data", path: "d.img", size_mb: 512, readonly: true },
        { name: "vdc", path: "vdc.img", image: "x.img" },
      ],
      network: { mode: "bridge", bridge: "br0" }, features: ["tps"], labels: { tier: "web", flag: "" }, autostart: true, protected: true,
    });
  });

  it.each([
    [{ initrd: "x" }, "go with --kernel"],
    [{ disk: ["colour=red"] }, '"colour" is no key of a disk'],
    [{ disk: ["size=many"] }, '"many" is no size'],
    [{ network: "bridge" }, "needs the bridge's name"],
  ])("refuses %j", (flags, why) => {
    expect(() => definitionOf("a", { vcpus: 1, memory: 64, ...flags })).toThrow(why);
  });

  it.each([["512M", 512], ["2G", 2048], ["1.5g", 1536], ["1T", 1048576], ["20GiB", 20480], ["512", undefined], ["0M", undefined], ["1.0001M", undefined], ["-1G", undefined]])("takes %s for %s MiB", (text, mib) => {
    expect(mibOf(text)).toBe(mib);
  });
});

describe("news of a list", () => {
  const vm = (id: string, more: object = {}): never => ({ id, name: id, state: "RUNNING", latest: null, labels: [], ...more }) as never;
  const before = new Map([["a", vm("a")], ["b", vm("b")], ["c", vm("c")]]);
  it("are VMs that came, changed and left; figures alone are none", () => {
    const news = newsBetween(before, [vm("a", { latest: { cpuRatio: 1 } }), vm("b", { state: "STOPPED" }), vm("d")]);
    expect(news.map(({ change, vm: { id } }) => `${id} ${change}`)).toEqual(["c left", "b changed", "d listed"]);
  });
});

describe("a summary", () => {
  const target = { id: "x", name: "x", state: null };
  const done: Outcome = { target };
  const failed: Outcome = { target, failure: new CommandError(EXIT.failed, "X", "x") };
  it.each([
    [[done, done], "deed", "2 of 2 done."],
    [[done, failed, { ...failed, isRefusedByPlan: true }], "deed", "1 of 3 done, 1 failed, 1 cannot."],
    [[done, failed], "trial", "1 of 2 could be, 1 cannot."],
  ] as const)("counts: %#", (outcomes, as, text) => {
    expect(summary(outcomes, as)).toBe(text);
  });
});

describe("a bar", () => {
  it.each([
    [{ done: 0, all: 4, text: "a" }, "[....................] 0/4 a"],
    [{ done: 1, all: 4, text: "a", ratio: 0.5 }, "[#######.............] 1/4 a"],
    [{ done: 4, all: 4, text: "" }, "[####################] 4/4"],
    [{ done: 0, all: 0, text: "" }, "[####################] 0/0"],
  ])("shows %j", (progress, line) => {
    expect(progressLine(progress, "ascii")).toBe(line);
  });
});
