// Golden screens: what the dashboard paints in a real pseudo-terminal, at the three sizes it is made for. Renew them with
// `npx vitest run --project unit test/screens.test.ts -u` and look at the difference before it is committed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, it } from "vitest";
import { ROLES } from "../tui/src/views/frame.js";
import type { Role } from "../tui/src/views/frame.js";
import { DashboardDriver } from "./support/dashboard.js";

/** A screen that is not as recorded has this long to become so, and then counts once nothing was written for a while. */
const SETTLE_DEADLINE_MS = 4_000;
const QUIET_MS = 400;
const POLL_MS = 25;
const TIMEOUT_MS = 60_000;

/** Compared by the test with the file of that name: the picture as soon as it is as recorded, or what it was at the end. */
async function settled(dashboard: DashboardDriver, file: string): Promise<string> {
  const recorded = await readFile(new URL(file, import.meta.url), "utf8").catch(() => null);
  const end = performance.now() + SETTLE_DEADLINE_MS;
  while (recorded !== null && performance.now() < end) {
    if (dashboard.picture() === recorded) return recorded;
    await setTimeout(POLL_MS);
  }
  for (let before = -1; before !== dashboard.terminal.bytes; ) {
    before = dashboard.terminal.bytes;
    await setTimeout(QUIET_MS);
  }
  return dashboard.picture();
}

/** Keys from the overview to a page, each step with what it must show before the next. */
const PAGES: readonly (readonly [name: string, steps: readonly (readonly [keys: string, shows: RegExp])[], undo?: string])[] = [
  ["overview", [["", /by CPU/]]],
  ["help", [["?", /Power the VM on/]]],
  ["events", [["e", /events, newest first/]]],
  ["operations", [["o", /operations, newest first/]]],
  ["vm-graphs", [["\r", /1 graphs/]]],
  ["vm-cpu", [["\r", /1 graphs/], ["2", /vCPU +used steal%/]]],
  ["vm-memory", [["\r", /1 graphs/], ["3", /floor/]]],
  ["vm-disks", [["\r", /1 graphs/], ["4", /on host/]]],
  ["vm-net", [["\r", /1 graphs/], ["5", /packets in/]]],
  ["vm-user-net", [["/web-1", /\/web-1/], ["\r", /1 of 1/], ["\r", /1 graphs/], ["5", /no counters on the host/]]],
  ["vm-console", [["\r", /1 graphs/], ["6", /login:/]]],
  ["vm-events", [["\r", /1 graphs/], ["7", /build-runner is running/]]],
  ["vm-definition", [["\r", /1 graphs/], ["8", /memory_mb/]]],
  ["vm-crashed", [["G", /7 of 7/], ["k", /6 of 7/], ["\r", /1 graphs/], ["6", /before the end/]]],
  ["vm-percent-of-vm", [["\r", /1 graphs/], ["%", /% of 2 vCPUs/]], "%"],
  ["why", [["w", /confidence high/]]],
  ["why-query", [["w", /confidence high/], ["g", /vmDiagnosis/]]],
  ["why-fine", [["/web-2", /\/web-2/], ["\r", /1 of 1/], ["w", /nothing is wrong/]]],
  ["alerts", [["a", /Guest memory low/]]],
  ["form-rule", [["a", /Guest memory low/], ["n", /a new alert rule/], ["cpu>fast", /Column \d/]]],
  ["form-vm", [["n", /a new VM/], ["web-3", /can be made/]]],
  ["form-vm-fault", [["n", /can be made/], ["\t\t\x158M", /at least 32/]]],
  ["hosts", [["h", /disk space/]]],
  ["memory", [["m", /balloon 1\.60G to 1\.50G/]]],
  ["memory-by-saved", [["m", /balloon 1\.60G to 1\.50G/], [">", /by saved/]], "<"],
  ["target-balloon", [["/web-1", /\/web-1/], ["\r", /1 of 1/], ["b", /Balloon target/], ["200M", /come free on/]]],
  ["target-refused", [["/web-1", /\/web-1/], ["\r", /1 of 1/], ["b", /Balloon target/], ["1G", /128 to 256 MiB/]]],
  ["compare", [["=", /compared/]]],
  ["compare-marked", [["*", /7 marked/], ["=", /compared/]]],
  ["past", [["[", /PAST 2026-11-23 13:02:10 UTC, 1s ago/], ["{", /13:02:00 UTC, 11s ago/]], "00"],
  ["past-vm-graphs", [["\r", /1 graphs/], ["{{{", /13:01:41 UTC, 30s ago/]], "00"],
  ["past-vm-disks", [["\r", /1 graphs/], ["4{", /all disks together/]], "00"],
  ["past-events", [["e", /events, newest first/], ["{", /PAST/]], "00"],
  ["past-refused", [["[", /PAST/], ["s", /This is the past; 0 goes back to now/]], "00"],
  ["past-hour", [["---{{{{", /12:55:31 UTC, 6m 40s ago/], ["", /1 h  0 now/]], "00"],
  ["past-nothing", [["-----{{{{{{{", /Nothing is kept of then/]], "00"],
  ["instants", [["M", /Marked/], ["{{{", /PAST/], ["M", /two instants/], ["", /b-a/]], "00"],
  ["zoom-minute", [["\r", /1 graphs/], ["++", /-30s/]], "00"],
  ["log", [["l", /Connected as admin/]]],
  ["edit", [["E", /y makes the change/]]],
  ["filter", [["/web", /2 of 7\. .*Enter keeps/]]],
  ["filter-language", [["/state:running cpu>20", /\d of 7\. .*Enter keeps/], ["\r", /\(all: 7\)[\s\S]*s start/]]],
  ["filter-fault", [["/web cpu>fast", /Column 9: cpu expects/]]],
  ["finder", [[":", /power cut/]]],
  ["console", [["c", /console of build-runner/]]],
  ["marked", [["   V", /4 marked/]]],
  ["plan", [["*", /7 marked/], ["p", /all can|\d cannot/]]],
  ["plan-typed", [["*", /7 marked/], ["d", /2 can, 5 cannot/], ["\r", /Type "delete 2"/]]],
  ["delete", [["G", /7 of 7/], ["d", /Type its id/]]],
  // The last ones: what is reset stays under way, what is paused stays paused.
  ["operations-running", [["r", /any other key: no/], ["y", /reset…/], ["o", /1 under way/]]],
  ["plan-summary", [["*", /7 marked/], ["p", /4 can, 3 cannot/], ["\r", /summary/], ["", /4 done/]]],
];

