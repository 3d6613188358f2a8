// The past at 200x50 with a real guest: the page of memory and the tabs of vCPUs, memory, disks and the card show of an
// instant what they showed live then.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { CLOCK, SECOND_MS, busyBesideIdle, stepsBackTo, stepsThrough, watchLive } from "../support/scrubbing.js";
import { TAB_FIGURES, memoryFigures, wideTable } from "../support/seen.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import type { VmDriver } from "../support/vm.js";

/** Where memory is, is asked for every few seconds: so many answers are recorded, */
const MEMORY_LOOKS = 4;
/** and so long they may take. */
const MEMORY_DEADLINE_MS = 60_000;
const MINUTE_MS = 60_000;
const LESS_THAN_A_CELL_MS = 15_000;
const TABS = [["cpu", "2", /QEMU: user \d[^]*\n +0 +\d[^\n]* {3}1 +\d/], ["memory", "3", /host resident/], ["disks", "4", /\n vda /], ["net", "5", /no counters on the host/]] as const;

let stack: Stack;
let busy: VmDriver;
let screen: TerminalDriver;
beforeAll(async () => {
  stack = await Stack.start();
  busy = await busyBesideIdle(stack, "n=0; while [ $n -lt 6000 ]; do n=$((n+1)); done; dd if=/dev/zero of=/dev/vda bs=64k count=8 conv=fsync 2>/dev/null", { vcpus: 2, disks: [{ name: "vda", path: "disk.img", size_mb: 64 }] });
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv, columns: 200, rows: 50 });
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

const press = (keys: string, expected: string | RegExp): Promise<string> => screen.press(keys, expected);

/** Every instant of a while is shown as it was live. */
async function showsWhatWasLive(look: (text: string) => string): Promise<void> {
  const watched = await watchLive(screen, look);
  for (const { second, text } of await stepsThrough(screen, watched)) {
    expect([...watched.looks], `${new Date(second).toISOString()} is shown as\n${look(text)}\nlive were\n${[...watched.looks].join("\n\n")}`).toContain(look(text));
  }
}

describe("the past at 200x50", () => {
  it("shows of an instant the table that was live then", async () => {
    await showsWhatWasLive(wideTable);
  });

  it.each(TABS)("shows of an instant the %s tab that was live then", async (tab, key, shows) => {
    await press("g\r", /1 graphs/);
    await press(key, shows);
    const look = TAB_FIGURES[tab];
    if (tab === "net") {
      // Nothing of it changes from second to second: what it says live it says then.
      const live = look(screen.screen());
      expect(live).toContain("no counters on the host");
      await press("[", CLOCK);
      await eventually("the answer", () => !screen.screen().includes("asking"));
      expect(look(screen.screen())).toBe(live);
    } else await showsWhatWasLive(look);
  });

  it("has each vCPU from before its tab was opened, live, over an hour and then", async () => {
    await eventually("a minute of the guest", async () => Date.now() - Date.parse((await busy.show<{ startedAt: string }>("startedAt")).startedAt) > MINUTE_MS, 2 * MINUTE_MS);
    await press("g\r", /1 graphs/);
    const areDrawn = (cells: number): boolean => [0, 1].every((index) => new RegExp(` {3}${index} +[\\d.]+ +[\\d.]+ {2}\\S{12} +[▁-█]{${cells},} `).test(screen.screen()));
    await press("2", /used, last 5m/);
    // Of 16 cells three are at least 19 s: what was seen since the tab was opened fills no more than two of them.
    await eventually("both vCPUs' last minute", () => areDrawn(3), LESS_THAN_A_CELL_MS);
    await press("---", /used, last 1h/);
    await eventually("it in steps of an hour", () => areDrawn(1));
    await press("+++", /used, last 5m/);
    await press("{", /PAST[^]*used, 5m before/);
    await eventually("both vCPUs' minute of then", () => areDrawn(3));
  });

  it("shows where memory was, as the page of memory showed it live", async () => {
    // A VM whose parts were never asked for before has none for the first answer.
    await press("m", /memory of \S+[^]*its parts(?=[^]*busy-guest +[█▆▄])(?=[^]*idle-guest +[█▆▄])/);
    const seen: { at: number; look: string }[] = [];
    using watching = screen.onDrawn(() => {
      const look = memoryFigures(screen.screen());
      if (look.includes("busy-guest") && look.includes("VMs ") && seen.at(-1)?.look !== look) seen.push({ at: Date.now(), look });
    });
    await eventually(`${MEMORY_LOOKS} answers about memory`, () => seen.length >= MEMORY_LOOKS, MEMORY_DEADLINE_MS);
    watching[Symbol.dispose]();
    const shown = (await stepsBackTo(screen, (seen[0]?.at ?? 0) - 3 * SECOND_MS)).map(({ text }) => memoryFigures(text));
    // What was asked last may be of a second that the steps began before.
    for (const { look } of seen.slice(0, -1)) expect(shown, `live was\n${look}`).toContain(look);
  });

  it("refuses there what would change something, and says what is not kept", async () => {
    await press("m[", /PAST[^]*unkept/);
    await press("b", "This is the past; 0 goes back to now.");
    await press("0", /age \d/);
    expect((await busy.show()).state).toBe("RUNNING");
  });
});
