// Laws of applying vms/ at a start, with a client made of a script: what it refuses is named, and keeps nothing else down.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { clientBundle, makeContext, setupLog, type Context } from "./context.mjs";
import { applyAll } from "./definitions.mjs";

let folder: string;
let context: Context;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
  context = { ...makeContext({ PATH: process.env["PATH"], QUETZAL_STATE_DIR: folder }, { uid: 1000, isTerminal: false, arguments: [] }), distDir: folder };
  mkdirSync(context.paths.logsDir);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The client says this to `vm show`, finds every VM as its file says, and refuses the commands named. */
function client(state: string, ...refused: readonly string[]): void {
  writeFileSync(clientBundle(context), `
    const args = process.argv.slice(2);
    const command = args.slice(0, args[0] === "vm" ? 2 : 1).join(" ");
    const refusal = "vms/broken/config.json:3:1: no.";
    require("node:fs").appendFileSync(${JSON.stringify(join(folder, "calls"))}, command + "\\n");
    if (${JSON.stringify(refused)}.includes(command)) { process.stderr.write(args.includes("json") ? JSON.stringify({ error: { message: refusal } }) + "\\n" : "quetzal: " + refusal); process.exitCode = 2; }
    else process.stdout.write(command === "apply" ? "[]" : ${JSON.stringify(JSON.stringify({ state }))});`);
}
const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n");
const apply = (): ReturnType<typeof applyAll> => applyAll(context, () => undefined);

it("starts the first VM once everything is applied, and leaves one that is up alone", async () => {
  client("STOPPED");
  expect(await apply()).toEqual({ summary: "test-vm-001 started", told: [] });
  client("RUNNING");
  expect(await apply()).toEqual({ summary: undefined, told: [] });
  expect(calls()).toEqual(["apply", "vm show", "vm start", "apply", "vm show"]);
});

it("names a refused definition, its log and the mend, and starts the first VM all the same", async () => {
  client("STOPPED", "apply");
  const { refused } = await apply();
  const said = refused?.describe().split("\n") ?? [];
  expect(said[0]).toMatch(/^quetzal apply \S+vms failed: quetzal: vms\/broken\/config\.json:3:1: no\.$/);
  expect(said.slice(1)).toEqual([`Log: ${setupLog(context)}`, expect.stringMatching(/^Mend: mend what is named above below \S+vms .*, then npm start again\.$/)]);
  expect(readFileSync(setupLog(context), "utf8")).toContain("config.json:3:1: no.");
  expect(calls()).toEqual(["apply", "vm show", "vm start"]);
});

it.each([["vm show"], ["vm start"]])("hands back that %s was refused", async (command) => {
  client("STOPPED", command);
  expect((await apply()).refused?.describe()).toMatch(new RegExp(`^quetzal ${command} .*failed: .*\nLog: .*\nMend: `));
});

it("names a client that is not there at all", async () => {
  expect(existsSync(clientBundle(context))).toBe(false);
  expect((await apply()).refused?.describe()).toMatch(/^quetzal apply .* failed: [^]*Cannot find module[^]*\nMend: /);
});

it.each([["moved away", () => undefined], ["emptied", () => mkdirSync(join(folder, "clone/vms/test-vm"), { recursive: true })]])("names the definition of the first VM when its folder is %s, and starts what is known", async (_, empty) => {
  context = { ...context, repoDir: join(folder, "clone") };
  empty();
  client("STOPPED");
  const { refused } = await apply();
  const missing = join(folder, "clone/vms/test-vm/config.json");
  expect(refused?.message).toBe(`${missing} is missing, which defines test-vm-001.`);
  expect(refused?.describe()).toMatch(/^Mend: bring \S+vms\/test-vm back \(git checkout -- vms\/test-vm\), then npm start again; the dashboard shows what there is\.$/m);
  expect(calls()).toEqual(["apply", "vm show", "vm start"]);
  client("STOPPED", "apply", "vm show");
  expect((await apply()).refused?.message).toMatch(/^\S+ is missing, which defines test-vm-001\. quetzal apply .*: no\.$/);
});