const SIZES = [[80, 24], [120, 40], [200, 50]] as const;

// Mostly waiting for screens to stand still: dashboards of their own, side by side.
describe.concurrent.each(SIZES)("screens at %ix%i", (columns, rows) => {
  describe("in 256 colours", { concurrent: false }, () => {
    let dashboard: DashboardDriver;
    // What an edit that is dropped leaves behind.
    let TMPDIR: string;
    beforeAll(async () => {
      TMPDIR = mkdtempSync(join(tmpdir(), "qz-screens-"));
      const EDITOR = "sed -i 's/^memory_mb: .*/memory_mb: 4096/; s/^vcpus: .*/vcpus: 4/'";
      dashboard = await (await DashboardDriver.open({ columns, rows, env: { TMPDIR, VISUAL: "", EDITOR } })).ready();
    }, TIMEOUT_MS);
    afterAll(async () => {
      await dashboard[Symbol.asyncDispose]();
      rmSync(TMPDIR, { recursive: true, force: true });
    }, TIMEOUT_MS);

    it.for(PAGES)("paints the %s page as recorded", { timeout: TIMEOUT_MS }, async ([name, steps, undo = ""], { expect }) => {
      try {
        for (const [keys, shows] of steps) await dashboard.press(keys, shows);
        const golden = `golden/screens/${name}.${columns}x${rows}.txt`;
        await expect(await settled(dashboard, golden)).toMatchFileSnapshot(golden);
      } finally {
        if (undo !== "") dashboard.terminal.send(undo);
        await dashboard.home();
      }
    });
  });
});

