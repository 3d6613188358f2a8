// Laws of what a start applies: a new definition, an edited one, and never over what people changed of a VM meanwhile.
// The client is a script that judges as the test says.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { temporaryFolder } from "../../test/support/temporary.js";
import { applyFolder } from "./applying.mjs";
import { clientBundle, makeContext, type Context } from "./context.mjs";

let folder: string;
let context: Context;
let vms: string;
beforeEach(() => {
  folder = temporaryFolder();
  vms = join(folder, "clone/vms");
  const own = makeContext({ PATH: process.env["PATH"], QUETZAL_STATE_DIR: join(folder, "state") }, { uid: 1000, isTerminal: false, arguments: [] });
  context = { ...own, repoDir: join(folder, "clone"), distDir: folder };
  define("one");
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileOf = (id: string): string => join(vms, id, "config.json");
function define(id: string, text = "{}", name = "config.json"): void {
  mkdirSync(join(vms, id), { recursive: true });
  writeFileSync(join(vms, id, name), text);
}

interface Judged { action: "CREATED" | "CHANGED" | "UNCHANGED"; changes?: readonly string[]; restartRequired?: boolean }
/** The client judges so, and refuses whom the judgement leaves out; applied are the files that it was given besides. */
async function start(judgements: Readonly<Record<string, Judged>>, refused?: string): Promise<{ applied: string[]; told: string[]; refusal: string | null }> {
  const calls = join(folder, "calls");
  rmSync(calls, { force: true });
  const answers = Object.entries(judgements).map(([id, judged]) => ({ id, file: fileOf(id), changes: [], restartRequired: false, ...judged }));
  writeFileSync(clientBundle(context), `
    const [, ...words] = process.argv.slice(2);
    const files = words.filter((word) => word.endsWith("config.json"));
    if (files.length > 0) require("node:fs").appendFileSync(${JSON.stringify(calls)}, files.join("\\n") + "\\n");
    process.stdout.write(JSON.stringify(${JSON.stringify(answers)}.filter(({ file }) => files.length === 0 || files.includes(file))));
    const refused = ${JSON.stringify(refused ?? null)};
    if (refused !== null && files.length === 0) { process.stderr.write("config.yaml:1: odd\\n" + JSON.stringify({ error: { message: refused } }) + "\\n"); process.exitCode = 9; }`);
  const told: string[] = [];
  const refusal = await applyFolder(context, vms, (sentence) => void told.push(sentence)).then(() => null, (error: unknown) => (error as Error).message);
  return { applied: existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : [], told, refusal };
}

it("applies a definition whose VM is not there, and says so", async () => {
  expect(await start({ one: { action: "CREATED" } })).toEqual({ applied: [fileOf("one")], told: ["one was made from vms/one/config.json."], refusal: null });
});

it("asks for nothing where every VM is as its file says", async () => {
  expect(await start({ one: { action: "UNCHANGED" } })).toEqual({ applied: [], told: [], refusal: null });
});

it("leaves what people changed of a VM at every start, and says what differs and how the file's is put back", async () => {
  await start({ one: { action: "CREATED" } });
  const differs = { one: { action: "CHANGED", changes: ["protected: true → false", "labels.tier: web\u001b[31m → absent"] } } as const;
  const left = { applied: [], told: ["one was changed since its file was applied, and stays so: 'quetzal apply vms/one' puts the file's back (protected: true → false; labels.tier: web → absent)."], refusal: null };
  expect(await start(differs)).toEqual(left);
  expect(await start(differs)).toEqual(left);
});

it.each([["config.json", "{ }"], ["network.conf", "MODE=user\n"]])("applies a definition whose %s was edited, and says what that changes", async (name, text) => {
  await start({ one: { action: "CREATED" } });
  define("one", text, name);
  const told = ["one was changed, for vms/one/config.json was edited: memory_mb: 64 → 96. It takes effect at its next start."];
  const changed = { one: { action: "CHANGED", changes: ["memory_mb: 64 → 96"], restartRequired: true } } as const;
  expect(await start(changed)).toEqual({ applied: [fileOf("one")], told, refusal: null });
  expect((await start(changed)).applied).toEqual([]);
});

it("leaves a VM that differs from a file that no start has seen yet, and applies the file once it is edited", async () => {
  expect((await start({ one: { action: "CHANGED" } })).applied).toEqual([]);
  define("one", "{ }");
  expect((await start({ one: { action: "CHANGED" } })).applied).toEqual([fileOf("one")]);
});

it("makes a VM anew that was deleted", async () => {
  await start({ one: { action: "CREATED" } });
  expect((await start({ one: { action: "CREATED" } })).applied).toEqual([fileOf("one")]);
});

it("applies the others beside a refused one, and that one as soon as it is mended", async () => {
  await start({ one: { action: "CREATED" } });
  define("one", "broken");
  define("two");
  expect(await start({ two: { action: "CREATED" } }, `${fileOf("one")}:1:1: no.`)).toEqual({
    applied: [fileOf("two")], told: ["two was made from vms/two/config.json."], refusal: `quetzal apply ${vms} failed: quetzal: ${fileOf("one")}:1:1: no.`,
  });
  define("one", "{ }");
  expect((await start({ one: { action: "CHANGED" }, two: { action: "UNCHANGED" } })).applied).toEqual([fileOf("one")]);
});

it("names a few of many changes, and no long one whole", async () => {
  await start({ one: { action: "CREATED" } });
  const changes = [`disks: ${"x".repeat(300)}`, "a: 1", "b: 1", "c: 1", "d: 1", "e: 1"];
  const { told } = await start({ one: { action: "CHANGED", changes } });
  expect(told[0]).toMatch(/\(disks: x{72}…; a: 1; b: 1; c: 1; 2 more\)\.$/);
});

it("takes torn notes for none", async () => {
  await start({ one: { action: "CREATED" } });
  writeFileSync(join(context.paths.stateDir, "applied.json"), "{");
  define("one", "{ }");
  expect((await start({ one: { action: "CHANGED" } })).applied).toEqual([]);
});
