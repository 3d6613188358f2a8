// Laws of counting tests.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { completed, countCargo, countTwice, countVitest, failedFiles, runWithSecondTry, type Suite } from "./suite.mjs";

let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "qz-"))));
afterEach(() => rmSync(dir, { recursive: true }));

it("sums every test binary of cargo", () => {
  const log = join(dir, "cargo.log");
  writeFileSync(log, "running 2 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\ntest result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured\n");
  expect(countCargo(log)).toEqual({ passed: 5, failed: 1, skipped: 1 });
});

it("counts a test of cargo that says it was skipped as that, once", () => {
  const log = join(dir, "cargo.log");
  writeFileSync(log, "successes:\n\n---- one stdout ----\nskipped: no root\nskipped: no root\n\n---- two stdout ----\nworked: not skipped: no\n\n\nsuccesses:\n    one\n    two\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
  expect(countCargo(log)).toEqual({ passed: 1, failed: 0, skipped: 1 });
});

const file = (name: string, status: string, tests: string[]) => ({ name, status, assertionResults: tests.map((each) => ({ status: each })) });
function writeReport(name: string, testResults: unknown[]): string {
  const report = join(dir, name);
  writeFileSync(report, JSON.stringify({ testResults }));
  return report;
}

it("counts a test file that could not be loaded as one failure", () => {
  const report = writeReport("vitest.json", [file("a", "passed", ["passed", "passed"]), file("b", "failed", ["failed", "skipped"]), file("c", "failed", [])]);
  expect(countVitest(report)).toEqual({ passed: 2, failed: 2, skipped: 1 });
  expect(failedFiles(report)).toEqual(["b", "c"]);
});

it("counts the second try of a file, and the first one of all others", () => {
  const first = writeReport("first.json", [file("a", "passed", ["passed"]), file("b", "failed", ["passed", "failed"]), file("c", "failed", ["failed"])]);
  const second = writeReport("second.json", [file("b", "passed", ["passed", "passed"]), file("c", "failed", ["failed"])]);
  expect(countVitest(first, second)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  expect(countVitest(first, join(dir, "none.json"))).toEqual({ passed: 2, failed: 2, skipped: 0 });
});

it("names the files that passed only at the second try", () => {
  const first = writeReport("first.json", [file("/clone/test/a", "passed", ["passed"]), file("/clone/test/b", "failed", ["failed"]), file("/clone/test/c", "failed", ["failed"]), file("/clone/test/d", "failed", [])]);
  // Of d the second try left no word: it was interrupted.
  const second = writeReport("second.json", [file("/clone/test/b", "passed", ["passed"]), file("/clone/test/c", "failed", ["failed"])]);
  expect(countTwice(first, second, "/clone")).toEqual({ passed: 2, failed: 2, skipped: 0, secondTry: ["test/b"] });
  expect(countTwice(first, join(dir, "none.json"), "/clone")).toEqual({ passed: 1, failed: 3, skipped: 0 });
  expect(countTwice(join(dir, "none.json"), second, "/clone")).toBeUndefined();
});

describe("runWithSecondTry", () => {
  const count = (passed: number, failed: number) => ({ passed, failed, skipped: 0 });
  const suite = (exitCode: number, counted: ReturnType<typeof count>, again?: () => Suite) => ({ title: "Tests", program: process.execPath, arguments: ["-e", `process.exit(${exitCode})`], cwd: dir, count: () => counted, ...(again ? { again } : {}) });
  const run = (tried: Suite) => runWithSecondTry(tried, { env: process.env, log: (title) => join(dir, `${title}.log`) });

  it.each([
    ["what passes is not tried again", suite(0, count(2, 0), () => suite(1, count(0, 2))), count(2, 0)],
    ["what passes at the second try has passed", suite(1, count(1, 1), () => suite(0, count(2, 0))), count(2, 0)],
    ["what fails twice has failed", suite(1, count(1, 1), () => suite(1, count(1, 1))), count(1, 1)],
    ["what deserves no second try has failed", suite(1, count(0, 9)), count(0, 9)],
  ])("%s", async (_, tried, counted) => expect(await run(tried)).toEqual(counted));
});

it("counts a tool that failed without a failed test as one failure", () => {
  expect(completed({ passed: 0, failed: 0, skipped: 0 }, true).failed).toBe(1);
  expect(completed(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(completed(undefined, false)).toEqual({ passed: 1, failed: 0, skipped: 0 });
});

it("reports nothing where a tool left no report", () => {
  expect(countVitest(join(dir, "none.json"))).toBeUndefined();
});
