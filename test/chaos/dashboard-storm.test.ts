// The dashboard in a real terminal under everything at once: random keys, pastes, clicks and sizes, hostile names and
// messages, VMs that come, change and go, and a server that is lost again and again. The same storm against its parts,
// with laws for every picture, is test/storm.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { BINDINGS } from "../../tui/src/keys.js";
import { AT_HOME_NOWHERE } from "../support/dashboard.js";
import { HOSTILE_TEXTS, strayInRaw } from "../support/hostile.js";
import type { RecordedState } from "../support/recorded-fleet.js";
import { RecordedServer } from "../support/recorded-server.js";
import { TerminalDriver } from "../support/terminal.js";

const STEPS = 10_000;
/** Steps that come together: alone, as typed, or many in one breath, as pasted or over a slow line. */
const anyBurst = fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 12 }) });
/** Between two bursts: many frames are painted, and many bursts fall between two frames. */
const BURST_MS = 6;
/** Several times what it takes. */
const TIMEOUT_MS = 300_000;
/** Bursts from one long absence of the server to the next. */
const BURSTS_TO_ABSENCE = 400;
/** The shell's words after the dashboard; no name holds them. */
const AFTERWARDS = "the shell again, after";
/** Pieces of what was written in which those words are looked for: what a burst brings is fewer. */
const LATEST = 64;
/** The same storm each time; STORM_SEED=… is another one. */
const SEED = Number(process.env["STORM_SEED"] ?? 20_261_123);

const NAMED: Readonly<Record<string, string>> = {
  up: "\x1b[A", down: "\x1b[B", right: "\x1b[C", left: "\x1b[D", home: "\x1b[H", end: "\x1b[F", pageup: "\x1b[5~", pagedown: "\x1b[6~", enter: "\r", escape: "\x1b", backspace: "\x7f", tab: "\t",
};
function bytesOf(key: string): string {
  return NAMED[key] ?? (key.startsWith("C-") ? String.fromCharCode(key.charCodeAt(2) & 0x1f) : key);
}
// It must stay: q and Ctrl-C are for the end. Inside a console any key may stand, and Ctrl-] leaves it.
const KEYS = [...BINDINGS.filter(({ command }) => command !== "quit").flatMap(({ keys }) => keys).map(bytesOf), "\x1d", "\x1d", "\x1b[24~", "\x1b[Z", "\x1b", "y", "x", "ü", "虚", "👍", "\x15", "\x1b[<0;999;999M", "\x1b[99;99;99z", "\x1bOP"];

type Step = (terminal: TerminalDriver, server: RecordedServer) => void;
const STATES: readonly RecordedState[] = ["DEFINED", "STARTING", "RUNNING", "PAUSED", "STOPPING", "STOPPED", "CRASHED"];
const anyHostile = fc.constantFrom(...HOSTILE_TEXTS);
const anyIndex = fc.nat(6);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 300, arbitrary: fc.constantFrom(...KEYS).map((key): Step => (terminal) => { terminal.send(key); }) },
  // More ways lead into pages and prompts than out of them.
  { weight: 100, arbitrary: fc.constantFrom("\x1b", "\x1b", "\x1b", "\r").map((key): Step => (terminal) => { terminal.send(key); }) },
  { weight: 30, arbitrary: fc.record({ button: fc.constantFrom(0, 64, 65), x: fc.integer({ min: 1, max: 200 }), y: fc.integer({ min: 1, max: 60 }) }).map(({ button, x, y }): Step => (terminal) => { terminal.send(`\x1b[<${button};${x};${y}M\x1b[<${button};${x};${y}m`); }) },
  { weight: 20, arbitrary: anyHostile.map((text): Step => (terminal) => { terminal.send(`\x1b[200~${text}\x1b[201~`); }) },
  { weight: 20, arbitrary: fc.record({ columns: fc.integer({ min: 10, max: 220 }), rows: fc.integer({ min: 3, max: 70 }) }).map(({ columns, rows }): Step => (terminal) => { terminal.resize(columns, rows); }) },
  { weight: 30, arbitrary: fc.constantFrom([80, 24], [120, 40], [200, 60]).map(([columns = 80, rows = 24]): Step => (terminal) => { terminal.resize(columns, rows); }) },
  { weight: 30, arbitrary: fc.record({ index: anyIndex, name: anyHostile, state: fc.constantFrom(...STATES) }).map(({ index, name, state }): Step => (_terminal, server) => {
    const vm = server.vms[index];
    if (vm === undefined) return;
    Object.assign(vm, { name, labels: [{ key: "note", value: name }], crashCause: state === "CRASHED" ? name : null });
    server.change(vm.id, state);
  }) },
  { weight: 30, arbitrary: fc.record({ index: anyIndex, text: anyHostile }).map(({ index, text }): Step => (_terminal, server) => { server.record("VM_STATE_CHANGED", server.vms[index]?.id ?? null, null, text); }) },
  { weight: 20, arbitrary: fc.constant<Step>((_terminal, server) => { server.tick(); }) },
  // Rare enough that most keys find a server: it takes a second to be found again.
  { weight: 1, arbitrary: fc.constant<Step>((_terminal, server) => { void server.drop(); }) },
);

