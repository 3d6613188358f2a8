// Owns `npm run status`: what runs, since when, where it listens and logs. Works whether the services run or not.
import { DAEMON, readServer, SERVER, servicePlan } from "./services/plan.mjs";
import { readRunning } from "./services/service.mjs";
import { livingVms } from "./stop.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** Exit code when not everything runs, as service managers use it (LSB: 3, program is not running). */
const NOT_RUNNING = 3;

/** @param {Context} context @returns {Promise<number>} exit code */
export async function status(context) {
  const { paths } = context;
  const lines = [`State   ${paths.stateDir}`, `Run     ${paths.runDir}`];
  let allRun = true;
  for (const service of servicePlan(context)) {
    const running = readRunning(paths.runDir, service.name);
    allRun &&= running !== undefined;
    const title = service.name.padEnd(8);
    if (!running) lines.push(`${title}not running   log ${service.log}`);
    else {
      const old = running.build === service.build ? "" : "   (of an older build: npm start renews it)";
      lines.push(`${title}running since ${running.startedAt} (${age(running.startedAt)})   pid ${running.pid}   log ${running.log}${old}`);
    }
    if (running && service.name === SERVER) lines.push(`        GraphQL and GraphiQL at ${readServer(paths.serverJson)?.url ?? "an unknown address"}   token in ${paths.tokenFile}`);
    if (running && service.name === DAEMON) lines.push(`        gRPC at ${paths.quetzaldSocket}`);
  }
  const vms = livingVms(context);
  lines.push(`VMs     ${vms.length === 0 ? "none runs" : `${vms.length} running: ${vms.join(", ")}`}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  return allRun ? 0 : NOT_RUNNING;
}

/** @param {string} since RFC 3339 */
function age(since) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
