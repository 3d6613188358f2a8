// Every lifecycle verb through the `quetzal` command, as a script would use it.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endWith, type Ran, run, succeed } from "../support/run.js";
import { cliPath, root, Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

let stack: Stack;

const quetzal = (...args: string[]): Promise<Ran> => run(process.execPath, [cliPath, ...args], { env: stack.clientEnv });
async function vmState(id: string): Promise<string> {
  const { stdout } = await succeed(quetzal("vm", "show", id, "-o", "json"));
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
    await succeed(quetzal("apply", "--dry-run", defs));
    expect((await quetzal("vm", "ls", "-o", "json")).stdout).not.toContain("story-cli");
    expect((await succeed(quetzal("apply", defs))).stdout).toMatch(/created story-cli/);
    expect((await succeed(quetzal("apply", defs))).stdout).toMatch(/unchanged story-cli/);
  });

  it("walks through every verb of a VM's life", async () => {
    const brings = async (verb: string, state: string, ...yes: string[]): Promise<void> => {
      expect((await succeed(quetzal("vm", verb, "story-cli", "--wait", ...yes))).stdout).toBe(`story-cli: ${verb.replace("-", " ")} done\n`);
      expect(await vmState("story-cli")).toBe(state);
    };
    const guest = new VmDriver(stack, "story-cli");
    await brings("start", "RUNNING");
    await guest.waitForBoot();
    await guest.run("touch /tmp/before-reset");
    await brings("pause", "PAUSED");
    await brings("resume", "RUNNING");
    expect(await guest.run("ls /tmp/before-reset")).toBe("/tmp/before-reset");
    const { pid } = await guest.show();
    await brings("reset", "RUNNING", "-y");
    // The same QEMU, whose guest has booted anew: what it had in memory is gone.
    await guest.readUntil((text) => text.split("QuetzalCore guest ready").length > 2, 1_000_000);
    expect(await guest.run("test -e /tmp/before-reset || echo fresh")).toBe("fresh");
    expect((await guest.show()).pid).toBe(pid);
    await brings("force-off", "STOPPED", "-y");
    await brings("start", "RUNNING");
    await guest.waitForBoot();
    await brings("stop", "STOPPED");
  });

  it("lists VMs as a table and as JSON", async () => {
    expect((await quetzal("vm", "ls")).stdout).toMatch(/story-cli\s+stopped/i);
    const rows = JSON.parse((await quetzal("vm", "ls", "-o", "json")).stdout) as { id: string }[];
    expect(rows.map((row) => row.id)).toContain("story-cli");
  });

  it("keeps its exit codes: 3 for what is not there, 4 for what is refused, 2 for bad usage", async () => {
    expect((await endWith(3, quetzal("vm", "start", "nobody"))).stdout).toBe("");
    await endWith(4, quetzal("vm", "stop", "story-cli"));
    await endWith(2, quetzal("vm", "fly", "story-cli"));
  });

  it("says in one sentence that the server is not there", async () => {
    const ran = await endWith(5, run(process.execPath, [cliPath, "vm", "ls"], { env: { ...process.env, QUETZAL_STATE_DIR: join(stack.stateDir, "nowhere") } }));
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    expect(ran.stderr).toMatch(/npm start/);
  });

  it("start.sh in a copy of vms/test-vm starts the VM that the copy defines", async () => {
    symlinkSync(join(root, "dist"), join(stack.stateDir, "dist"));
    const copy = join(stack.stateDir, "defs/story-copy");
    mkdirSync(copy);
    copyFileSync(join(root, "vms/test-vm/start.sh"), join(copy, "start.sh"));
    writeFileSync(join(copy, "config.json"), JSON.stringify(smallGuest("story-copy")));
    const startSh = (): Promise<Ran> => run("sh", [join(copy, "start.sh")], { env: stack.clientEnv });
    await succeed(startSh());
    expect(await vmState("story-copy")).toBe("RUNNING");
    expect((await succeed(startSh())).stdout).toMatch(/story-copy is RUNNING: nothing to start/);
    await endWith(3, quetzal("vm", "show", "test-vm-001"));
    await succeed(quetzal("vm", "force-off", "-y", "--wait", "story-copy"));
  });

  it("prints the events in order and deletes the VM", async () => {
    const { events } = JSON.parse((await quetzal("events", "-o", "json")).stdout) as { events: { cursor: string; vmId: string | null }[] };
    const cursors = events.map((event) => BigInt(event.cursor));
    expect(cursors).toEqual([...cursors].sort((a, b) => (a < b ? -1 : 1)));
    expect(events.some((event) => event.vmId === "story-cli")).toBe(true);
    await succeed(quetzal("vm", "delete", "story-cli", "-y", "--wait"));
    await endWith(3, quetzal("vm", "show", "story-cli"));
  });
});
