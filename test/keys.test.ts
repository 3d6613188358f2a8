// A story for every key: each key of the one key table is pressed in a real pseudo-terminal against the recorded server,
// and what it must do is seen. The compiler wants a story of every command, and a key that joins a binding is pressed here
// by itself. Stories that go further have files of their own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BINDINGS, keyName } from "../tui/src/keys.js";
import type { Command } from "../tui/src/keys.js";
import { DashboardDriver } from "./support/dashboard.js";
import type { Steps } from "./support/dashboards.js";
import { eventually } from "./support/process.js";

const TIMEOUT_MS = 60_000;
const CTRL_S = "\x13";

const CONFIG = "views:\n  - {name: hot, filter: cpu>50, sort: -cpu}\ncommands:\n  - {name: greet, run: [echo, '{vm}']}\n";
/** Another change each time it is opened. */
const EDITOR = '#!/bin/sh\nsed -i "s/^memory_mb: .*/memory_mb: $((3000 + $$ % 1000))/" "$1"\n';

/** What terminals send for the keys that have names. */
const SENT: Readonly<Record<string, string>> = {
  up: "\x1b[A", down: "\x1b[B", right: "\x1b[C", left: "\x1b[D", home: "\x1b[H", end: "\x1b[F", "S-tab": "\x1b[Z", pageup: "\x1b[5~", pagedown: "\x1b[6~",
  enter: "\r", tab: "\t", escape: "\x1b", backspace: "\x7f",
};
function sent(key: string): string {
  const control = /^C-([a-z])$/.exec(key)?.[1];
  return control === undefined ? (SENT[key] ?? key) : String.fromCharCode(control.charCodeAt(0) - 0x60);
}

/** What is seen when the key has done its work and not before: a text that comes, one that goes, or one that is another. */
type Effect = { shows: RegExp } | { hides: RegExp } | { changes: RegExp } | { asks: RegExp } | { repaints: true } | { ends: 0 };
/** Keys from the overview to where the key is pressed; its effect; and keys that take back what going home does not. */
type Story = Effect & { from?: Steps; after?: string };

const chosen = (id: string): Steps => [[`/${id}`, new RegExp(`/${id}`)], ["\r", /1 of 1/]];
const VM_PAGE: Steps = [["\r", /1 graphs/]];
const MARKED: Steps = [["*", /\d marked/]];
const FORM: Steps = [["n", /a new VM[^]*(Still to fill in|can be made)/]];
const WHY: Steps = [...chosen("build-runner"), ["w", /confidence high/]];
const ALERTS: Steps = [["a", /Guest memory low/]];
const COLUMNS: Steps = [["O", /as many as fit/]];
/** Told first of all after the four events that the recorded server starts with. */
const LONG_EVENT = Array.from({ length: 200 }, (_, word) => `word ${word}`).join(" ");
const LONG_LINE: Steps = [["e", /events, newest first/], ["Gkkkk", /this event[^]*word 1 /]];
/** What the form says of its fields and of the chosen one, to the end of the screen. */
const HINT = /── (not filled|can)[^]*/;
/** Resets stay under way here. */
const RESETTING: Steps = [...MARKED, ["r", /plan: reset \d VMs[^]*asks for "reset \d"/], ["\r", /Type "reset 4"/], ["reset 4\r", /x cancels|Esc leaves it/]];

