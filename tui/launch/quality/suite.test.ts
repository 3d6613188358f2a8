// Laws of counting tests.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { completed, countCargo, countVitest } from "./suite.mjs";

let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "qz-"))));
afterEach(() => rmSync(dir, { recursive: true }));

it("sums every test binary of cargo", () => {
  const log = join(dir, "cargo.log");
  writeFileSync(log, "running 2 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\ntest result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured\n");
  expect(countCargo(log)).toEqual({ passed: 5, failed: 1, skipped: 1 });
});

it("counts a test file that could not be loaded as one failure", () => {
  const report = join(dir, "vitest.json");
  const file = (status: string, tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });
  writeFileSync(report, JSON.stringify({ numPassedTests: 2, numFailedTests: 1, numPendingTests: 1, numTodoTests: 0, testResults: [file("passed", ["passed", "passed"]), file("failed", ["failed"]), file("failed", [])] }));
  expect(countVitest(report)).toEqual({ passed: 2, failed: 2, skipped: 1 });
});

it("counts a tool that failed without a failed test as one failure", () => {
  expect(completed({ passed: 0, failed: 0, skipped: 0 }, true).failed).toBe(1);
  expect(completed(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(completed(undefined, false)).toEqual({ passed: 1, failed: 0, skipped: 0 });
});

it("reports nothing where a tool left no report", () => {
  expect(countVitest(join(dir, "none.json"))).toBeUndefined();
});
