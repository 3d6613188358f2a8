// Several real guests by the command line: chosen by selector, waited for, watched, measured, edited and taken away.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { endWith, type Ran, run, succeed } from "../support/run.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
const IDS = ["fleet-1", "fleet-2", "fleet-3"];

const quetzal = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => run(process.execPath, [cliPath, ...args], { env: { ...stack.clientEnv, ...env } });
const states = async (): Promise<string> => (await succeed(quetzal(["vm", "ls", "-l", "tier=fleet", "-o", "csv", "--columns", "id,state", "--no-headers"]))).stdout;

beforeAll(async () => {
  stack = await Stack.start();
  for (const id of IDS) await VmDriver.define(stack, smallGuest(id, { labels: { tier: "fleet" } }));
  await VmDriver.define(stack, bareGuest("bystander"));
});
afterAll(() => stack[Symbol.asyncDispose]());

describe("a fleet by the command line", () => {
  it("is planned in a dry run, then started by its label and waited for, while a watch shows each change", async () => {
    const dry = await succeed(quetzal(["vm", "start", "-l", "tier=fleet", "--dry-run", "-o", "json"]));
    expect((JSON.parse(dry.stdout) as { vm: { id: string }; operation: null }[]).map(({ vm, operation }) => [vm.id, operation])).toEqual(IDS.map((id) => [id, null]));
    await using watch = new TerminalDriver(process.execPath, [cliPath, "vm", "ls", "--watch", "--filter", "label=fleet", "--columns", "id,state"], { env: stack.clientEnv });
    await watch.waitFor(/fleet-3 +defined/);
    const started = await succeed(quetzal(["vm", "start", "-l", "tier=fleet", "--wait", "--timeout", "2m"]));
    expect(started.stderr).toMatch(/^fleet-1: .*\nfleet-2: .*\nfleet-3: .*\n3 of 3 done\.\n$/);
    expect(started.stdout.split("\n").filter((line) => line.endsWith("start done"))).toHaveLength(3);
    for (const id of IDS) await watch.waitFor(new RegExp(`${id} +running`));
    expect(await states()).toBe("fleet-1,running\nfleet-2,running\nfleet-3,running\n");
    expect((await quetzal(["vm", "ls", "--state", "running", "-o", "name"])).stdout).toBe("fleet-1\nfleet-2\nfleet-3\n");
  });

  it("does what it can of several, and says by its exit code that it was a part", async () => {
    const ran = await endWith(7, quetzal(["vm", "pause", "fleet-1", "bystander", "--wait"]));
    expect(ran.stdout).toBe("fleet-1: pause done\n");
    expect(ran.stderr).toMatch(/bystander: cannot pause: .+\n[^]*1 of 2 done, 1 cannot\.\n$/);
    await succeed(quetzal(["vm", "resume", "fleet-1", "--wait"]));
  });

  it("gives up waiting at its timeout, and what was accepted goes on", async () => {
    for (const id of IDS) await new VmDriver(stack, id).waitForBoot();
    // A guest that does not listen for the power button.
    await new VmDriver(stack, "fleet-2").run("killall acpid 2>/dev/null; true");
    const late = await endWith(8, quetzal(["vm", "stop", "fleet-2", "--wait", "--grace", "4s", "--timeout", "1s"]));
    expect(late.stderr).toMatch(/has not ended within 1 s; it goes on/);
    const { stdout: id } = await succeed(quetzal(["operation", "ls", "--vm", "fleet-2", "--running", "-o", "name"]));
    const watched = await endWith(1, quetzal(["operation", "watch", id.trim()]));
    expect(watched.stdout).toMatch(/^fleet-2: stop: running[^]*fleet-2: stop: failed\n$/);
    expect(watched.stderr).toContain("did not power down within 4 s");
  });

  it("answers what it used: a filter, a table again and again, and history in CSV", async () => {
    expect((await quetzal(["vm", "ls", "--filter", "state:running rss>1M label=fleet", "--sort", "-rss", "-o", "name"])).stdout.trim().split("\n").sort()).toEqual(IDS);
    expect((await endWith(2, quetzal(["vm", "ls", "--filter", "cpu>>50"]))).stderr).toMatch(/\n {2}cpu>>50\n {2} +\^\n$/);
    const top = JSON.parse((await quetzal(["top", "--once", "-o", "json"])).stdout) as { vms: { id: string; latest: { rssBytes: number } | null }[] };
    expect(top.vms.find(({ id }) => id === "fleet-1")?.latest?.rssBytes).toBeGreaterThan(1_000_000);
    await eventually("history of a minute", async () => /\n[^,]+Z,[\d.e-]+,\d+/.test((await quetzal(["metrics", "fleet-1", "--range", "1m", "--step", "1s", "--metric", "cpu,rss", "-o", "csv"])).stdout));
    await succeed(quetzal(["metrics", "fleet-1", "--metric", "all", "-o", "json"]));
  });

  it("is edited in an editor: what is refused comes back, what fits is put and said to need a restart", async () => {
    const editor = join(stack.stateDir, "editor");
    writeFileSync(editor, `#!/bin/sh\nif grep -q '^#! ' "$1"; then sed -i 's/^memory_mb: .*/memory_mb: 160/' "$1"; else sed -i 's/^memory_mb: .*/memory_mb: 1/' "$1"; fi\n`);
    chmodSync(editor, 0o755);
    const ran = await succeed(quetzal(["vm", "edit", "fleet-1"], { EDITOR: editor }));
    expect(ran.stdout).toBe("fleet-1: changed\n");
    expect(ran.stderr).toMatch(/memory_mb: 128 → 160\nChanges memory_mb of fleet-1: 128 → 160, in effect when it has been stopped and started again/);
    expect(JSON.parse((await quetzal(["vm", "show", "fleet-1", "-o", "json"])).stdout)).toMatchObject({ memoryBytes: 160 * 1024 * 1024, restartRequired: true });
  });

  it("is protected, labelled and made by flags", async () => {
    await succeed(quetzal(["vm", "protect", "fleet-3"]));
    expect((await endWith(4, quetzal(["vm", "force-off", "fleet-3", "-y"]))).stderr).toContain("'quetzal vm unprotect fleet-3' takes the protection off");
    await succeed(quetzal(["vm", "unprotect", "fleet-3"]));
    await succeed(quetzal(["vm", "label", "fleet-3", "spare=yes"]));
    expect((await quetzal(["vm", "ls", "-l", "spare=yes,tier", "-o", "name"])).stdout).toBe("fleet-3\n");
    expect((await succeed(quetzal(["vm", "create", "made", "--memory", "32M", "-l", "tier=fleet", "--start", "--wait"]))).stdout).toBe("made: start done\n");
    await endWith(4, quetzal(["vm", "create", "made", "--memory", "32M"]));
  });

  it("is taken away by its label, with a yes and without a question", async () => {
    expect((await endWith(2, quetzal(["vm", "force-off", "-l", "tier=fleet"]))).stdout).toBe("");
    await succeed(quetzal(["vm", "force-off", "-l", "tier=fleet", "-y", "--wait"]));
    await succeed(quetzal(["vm", "delete", "-l", "tier=fleet", "-y", "--disks", "--wait"]));
    expect((await quetzal(["vm", "ls", "-o", "name"])).stdout).toBe("bystander\n");
  });
});
