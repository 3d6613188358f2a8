// Laws of finding the embedded Postgres, with a process of our own in its place: only the data folder and /proc count.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { endPostgres, readPostgres } from "./postgres.mjs";
import { waitUntil } from "./process.mjs";

let stateDir: string;
let dataDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "qz-"));
  dataDir = join(stateDir, "postgres", "data");
  mkdirSync(dataDir, { recursive: true });
});
afterEach(() => { rmSync(stateDir, { recursive: true, force: true }); });

const note = (pid: number): void => { writeFileSync(join(dataDir, "postmaster.pid"), `${pid}\n${dataDir}\n1700000000\n5432\n`); };

it("finds none where none was made, and none for a note of a stranger's process", () => {
  expect(readPostgres(join(stateDir, "nowhere"))).toBeUndefined();
  expect(readPostgres(stateDir)).toBeUndefined();
  note(process.pid);
  expect(readPostgres(stateDir)).toBeUndefined();
});

it("finds the process that works in the data folder, since when it runs, and nothing once it is gone", async () => {
  const child = spawn("sleep", ["60"], { cwd: dataDir, stdio: "ignore" });
  const pid = child.pid ?? 0;
  try {
    note(pid);
    expect(readPostgres(stateDir)).toEqual({ pid, startedAt: "2023-11-14T22:13:20.000Z" });
  } finally {
    child.kill("SIGKILL");
  }
  expect(await waitUntil(() => readPostgres(stateDir) === undefined, 5_000)).toBe(true);
});

it("ends one that outlived its server, and finds none to end after that", async () => {
  const child = spawn("sleep", ["60"], { cwd: dataDir, stdio: "ignore" });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => { resolve(signal); }));
  note(child.pid ?? 0);
  expect(await endPostgres(stateDir, 5_000)).toBe("asked");
  expect(await ended).toBe("SIGINT");
  expect(await endPostgres(stateDir, 5_000)).toBe("gone");
});
