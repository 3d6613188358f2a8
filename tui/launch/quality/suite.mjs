// Owns one suite of tests or checks: how it is run, and how many of it passed, failed and were skipped by what the tool
// itself reports to machines.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LaunchFault } from "../fault.mjs";
import { openStepLine } from "../progress.mjs";
import { runLogged } from "../run.mjs";

/** @typedef {import("../context.mjs").Context} Context */
/** @typedef {{passed: number, failed: number, skipped: number}} Count */
/**
 * @typedef {object} Suite
 * @property {string} title
 * @property {string} program
 * @property {string[]} arguments
 * @property {string} cwd
 * @property {Readonly<Record<string, string>>} [env] beside what every suite gets
 * @property {(log: string) => Count | undefined} count reads the tool's own figures; undefined when it left none
 */

/** A tool that says yes or no is one test. @returns {Count | undefined} */
const yesOrNo = () => undefined;

/** @param {Context} context @returns {Suite[]} compilers and linters: quick, and they name the cause of what follows */
export function checkSuites(context) {
  const { repoDir } = context;
  const hypervisor = join(repoDir, "hypervisor");
  return [
    nodeTool(repoDir, "TypeScript types", "typescript/bin/tsc", ["-p", "."]),
    nodeTool(repoDir, "ESLint", "eslint/bin/eslint.js", [".", "--max-warnings=0"]),
    { title: "Rust formatting", program: "cargo", arguments: ["fmt", "--all", "--check"], cwd: hypervisor, count: yesOrNo },
    { title: "Clippy", program: "cargo", arguments: ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], cwd: hypervisor, count: yesOrNo },
  ];
}

/**
 * @param {Context} context
 * @param {string} workDir for the reports
 * @returns {Suite[]}
 */
export function testSuites(context, workDir) {
  const rust = { title: "Rust tests", program: "cargo", arguments: ["test", "--workspace", "--locked", "--no-fail-fast"], cwd: join(context.repoDir, "hypervisor"), count: countCargo };
  // The database tests alone may use a Postgres of the person's choice: elsewhere it would be shared by whole stacks.
  const databaseUrl = context.env["QUETZAL_TEST_DATABASE_URL"];
  const database = { ...vitestSuite(context, "db", workDir), env: databaseUrl ? { DATABASE_URL: databaseUrl } : {} };
  return [rust, vitestSuite(context, "unit", workDir), database, vitestSuite(context, "e2e", workDir)];
}

/** @param {Context} context @param {string} project @param {string} workDir @returns {Suite} */
function vitestSuite({ repoDir }, project, workDir) {
  const report = join(workDir, `vitest-${project}.json`);
  rmSync(report, { force: true });
  const args = ["run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return { ...nodeTool(repoDir, `TypeScript tests: ${project}`, "vitest/vitest.mjs", args), count: () => countVitest(report) };
}

/** @param {string} repoDir @param {string} title @param {string} tool @param {string[]} args @returns {Suite} */
const nodeTool = (repoDir, title, tool, args) => ({ title, program: process.execPath, arguments: [join(repoDir, "node_modules", tool), ...args], cwd: repoDir, count: yesOrNo });

/**
 * @param {Suite} suite
 * @param {{env: Readonly<Record<string, string | undefined>>, log: string, signal?: AbortSignal}} options log: of this suite alone; written anew
 * @returns {Promise<Count>}
 */
export async function runSuite(suite, { env, log, signal }) {
  rmSync(log, { force: true });
  const line = openStepLine(suite.title);
  /** @type {LaunchFault | undefined} */
  let fault;
  try {
    await runLogged({ ...suite, env: { ...env, ...suite.env }, log, mend: "see the log.", onLine: line.report, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (!(error instanceof LaunchFault)) throw error;
    fault = error;
  }
  const count = completed(suite.count(log), fault !== undefined);
  const summary = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;
  if (count.failed === 0) line.done(summary);
  else {
    line.fail();
    process.stdout.write(`${existsSync(log) ? lastLines(readFileSync(log, "utf8")) : ""}\n  ${suite.title}: ${summary}. Log: ${log}\n`);
  }
  return count;
}

/** A tool that failed without a failed test (it did not compile, it died) has failed once all the same. @param {Count | undefined} count @param {boolean} hasFailed @returns {Count} */
export function completed(count, hasFailed) {
  if (!count) return { passed: hasFailed ? 0 : 1, failed: hasFailed ? 1 : 0, skipped: 0 };
  return hasFailed && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/** Sums `test result: ok. 5 passed; 0 failed; 1 ignored; …`, one line a test binary. @param {string} log @returns {Count} */
export function countCargo(log) {
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const results = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm)];
  return results.reduce((sum, [, passed, failed, ignored]) => ({ passed: sum.passed + Number(passed), failed: sum.failed + Number(failed), skipped: sum.skipped + Number(ignored) }), { passed: 0, failed: 0, skipped: 0 });
}

/** @param {string} report @returns {Count | undefined} */
export function countVitest(report) {
  if (!existsSync(report)) return undefined;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  // A file that could not even be loaded holds no failed test, yet has failed.
  const broken = testResults.filter((/** @type {{status: string, assertionResults: {status: string}[]}} */ file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")).length;
  return { passed: numPassedTests, failed: numFailedTests + broken, skipped: numPendingTests + numTodoTests };
}

/** Enough for a dozen failures with their differences. */
const SHOWN_LINES = 200;

/** @param {string} text */
const lastLines = (text) => text.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
