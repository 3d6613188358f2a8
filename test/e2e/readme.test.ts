// The README's examples, run as written against a private stack: those of GraphQL in a shell script, where only the block
// that says where the server is gets replaced, and the tour's command lines in an interactive bash, as a person types them.
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { allShellBlocks, shellBlocks } from "../support/readme.js";
import { run, succeed } from "../support/run.js";
import { root, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const blocks = shellBlocks("GraphQL");
const examples = blocks.filter((text) => !text.startsWith("QUETZAL_URL="));
const tour = shellBlocks("Five minutes");

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start();
  const vm = await VmDriver.define(stack, smallGuest("test-vm-001"));
  await vm.start();
});
afterAll(() => stack[Symbol.asyncDispose]());

async function paste(script: string): Promise<string> {
  const env = { ...process.env, QUETZAL_URL: stack.url, QUETZAL_TOKEN: stack.token };
  // curl leaves a stream with this code when --max-time is over, as the example means it to.
  return (await succeed(run("sh", ["-eu", "-c", `{ ${script} } || [ $? = 28 ]`], { env }))).stdout;
}
const example = (word: string): string => examples.find((text) => text.includes(word)) ?? "";

it("says where the server is and has an example of a query, a mutation and a subscription", () => {
  expect(blocks).toHaveLength(4);
  expect(examples).toHaveLength(3);
  // Beside these: the two commands, which test/e2e/start.test.ts runs, and the tour.
  expect(allShellBlocks()).toHaveLength(blocks.length + tour.length + 1);
});

it("shows the VMs with the query", async () => {
  const { data } = JSON.parse(await paste(example("vms("))) as { data: { vms: { nodes: { id: string; state: string }[] } } };
  expect(data.vms.nodes).toEqual([expect.objectContaining({ id: "test-vm-001", state: "RUNNING" })]);
});

it("pauses and resumes with the mutations", async () => {
  const answers = (await paste(example("pauseVm"))).trim().split("\n");
  expect(answers.map((text) => JSON.parse(text) as unknown)).toEqual([
    { data: { pauseVm: expect.objectContaining({ __typename: "VmOperationAccepted" }) as unknown } },
    { data: { resumeVm: expect.objectContaining({ __typename: "VmOperationAccepted" }) as unknown } },
  ]);
});

it("streams live figures with the subscription", async () => {
  const lines = (await paste(example("subscription"))).split("\n").filter((line) => line.startsWith("data: {"));
  expect(lines.length).toBeGreaterThanOrEqual(3);
  expect(lines.join("\n")).toContain('"vmId":"test-vm-001"');
});

