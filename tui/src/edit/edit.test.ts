import fc from "fast-check";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Client } from "../client/client.js";
import { chooseEditor, splitCommand } from "./editor.js";
import { editDefinition } from "./session.js";
import type { Editing, Question, Reply } from "./session.js";
import { editText, headOf, isSame, readText, withFault, withNotes } from "./text.js";

const DEFINITION = { id: "web-1", name: "web-1", memory_mb: 256, vcpus: 1, disks: [{ name: "vda", path: "a.img" }], labels: {} };

describe("a definition as text", () => {
  it("comes back as it went, whatever it holds", () => {
    fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const definition = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      const read = readText(withNotes(editText(definition, ["a head"]), ["a\nnote"]));
      expect(read.kind === "definition" && isSame(read.definition, definition)).toBe(true);
    }));
  });

  it("names its VM, and no name can end the comment", () => {
    expect(editText(DEFINITION, headOf({ id: "web-1", name: "a\nmemory_mb: 1\u001b[2J" })).split("\n").slice(0, 4).every((line, index) => index === 3 || line.startsWith("# "))).toBe(true);
  });

  it("wears only the notes of the last try", () => {
    const once = withNotes("# mine\nid: a\n", ["first"]);
    expect([once, withNotes(once, ["second"]), withNotes(once, [])]).toEqual(["#! first\n# mine\nid: a\n", "#! second\n# mine\nid: a\n", "# mine\nid: a\n"]);
  });

  it("names the line of a fault as it is below the notes", () => {
    const once = withFault("# mine\nid: a\n", "Line 2: wrong.");
    expect([once, withFault(once, `Line 3: ${"long ".repeat(20)}`).split("\n").slice(0, 4)]).toEqual(["#! Line 3: wrong.\n# mine\nid: a\n", [expect.stringMatching(/^#! Line 4: long/), expect.stringMatching(/^#! long/), "# mine", "id: a"]]);
    expect(withFault("id: a\n", "Nobody knows where.")).toBe("#! Nobody knows where.\nid: a\n");
  });

  it.each([
    ["", "empty"], ["# only\n#! comments\n", "empty"], ["{\"id\": \"a\"}", "definition"], ["a: [1\n", "fault"], ["- a\n- b\n", "fault"], ["just words", "fault"], ["a: *b\n", "fault"], ["a: 1\na: 2\n", "fault"], [`id: a\n# ${"x".repeat(1024 * 1024)}`, "fault"],
  ])("%.20j is %s", (text, kind) => expect(readText(text).kind).toBe(kind));

  it("says the line of a fault, and of the field a server names", () => {
    expect(readText("# x\nid: a\nb: [1\n")).toMatchObject({ reason: expect.stringMatching(/^Line [34]: this is not valid YAML/) as string });
    const read = readText(editText(DEFINITION, ["head"]));
    const line = (field: string): number | null => (read.kind === "definition" ? read.lineOf(field) : null);
    expect([line("memory_mb"), line("disks[0].path"), line("disks[0].size_gb"), line("nothing")]).toEqual([4, 8, 7, null]);
  });
});

describe("the editor", () => {
  it.each([
    ["vim -f", ["vim", "-f"]], ["'/opt/my editor/ed' \"a b\" c\\ d", ["/opt/my editor/ed", "a b", "c d"]], ["e \"a\\\"b\" ''", ["e", "a\"b", ""]], ["x; rm -rf $HOME `y` | z", ["x;", "rm", "-rf", "$HOME", "`y`", "|", "z"]], ["open 'half", null],
  ])("%j is %j", (text, words) => expect(splitCommand(text)).toEqual(words));

  const all = () => true;
  it.each([
    ["VISUAL first", { VISUAL: "one -w", EDITOR: "two" }, all, { found: true, program: "one", args: ["-w"] }],
    ["then EDITOR", { VISUAL: " ", EDITOR: "two" }, all, { found: true, program: "two", args: [] }],
    ["then what is there", {}, (name: string) => name === "nano", { found: true, program: "nano", args: [] }],
    ["one that is missing", { EDITOR: "emaks -nw" }, () => false, { found: false, reason: expect.stringContaining("EDITOR is \"emaks -nw\", and emaks is not on the PATH") as string }],
    ["none at all", {}, () => false, { found: false, reason: expect.stringContaining("Set EDITOR") as string }],
    ["open quotes", { EDITOR: "'vi" }, all, { found: false, reason: expect.stringContaining("quotes do not close") as string }],
  ])("is chosen: %s", (_, environment, isThere, expected) => expect(chooseEditor(environment, isThere)).toEqual(expected));
});

/** A server with one VM: it refuses less than 32 MiB, and its definition may be changed behind our back. */
function server() {
  const vm = { id: "web-1", name: "web-1", generation: 1, definition: DEFINITION as Record<string, unknown> };
  const put: unknown[] = [];
  const request = (_: unknown, variables: { input?: { definition: Record<string, unknown>; ifGeneration: string; dryRun: boolean } }) => {
    const { input } = variables;
    if (input === undefined) return Promise.resolve({ vm: { ...vm, generation: String(vm.generation) } });
    if (input.ifGeneration !== String(vm.generation)) return Promise.resolve({ result: { __typename: "VmChanged", message: "web-1 was changed since." } });
    if (Number(input.definition["memory_mb"]) < 32) return Promise.resolve({ result: { __typename: "InvalidSpec", message: "memory_mb must be at least 32.", field: "memory_mb" } });
    if (!input.dryRun) put.push(input.definition["memory_mb"]);
    return Promise.resolve({ result: { __typename: "PutVmSuccess", action: "CHANGED", changes: [`memory_mb: 256 → ${String(input.definition["memory_mb"])}`], effect: "Changes one field.", operation: null } });
  };
  return { vm, put, client: { request } as unknown as Client };
}

describe("editing", () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), "qz-edit-")); });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** An editor that does the edits in turn, and a person who gives the replies in turn. */
  function ways(edits: readonly ((text: string, path: string) => string | null)[], replies: readonly Reply[], seen: (Question | string)[] = []): Editing {
    const [edit, reply] = [edits.values(), replies.values()];
    return {
      temporaryFolder: folder,
      edit: (path) => {
        const text = readFileSync(path, "utf8");
        seen.push(text);
        const left = (edit.next().value ?? (() => null))(text, path);
        if (left !== null) writeFileSync(path, left);
        return Promise.resolve();
      },
      ask: (question) => { seen.push(question); return Promise.resolve(reply.next().value ?? "no"); },
    };
  }
  const memory = (mebibytes: number) => (text: string): string => text.replace(/^memory_mb: \d+/m, `memory_mb: ${mebibytes}`);

  it("puts what was judged and agreed to, and leaves no file", async () => {
    const { client, put } = server();
    const modes: number[] = [];
    const outcome = await editDefinition(client, "web-1", ways([(text, path) => { modes.push(statSync(path).mode & 0o777); return memory(512)(text); }], ["yes"]));
    expect([outcome.kind, put, modes, readdirSync(folder)]).toEqual(["saved", [512], [0o600], []]);
  });

  it.each([["left as it was", () => null], ["emptied", () => "# nothing\n"], ["only put in another order", (text: string) => text.split("\n").reverse().filter((line) => /^\w/.test(line) && !line.startsWith("disks")).join("\n") + "\ndisks: [{path: a.img, name: vda}]\n"]])("does nothing when it was %s", async (_, edit) => {
    const { client, put } = server();
    expect([(await editDefinition(client, "web-1", ways([edit], ["yes"]))).kind, put, readdirSync(folder)]).toEqual(["unchanged", [], []]);
  });

  it("opens again what the server refuses, its reason and line above it", async () => {
    const { client, put } = server();
    const seen: (Question | string)[] = [];
    await editDefinition(client, "web-1", ways([memory(8), memory(64)], ["yes", "yes"], seen));
    expect(seen[1]).toMatchObject({ kind: "again", fault: { type: "InvalidSpec", message: "Line 6: memory_mb must be at least 32.", field: "memory_mb" }, isTouched: true });
    expect(seen[2]).toMatch(/^#! Line 7: memory_mb must be at least 32\.\n# The definition/);
    expect(put).toEqual([64]);
  });

  it.each([["rubbish", () => "a: [", /not valid YAML/], ["another id", (text: string) => text.replace("id: web-1", "id: web-2"), /id must stay web-1/], ["bytes", (_: string, path: string) => { writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00])); return null; }, /no text that can be read/]])("keeps %s when it is not mended", async (_, edit, reason) => {
    const { client } = server();
    const outcome = await editDefinition(client, "web-1", ways([edit], ["no"]));
    expect(outcome).toMatchObject({ kind: "dropped", error: { type: "InvalidSpec", message: expect.stringMatching(reason) as string }, keptIn: expect.stringMatching(/web-1\.yaml$/) as string });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("tells of somebody else's change, and opens theirs with ours as a note", async () => {
    const { client, vm, put } = server();
    const seen: (Question | string)[] = [];
    const meanwhile = (text: string): string => { Object.assign(vm, { generation: 2, definition: { ...DEFINITION, vcpus: 2 } }); return memory(512)(text); };
    await editDefinition(client, "web-1", ways([meanwhile, memory(512)], ["yes", "yes"], seen));
    expect(seen[2]).toMatch(/^#! Somebody changed the VM meanwhile[^]*#! {3}memory_mb: 512\n[^]*vcpus: 2\n/);
    expect(put).toEqual([512]);
  });

  it("opens the same text again where the person wants to go on, and keeps it on a no", async () => {
    const { client, put } = server();
    const outcome = await editDefinition(client, "web-1", ways([memory(512), memory(1024)], ["edit", "no"]));
    expect(outcome).toMatchObject({ kind: "dropped" });
    const kept = outcome.kind === "dropped" ? outcome.keptIn : null;
    expect([put, readFileSync(kept ?? "", "utf8")]).toEqual([[], expect.stringContaining("memory_mb: 1024")]);
  });

  it("tells whether what is refused was touched since it was opened, its notes apart", async () => {
    const { client } = server();
    const seen: (Question | string)[] = [];
    const withoutNotes = (text: string): string => text.replace(/^#!.*\n/gm, "");
    await editDefinition(client, "web-1", ways([memory(8), () => null, withoutNotes, memory(9)], ["edit", "edit", "edit"], seen));
    expect(seen.flatMap((one) => (typeof one === "object" && one.kind === "again" ? [one.isTouched] : []))).toEqual([true, false, false, true]);
  });

  it("puts nothing where to know what would change is enough", async () => {
    const { client, put } = server();
    expect(await editDefinition(client, "web-1", ways([memory(512)], ["judged"]))).toMatchObject({ kind: "judged", put: { changes: ["memory_mb: 256 → 512"] } });
    expect([put, readdirSync(folder)]).toEqual([[], []]);
  });

  it("says that there is no such VM", async () => {
    const nobody = { request: () => Promise.resolve({ vm: null }) } as unknown as Client;
    expect(await editDefinition(nobody, "web-1", ways([], []))).toMatchObject({ kind: "dropped", error: { type: "VmNotFound", message: "There is no VM web-1." }, keptIn: null });
  });

  it("keeps what was written when the server goes away", async () => {
    const { client } = server();
    const away = { request: (document: unknown, variables: { input?: unknown }) => (variables.input === undefined ? client.request(document as never, variables) : Promise.reject(new Error("The server is away."))) } as unknown as Client;
    const outcome = await editDefinition(away, "web-1", ways([memory(512)], []));
    expect(outcome).toMatchObject({ kind: "dropped", error: { message: "The server is away." }, keptIn: expect.stringMatching(/web-1\.yaml$/) as string });
  });

  it("drops it with the editor's failure, and keeps a file only for something written", async () => {
    const { client } = server();
    const error = new Error("vi ended with exit code 1.");
    const failing = { ...ways([], []), edit: () => Promise.reject(error) };
    expect(await editDefinition(client, "web-1", failing)).toEqual({ kind: "dropped", error, keptIn: null });
  });
});