/** How each mode of the terminal was set last: private ones by `?` and their number. */
function lastModes(raw: string): Map<string, string> {
  return new Map(Array.from(raw.matchAll(/\x1b\[(\??)([\d;]+)([hl])/g), ([, mark = "", numbers = "", how = ""]) => numbers.split(";").map((number): [string, string] => [mark + number, how])).flat());
}

/** Without what stands between: while an editor has the terminal, the terminal itself echoes what is typed. */
function painted(raw: string): string {
  return raw.replace(/\x1b\[\?1049l[^]*?(?=\x1b\[\?1049h)/g, "");
}

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qz-storm-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it(`lives through ${STEPS} keys, sizes, names and lost servers, and gives the terminal back clean`, async () => {
  await using server = await RecordedServer.open({ clock: "running", names: HOSTILE_TEXTS.slice(0, 7) });
  const written: string[] = [];
  await using terminal = new TerminalDriver("/bin/sh", ["-c", `"$0" "$@"; echo "${AFTERWARDS} $?"; stty -a`, process.execPath, inject("programs").recordedDashboard], {
    onData: (data) => written.push(data),
    // An editor of the machine would take the storm for commands of its own.
    env: { ...AT_HOME_NOWHERE, VISUAL: "", EDITOR: "true", XDG_CONFIG_HOME: folder, RECORDED_URL: server.url, RECORDED_CLOCK: "running" },
  });
  await terminal.waitFor(/\d+ of 7/, TIMEOUT_MS);
  const steps = fc.sample(step, { numRuns: STEPS, seed: SEED });
  const bursts = fc.sample(anyBurst, { numRuns: STEPS, seed: SEED });
  let done = 0;
  for (let burst = 0; done < STEPS; burst++) {
    for (const one of steps.slice(done, (done += bursts[burst] ?? 1))) one(terminal, server);
    await delay(BURST_MS);
    if (written.slice(-LATEST).join("").includes(AFTERWARDS)) throw new Error(`STORM_SEED=${SEED}: the dashboard ended before step ${done}:\n${await terminal.waitFor(AFTERWARDS)}`);
    // Once in a while the server is away for longer than the first tries of a client.
    if (burst % BURSTS_TO_ABSENCE === BURSTS_TO_ABSENCE - 1) {
      await server.drop("and stays away");
      await delay(300);
      await server.comeBack();
    }
  }
  // It still answers: out of a console and of prompts and pages, to the list with the filter cleared.
  terminal.resize(120, 40);
  for (const key of ["\x1d", ...Array.from({ length: 12 }, () => "\x1b"), "0"]) {
    terminal.send(key);
    await delay(80);
  }
  await terminal.waitFor(/\d+ of 7 /);
  terminal.send("q");
  const shown = await terminal.waitFor(AFTERWARDS);
  expect(shown, `STORM_SEED=${SEED}`).toContain(`${AFTERWARDS} 0`);
  expect(await terminal.waitForExit()).toBe(0);
  expect(terminal.onAlternateScreen).toBe(false);
  expect(terminal.screen()).toMatch(/ icanon.* echo /s);
  const raw = written.join("");
  const modes = lastModes(raw);
  expect(Object.fromEntries([...modes].filter(([mode, how]) => how !== (["?25", "?7", "8"].includes(mode) ? "h" : "l"))), `STORM_SEED=${SEED}`).toEqual({});
  expect(strayInRaw(painted(raw)), `STORM_SEED=${SEED}`).toBe("");
  // A storm that came nowhere has proved nothing.
  for (const place of ["log of this dashboard", "events, newest first", "operations, newest first", "saved views", "The server is away"]) expect(raw).toContain(place);
}, TIMEOUT_MS);
