// Golden screens: what the dashboard paints in real pseudo-terminals, at the three sizes it is made for, each in 16, 256
// and true colours at once. Renew them with `npx vitest run --project unit test/screens.test.ts -u` and look at the
// difference before it is committed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect as expects, it } from "vitest";
import type { ExpectStatic } from "vitest";
import { PAGES as SCREENS, VM_TABS } from "../tui/src/store/state.js";
import type { Prompt } from "../tui/src/store/state.js";
import { ROLES } from "../tui/src/views/frame.js";
import type { Role } from "../tui/src/views/frame.js";
import { DashboardDriver } from "./support/dashboard.js";
import { Dashboards } from "./support/dashboards.js";
import type { Steps } from "./support/dashboards.js";

const TIMEOUT_MS = 60_000;

/** A folder for config.yaml and what edits leave behind; gone at the end. */
class Home implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "qz-screens-"));
  constructor(config: string) {
    mkdirSync(join(this.folder, "quetzal"));
    writeFileSync(join(this.folder, "quetzal/config.yaml"), config);
  }
  get env(): NodeJS.ProcessEnv { return { XDG_CONFIG_HOME: this.folder, TMPDIR: this.folder }; }
  [Symbol.dispose](): void { rmSync(this.folder, { recursive: true, force: true }); }
}

const DEPTHS = { "16": { TERM: "xterm" }, "256": {}, true: { COLORTERM: "truecolor" } } as const;

async function isAsRecorded(expect: ExpectStatic, dashboards: Dashboards, name: string): Promise<void> {
  const golden = `golden/screens/${name}.txt`;
  await expect(await dashboards.settled(new URL(golden, import.meta.url))).toMatchFileSnapshot(golden);
}

