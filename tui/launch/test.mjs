// Owns `npm test`: sets up what the tests need, runs every suite of every tier, looks for what they left behind, and ends
// in one line. Uses a cache outside the clone, so that a second clone starts warm.
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openStepLine } from "./progress.mjs";
import { closingLines, runLanes, sum } from "./quality/lanes.mjs";
import { findLeaks, lookBefore, RUN_MARK } from "./quality/leaks.mjs";
import { checkSuites, logOf, testSuites } from "./quality/suite.mjs";
import { BUILDS } from "./setup.mjs";
import { runSteps } from "./step.mjs";
import { developmentPackagesStep } from "./steps/packages.mjs";
import { usersStep } from "./steps/users.mjs";

/** @typedef {import("./context.mjs").Context} Context */
/** @typedef {import("./quality/suite.mjs").Count} Count */

/** The person's own settings must not steer a test towards a running server. */
const NOT_FOR_TESTS = new Set(["QUETZAL_STATE_DIR", "QUETZAL_URL", "QUETZAL_TOKEN", "QUETZAL_CONTEXT", "QUETZAL_LISTEN", "QUETZAL_DB_USER", "DATABASE_URL"]);

/** @param {Context} original @returns {Promise<number>} exit code */
export async function test(original) {
  const context = testContext(original);
  await runSteps(context, [developmentPackagesStep, usersStep, ...BUILDS]);
  const before = lookBefore();
  const run = { mark: randomBytes(8).toString("hex"), tempDir: makeTempDir() };
  try {
    const env = { ...context.env, TMPDIR: run.tempDir, XDG_CONFIG_HOME: join(run.tempDir, "config"), [RUN_MARK]: run.mark };
    const total = sum([await runSuites(context, env), await checkLeaks(before, run)]);
    process.stdout.write(closingLines(total));
    return total.failed === 0 ? 0 : 1;
  } finally {
    rmSync(run.tempDir, { recursive: true, force: true });
  }
}

/**
 * The set-up of tests: images, cargo's output and logs live in the cache, and no state folder is touched.
 *
 * @param {Context} context
 * @returns {Context}
 */
export function testContext(context) {
  const { cacheDir } = context;
  const imagesDir = join(cacheDir, "images");
  const targetDir = context.env["CARGO_TARGET_DIR"] ? context.targetDir : join(cacheDir, "target");
  const kept = Object.entries(context.env).filter(([name]) => !NOT_FOR_TESTS.has(name));
  const env = { ...Object.fromEntries(kept), CARGO_TARGET_DIR: targetDir, QUETZAL_TEST_IMAGES: imagesDir, QUETZAL_TEST_CACHE: join(cacheDir, "vitest") };
  return { ...context, env, targetDir, paths: { ...context.paths, imagesDir, logsDir: join(cacheDir, "logs"), buildDir: join(cacheDir, "build") } };
}

/** Short, because sockets lie below it; open, because QEMU and Postgres run as users of their own. */
function makeTempDir() {
  const dir = mkdtempSync("/tmp/qzt-");
  chmodSync(dir, 0o755);
  return dir;
}

/** @param {Context} context @param {Readonly<Record<string, string | undefined>>} env @returns {Promise<Count>} */
async function runSuites(context, env) {
  const reports = join(context.cacheDir, "reports");
  mkdirSync(reports, { recursive: true });
  const checks = checkSuites(context);
  const tests = testSuites(context, reports);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  // The suite under way ends; what follows is tidying up and an honest count. Asked again and again, that still happens.
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const options = { env, log: logOf(context), signal: interruption.signal };
  const first = await runLanes([checks.typescript, [...checks.rust, ...tests.rust]], options);
  // Each of these has the machine for itself: it brings as many workers as that bears.
  const rest = await runLanes([tests.typescript], options);
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  return sum([first, rest]);
}

/** @param {import("./quality/leaks.mjs").Before} before @param {{mark: string, tempDir: string}} run @returns {Promise<Count>} */
async function checkLeaks(before, run) {
  const line = openStepLine("Nothing left behind");
  const leaks = await findLeaks(before, run);
  if (leaks.length === 0) line.done();
  else {
    line.fail();
    process.stdout.write(`The tests left behind:\n${leaks.map((leak) => `    ${leak}\n`).join("")}`);
  }
  return { passed: leaks.length === 0 ? 1 : 0, failed: leaks.length === 0 ? 0 : 1, skipped: 0 };
}