describe("the tour's command lines", () => {
  /** What a person does with a program that goes on by itself, once it shows this. */
  const LEFT: readonly (readonly [command: string, shown: string, keys: string, code: number])[] = [
    ["quetzal console", "ttyS0: Ctrl-] leaves", "\x1d", 0],
    ["quetzal events --follow", "test-vm-001", "\x03", 130],
  ];
  /** What a person sees after each line; the line itself, echoed, says none of it. */
  const SHOWN: readonly (readonly [command: string, shown: RegExp])[] = [
    ["alias quetzal=", /^\s*$/],
    ["quetzal vm ls", /test-vm-001 +running /],
    ["quetzal vm stop --wait test-vm-001", /test-vm-001: stop done/],
    ["quetzal vm start --wait test-vm-001", /test-vm-001: start done/],
    ["quetzal vm pause --all --dry-run", /test-vm-001/],
    ["quetzal vm pause --wait", /test-vm-001: pause done/],
    ["quetzal undo", /test-vm-001: Lets the guest of test-vm-001 run on from where it was paused\. Done\./],
    // Whatever the verdict on this host at this moment is, with the window it is about.
    ["quetzal explain", /^test-vm-001(?: |: ).*\d\d:\d\d:\d\d to \d\d:\d\d:\d\d UTC/m],
    ["quetzal memory show", /^VM +test-vm-001, running$[^]*^Boots with +128M$[^]*^total +\d/m],
    ["quetzal memory set", /test-vm-001/],
    ["quetzal alert put busy", /busy: would be cpu>80 for 60s, \w+; \d+ VMs? pass(es)? now/],
    ["quetzal console", /ttyS0: Ctrl-\] leaves/],
    ["quetzal events --follow", /test-vm-001/],
    ["source <(quetzal completion", /^\s*$/],
    ["cp -r vms/test-vm", /^\s*$/],
    ["quetzal apply vms/", /created mine-001/],
    ["quetzal vm start --wait mine-001", /mine-001: start done/],
  ];
  let clone: string;
  let bash: TerminalDriver;
  beforeAll(() => {
    // A clone of one's own, so that what the tour makes in vms/ is made there.
    clone = join(stack.stateDir, "clone");
    mkdirSync(clone);
    symlinkSync(join(root, "dist"), join(clone, "dist"));
    cpSync(join(root, "vms/test-vm"), join(clone, "vms/test-vm"), { recursive: true });
    const env = { ...stack.clientEnv, HOME: stack.stateDir, PS1: "exit $? of \\#> " };
    bash = new TerminalDriver("bash", ["--norc", "--noprofile", "-i"], { env, cwd: clone, columns: 160, rows: 50 });
  });
  afterAll(() => bash[Symbol.asyncDispose]());

  /** Each line comes when the one before it is done; after one that failed the rest would only wait. */
  let done = 0;
  const PROMPT_MS = 30_000;
  /** A guest's own prompt may stand before it on the line. */
  const prompt = (number: number): RegExp => new RegExp(`exit (\\d+) of ${number}> $`, "m");

  it.each(tour.flatMap((block) => block.trimEnd().split("\n")).map((line, index) => ({ line, number: index + 1 })))("$line", async ({ line, number }) => {
    expect(done, "lines done before").toBe(number - 1);
    await bash.waitFor(prompt(number), PROMPT_MS);
    const before = bash.raw.length;
    bash.send(`${line}\r`);
    const left = LEFT.find(([command]) => line.startsWith(command));
    if (left !== undefined) {
      await eventually(`${line} to show ${left[1]}`, () => bash.raw.slice(before).includes(left[1]), PROMPT_MS);
      bash.send(left[2]);
    }
    const screen = await bash.waitFor(prompt(number + 1), PROMPT_MS);
    expect(prompt(number + 1).exec(screen)?.[1], screen).toBe(String(left?.[3] ?? 0));
    done = number;
    const said = bash.raw.slice(before).slice(line.length).replace(/\x1b\[[\d;?]*[A-Za-z]/g, "").replaceAll("\r", "");
    const shown = SHOWN.find(([command]) => line.startsWith(command))?.[1];
    expect(shown, `what ${line} shows`).toBeDefined();
    // Without the prompt that follows it.
    expect(said.replace(prompt(number + 1), ""), line).toMatch(shown ?? "");
  });

  it("have made and started the VM, with its disk where the README says that it lies", async () => {
    expect(await new VmDriver(stack, "mine-001").show("state")).toEqual({ state: "RUNNING" });
    expect(existsSync(join(stack.stateDir, "pools/default/mine-001/disk.img"))).toBe(true);
  });

  it("have left nothing of a dry run, the pause taken back, and names that Tab completes", async () => {
    expect(await new VmDriver(stack, "test-vm-001").show("state")).toEqual({ state: "RUNNING" });
    const { alertRules } = await stack.api.query<{ alertRules: { id: string }[] }>("{ alertRules { id } }");
    expect(alertRules.map(({ id }) => id)).not.toContain("busy");
    bash.send("clear; quetzal vm show mi\t");
    await bash.waitFor(/quetzal vm show mine-001/);
  });
});
