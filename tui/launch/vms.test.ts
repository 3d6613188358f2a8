// Laws of stopping VMs at `npm stop -- --vms`, with a client made of a script.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { clientBundle, makeContext, type Context } from "./context.mjs";
import { stopEachVm } from "./vms.mjs";

let folder: string;
let context: Context;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
  context = { ...makeContext({ PATH: process.env["PATH"], QUETZAL_STATE_DIR: folder }, { uid: 1000, isTerminal: false, arguments: [] }), distDir: folder };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The client lists these, and refuses to stop those named. */
function client(vms: readonly object[], ...refused: readonly string[]): void {
  writeFileSync(clientBundle(context), `
    const args = process.argv.slice(2);
    if (args[1] === "ls") process.stdout.write(${JSON.stringify(JSON.stringify(vms))});
    else {
      require("node:fs").appendFileSync(${JSON.stringify(join(folder, "calls"))}, args.join(" ") + "\\n");
      if (${JSON.stringify(refused)}.includes(args.at(-1))) { process.stderr.write("quetzal: The guest did not power down.\\n"); process.exitCode = 6; }
    }`);
}
const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n").sort();
const vm = (id: string, state: string, isProtected = false): object => ({ id, state, protected: isProtected });

it("asks each guest that is up, cuts the power of one that is paused or does not hear, and leaves the others", async () => {
  client([vm("a", "RUNNING"), vm("b", "PAUSED"), vm("c", "STOPPED"), vm("d", "DEFINED"), vm("e", "CRASHED")]);
  expect(await stopEachVm(context, () => undefined)).toEqual({ stopped: ["a", "b"], left: [] });
  expect(calls()).toEqual(["vm force-off -y --wait b", "vm stop --wait --grace 30 --force a"]);
});

it("never cuts the power of a protected one, and wakes a paused one so that it hears", async () => {
  client([vm("a", "RUNNING", true), vm("b", "PAUSED", true)]);
  expect(await stopEachVm(context, () => undefined)).toEqual({ stopped: ["a", "b"], left: [] });
  expect(calls()).toEqual(["vm resume --wait b", "vm stop --wait --grace 30 a", "vm stop --wait --grace 30 b"]);
});

it("goes on past one that will not stop, and says why it did not", async () => {
  client([vm("a", "RUNNING", true), vm("b", "RUNNING"), vm("c", "PAUSED")], "a");
  expect(await stopEachVm(context, () => undefined)).toEqual({ stopped: ["b", "c"], left: [{ id: "a", isProtected: true, reason: "The guest did not power down." }] });
});
