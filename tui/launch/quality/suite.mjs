// Owns one suite of tests or checks: how it is run, and how many of it passed, failed and were skipped by what the tool
// itself reports to machines.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { LaunchFault } from "../fault.mjs";
import { openStepLine } from "../progress.mjs";
import { runLogged } from "../run.mjs";

/** @typedef {import("../context.mjs").Context} Context */
/** @typedef {{passed: number, failed: number, skipped: number, secondTry?: string[]}} Count secondTry: files that failed and then passed */
/**
 * @typedef {object} Suite
 * @property {string} title
 * @property {string} program
 * @property {string[]} arguments
 * @property {string} cwd
 * @property {Readonly<Record<string, string>>} [env] beside what every suite gets
 * @property {(log: string) => Count | undefined} count reads the tool's own figures; undefined when it left none
 * @property {() => Suite | undefined} [again] once it has failed: what of it deserves a second try, its count being of the whole
 */

/** @param {Context} context @returns {(title: string) => string} where a suite's log lies, by its title */
export const logOf = ({ paths }) => (title) => join(paths.logsDir, `${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.log`);

/** A tool that says yes or no is one test. @returns {Count | undefined} */
const yesOrNo = () => undefined;

/**
 * Compilers and linters: quick, and they name the cause of what follows. TypeScript's work on one core each and Rust's
 * on all, so they go well side by side.
 *
 * @param {Context} context
 * @returns {{typescript: Suite[], rust: Suite[]}}
 */
export function checkSuites(context) {
  const { repoDir } = context;
  const hypervisor = join(repoDir, "hypervisor");
  return {
    typescript: [
      nodeTool(repoDir, "TypeScript types", "typescript/bin/tsc", ["-p", "."]),
      nodeTool(repoDir, "ESLint", "eslint/bin/eslint.js", [".", "--max-warnings=0"]),
    ],
    rust: [
      { title: "Rust formatting", program: "cargo", arguments: ["fmt", "--all", "--check"], cwd: hypervisor, count: yesOrNo },
      { title: "Clippy", program: "cargo", arguments: ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], cwd: hypervisor, count: yesOrNo },
    ],
  };
}

/** Rust's tests that wait: for the host's switches, for their turn to have guests. More than those that work. */
const RUST_TEST_THREADS = "8";

/**
 * @param {Context} context
 * @param {string} workDir for the reports
 * @returns {{rust: Suite[], typescript: Suite[]}}
 */
export function testSuites(context, workDir) {
  const rust = { title: "Rust tests", program: "cargo", arguments: ["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"], cwd: join(context.repoDir, "hypervisor"), env: { RUST_TEST_THREADS }, count: countCargo };
  // The database tests alone may use a Postgres of the person's choice: elsewhere it would be shared by whole stacks.
  const databaseUrl = context.env["QUETZAL_TEST_DATABASE_URL"];
  const database = { ...vitestSuite(context, "db", workDir), env: databaseUrl ? { DATABASE_URL: databaseUrl } : {} };
  return { rust: [rust], typescript: [vitestSuite(context, "unit", workDir), database, vitestSuite(context, "e2e", workDir)] };
}

/** More failed files than this are no accident of a busy host. */
const MOST_TRIED_AGAIN = 5;