const STORIES: Readonly<Record<Command, Story>> = {
  rowEnter: { from: [["e", /events, newest first/]], shows: /1 graphs/ },
  readOn: { from: LONG_LINE, hides: /this event[^]*word 1 / },
  readBack: { from: [...LONG_LINE, ["\x1b[C", /this event(?![^]*word 1 )/]], shows: /this event[^]*word 1 / },
  start: { from: chosen("spare"), asks: /^START spare$/ },
  stop: { from: chosen("spare"), asks: /^STOP spare$/ },
  pause: { from: chosen("web-2"), asks: /^PAUSE web-2$/, after: "p" },
  powerCut: { from: chosen("web-2"), shows: /Cut the power of web-2\?/, after: "n" },
  reset: { from: chosen("web-2"), shows: /any other key: no/, after: "n" },
  console: { from: chosen("build-runner"), shows: /console of build-runner/ },
  consoleFull: { from: chosen("build-runner"), shows: /F12 split/ },
  delete: { from: chosen("spare"), shows: /Type its id/ },
  protect: { from: chosen("web-1"), asks: /^PUT web-1 \{"protected":true/, after: "K" },
  labels: { from: chosen("web-1"), shows: /Labels of web-1:/ },
  newVm: { shows: /a new VM/ },
  editDefinition: { from: chosen("web-1"), shows: /y makes the change/ },
  editSave: { from: [...chosen("web-1"), ["E", /y makes the change/]], asks: /^PUT web-1 / },
  editAgain: { from: [...chosen("web-1"), ["E", /y makes the change/]], changes: /memory_mb: \d+ → \d+/ },
  undo: { from: [...chosen("web-1"), ["p", /web-1 +paused/]], shows: /Undo\? resumes web-1/, after: "u" },
  controllerSettings: { from: [["m", /what saves memory/]], shows: /memory controller of[^]*the host then/ },
  undoDecision: { from: [...chosen("test-vm-001"), ...VM_PAGE], shows: /Undo\? Gives the guest of test-vm-001/, after: "n" },
  cancelOperation: { from: [...chosen("build-runner"), ["r", /any other key: no/], ["y", /reset…/], ["o", /1 under way/]], asks: /^CANCEL / },
  balloonTarget: { from: chosen("build-runner"), shows: /Balloon target of build-runner/ },
  memorySize: { from: chosen("build-runner"), shows: /Memory size of build-runner/ },
  vcpuCount: { from: chosen("build-runner"), shows: /vCPUs of build-runner/ },
  pageOut: { from: chosen("build-runner"), shows: /Pages up to/ },
  memoryControl: { from: chosen("build-runner"), shows: /Memory control of build-runner/ },
  mark: { shows: /1 marked/ },
  markRange: { from: [["  ", /2 marked/]], shows: /3 marked/ },
  markShown: { shows: /\d marked/ },
  bulk: { from: [...RESETTING, ["\x1b", /\d marked/]], shows: /reset \d VMs/, after: "x" },
  carryOut: { from: [...MARKED, ["K", /plan: protect \d VMs[^]*carries it out/]], shows: /summary: / },
  cancelBulk: { from: RESETTING, asks: /^CANCEL / },
  alertEnter: { from: ALERTS, shows: /› db-old/ },
  ruleNew: { from: ALERTS, shows: /a new alert rule/ },
  ruleEdit: { from: ALERTS, shows: /alert rule Crashed/ },
  ruleToggle: { from: [...ALERTS, ["G", /steal>20%, for/]], changes: /(on|off) +Steal/ },
  ruleDelete: { from: ALERTS, shows: /Delete the alert rule/ },
  formMake: { from: [...FORM, ["made-1", /can be made/]], shows: /Start it now\?/, after: "n" },
  formNext: { from: FORM, changes: HINT },
  formPrevious: { from: FORM, changes: HINT },
  formLeave: { from: FORM, hides: /a new VM/ },
  why: { from: chosen("build-runner"), shows: /confidence high/ },
  whyGraphs: { from: WHY, shows: /1 graphs/ },
  neighbour: { from: WHY, shows: /› test-vm-001/ },
  whyQuery: { from: WHY, shows: /vmDiagnosis/ },
  whyAgain: { from: WHY, asks: /^WHY build-runner$/ },
  alerts: { shows: /Guest memory low/ },
  pastBack: { shows: /PAST .*, 1s ago/, after: "00" },
  pastForth: { from: [["{", /PAST/]], changes: /PAST .* UTC/, after: "00" },
  pastFarBack: { shows: /PAST .*, 1\ds ago/, after: "00" },
  pastFarForth: { from: [["{{", /PAST .*, 2\ds ago/]], shows: /PAST .*, 1\ds ago/, after: "00" },
  zoomOut: { shows: /10 min/, after: "00" },
  zoomIn: { from: [["-", /10 min/]], shows: / 5 min/, after: "00" },
  present: { from: [["[", /PAST/]], hides: /PAST/ },
  markInstant: { shows: /Marked this instant/ },
  enter: { shows: /1 graphs/ },
  back: { from: VM_PAGE, hides: /1 graphs/ },
  hosts: { shows: /disk space/ },
  operations: { shows: /operations, newest first/ },
  events: { shows: /events, newest first/ },
  log: { shows: /log of this dashboard/ },
  memory: { shows: /VMs by cost/ },
  compare: { shows: /compared/ },
  nextFigure: { from: [["=", /compared/]], shows: /── steal, %/, after: "<" },
  previousFigure: { from: [["=>", /── steal, %/]], hides: /── steal, %/ },
  cpuScale: { from: VM_PAGE, shows: /% of \d vCPUs/, after: "%" },
  filter: { shows: /Enter keeps/ },
  find: { shows: /power cut/ },
  userCommands: { shows: /your commands/ },
  sortNext: { shows: /by memory/, after: "<" },
  sortPrevious: { shows: /by state/, after: ">" },
  sortReverse: { shows: /by CPU ▴/, after: "i" },
  tab1: { from: [...VM_PAGE, ["2", /vCPU +used steal%/]], hides: /vCPU +used steal%/ },
  tab2: { from: VM_PAGE, shows: /vCPU +used steal%/ },
  tab3: { from: VM_PAGE, shows: /floor/ },
  tab4: { from: VM_PAGE, shows: /taken +size/ },
  tab5: { from: VM_PAGE, shows: /packets in/ },
  tab6: { from: VM_PAGE, shows: /login:/ },
  tab7: { from: VM_PAGE, shows: /── .*events/ },
  tab8: { from: VM_PAGE, shows: /memory_mb/ },
  nextTab: { from: VM_PAGE, shows: /vCPU +used steal%/ },
  columns: { shows: /as many as fit/ },
  views: { shows: /saved views/ },
  toggleColumn: { from: COLUMNS, changes: /\[.\] as many as fit/ },
  columnLeft: { from: [...COLUMNS, ["jjj", /state/]], changes: /[^]*/, after: "g " },
  columnRight: { from: [...COLUMNS, ["jjj", /state/]], changes: /[^]*/, after: "g " },
  wearView: { from: [["v", /saved views/], ["j", /hot/]], shows: /View: hot/, after: "v\r" },
  keepChoices: { from: [["v", /saved views/]], shows: /[Nn]ame/ },
  copy: { from: chosen("web-1"), shows: /the id web-1/ },
  copyScreen: { shows: /[Cc]opied/ },
  nextTheme: { shows: /Theme: / },
  help: { shows: /Power the VM on/ },
  up: { from: [["jj", /3 of \d/]], shows: / 2 of \d/ },
  down: { shows: / 2 of \d/ },
  pageUp: { from: [["G", /(\d) of \1 /]], shows: / 1 of \d/ },
  pageDown: { shows: /([2-9]) of \1 / },
  first: { from: [["G", /(\d) of \1 /]], shows: / 1 of \d/ },
  last: { shows: /([2-9]) of \1 / },
  redraw: { repaints: true },
  quit: { ends: 0 },
};

/** Bytes of the smallest whole picture. */
const WHOLE_PICTURE_BYTES = 1_500;

/** Resolves when the key has done what it is to do; the effect must not have been there before. */
async function pressed(dashboard: DashboardDriver, key: string, effect: Effect): Promise<void> {
  const { terminal, server } = dashboard;
  const before = terminal.screen();
  const { bytes } = terminal;
  const asked = server.asked.length;
  if ("shows" in effect) expect(before).not.toMatch(effect.shows);
  if ("hides" in effect) expect(before).toMatch(effect.hides);
  terminal.send(sent(key));
  if ("ends" in effect) expect(await terminal.waitForExit()).toBe(effect.ends);
  else {
    await eventually(`${keyName(key)} to do its work`, () => {
      const now = terminal.screen();
      if ("shows" in effect) return effect.shows.test(now);
      if ("hides" in effect) return !effect.hides.test(now);
      if ("changes" in effect) return effect.changes.test(now) && effect.changes.exec(now)?.[0] !== effect.changes.exec(before)?.[0];
      if ("asks" in effect) return server.asked.slice(asked).some((one) => effect.asks.test(one));
      return terminal.bytes - bytes > WHOLE_PICTURE_BYTES;
    }, TIMEOUT_MS / 6).catch((error: unknown) => { throw new Error(`${String(error)}; it shows:\n${terminal.screen()}`, { cause: error }); });
  }
}

describe("each key of the key table", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let dashboard: DashboardDriver;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "qz-keys-"));
    mkdirSync(join(folder, "quetzal"));
    writeFileSync(join(folder, "quetzal/config.yaml"), CONFIG);
    writeFileSync(join(folder, "editor"), EDITOR, { mode: 0o755 });
    env = { XDG_CONFIG_HOME: folder, TMPDIR: folder, VISUAL: "", EDITOR: join(folder, "editor") };
    dashboard = await (await DashboardDriver.open({ env })).ready();
    dashboard.server.record("WARNING", "web-1", null, LONG_EVENT);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await dashboard[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }, TIMEOUT_MS);

  const presses = BINDINGS.flatMap(({ command, keys }) => keys.map((key) => [`${keyName(key)}: ${command}`, command, key] as const));
  it.each(presses.filter(([, command]) => command !== "quit"))("%s", async (_name, command, key) => {
    const { from = [], after = "", ...effect } = STORIES[command];
    await dashboard.home();
    for (const [keys, shows] of from) await dashboard.press(keys, shows);
    await pressed(dashboard, key, effect);
    if (after !== "") dashboard.terminal.send(after);
  }, TIMEOUT_MS);

  it.each(presses.filter(([, command]) => command === "quit"))("%s", async (_name, command, key) => {
    await using leaving = await (await DashboardDriver.open({ env })).ready();
    await pressed(leaving, key, STORIES[command]);
  }, TIMEOUT_MS);

  it("C-s keeps the table as it is in config.yaml", async () => {
    await dashboard.home();
    await dashboard.press(CTRL_S, /config\.yaml/);
  }, TIMEOUT_MS);
});
