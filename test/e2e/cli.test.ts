// Every lifecycle verb through the `quetzal` command, as a script would use it.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliPath, root, Stack } from "../support/stack.js";
import { smallGuest } from "../support/vm.js";

let stack: Stack;

interface Ran { readonly code: number | null; readonly stdout: string; readonly stderr: string }
const quetzal = (...args: string[]): Promise<Ran> => run(process.execPath, [cliPath, ...args]);
function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: stack.clientEnv, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => { stdout += chunk.toString(); });
    child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString(); });
    child.once("error", reject).once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
async function vmState(id: string): Promise<string> {
  const { stdout } = await quetzal("vm", "show", id, "-o", "json");
  return (JSON.parse(stdout) as { state: string }).state;
}

beforeAll(async () => {
  stack = await Stack.start();
  const folder = join(stack.stateDir, "defs/story-cli");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(smallGuest("story-cli")));
  writeFileSync(join(folder, "network.conf"), "MODE=user\n");
});
afterAll(() => stack[Symbol.asyncDispose]());

describe("the quetzal command", () => {
  it("applies a folder of definitions, says what it does, and does nothing the second time", async () => {
    const defs = join(stack.stateDir, "defs");
    const dry = await quetzal("apply", "--dry-run", defs);
    expect(dry).toMatchObject({ code: 0 });
    expect((await quetzal("vm", "ls", "-o", "json")).stdout).not.toContain("story-cli");
    const first = await quetzal("apply", defs);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(/created story-cli/);
    const second = await quetzal("apply", defs);
    expect(second.stdout).toMatch(/unchanged story-cli/);
  });

  it("walks through every verb of a VM's life", async () => {
    for (const [verb, state] of [["start", "RUNNING"], ["pause", "PAUSED"], ["resume", "RUNNING"], ["reset", "RUNNING"], ["force-off", "STOPPED"], ["start", "RUNNING"], ["stop", "STOPPED"]] as const) {
      const ran = await quetzal("vm", verb, "story-cli", "--wait", ...(["reset", "force-off"].includes(verb) ? ["-y"] : []));
      expect({ verb, ...ran }).toMatchObject({ code: 0 });
      expect(await vmState("story-cli")).toBe(state);
    }
  });

  it("lists VMs as a table and as JSON", async () => {
    expect((await quetzal("vm", "ls")).stdout).toMatch(/story-cli\s+stopped/i);
    const rows = JSON.parse((await quetzal("vm", "ls", "-o", "json")).stdout) as { id: string }[];
    expect(rows.map((row) => row.id)).toContain("story-cli");
  });

  it("keeps its exit codes: 3 for what is not there, 4 for what is refused, 2 for bad usage", async () => {
    expect(await quetzal("vm", "start", "nobody")).toMatchObject({ code: 3, stdout: "" });
    expect(await quetzal("vm", "stop", "story-cli")).toMatchObject({ code: 4 });
    expect(await quetzal("vm", "fly", "story-cli")).toMatchObject({ code: 2 });
  });

  it("says in one sentence that the server is not there", async () => {
    const ran = await new Promise<Ran>((resolve) => {
      const child = spawn(process.execPath, [cliPath, "vm", "ls"], { env: { ...process.env, QUETZAL_STATE_DIR: join(stack.stateDir, "nowhere") }, stdio: ["ignore", "pipe", "pipe"] });
      let stderr = "";
      child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString(); });
      child.once("close", (code) => resolve({ code, stdout: "", stderr }));
    });
    expect(ran.code).toBe(5);
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    expect(ran.stderr).toMatch(/npm start/);
  });

  it("start.sh in a copy of vms/test-vm starts the VM that the copy defines", async () => {
    symlinkSync(join(root, "dist"), join(stack.stateDir, "dist"));
    const copy = join(stack.stateDir, "defs/story-copy");
    mkdirSync(copy);
    copyFileSync(join(root, "vms/test-vm/start.sh"), join(copy, "start.sh"));
    writeFileSync(join(copy, "config.json"), JSON.stringify(smallGuest("story-copy")));
    const startSh = (): Promise<Ran> => run("sh", [join(copy, "start.sh")]);
    expect(await startSh()).toMatchObject({ code: 0 });
    expect(await vmState("story-copy")).toBe("RUNNING");
    expect((await startSh()).stdout).toMatch(/story-copy is RUNNING: nothing to start/);
    expect(await quetzal("vm", "show", "test-vm-001")).toMatchObject({ code: 3 });
    expect(await quetzal("vm", "force-off", "-y", "--wait", "story-copy")).toMatchObject({ code: 0 });
  });

  it("prints the events in order and deletes the VM", async () => {
    const { events } = JSON.parse((await quetzal("events", "-o", "json")).stdout) as { events: { cursor: string; vmId: string | null }[] };
    const cursors = events.map((event) => BigInt(event.cursor));
    expect(cursors).toEqual([...cursors].sort((a, b) => (a < b ? -1 : 1)));
    expect(events.some((event) => event.vmId === "story-cli")).toBe(true);
    expect(await quetzal("vm", "delete", "story-cli", "-y", "--wait")).toMatchObject({ code: 0 });
    expect(await quetzal("vm", "show", "story-cli")).toMatchObject({ code: 3 });
  });
});
