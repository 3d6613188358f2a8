// The time machine with real guests in a pseudo-terminal: what the screen shows for an instant is what it showed live then.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

/** The screen is looked at this often while it is live. */
const LOOK_EVERY_MS = 50;
/** So many looks in a row see the same: nothing of this second is still on its way. */
const SETTLED_LOOKS = 3;
/** Seconds recorded live, and steps gone back over them. */
const RECORDED_SECONDS = 15;
const STEPS_BACK = 8;
/** For the answer to one step, and the steps in a row that may find no sample of their own. */
const STEP_DEADLINE_MS = 5_000;
const STEPS_WITHOUT_SAMPLE = 4;
const CLOCK = /PAST (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC/;

let stack: Stack;
let busy: VmDriver;
let screen: TerminalDriver;
beforeAll(async () => {
  stack = await Stack.start();
  busy = await VmDriver.define(stack, smallGuest("busy-guest"));
  const idle = await VmDriver.define(stack, smallGuest("idle-guest"));
  await Promise.all([busy.start(), idle.start()]);
  await Promise.all([busy.waitForBoot(), idle.waitForBoot()]);
  // Work that comes and goes, so that each second has figures of its own.
  await busy.run("(while :; do n=0; while [ $n -lt 9000 ]; do n=$((n+1)); done; sleep 0.3; done) & :");
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor(/busy-guest +running +\d/);
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const quetzal = async (...args: string[]): Promise<string> => (await promisify(execFile)(process.execPath, [cliPath, ...args], { env: stack.clientEnv })).stdout;

/** The figures of both guests and of the host, without the small graphs (their columns move on) and the age (it counts in between). */
function figures(text: string): string {
  const guests = text.split("\n").filter((line) => line.includes("-guest "));
  const host = text.split("\n").slice(1, 4).map((line) => line.replace(/[▁▂▃▄▅▆▇█ ]+/g, " "));
  const rows = guests.map((line) => {
    const match = /(\S+-guest) +(\S+) +(\S+) \S* *(\S+ \/ +\S+) +(\S+) +(\S+) +(\S+) +\S+ *$/.exec(line.replace(/[▁▂▃▄▅▆▇█]+/g, ""));
    return match === null ? line : match.slice(1).join(" ");
  });
  return [...host, ...rows].join("\n");
}

/** What the live screen settled on, second by second, oldest first. */
async function recordLive(seconds: number): Promise<string[]> {
  const seen: string[] = [];
  let last = "";
  let looks = 0;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const now = figures(screen.screen());
    looks = now === last ? looks + 1 : 1;
    last = now;
    if (looks === SETTLED_LOOKS && now !== seen.at(-1)) seen.push(now);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return seen;
}

/** A step back: the clock and figures of the next older sample. On a busy host one may come so late that its second has none: the step leads to the same sample, and another one is taken. */
async function stepBack(before: string): Promise<{ clock: string; shown: string }> {
  for (let tries = 1; ; tries += 1) {
    screen.send("[");
    try {
      const text = await eventually("another instant of the past", () => {
        const now = screen.screen();
        const clock = CLOCK.exec(now)?.[1];
        return clock !== undefined && clock !== before && !now.includes("asking") ? now : undefined;
      }, STEP_DEADLINE_MS);
      return { clock: CLOCK.exec(text)?.[1] ?? "", shown: figures(text) };
    } catch (error) {
      if (tries >= STEPS_WITHOUT_SAMPLE) throw new Error(`after ${before || "now"} no other instant is shown:\n${screen.screen()}`, { cause: error });
    }
  }
}

async function press(keys: string, expected: string | RegExp): Promise<void> {
  screen.send(keys);
  await screen.waitFor(expected);
}

describe("scrubbing", () => {
  it("shows for an instant what the screen showed live then", async () => {
    const live = await recordLive(RECORDED_SECONDS);
    expect(live.length).toBeGreaterThan(RECORDED_SECONDS / 2);
    let clock = "";
    let newest = live.length;
    const missing: string[] = [];
    for (let step = 0; step < STEPS_BACK; step += 1) {
      const past = await stepBack(clock);
      if (clock !== "") expect(Date.parse(`${past.clock}Z`)).toBeLessThan(Date.parse(`${clock}Z`));
      clock = past.clock;
      const place = live.lastIndexOf(past.shown, newest - 1);
      if (place < 0) missing.push(`${clock}:\n${past.shown}`);
      else newest = place;
    }
    // The newest instants can lie after the last look; from the first that was seen live on, all were.
    expect(missing, `live were:\n${live.join("\n\n")}`).toEqual([]);
    expect(new Set(live.slice(newest)).size).toBeGreaterThan(2);
    await press("0", /age \d/);
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
    await press("M", /two instants[\s\S]*idle-guest +● running/);
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
    expect(await quetzal("undo", "--dry-run")).toMatch(/^idle-guest: Changes one field of idle-guest, .*dry run: nothing was done/);
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