/** Keys from the overview to a page, each step with what it must show before the next, and keys that undo what going home does not. */
type Page = readonly [name: string, steps: Steps, undo?: string];
const PAGES: readonly Page[] = [
  ["overview", [["", /by CPU/]]],
  ["help", [["?", /Power the VM on/]]],
  ["help-end", [["?", /Power the VM on/], ["G", /Other pages: views/]]],
  ["events", [["e", /events, newest first/]]],
  ["operations", [["o", /operations, newest first/]]],
  ["vm-graphs", [["\r", /1 graphs/]]],
  ["vm-cpu", [["\r", /1 graphs/], ["2", /vCPU +used steal%/]]],
  ["vm-memory", [["\r", /1 graphs/], ["3", /floor/]]],
  ["vm-disks", [["\r", /1 graphs/], ["4", /taken +size/]]],
  ["vm-net", [["\r", /1 graphs/], ["5", /packets in/]]],
  ["vm-user-net", [["/web-1", /\/web-1/], ["\r", /1 of 1/], ["\r", /1 graphs/], ["5", /no counters on the host/]]],
  ["vm-console", [["\r", /1 graphs/], ["6", /login:/]]],
  ["vm-events", [["\r", /1 graphs/], ["7", /build-runner is running/]]],
  ["vm-definition", [["\r", /1 graphs/], ["8", /memory_mb/]]],
  ["vm-stopped", [["G", /7 of 7/], ["\r", /1 graphs/]]],
  ["vm-crashed", [["G", /7 of 7/], ["k", /6 of 7/], ["\r", /1 graphs/], ["6", /before the end/]]],
  ["vm-percent-of-vm", [["\r", /1 graphs/], ["%", /% of 2 vCPUs/]], "%"],
  ["why", [["w", /confidence high/]]],
  ["why-query", [["w", /confidence high/], ["g", /vmDiagnosis/]]],
  ["why-fine", [["/web-2", /\/web-2/], ["\r", /1 of 1/], ["w", /nothing is wrong/]]],
  ["alerts", [["a", /Guest memory low/]]],
  ["form-rule", [["a", /Guest memory low/], ["n", /a new alert rule/], ["cpu>fast", /Column \d/]]],
  ["form-vm", [["n", /a new VM/], ["web-3", /can be made/]]],
  ["form-vm-fault", [["n", /can be made/], ["\t\t\x158M", /at least 32/]], "\x15512M"],
  ["hosts", [["h", /disk space/]]],
  ["memory", [["m", /balloon 1\.60G to 1\.50G/]]],
  ["memory-by-saved", [["m", /balloon 1\.60G to 1\.50G/], [">", /by saved/]], "<"],
  ["target-balloon", [["/web-1", /\/web-1/], ["\r", /1 of 1/], ["b", /Balloon target/], ["200M", /come free on/]]],
  ["target-refused", [["/web-1", /\/web-1/], ["\r", /1 of 1/], ["b", /Balloon target/], ["1G", /128 to 256 MiB/]]],
  ["compare", [["=", /compared/]]],
  ["compare-marked", [["*", /7 marked/], ["=", /compared/]]],
  ["past", [["[", /PAST 2026-11-23 13:02:10 UTC, 1s ago/], ["{", /13:02:00 UTC, 11s ago/]], "00"],
  ["past-vm-graphs", [["\r", /1 graphs/], ["{{{", /13:01:41 UTC, 30s ago/]], "00"],
  ["past-memory", [["m", /balloon 1\.60G to 1\.50G/], ["{", /PAST[\s\S]*unkept[\s\S]*build-runner +█/]], "00"],
  ["past-vm-cpu", [["\r", /1 graphs/], ["2{", /PAST[\s\S]* 0 +\d+\.\d +\d/]], "00"],
  ["past-vm-memory", [["\r", /1 graphs/], ["3{", /PAST[\s\S]*target unkept/]], "00"],
  ["past-vm-disks", [["\r", /1 graphs/], ["4{", /PAST[\s\S]*vda +\d/]], "00"],
  ["past-vm-net", [["\r", /1 graphs/], ["5{", /PAST[\s\S]*net0 +\d/]], "00"],
  ["past-events", [["e", /events, newest first/], ["{", /PAST/]], "00"],
  ["past-refused", [["[", /PAST/], ["s", /This is the past; 0 goes back to now/]], "00"],
  ["past-hour", [["---{{{{", /12:55:31 UTC, 6m 40s ago/], ["", /1 h  0 now/], ["", /build-runner +running +261 [▁-█]{8}/]], "00"],
  ["past-nothing", [["-----{{{{{{{", /Nothing is kept of then/]], "00"],
  ["instants", [["M", /Marked/], ["{{{", /PAST/], ["M", /two instants/], ["", /b-a/]], "00"],
  ["zoom-minute", [["\r", /1 graphs/], ["++", /-30s/]], "00"],
  ["log", [["l", /Connected as admin/]]],
  ["edit", [["E", /y makes the change/]]],
  ["filter", [["/web", /2 of 7\. .*Enter keeps/]]],
  ["filter-language", [["/state:running cpu>20", /\d of 7\. .*Enter keeps/], ["\r", /\(all: 7\)[\s\S]*s start/]]],
  ["filter-fault", [["/web cpu>fast", /Column 9: cpu expects/]]],
  ["filter-nothing", [["/nobody", /0 of 7/]]],
  ["columns", [["O", /as many as fit/]]],
  ["views", [["v", /\/cpu>50/]]],
  ["view-name", [["v", /\/cpu>50/], ["\x13", /[Nn]ame/]]],
  ["user-commands", [["!", /your commands/]]],
  ["run", [["!", /your commands/], ["\r", /Run ping/]]],
  ["labels", [["L", /Now: /]]],
  ["target-control", [["A", /Memory control of/]]],
  ["power-cut", [["P", /Cut the power of build-runner/]]],
  ["rule-delete", [["a", /Guest memory low/], ["jd", /Delete the alert rule/]]],
  ["copied", [["y", /the id build-runner/]]],
  ["finder", [[":", /power cut/]]],
  ["console", [["c", /console of build-runner/]]],
  ["console-full", [["C", /console of build-runner[^]*F12 split|F12 split[^]*console of build-runner/]]],
  ["marked", [["   V", /4 marked/]]],
  ["plan", [["*", /7 marked/], ["p", /all can|\d cannot/]]],
  ["plan-typed", [["*", /7 marked/], ["d", /2 can, 5 cannot/], ["\r", /Type "delete 2"/]]],
  ["delete", [["G", /7 of 7/], ["d", /Type its id/]]],
  ["undo-decision", [["/test-vm-001", /\/test-vm/], ["\r", /1 of 1/], ["m", /balloon 1\.60G to 1\.50G/], ["U", /Undo\?/]], "n"],
  ["undo", [["/web-2", /\/web-2/], ["\rp", /web-2 +paused/], ["u", /Undo\?/]], "u"],
  // The last ones: what is reset stays under way, what is paused stays paused, what is made is there.
  ["operations-running", [["r", /any other key: no/], ["y", /reset…/], ["o", /1 under way/]]],
  ["plan-summary", [["*", /7 marked/], ["p", /4 can, 3 cannot/], ["\r", /summary/], ["", /4 done/]]],
  ["start-new", [["n", /web-3[^]*can be made/], ["\r", /Start it now\?/]]],
  ["undo-host", [["m", /what saves memory/], ["t", /memory controller of/], ["\t\x158", /can be made/], ["\r", /takes it back/], ["u", /Undo\?/]], "u"],
  ["controller", [["m", /what saves memory/], ["t", /Nothing is changed yet/], ["\t\x158", /state +HIGH/]], "\x1b"],
];