/** @param {Context} context @param {string} project @param {string} workDir @returns {Suite} */
function vitestSuite({ repoDir }, project, workDir) {
  const title = `TypeScript tests: ${project}`;
  const report = join(workDir, `vitest-${project}.json`);
  const secondReport = join(workDir, `vitest-${project}-again.json`);
  for (const old of [report, secondReport]) rmSync(old, { force: true });
  /** @param {string} output @param {string[]} files */
  const args = (output, files) => ["run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${output}`, ...files];
  const suite = nodeTool(repoDir, title, "vitest/vitest.mjs", args(report, []));
  // A busy host makes a screen or a guest miss its moment. The whole file has a second try: its tests tell one story.
  const again = () => {
    const failed = failedFiles(report);
    if (failed.length === 0 || failed.length > MOST_TRIED_AGAIN) return undefined;
    const names = failed.map((file) => relative(repoDir, file));
    return { ...nodeTool(repoDir, `${title}, again: ${names.join(", ")}`, "vitest/vitest.mjs", args(secondReport, names)), count: () => countTwice(report, secondReport, repoDir) };
  };
  return { ...suite, count: () => countVitest(report), again };
}

/** @param {string} repoDir @param {string} title @param {string} tool @param {string[]} args @returns {Suite} */
const nodeTool = (repoDir, title, tool, args) => ({ title, program: process.execPath, arguments: [join(repoDir, "node_modules", tool), ...args], cwd: repoDir, count: yesOrNo });

/**
 * Runs a suite, and once more what of it deserves that: a first failure is printed all the same.
 *
 * @param {Suite} suite
 * @param {{env: Readonly<Record<string, string | undefined>>, log: (title: string) => string, signal?: AbortSignal}} options log: the path of a suite's own log; written anew
 * @returns {Promise<Count>} of the last try
 */
export async function runWithSecondTry(suite, { env, log, signal }) {
  const first = await runSuite(suite, { env, log: log(suite.title), ...(signal ? { signal } : {}) });
  const again = first.failed > 0 && !signal?.aborted ? suite.again?.() : undefined;
  return again ? runSuite(again, { env, log: log(`${suite.title} again`), ...(signal ? { signal } : {}) }) : first;
}

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

/**
 * Sums `test result: ok. 5 passed; 0 failed; 1 ignored; …`, one line a test binary. For cargo a test that finds its host
 * unfit and returns has passed; by what it says, `skipped: why`, it was skipped.
 *
 * @param {string} log
 * @returns {Count}
 */
export function countCargo(log) {
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const results = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm)];
  const sum = results.reduce((sum, [, passed, failed, ignored]) => ({ passed: sum.passed + Number(passed), failed: sum.failed + Number(failed), skipped: sum.skipped + Number(ignored) }), { passed: 0, failed: 0, skipped: 0 });
  const unfit = text.split(/^---- .+ stdout ----$/m).slice(1).filter((said) => /^skipped: /m.test(said)).length;
  return { ...sum, passed: sum.passed - unfit, skipped: sum.skipped + unfit };
}

/** @typedef {{name: string, status: string, assertionResults: {status: string}[]}} TestFile */

/** @param {string} report @returns {TestFile[] | undefined} */
const readReport = (report) => (existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : undefined);

/** @param {string} report @returns {string[]} absolute paths of the files with a failed test, or that could not be loaded */
export const failedFiles = (report) => (readReport(report) ?? []).filter((file) => file.status === "failed").map((file) => file.name);

/**
 * @param {string} report
 * @param {string} [secondReport] of the files that were tried again, which counts instead
 * @returns {Count | undefined}
 */
export function countVitest(report, secondReport) {
  const first = readReport(report);
  if (!first) return undefined;
  const second = new Map((secondReport ? readReport(secondReport) ?? [] : []).map((file) => [file.name, file]));
  const files = first.map((file) => second.get(file.name) ?? file);
  const tests = files.flatMap((file) => file.assertionResults);
  /** @param {string[]} statuses */
  const having = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
  // A file that could not even be loaded holds no failed test, yet has failed.
  const broken = files.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")).length;
  return { passed: having("passed"), failed: having("failed") + broken, skipped: having("pending", "skipped", "todo") };
}

/**
 * @param {string} report
 * @param {string} secondReport
 * @param {string} repoDir which the names of what passed at the second try only are told without
 * @returns {Count | undefined}
 */
export function countTwice(report, secondReport, repoDir) {
  const count = countVitest(report, secondReport);
  const stillFailed = new Set(failedFiles(secondReport));
  const triedAgain = new Set((readReport(secondReport) ?? []).map((file) => file.name));
  const secondTry = failedFiles(report).filter((name) => triedAgain.has(name) && !stillFailed.has(name)).map((name) => relative(repoDir, name));
  return count && { ...count, ...(secondTry.length > 0 ? { secondTry } : {}) };
}

/** Enough for a dozen failures with their differences. */
const SHOWN_LINES = 200;

/** @param {string} text */
const lastLines = (text) => text.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
