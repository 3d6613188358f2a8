// Laws of background services, with real processes.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { takeLock } from "./lock.mjs";
import { identify, isAlive } from "./process.mjs";
import { ensureService, proveService, readRunning, stopService } from "./service.mjs";

const END_MS = 5_000;
let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "qz-"))));
afterEach(async () => {
  await stopService(dir, "probe", END_MS);
  rmSync(dir, { recursive: true });
});

/** Writes its pid when ready, as the real services do. */
const READY_THEN_WAIT = 'require("fs").writeFileSync("ready", String(process.pid)); setInterval(() => {}, 1000)';
const probe = (script: string, build = "one") => ({
  name: "probe",
  program: process.execPath,
  arguments: ["-e", script],
  env: process.env,
  cwd: dir,
  log: join(dir, "probe.log"),
  build,
  isReady: (pid: number) => Promise.resolve(existsSync(join(dir, "ready")) && readFileSync(join(dir, "ready"), "utf8") === String(pid)),
  readyDeadlineMs: END_MS,
  endDeadlineMs: END_MS,
});
const runningPid = () => readRunning(dir, "probe")?.pid;

it("starts once, and a second time finds it running", async () => {
  expect(await ensureService(dir, probe(READY_THEN_WAIT))).toBe("started");
  const pid = runningPid();
  expect(await ensureService(dir, probe(READY_THEN_WAIT))).toBe("running");
  expect(runningPid()).toBe(pid);
});

it("replaces a service of another build", async () => {
  await ensureService(dir, probe(READY_THEN_WAIT));
  const old = runningPid();
  expect(await ensureService(dir, probe(READY_THEN_WAIT, "two"))).toBe("restarted");
  expect(identify(old ?? 0)).toBeUndefined();
});

it("leaves a service alone when its successor could not start", async () => {
  await ensureService(dir, probe(READY_THEN_WAIT));
  const old = runningPid();
  const successor = { ...probe(READY_THEN_WAIT, "two"), prove: () => Promise.reject(new Error("the port is taken")) };
  await expect(ensureService(dir, successor)).rejects.toThrow("the port is taken");
  expect([runningPid(), identify(old ?? 0)?.pid]).toEqual([old, old]);
  expect(await ensureService(dir, { ...successor, build: "one" })).toBe("running");
});

it("proves only a start that is due", async () => {
  const hopeless = { ...probe(READY_THEN_WAIT), prove: () => Promise.reject(new Error("no such database")) };
  await expect(proveService(dir, hopeless)).rejects.toThrow("no such database");
  await ensureService(dir, probe(READY_THEN_WAIT));
  await proveService(dir, hopeless);
  await expect(proveService(dir, { ...hopeless, build: "two" })).rejects.toThrow("no such database");
});

it("shows the last lines of a service that dies while starting", async () => {
  const death = ensureService(dir, probe('console.error("cannot open the journal"); process.exit(4)'));
  await expect(death).rejects.toMatchObject({ message: "The probe exited 4 while starting.", tail: expect.stringContaining("cannot open the journal") as string });
  expect(runningPid()).toBeUndefined();
});

it("takes a record of a recycled pid for what it is", async () => {
  writeFileSync(join(dir, "probe.service.json"), JSON.stringify({ pid: process.pid, startTime: "1", build: "one", startedAt: "", log: "" }));
  expect(runningPid()).toBeUndefined();
  expect(await ensureService(dir, probe(READY_THEN_WAIT))).toBe("started");
});

it("kills a service that will not end when asked", async () => {
  await ensureService(dir, probe(`process.on("SIGTERM", () => {}); ${READY_THEN_WAIT}`));
  const id = readRunning(dir, "probe");
  expect(await stopService(dir, "probe", 300)).toBe("forced");
  expect(id && isAlive(id)).toBe(false);
});

it("lets one launcher in at a time", async () => {
  const order: string[] = [];
  const release = await takeLock(dir, () => undefined);
  const second = takeLock(dir, () => order.push("waits")).then((free) => {
    order.push("enters");
    free();
  });
  await expect.poll(() => order).toEqual(["waits"]);
  release();
  await second;
  expect(order).toEqual(["waits", "enters"]);
});

it("takes over the lock of a dead launcher", async () => {
  writeFileSync(join(dir, "launch.lock"), JSON.stringify({ pid: process.pid, startTime: "1" }));
  const free = await takeLock(dir, () => undefined);
  free();
  expect(existsSync(join(dir, "launch.lock"))).toBe(false);
});
