// Laws of running suites side by side.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { closingLines, runLanes, sum } from "./lanes.mjs";
import type { Suite } from "./suite.mjs";

let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "qz-"))));
afterEach(() => rmSync(dir, { recursive: true }));

const suite = (title: string, program: string, done = (): void => undefined): Suite => ({
  title, program: process.execPath, arguments: ["-e", program], cwd: dir,
  count: () => {
    done();
    return { passed: 2, failed: 0, skipped: 1 };
  },
});
const options = () => ({ env: process.env, log: (title: string) => join(dir, `${title}.log`) });

it("runs the suites of a lane one after another, and gives the sum of all lanes", async () => {
  const order = join(dir, "order");
  const written = (title: string): Suite => suite(title, `require("fs").appendFileSync("${order}", "${title} begins ")`, () => appendFileSync(order, `${title} ends `));
  expect(await runLanes([[written("one"), written("two")], [suite("other", "")]], options())).toEqual({ passed: 6, failed: 0, skipped: 3, secondTry: [] });
  expect(readFileSync(order, "utf8")).toBe("one begins one ends two begins two ends ");
});

it("runs lanes side by side: each can wait for the other's", async () => {
  const meets = (own: string, other: string): string => `const fs = require("fs"); fs.writeFileSync("${own}", ""); const look = () => fs.existsSync("${other}") || setTimeout(look, 5); look();`;
  expect(await runLanes([[suite("one", meets("a", "b"))], [suite("two", meets("b", "a"))]], options())).toMatchObject({ passed: 4, failed: 0 });
});

it("counts what an interruption left out of each lane as failed", async () => {
  const interruption = new AbortController();
  const last = suite("last", "", () => interruption.abort());
  const counts = await runLanes([[last, suite("never", ""), suite("neither", "")]], { ...options(), signal: interruption.signal });
  expect(counts).toEqual({ passed: 2, failed: 2, skipped: 1, secondTry: [] });
});

it("ends in the sum, above it the files that passed only at their second try", () => {
  const count = (passed: number, ...secondTry: string[]) => ({ passed, failed: 0, skipped: 1, ...(secondTry.length > 0 ? { secondTry } : {}) });
  expect(closingLines(sum([count(3), count(4)]))).toBe("7 passed, 0 failed, 2 skipped\n");
  expect(closingLines(sum([count(3), count(4, "test/a.test.ts")]))).toBe("1 file passed only at the second try: test/a.test.ts\n7 passed, 0 failed, 2 skipped\n");
  expect(closingLines(sum([count(3, "test/a.test.ts"), count(4, "b", "c")]))).toBe("3 files passed only at the second try: test/a.test.ts, b, c\n7 passed, 0 failed, 2 skipped\n");
});
