// Owns `npm run status`: what runs, since when, where it listens and logs. Works whether the services run or not.
import { join } from "node:path";
import { DAEMON, readServer, SERVER, servicePlan } from "./services/plan.mjs";
import { readPostgres } from "./services/postgres.mjs";
import { readRunning } from "./services/service.mjs";
import { livingVms } from "./services/vms.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** Exit code when not everything runs, as service managers use it (LSB: 3, program is not running). */
const NOT_RUNNING = 3;
/** The longest title, "postgres", and a space. */
const TITLE_COLUMNS = 9;

/** @param {Context} context @returns {Promise<number>} exit code */
export async function status(context) {
  const { paths } = context;
  const lines = [row("State", paths.stateDir), row("Run", paths.runDir)];
  let allRun = true;
  for (const service of servicePlan(context)) {
    const running = readRunning(paths.runDir, service.name);
    allRun &&= running !== undefined;
    if (!running) lines.push(row(service.name, `not running   log ${service.log}`));
    else {
      const old = running.build === service.build ? "" : "   (of another build or settings: npm start renews it)";
      lines.push(row(service.name, runningText(running) + old));
    }
    if (running && service.name === SERVER) lines.push(row("", `GraphQL and GraphiQL at ${readServer(paths.serverJson)?.url ?? "an unknown address"}   token in ${paths.tokenFile}`));
    if (running && service.name === DAEMON) lines.push(row("", `gRPC at ${paths.quetzaldSocket}`));
  }
  const database = databaseRow(context);
  allRun &&= database.runs;
  lines.push(database.line);
  const vms = livingVms(paths);
  lines.push(row("VMs", vms.length === 0 ? "none runs" : `${vms.length} running`), ...vms.map((vm) => row("", `${vm.id} ${runningText(vm)}`)));
  process.stdout.write(`${lines.join("\n")}\n`);
  return allRun ? 0 : NOT_RUNNING;
}

/** @param {Context} context @returns {{line: string, runs: boolean}} */
function databaseRow({ env, paths }) {
  // Somebody else's Postgres; its address may hold a password.
  if (env["DATABASE_URL"]) return { line: row("postgres", "the one that DATABASE_URL names"), runs: true };
  const log = join(paths.logsDir, "postgres.log");
  const postgres = readPostgres(paths.stateDir);
  if (!postgres) return { line: row("postgres", `not running   log ${log}`), runs: false };
  return { line: row("postgres", runningText({ ...postgres, log })), runs: true };
}

/** @param {{pid: number, startedAt: string, log: string}} process */
const runningText = ({ pid, startedAt, log }) => `running since ${startedAt} (${age(startedAt)})   pid ${pid}   log ${log}`;

/** @param {string} title @param {string} text */
const row = (title, text) => title.padEnd(TITLE_COLUMNS) + text;

/** @param {string} since RFC 3339 */
function age(since) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