const SIZES = [[80, 24], [120, 40], [200, 50]] as const;
const CONFIG = `views:
  - {name: hot, filter: cpu>50, sort: -cpu}
  - {name: disks, columns: [name, state, disk, latency], sort: -disk}
commands:
  - {name: ping, key: Ctrl-p, run: [ping, -c3, "{name}"], confirm: true}
  - {name: greet, run: [echo, "{vm}"]}
`;

// Mostly waiting for screens to stand still: dashboards of their own, side by side.
describe.concurrent.each(SIZES)("screens at %ix%i", (columns, rows) => {
  describe("in 16, 256 and true colours", { concurrent: false }, () => {
    let dashboards: Dashboards;
    let home: Home;
    beforeAll(async () => {
      home = new Home(CONFIG);
      const EDITOR = "sed -i 's/^memory_mb: .*/memory_mb: 4096/; s/^vcpus: .*/vcpus: 4/'";
      dashboards = await (await Dashboards.open(DEPTHS, { columns, rows, env: { ...home.env, VISUAL: "", EDITOR } })).ready();
    }, TIMEOUT_MS);
    afterAll(async () => {
      await dashboards[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    }, TIMEOUT_MS);

    it.for(PAGES)("paints the %s page as recorded", { timeout: TIMEOUT_MS }, async ([name, steps, undo = ""], { expect }) => {
      try {
        await dashboards.walk(steps);
        await isAsRecorded(expect, dashboards, `${name}.${columns}x${rows}`);
      } finally {
        if (undo !== "") dashboards.send(undo);
        await dashboards.home();
      }
    });
  });
});

/** Which golden screen has each line that is typed or asked; the compiler wants every kind. */
const SCREEN_OF_PROMPT: Readonly<Record<Prompt["kind"], string>> = {
  filter: "filter", command: "finder", run: "run", viewName: "view-name", delete: "delete", confirm: "power-cut", target: "target-balloon",
  labels: "labels", undo: "undo", undoDecision: "undo-decision", undoHost: "undo-host", deleteRule: "rule-delete", startNew: "start-new", typed: "plan-typed",
};

it("every page, tab and question has a golden screen", () => {
  const names = PAGES.map(([name]) => name);
  const isOf = (page: string) => (name: string): boolean => name === page || name.startsWith(`${page}-`);
  expects(SCREENS.filter((page) => !names.some(isOf(page))), "pages").toEqual([]);
  expects(VM_TABS.filter((tab) => !names.includes(`vm-${tab}`)), "tabs").toEqual([]);
  expects(Object.values(SCREEN_OF_PROMPT).filter((screen) => !names.includes(screen)), "questions").toEqual([]);
});

/** What no theme and no poorer terminal may make unreadable. */
const OF_ALL_LOOKS = PAGES.filter(([name]) => ["overview", "vm-graphs", "help"].includes(name));

describe.concurrent("other looks", () => {
  it.for([
    ["light", DEPTHS, { COLORFGBG: "0;15" }, ""], ["contrast", DEPTHS, {}, "theme: contrast\n"],
    ["no-colour", { "no colour": { NO_COLOR: "1" } }, {}, ""], ["ascii", DEPTHS, { LC_ALL: "C" }, ""],
    ["linux", { linux: { TERM: "linux" } }, {}, ""], ["vt100", { vt100: { TERM: "vt100" } }, {}, ""],
  ] as const)("%s is painted as recorded", { timeout: TIMEOUT_MS }, async ([look, environments, env, config], { expect }) => {
    using home = new Home(config);
    await using dashboards = await (await Dashboards.open(environments, { env: { ...home.env, ...env } })).ready();
    for (const [name, steps] of OF_ALL_LOOKS) {
      await dashboards.walk(steps);
      await isAsRecorded(expect, dashboards, `${name}.${look}`);
      await dashboards.home();
    }
  });
});

describe.concurrent("screens of rare moments", () => {
  it("are painted as recorded: no VM, and more VMs than rows", { timeout: TIMEOUT_MS }, async ({ expect }) => {
    await using none = await Dashboards.open(DEPTHS, { vms: 0 });
    await none.walk([["", /No VM/]]);
    await isAsRecorded(expect, none, "overview-no-vm.80x24");
    await using many = await (await Dashboards.open(DEPTHS, { vms: 120 })).ready();
    await many.walk([["G", /120 of 120/]]);
    await isAsRecorded(expect, many, "overview-many.80x24");
  });

  it("says what size it needs below 80x24", async () => {
    await using dashboard = await DashboardDriver.open({ columns: 60, rows: 20 });
    await dashboard.terminal.waitFor("quetzal needs 80x24", TIMEOUT_MS);
    dashboard.terminal.resize(80, 24);
    await dashboard.terminal.waitFor("7 VMs", TIMEOUT_MS);
  }, TIMEOUT_MS);
});

/** Pages that between them show what colours are for: states, graphs, trouble, forms, the past, disks, drops, marks, many lines. */
const WITH_ROLES = PAGES.filter(([name]) => ["overview", "vm-graphs", "past", "alerts", "form-vm", "plan", "vm-disks", "vm-net", "marked", "compare-marked", "operations-running"].includes(name));

describe.concurrent("the roles of colours", () => {
  it("are each worn by a golden screen, so that none is dead and each is looked at", async ({ expect }) => {
    // Themes give several roles one colour; here each has its own.
    const colourOf = new Map<string, Role>(ROLES.map((role, index) => [`#4000${(index + 16).toString(16)}`, role]));
    using home = new Home(`theme: roles\nthemes:\n  - name: roles\n    colours: {${[...colourOf].map(([colour, role]) => `${role}: "${colour}"`).join(", ")}}\n`);
    await using dashboards = await (await Dashboards.open({ roles: { COLORTERM: "truecolor" } }, { columns: 120, rows: 40, env: home.env })).ready();
    const worn = new Set<Role>();
    for (const [, steps, undo = ""] of WITH_ROLES) {
      await dashboards.walk(steps);
      for (const [, colour] of dashboards.golden().matchAll(/^. = (#\w+)/gm)) worn.add(colourOf.get(colour ?? "") ?? "text");
      if (undo !== "") dashboards.send(undo);
      await dashboards.home();
    }
    expect(ROLES.filter((role) => !worn.has(role)), "worn by none of these pages").toEqual([]);
  }, TIMEOUT_MS);
});
