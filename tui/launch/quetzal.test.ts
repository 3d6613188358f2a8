// Laws of calling our own command line, with a client made of a script that counts its calls.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { clientBundle, makeContext, type Context } from "./context.mjs";
import { askQuetzal } from "./quetzal.mjs";

let folder: string;
let context: Context;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
  context = { ...makeContext({ PATH: process.env["PATH"], QUETZAL_STATE_DIR: folder }, { uid: 1000, isTerminal: false, arguments: [] }), distDir: folder };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The client ends with these codes, one a call, then with 0. */
function client(...codes: readonly number[]): void {
  const calls = JSON.stringify(join(folder, "calls"));
  writeFileSync(clientBundle(context), `
    const { appendFileSync, readFileSync } = require("node:fs");
    appendFileSync(${calls}, process.argv.slice(2).join(" ") + "\\n");
    const code = ${JSON.stringify(codes)}[readFileSync(${calls}, "utf8").split("\\n").length - 2] ?? 0;
    if (code === 0) process.stdout.write("done"); else process.stderr.write("quetzal: no.");
    process.exitCode = code;`);
}
const calls = (): number => readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n").length;

it("tries again while what it needs is coming back, as long as it is told to", async () => {
  client(5, 5);
  expect(await askQuetzal(context, ["apply", "vms"], { patienceMs: 60_000 })).toBe("done");
  expect(calls()).toBe(3);
});

it("does not try again without patience", async () => {
  client(5);
  await expect(askQuetzal(context, ["apply", "vms"])).rejects.toThrow("quetzal apply vms failed: quetzal: no.");
  expect(calls()).toBe(1);
});

it("does not try again what was refused", async () => {
  client(4);
  await expect(askQuetzal(context, ["vm", "start", "a"], { patienceMs: 60_000 })).rejects.toThrow("quetzal vm start a failed: quetzal: no.");
  expect(calls()).toBe(1);
});
