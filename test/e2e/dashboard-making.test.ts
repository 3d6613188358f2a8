// What a person makes by the dashboard's keys on the real stack: a VM in the form, an alert rule that fires on it, and a
// change of its definition in an editor; and what it answers when asked why the VM is slow.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";

const ESC = "\x1b";
const CLEAR = "\x15";

let folder: string;
let stack: Stack;
let screen: TerminalDriver;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qz-e2e-"));
  const editor = join(folder, "editor");
  writeFileSync(editor, "#!/bin/sh\nsed -i 's/^memory_mb: .*/memory_mb: 160/' \"$1\"\n", { mode: 0o755 });
  stack = await Stack.start();
  screen = new TerminalDriver(process.execPath, [cliPath], { env: { ...stack.clientEnv, TMPDIR: folder, VISUAL: editor } });
  await screen.waitFor(/0 VMs[^]*of 2 cores|0 VMs[^]*CPU/);
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const press = (keys: string, expected: string | RegExp): Promise<string> => screen.press(keys, expected);
const ask = <T>(query: string): Promise<T> => stack.api.query<T>(query);

describe("by the dashboard's keys", () => {
  it("a VM is made in the form, judged by the real server before, and started", async () => {
    await press("n", /a new VM[^]*not filled in yet/);
    await press("made 1", /▲ id[^]*cannot be made yet/);
    await press(`${CLEAR}made-1\t\t${CLEAR}8M`, /▲ memory[^]*cannot be made yet/);
    expect(await ask("{ vms { totalCount } }")).toEqual({ vms: { totalCount: 0 } });
    await press(`${CLEAR}128M`, /memory_mb: 128[^]*── can be made/);
    await press("\r", /made-1 is defined\. Start it now\?/);
    await press("s", /made-1 +running/);
    expect(await ask('{ vm(id: "made-1") { memoryBytes vcpus state } }')).toEqual({ vm: { memoryBytes: 128 * 1024 ** 2, vcpus: 1, state: "RUNNING" } });
  });

  it("an alert rule is made, and fires on it", async () => {
    await press("a", /── rules/);
    await press("n", /a new alert rule/);
    await press("state:runing", /▲ where[^]*cannot be made yet/);
    await press(`${CLEAR}state:running\t${CLEAR}0\t\tIt runs`, /One VM passes this condition now/);
    // That it is made is told by a notice, which gives way at once to the newer one of the alert.
    await press("\r", /1 fires[^]*made-1 +It runs/);
    const { alertRules } = await ask<{ alertRules: { name: string; where: string; forSeconds: number }[] }>("{ alertRules { name where forSeconds } }");
    expect(alertRules).toContainEqual({ name: "It runs", where: "state:running", forSeconds: 0 });
  });

  it("why says what was found of the VM that it fires on, and what was not", async () => {
    await press("w", /why: made-1[^]*(nothing is wrong|was slow|cannot be told)/);
    await press("g", /vmDiagnosis\(vm: "made-1"/);
    await press("g", /why: made-1[^]*(nothing is wrong|was slow|cannot be told)/);
    await press(ESC, /1 fires/);
  });

  it("a rule that is switched off fires no longer, and deleted it is gone", async () => {
    await press("E", /alert rule It runs/);
    await press(ESC, /1 fires/);
    await press("j", /written by|Looked at/);
    const at = (await ask<{ alertRules: { name: string }[] }>("{ alertRules { name } }")).alertRules.findIndex(({ name }) => name === "It runs");
    await press("j".repeat(at), /warning: state:running/);
    await press(" ", /Nothing fires now/);
    await press("d", /Delete the alert rule It runs\?/);
    await press("y", /Alert rule It runs deleted/);
    await eventually("the rule to be gone", async () => !(await ask<{ alertRules: { name: string }[] }>("{ alertRules { name } }")).alertRules.some(({ name }) => name === "It runs"));
    await press(ESC, /made-1 +running/);
  });

  it("its definition is edited, the change shown with what it needs, and undone", async () => {
    await press("E", /1 change[^]*memory_mb: 128 → 160[^]*y makes the change/);
    await press("y", /made-1 +running[^]*made-1: /);
    await eventually("the definition to be changed", async () => (await ask<{ vm: { definition: { memory_mb: number } } }>('{ vm(id: "made-1") { definition } }')).vm.definition.memory_mb === 160);
    await press("u", /Undo\?/);
    screen.send("u");
    await eventually("the definition to be as it was", async () => (await ask<{ vm: { definition: { memory_mb: number } } }>('{ vm(id: "made-1") { definition } }')).vm.definition.memory_mb === 128);
  });
});
