// The time machine with real guests in a pseudo-terminal: what the screen shows for an instant is what it showed live then.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { CLOCK, SECOND_MS, busyBesideIdle, comparable, recordLive, stepsBackTo } from "../support/scrubbing.js";
import { EVENT_ROWS, eventLines, figures, graph, halves, likeness, timeOf } from "../support/seen.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

/** A tick that falls into the second of another counts for its own in history alone: where that is, columns may differ. */
const LIKENESS_LEAST = 0.8;

let stack: Stack;
let busy: VmDriver;
let screen: TerminalDriver;
beforeAll(async () => {
  stack = await Stack.start();
  busy = await busyBesideIdle(stack, "n=0; while [ $n -lt 9000 ]; do n=$((n+1)); done");
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor(/busy-guest +running +\d/);
});
afterEach(async () => {
  await press("0", /age \d/);
  await press("\u001b", /by CPU/);
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const quetzal = async (...args: string[]): Promise<string> => (await promisify(execFile)(process.execPath, [cliPath, ...args], { env: stack.clientEnv })).stdout;

const press = (keys: string, expected: string | RegExp): Promise<string> => screen.press(keys, expected);

describe("scrubbing", () => {
  it("shows for an instant what the screen showed live then", async () => {
    const live = await recordLive(screen, figures);
    const places = (await comparable(screen, live)).map(({ second, text, place }) => {
      const shown = figures(text);
      const found = place((look) => look === shown);
      expect(found, `${new Date(second).toISOString()} is shown as\n${shown}\nlive were\n${live.map(({ looks }) => looks.join("\nor\n")).join("\n\n")}`).toBeGreaterThanOrEqual(0);
      return found;
    });
    // Further back is what was shown earlier.
    expect(places).toEqual(places.toSorted((a, b) => b - a));
  });

  it("draws for an instant the graph that was drawn live then", async () => {
    await screen.waitFor(/busy-guest +running +\d/);
    await press("\r", /1 graphs/);
    const live = await recordLive(screen, graph);
    for (const { second, text, place } of await comparable(screen, live)) {
      const [figuresThen, drawnThen] = halves(graph(text));
      expect(place((look) => {
        const [figuresLive, drawnLive] = halves(look);
        return figuresLive === figuresThen && likeness(drawnLive, drawnThen) >= LIKENESS_LEAST;
      }), `${new Date(second).toISOString()} is drawn as\n${graph(text)}\nlive were\n${live.map(({ looks }) => looks.join("\nor\n")).join("\n\n")}`).toBeGreaterThanOrEqual(0);
    }
  });

  it("lists for an instant the events that were listed live then, and none that came after", async () => {
    await press("e", /events, newest first/);
    const before = eventLines(screen.screen());
    const began = Date.now();
    await quetzal("vm", "pause", "idle-guest", "--wait");
    await screen.waitFor(/idle-guest +pause succeeded/);
    const paused = Date.now();
    await eventually("an instant between the two", () => Date.now() - paused > 2 * SECOND_MS);
    await quetzal("vm", "resume", "idle-guest", "--wait");
    await screen.waitFor(/idle-guest +resume succeeded[\s\S]*idle-guest +pause succeeded/);
    const after = eventLines(screen.screen());
    const cameSince = after.length < EVENT_ROWS ? after.length - before.length : after.findIndex((_, index) => before[0] !== undefined && after[index] === before[0] && after[index + 1] === before[1]);
    expect(cameSince).toBeGreaterThan(1);
    expect(after.slice(cameSince)).toEqual(before.slice(0, after.length - cameSince));
    const steps = await stepsBackTo(screen, began - 2 * SECOND_MS);
    const stages = new Set<number>();
    for (const { second, text } of steps) {
      const then = eventLines(text);
      const missing = after.findIndex((_, index) => after.slice(index).every((line, place) => line === then[place]));
      expect(missing, `${new Date(second).toISOString()} lists\n${then.join("\n")}\nlive was\n${after.join("\n")}`).toBeGreaterThanOrEqual(0);
      stages.add(missing);
      // The instant lies within a second and a half after the second of its sample.
      for (const late of after.slice(0, missing)) expect(timeOf(late, second), late).toBeGreaterThanOrEqual(second);
      for (const line of after.slice(missing, cameSince)) expect(timeOf(line, second), line).toBeLessThanOrEqual(second + 2.5 * SECOND_MS);
    }
    expect(eventLines(steps.at(-1)?.text ?? "").slice(0, before.length)).toEqual(before);
    // With the pause alone, and with neither.
    expect([...stages].some((missing) => missing > 0 && missing < cameSince)).toBe(true);
    expect([...stages]).toContain(cameSince);
  });

  it("shows a VM that was edited while it runs with what it runs with, live and then", async () => {
    await VmDriver.define(stack, smallGuest("busy-guest", { memory_mb: 160, vcpus: 2 }));
    expect(await busy.show<{ memoryBytes: number; restartRequired: boolean }>("memoryBytes restartRequired")).toMatchObject({ memoryBytes: 160 * 1024 ** 2, restartRequired: true });
    const edited = Date.now();
    const itRuns = /busy-guest[^]*\n 1 vCPU \(then 2\) {2}128M \(then 160M\) [^]*takes effect at the next start/;
    await press("g\r", /busy-guest[^]*1 graphs/);
    await press("3", itRuns);
    await press("\u001b[6~", /configured +128M +100% +what it was started with/);
    await eventually("an instant after the edit", () => Date.now() - edited > 6 * SECOND_MS);
    const [newest] = await stepsBackTo(screen, edited);
    expect(newest?.text).toMatch(itRuns);
  });

  it("does nothing to what was, and says why", async () => {
    await press("[", CLOCK);
    await press("S", "This is the past; 0 goes back to now.");
    await press("0", /age \d/);
    expect((await busy.show()).state).toBe("RUNNING");
  });

  it("shows a VM's state, name and figures of before it was changed, stopped and deleted", async () => {
    await screen.waitFor(/busy-guest +running +\d/);
    const before = Date.now();
    await busy.forceOff();
    await VmDriver.define(stack, smallGuest("busy-guest", { name: "was-busy" }));
    await screen.waitFor(/was-busy +stopped/);
    await busy.complete("deleteVm");
    await screen.waitFor(/^(?![\s\S]*was-busy +stopped)/);
    const secondsBack = Math.ceil((Date.now() - before) / 1000) + 2;
    screen.send("[".repeat(secondsBack));
    await screen.waitFor(/PAST[\s\S]*busy-guest +running +\d/);
    await press("0", /age \d/);
    await screen.waitFor(/^(?![\s\S]*busy-guest +running)/);
  });

  it("says where the past begins, before which nothing is kept", async () => {
    await press("-----", /\d/);
    await press("{{{{{{{{{{{{", /Nothing is kept of then: what is kept begins/);
    await press("00", /age \d/);
  });

  it("compares two instants", async () => {
    await press("M", "Marked this instant");
    await press("{", CLOCK);
    await press("M", /two instants[\s\S]*idle-guest +[●‖]/);
    await press("\u001b0", /age \d/);
  });
});

describe("quetzal undo and vm versions", () => {
  it("puts back what was edited, deleted and paused", async () => {
    const idle = new VmDriver(stack, "idle-guest");
    await quetzal("vm", "pause", "idle-guest", "--wait");
    expect(await quetzal("undo", "-y", "--wait")).toBe("idle-guest: Lets the guest of idle-guest run on from where it was paused. Done.\n");
    await idle.waitForState("RUNNING");
    await VmDriver.define(stack, smallGuest("idle-guest", { memory_mb: 160 }));
    await eventually("two versions", async () => (await quetzal("vm", "versions", "idle-guest")).includes("memory_mb: 128 → 160"));
    expect(await quetzal("undo", "--dry-run")).toMatch(/^idle-guest: Changes memory_mb of idle-guest: 160 → 128, .*dry run: nothing was done/);
    await quetzal("undo", "-y", "--wait");
    const { memoryBytes } = await idle.show<{ memoryBytes: number }>("memoryBytes");
    expect(memoryBytes).toBe(128 * 1024 ** 2);
    await idle.forceOff();
    await quetzal("vm", "delete", "idle-guest", "-y", "--wait");
    const deletion = (JSON.parse(await quetzal("operations", "--vm", "idle-guest", "--last", "1", "-o", "json")) as { id: string; kind: string }[])[0];
    expect(deletion?.kind).toBe("DELETE_VM");
    await quetzal("undo", deletion?.id ?? "", "--wait");
    expect((await idle.show()).state).toMatch(/DEFINED|STOPPED/);
    await expect(quetzal("undo", deletion?.id ?? "")).rejects.toMatchObject({ code: 4 });
    // Where the newest cannot be taken back, nothing older is taken back unseen.
    await quetzal("vm", "start", "--wait", "idle-guest");
    await quetzal("vm", "force-off", "-y", "--wait", "idle-guest");
    await expect(quetzal("undo", "-y")).rejects.toMatchObject({ code: 4, stderr: expect.stringMatching(/power cut of idle-guest, cannot be undone|force off of idle-guest, cannot be undone/i) as string });
  });
});
