import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClientError } from "../client/error.js";
import { readConfig } from "../config.js";
import { readDefinitions } from "./definitions.js";
import { subjectOf } from "./events.js";
import { EXIT, fromTypedError, toCommandError } from "./exit.js";
import { isSubscription } from "./graphql.js";
import { JsonFault, parseJson } from "./json-text.js";
import { cellsOf } from "../width.js";
import { fieldLines, tableLines } from "./output/table.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

describe("table", () => {
  it("puts numbers to the right and wide characters into their columns", () => {
    const lines = tableLines([{ title: "NAME" }, { title: "N", align: "right" }, { title: "END" }], [["日本", "5", "x"], ["a", "123", ""]]);
    expect(lines).toEqual(["NAME    N  END", "日本    5  x", "a     123"]);
  });

  it("counts columns, not characters", () => {
    expect(["a", "日", "e\u0301", "🚀"].map(cellsOf)).toEqual([1, 2, 1, 2]);
  });

  it("leaves out fields without a value", () => {
    expect(fieldLines([["A", "1"], ["Gone", undefined], ["Long", "2"]])).toEqual(["A     1", "Long  2"]);
  });
});

describe("an event's subject", () => {
  it.each([
    [{ vmId: null, hostId: "0123456789abcdef", hostName: "lab1" }, "lab1"],
    [{ vmId: null, hostId: "0123456789abcdef", hostName: null }, "0123456789abcdef"],
    [{ vmId: "web", hostId: "0123456789abcdef", hostName: "lab1" }, "web"],
    [{ vmId: null, hostId: null, hostName: null }, null],
  ])("is the VM, else the host as people know it: %#", (given, shown) => {
    expect(subjectOf(given)).toBe(shown);
  });
});