/** Pages that between them show what colours are for: states, graphs, trouble, forms, the past. */
const OF_ALL_DEPTHS = PAGES.filter(([name]) => ["overview", "vm-graphs", "operations", "help", "past", "alerts", "why", "form-vm", "filter-fault", "plan"].includes(name));

describe.concurrent.each(SIZES.flatMap(([columns, rows]) => [["16", columns, rows, { TERM: "xterm" }], ["true", columns, rows, { COLORTERM: "truecolor" }]] as const))("screens in %s colours at %ix%i", (depth, columns, rows, env) => {
  it("are painted as recorded", async ({ expect }) => {
    await using dashboard = await (await DashboardDriver.open({ columns, rows, env })).ready();
    for (const [name, steps, undo = ""] of OF_ALL_DEPTHS) {
      for (const [keys, shows] of steps) await dashboard.press(keys, shows);
      const golden = `golden/screens/${name}.${columns}x${rows}.${depth}.txt`;
      await expect(await settled(dashboard, golden)).toMatchFileSnapshot(golden);
      if (undo !== "") dashboard.terminal.send(undo);
      await dashboard.home();
    }
  }, TIMEOUT_MS);
});

/** What no page of all depths wears: the disks' latencies, drops, marks, and lines of many VMs in one graph. */
const WITH_RARE_ROLES = [...OF_ALL_DEPTHS, ...PAGES.filter(([name]) => ["vm-disks", "vm-net", "marked", "compare-marked", "operations-running"].includes(name))];

describe.concurrent("the roles of colours", () => {
  it("are each worn by a golden screen, so that none is dead and each is looked at", async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), "qz-roles-"));
    try {
      // Themes give several roles one colour; here each has its own.
      const colourOf = new Map<string, Role>(ROLES.map((role, index) => [`#4000${(index + 16).toString(16)}`, role]));
      mkdirSync(join(folder, "quetzal"));
      writeFileSync(join(folder, "quetzal/config.yaml"), `theme: roles\nthemes:\n  - name: roles\n    colours: {${[...colourOf].map(([colour, role]) => `${role}: "${colour}"`).join(", ")}}\n`);
      await using dashboard = await (await DashboardDriver.open({ columns: 120, rows: 40, env: { COLORTERM: "truecolor", XDG_CONFIG_HOME: folder } })).ready();
      const worn = new Set<Role>();
      const look = (): void => { for (const [, colour] of dashboard.picture().matchAll(/^. = (#\w+)/gm)) worn.add(colourOf.get(colour ?? "") ?? "text"); };
      for (const [, steps, undo = ""] of WITH_RARE_ROLES) {
        for (const [keys, shows] of steps) await dashboard.press(keys, shows);
        look();
        if (undo !== "") dashboard.terminal.send(undo);
        await dashboard.home();
      }
      expect(ROLES.filter((role) => !worn.has(role)), "worn by none of these pages").toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, TIMEOUT_MS);
});

describe.concurrent("screens of lesser terminals", () => {
  it.for([
    ["no-colour", { NO_COLOR: "1" }], ["ascii", { LC_ALL: "C" }], ["linux", { TERM: "linux" }], ["vt100", { TERM: "vt100" }],
  ] as const)("paints the overview for %s", { timeout: TIMEOUT_MS }, async ([name, env], { expect }) => {
    await using dashboard = await (await DashboardDriver.open({ env })).ready();
    const golden = `golden/screens/overview.${name}.txt`;
    await expect(await settled(dashboard, golden)).toMatchFileSnapshot(golden);
  });

  it("says what size it needs below 80x24", async () => {
    await using dashboard = await DashboardDriver.open({ columns: 60, rows: 20 });
    await dashboard.terminal.waitFor("quetzal needs 80x24", TIMEOUT_MS);
    dashboard.terminal.resize(80, 24);
    await dashboard.terminal.waitFor("7 VMs", TIMEOUT_MS);
  }, TIMEOUT_MS);
});
