// How fast the past is: one instant of 30 VMs from the API, and from a key to the painted screen, over a month of history.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { HOST_METRICS, VM_METRICS } from "../../../server/src/metrics/catalog.js";
import { VCPU_METRICS } from "../../../server/src/metrics/vcpus.js";
import { ScriptedStack } from "../../support/scripted-stack.js";
import type { Stack } from "../../support/stack.js";
import { cliPath } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { figure, NO_TARGET } from "../figure.js";
import { stopwatch, timed, type Suite } from "../suite.js";

const VMS = 30;
const VCPUS = 4;
const ROUNDS = 20;
const KEY_DEADLINE_MS = 5_000;
const REST_MS = 400;
const DAY_MS = 86_400_000;
/** Keys from five minutes to 30 days. */
const TO_A_MONTH = 10;
/** Each table with its step and how long it is kept, in seconds. */
const TABLES = [["metric_ten_seconds", 10, 86_400], ["metric_minutes", 60, 30 * 86_400], ["metric_ten_minutes", 600, 30 * 86_400], ["metric_hours", 3_600, 30 * 86_400]] as const;

const count = (metrics: object): number => Object.keys(metrics).length;

/** A month of made-up figures for every VM with its vCPUs and the host, as if they had always run. */
async function fill(stack: Stack): Promise<void> {
  const socket = readdirSync(stack.stateDir, { recursive: true, encoding: "utf8" }).find((path) => path.includes(".s.PGSQL.") && !path.endsWith(".lock"));
  if (socket === undefined) throw new Error(`the server's Postgres has no socket below ${stack.stateDir}`);
  const client = new pg.Client({ host: join(stack.stateDir, dirname(socket)), user: "quetzal", database: "postgres" });
  await client.connect();
  try {
    await client.query(`INSERT INTO metric_subjects (kind, reference) SELECT kind::metric_subject_kind, id FROM vms CROSS JOIN unnest(ARRAY['VM', 'VM_VCPUS']) AS kind UNION ALL SELECT 'HOST', id FROM hosts ON CONFLICT DO NOTHING`);
    for (const [table, step, kept] of TABLES) {
      await client.query(`
        INSERT INTO ${table} (subject_id, time, mean, max, count)
        SELECT subject.id, date_bin('${step} seconds', now(), 'epoch') - place * interval '${step} seconds', figures, figures, array_fill(${Math.min(step, 3_600)}::smallint, ARRAY[metrics])
        FROM (SELECT id, CASE kind WHEN 'VM' THEN ${count(VM_METRICS)} WHEN 'HOST' THEN ${count(HOST_METRICS)} ELSE ${VCPUS * count(VCPU_METRICS)} END AS metrics FROM metric_subjects) AS subject
        CROSS JOIN generate_series(1, ${kept / step}) AS place CROSS JOIN LATERAL (SELECT array_fill((0.5 + sin(place / 50.0) / 2)::real, ARRAY[metrics]) AS figures) AS made
        ON CONFLICT DO NOTHING`);
    }
    // So that the VMs were there a month ago.
    await client.query("UPDATE vm_versions SET time = now() - interval '31 days'");
    await client.query("UPDATE vm_moments SET time = now() - interval '31 days', state_since = now() - interval '31 days'");
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
}

/** From a key to the first screen that has what it asks for; `before` is what the screen showed when it was pressed. */
async function keyToScreen(screen: TerminalDriver, keys: string, has: (text: string, before: string) => boolean): Promise<number> {
  await delay(REST_MS);
  const before = screen.screen();
  const start = performance.now();
  screen.send(keys);
  while (!has(screen.screen(), before)) {
    if (performance.now() - start > KEY_DEADLINE_MS) throw new Error(`${JSON.stringify(keys)} was not answered within ${KEY_DEADLINE_MS} ms; it shows:\n${screen.screen()}`);
    await delay(1);
  }
  return performance.now() - start;
}

async function onScreen(stack: Stack): Promise<{ month: number[]; vcpus: number[]; scrub: number[] }> {
  await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv, columns: 120, rows: 40 });
  await screen.waitFor(/scripted-\d+ +running +\d/);
  screen.send("\r");
  await screen.waitFor("1 graphs");
  screen.send("-".repeat(TO_A_MONTH - 1));
  const isDrawn = (text: string): boolean => !text.includes("asking the server") && /-20d/.test(text);
  // The graph of a month is asked for anew each time: the one of a week takes its place in between.
  const aMonth = (has: (text: string) => boolean) => timed(ROUNDS, async () => {
    const took = await keyToScreen(screen, "-", has);
    screen.send("+");
    await screen.waitFor(/-6d/);
    return took;
  });
  const month = await aMonth(isDrawn);
  screen.send("2");
  const vcpus = await aMonth((text) => isDrawn(text) && /last 30d[^]*\n +0 .*[▁▂▃▄▅▆▇█]{15}/.test(text));
  screen.send("00\u001b");
  await screen.waitFor(/by CPU/);
  screen.send("{");
  await screen.waitFor("PAST");
  const scrub = await timed(ROUNDS, () => keyToScreen(screen, "{", (text, before) => text.includes("PAST") && !text.includes("asking") && clockOf(text) !== clockOf(before)));
  screen.send("q");
  await screen.waitForExit();
  return { month, vcpus, scrub };
}

function clockOf(text: string): string {
  return /\d\d:\d\d:\d\d/.exec(text)?.[0] ?? "";
}

export const past: Suite = {
  name: "past",
  about: "an instant of the past, and a month of one VM, from the API and on the screen",
  async run(note) {
    await using stack = await ScriptedStack.startScripted({ vms: VMS, ticksPerSecond: 1 });
    note("filling in a month of history");
    await fill(stack);
    const frame = (agoMs: number) => stopwatch(() => stack.api.query("query ($at: DateTime!) { past(at: $at) { vms { id name state sample { cpuRatio rssBytes } } } }", { at: new Date(Date.now() - agoMs).toISOString() }));
    const frames = await timed(ROUNDS, (round) => frame((2 + round) * DAY_MS / 2), 3);
    const { month, vcpus, scrub } = await onScreen(stack);
    return [
      figure(`one instant of ${VMS} VMs, from the API`, "ms", frames, NO_TARGET),
      figure("a step back: key → the screen of then", "ms", scrub, NO_TARGET),
      figure("30-day graph of one VM: key → painted", "ms", month, { atMost: 200 }),
      figure(`30 days of its ${VCPUS} vCPUs: key → painted`, "ms", vcpus, { atMost: 200 }),
    ];
  },
};