describe("json text", () => {
  it("reads what JSON.parse reads", () => {
    const text = '{"a": [1, -2.5e3, true, null, "x\\u0041\\n"], "b": {"c": {}, "d": []}, "__proto__": 1}';
    expect(parseJson(text).value).toEqual(JSON.parse(text));
  });

  it.each([
    ["", "the file is empty", 1, 1],
    ['{\n  "id": }', 'expected a value, found "}"', 2, 9],
    ['{"a": 1,}', 'a "," must not stand before "}"', 1, 9],
    ['{"a" 1}', 'expected ":" after the key "a", found "1"', 1, 6],
    ["{'a': 1}", "expected a key in double quotes, found \"'\"", 1, 2],
    ['{\n "a": 1,\n "a": 2}', 'the key "a" stands here a second time', 3, 2],
    ['{"a": "x\n"}', "this string is not closed on its line", 1, 7],
    ['{"a": [1, 2', 'this "[" is never closed', 1, 7],
    ['{} {}', 'after the end of the value', 1, 4],
    ['{"a": 01}', 'expected a value', 1, 7],
    ['// no\n{}', "JSON knows no comments", 1, 1],
    ["[".repeat(100), "nested deeper than 64 levels", 1, 66],
  ])("names the fault in %j", (text, message, line, column) => {
    let fault: unknown;
    try {
      parseJson(text);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(JsonFault);
    expect((fault as JsonFault).message).toContain(message);
    expect((fault as JsonFault).position).toEqual({ line, column });
  });

  it("knows where a field stands, or its nearest parent", () => {
    const parsed = parseJson('{\n  "disks": [\n    {"path": "x"}\n  ]\n}');
    expect(parsed.positionOf("disks[0].path")).toEqual({ line: 3, column: 6 });
    expect(parsed.positionOf("disks[0].size_gb")).toEqual({ line: 3, column: 5 });
    expect(parsed.positionOf("memory_mb")).toEqual({ line: 1, column: 1 });
  });
});

describe("definitions", () => {
  it("reads a folder with network.conf, a folder of folders, and a file; and ignores other files", () => {
    put("vms/a/config.json", '{"id": "a"}');
    put("vms/a/network.conf", "# how\nMODE=bridge\nBRIDGE=qzbr0\n");
    put("vms/b/config.json", '{"id": "b", "network": {"mode": "user"}}');
    put("vms/vm.schema.json", "{}");
    put("vms/empty/readme.txt", "");
    const single = put("c.json", '{"id": "c"}');
    const read = readDefinitions([join(folder, "vms"), single, join(folder, "vms/a")]);
    expect(read.map((definition) => definition.value)).toEqual([{ id: "a", network: { mode: "bridge", bridge: "qzbr0" } }, { id: "b", network: { mode: "user" } }, { id: "c" }]);
    expect(read[0]?.placeOf("network.bridge")).toBe(join(folder, "vms/a/network.conf:3"));
    expect(read[0]?.placeOf("id")).toBe(join(folder, "vms/a/config.json:1:2"));
  });

  it.each([
    ["broken JSON", { "config.json": '{"id": "a",\n"vcpus" 2}' }, "config.json:2:9: this is not valid JSON: expected \":\" after the key \"vcpus\", found \"2\"; mend it there, nothing was applied."],
    ["no object", { "config.json": "[]" }, "a definition is a JSON object"],
    ["an unknown network key", { "config.json": "{}", "network.conf": "MODE=user\nMODUS=x\n" }, "network.conf:2: MODUS is not known"],
    ["a stray line in network.conf", { "config.json": "{}", "network.conf": "MODE=user\nhello\n" }, "network.conf:2: expected KEY=value"],
    ["two truths", { "config.json": '{"network": {"mode": "user"}}', "network.conf": "MODE=bridge\n" }, 'network.mode is "user" here and "bridge" in'],
    ["nothing", { "other.txt": "" }, "holds neither config.json nor a folder with one"],
    ["bytes that are no text", { "config.json": "\x00" }, "not valid JSON"],
  ])("refuses %s", (_, files, message) => {
    for (const [name, text] of Object.entries(files)) put(`vm/${name}`, text);
    expect(() => readDefinitions([join(folder, "vm")])).toThrow(message);
  });

  it("refuses two VMs with one id, and names both", () => {
    put("vms/a/config.json", '{"id": "same"}');
    put("vms/b/config.json", '{\n"id": "same"}');
    expect(() => readDefinitions([join(folder, "vms")])).toThrow(/b\/config\.json:2:1: the id "same" is also that of .*a\/config\.json:1:2/);
  });

  it.each([["network.conf", "holds network.conf and no definition"], ["disk.img", "holds disk.img and no definition"], [null, "is empty"]])("refuses a VM's folder with %s and no config.json, beside one that is whole", (name, why) => {
    put("vms/a/config.json", '{"id": "a"}');
    mkdirSync(join(folder, "vms/test-vm"));
    if (name !== null) put(`vms/test-vm/${name}`, "");
    expect(() => readDefinitions([join(folder, "vms")])).toThrow(`${join(folder, "vms/test-vm/config.json")} is missing: its folder ${why}; put it there, or remove the folder. Nothing was applied.`);
  });

  it("refuses a path that is not there, and a file too large to be meant", () => {
    expect(() => readDefinitions([join(folder, "nowhere")])).toThrow("does not exist");
    expect(() => readDefinitions([put("disk.json", " ".repeat(2 * 1024 * 1024))])).toThrow("a definition has at most");
  });
});

describe("exit", () => {
  it.each([
    [fromTypedError({ __typename: "VmNotFound", message: "" }), EXIT.notFound],
    [fromTypedError({ __typename: "InvalidVmState", message: "" }), EXIT.refused],
    [fromTypedError({ __typename: "InvalidSpec", message: "" }), EXIT.usage],
    [fromTypedError({ __typename: "SomethingNew", message: "" }), EXIT.failed],
    [toCommandError(new ClientError("unreachable", "")), EXIT.unreachable],
    [toCommandError(new ClientError("unauthorised", "")), EXIT.forbidden],
    [toCommandError(new ClientError("graphql", "", { code: "INVALID_VM_STATE" })), EXIT.refused],
    [toCommandError(new ClientError("graphql", "", { code: "FORBIDDEN" })), EXIT.forbidden],
    [toCommandError(new TypeError("x")), EXIT.failed],
  ])("gives %o the code %i", (error, code) => {
    expect(error.exitCode).toBe(code);
  });

  it.each([[new TypeError("Cannot read x")], ["thrown text"], [undefined]])("says of %o that the fault is ours, and nothing of its words", (error) => {
    const failure = toCommandError(error);
    expect([failure.code, failure.cause]).toEqual(["Internal", error]);
    expect(failure.message).toBe("This is a fault of quetzal itself, not of what was asked.");
  });
});

describe("config", () => {
  const env = (more: Record<string, string>): Record<string, string> => ({ QUETZAL_STATE_DIR: folder, ...more });

  it("finds the local server and its token", () => {
    put("run/server.json", '{"url": "http://127.0.0.1:9"}');
    put("server/token", "qz_x\n");
    expect(readConfig(env({}), 0).endpoint()).toEqual({ url: "http://127.0.0.1:9", token: "qz_x" });
  });

  it("says what to do when no server runs", () => {
    expect(() => readConfig(env({}), 0).endpoint()).toThrow(/does not run here .* 'npm start'/);
  });

  it("gives the local token to this machine only", () => {
    put("server/token", "qz_x\n");
    expect(readConfig(env({ QUETZAL_URL: "http://[::1]:1" }), 0).endpoint().token).toBe("qz_x");
    expect(readConfig(env({ QUETZAL_URL: "https://elsewhere.example" }), 0).endpoint().token).toBeUndefined();
    expect(readConfig(env({ QUETZAL_URL: "https://elsewhere.example", QUETZAL_TOKEN: "mine" }), 0).endpoint().token).toBe("mine");
  });

  it.each(["nonsense", "ftp://x", ""])("takes QUETZAL_URL=%j for what it is", (url) => {
    if (url === "") expect(() => readConfig(env({ QUETZAL_URL: url }), 0).endpoint()).toThrow("does not run here");
    else expect(() => readConfig(env({ QUETZAL_URL: url }), 0).endpoint()).toThrow("not an http or https URL");
  });
});

describe("graphql", () => {
  it.each([
    ["subscription { events { __typename } }", true],
    ["# subscription\nquery { viewer { name } }", false],
    ["{ subscription: viewer { name } }", false],
    ['fragment F on Event { message } subscription S { events { ...F } }', true],
    ['query subscription { viewer { name } }', false],
  ])("sees in %j whether it is a subscription", (text, is) => {
    expect(isSubscription(text)).toBe(is);
  });
});
