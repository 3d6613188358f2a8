// Laws of the walk over set-up steps.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeContext, setupLog, type Context } from "./context.mjs";
import { LaunchFault } from "./fault.mjs";
import { openStepLine } from "./progress.mjs";
import { runLogged } from "./run.mjs";
import { runSteps } from "./step.mjs";

let stateDir: string;
let context: Context;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "qz-"));
  context = makeContext({ QUETZAL_STATE_DIR: stateDir }, { uid: 1000, isTerminal: false, arguments: [] });
});
afterEach(() => rmSync(stateDir, { recursive: true }));
const step = (title: string, ran: string[], isDone = false, fail = false) => ({
  title,
  isDone: () => isDone,
  run: () => {
    ran.push(title);
    return fail ? Promise.reject(new Error("no space left")) : Promise.resolve(undefined);
  },
});

it("runs what is not done, in order", async () => {
  const ran: string[] = [];
  await runSteps(context, [step("one", ran), step("two", ran, true), step("three", ran)]);
  expect(ran).toEqual(["one", "three"]);
});

it("stops at a failure and names the step", async () => {
  const ran: string[] = [];
  await expect(runSteps(context, [step("one", ran, false, true), step("two", ran)])).rejects.toThrow("one failed: no space left");
  expect(ran).toEqual(["one"]);
});

const faultText = (steps: Parameters<typeof runSteps>[1]): Promise<string> => runSteps(context, steps).then(() => "", (error: unknown) => (error as LaunchFault).describe());

it("gives a failure that names neither log nor mend both, and the log its stack", async () => {
  const said = await faultText([step("one", [], false, true)]);
  expect(said).toBe(`one failed: no space left\nLog: ${setupLog(context)}\nMend: mend what is named above, then try again.`);
  expect(readFileSync(setupLog(context), "utf8")).toMatch(/^== \S+ one\none failed: no space left\nError: no space left\n {4}at /m);
});

it("leaves a failure the mend that it names", async () => {
  const failing = { ...step("one", []), run: () => Promise.reject(new LaunchFault("Bundling failed: x.", { mend: "mend x." })) };
  expect(await faultText([failing])).toBe(`Bundling failed: x.\nLog: ${setupLog(context)}\nMend: mend x.`);
});

it("names a step that could not even say whether it is done, and makes no folder for that", async () => {
  const broken = { ...step("npm packages", []), isDone: () => { throw new Error("package-lock.json is torn"); } };
  expect(await faultText([broken])).toBe("npm packages failed: package-lock.json is torn\nMend: mend what is named above, then try again.");
  expect(existsSync(context.paths.logsDir)).toBe(false);
});

it("goes on at the next start from the step that failed, which had named itself, its log and the mend", async () => {
  const dir = mkdtempSync(join(tmpdir(), "qz-"));
  const log = join(dir, "setup.log");
  /** Done once its file is there, as the real steps are. */
  const made = (title: string, script = `echo ${title} >> ran; touch ${title}`) => ({
    title,
    isDone: () => existsSync(join(dir, title)),
    run: () => runLogged({ title: `Making ${title}`, program: "sh", arguments: ["-ec", script], cwd: dir, env: process.env, log, mend: "touch disk." }),
  });
  const steps = [made("daemon"), made("image", "test -e disk; echo image >> ran; touch image"), made("bundles")];
  try {
    const fault = await runSteps(context, steps).then(() => undefined, (error: unknown) => error as LaunchFault);
    const said = fault?.describe().split("\n") ?? [];
    expect([said[0], ...said.slice(-2)]).toEqual(["Making image failed: sh exited 1.", `Log: ${log}`, "Mend: touch disk."]);
    expect(readFileSync(join(dir, "ran"), "utf8")).toBe("daemon\n");
    writeFileSync(join(dir, "disk"), "");
    await runSteps(context, steps);
    await runSteps(context, steps);
    expect(readFileSync(join(dir, "ran"), "utf8")).toBe("daemon\nimage\nbundles\n");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("shows a failed program's last words, its log and the mend", async () => {
  const dir = mkdtempSync(join(tmpdir(), "qz-"));
  try {
    const log = join(dir, "setup.log");
    const command = { title: "Trying", program: "sh", arguments: ["-c", "echo started; echo 'no such crate' >&2; exit 3"], cwd: dir, env: process.env, log, mend: "add it." };
    const fault = await runLogged(command).then(() => undefined, (error: unknown) => error);
    expect(fault).toBeInstanceOf(LaunchFault);
    const text = (fault as LaunchFault).describe();
    expect(text).toContain("Trying failed: sh exited 3.");
    expect(text).toContain("no such crate");
    expect(text).toContain(`Log: ${log}`);
    expect(text).toContain("Mend: add it.");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("strips control characters from what a program says about its progress", () => {
  const written: string[] = [];
  const line = openStepLine("Step", { out: { isTTY: true, columns: 60, write: (text: string) => written.push(text) } });
  line.report("\u001b[31mred\u001b[0m\rover");
  line.done("ok");
  expect(written.join("")).not.toContain("\u001b[31m");
  expect(written.at(-1)).toMatch(/✓ Step {2}\d+\.\d s {2}ok\n$/);
});

it("has what goes on at the same time share the terminal's last line, and ends each on a line of its own", () => {
  const written: string[] = [];
  const out = { isTTY: true, columns: 60, write: (text: string) => written.push(text) };
  const one = openStepLine("One", { out });
  const two = openStepLine("Two", { out });
  expect(written.at(-1)).toMatch(/^\r\u001b\[K {2}… One {2}\d+\.\d s {2}… Two {2}\d+\.\d s$/);
  one.done();
  expect(written.at(-1)).toMatch(/^\r\u001b\[K {2}✓ One {2}\d+\.\d s\n$/);
  two.fail();
  expect(written.at(-1)).toMatch(/✗ Two/);
});
