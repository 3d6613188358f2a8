// The dashboard as text, against the recorded server: the same facts, a line each, and nothing that a terminal acts on.
import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { AT_HOME_NOWHERE } from "./support/dashboard.js";
import { eventually } from "./support/process.js";
import { RecordedServer } from "./support/recorded-server.js";

const TIMEOUT_MS = 60_000;

describe("quetzal top --plain", () => {
  let server: RecordedServer;
  beforeAll(async () => (server = await RecordedServer.open({ clock: "running", names: ["日本語", "\x1b[31mred"] })));
  afterAll(() => server[Symbol.asyncDispose]());

  function start(args: readonly string[]): { child: ReturnType<typeof spawn>; said: () => string; ended: Promise<number | null> } {
    const child = spawn(process.execPath, [inject("programs").quetzal, ...args], { env: { ...process.env, ...AT_HOME_NOWHERE, QUETZAL_URL: server.url }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    return { child, said: () => said, ended: new Promise((resolve) => child.once("close", resolve)) };
  }

  async function told(...args: string[]): Promise<string> {
    const { said, ended } = start(args);
    await ended;
    return said();
  }

  it.each([
    [["top", "--plain"], /7 VMs, 4 running[^]*Host: CPU[^]*日本語: RUNNING\. CPU/],
    [["dashboard", "--plain", "--page", "hosts"], /connected\. 2 cores[^]*kvm: no, emulated only/],
    [["top", "--plain", "--page", "events"], /UTC: .*db-old/],
    [["top", "--plain", "--page", "operations"], /No operation yet\./],
    [["top", "--plain", "--page", "alerts"], /Alert, critical: .*db-old/],
    [["top", "--plain", "--at", "1m"], /^As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, by figures of 1 s each\.\n.*VMs, [^]*web-1: RUNNING\. CPU [\d.]+ % of a core/],
    [["top", "--plain", "--vm", "web-1", "--at", "1m"], /^As of [^]*web-1: RUNNING[^]*Memory: configured/],
    [["top", "--plain", "--page", "events", "--at", "1s"], /^As of [^]*UTC: /],
    [["top", "--plain", "--vm", "web-1"], /web-1: RUNNING[^]*Memory: configured 256 MiB[^]*vCPU 0: [^]*Disk vda: read/],
    [["top", "--plain", "--page", "memory"], /lab1: memory [\d.]+ GiB, where it was at [^]*lab1, VMs: [\d.]+ [MG]iB, \d+ %\.[^]*KSM: saves [^]*Controller: [^]*web-1: RUNNING\. Costs [\d.]+ MiB/],
    [["top", "--plain", "--page", "memory", "--at", "1m"], /^As of [^]*lab1: memory [^]*KSM: saves /],
    [["top", "--plain", "--page", "why", "--vm", "web-2"], /web-2: [^]*Looked through \d\d-\d\d \d\d:\d\d:\d\d to /],
    [["top", "--plain", "--page", "why", "--vm", "web-2", "--at", "1m"], /^As of [^]*web-2: [^]*Looked through /],
  ])("%j says what the page says, without an escape", async (args, expected) => {
    const text = await told(...args);
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  }, TIMEOUT_MS);

  it("goes on with what changes, until it is told to end", async () => {
    const { child, said, ended } = start(["top", "--plain", "--watch", "--interval", "1"]);
    await eventually("the first page", () => /7 VMs/.test(said()) || undefined, TIMEOUT_MS);
    server.change("web-1", "PAUSED");
    await eventually("the change", () => /\d\d:\d\d:\d\d UTC\n[^]*web-1: PAUSED/.test(said()) || undefined, TIMEOUT_MS);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(said().match(/db-old: CRASHED/g)).toHaveLength(1);
  }, TIMEOUT_MS);

  it.each([[["--at", "2999-01-01 00:00"], "is yet to come"], [["--at", "soon"], "Give an instant such as"], [["--at", "1m", "--watch"], "exclude each other"], [["--at", "1m", "--page", "hosts"], "Of the page hosts the past is not kept"], [["--vm", "nobody", "--at", "1m"], "nobody"], [["--vm", "nobody"], "nobody"], [["--page", "vm"], "needs --vm"], [["--page", "events", "--vm", "web-1"], "is about all VMs"], [["--page", "speed"], "There is no such page; pages as plain text are overview, vm, why, memory, hosts, events, operations, alerts."], [["--page", "why"], "needs --vm"], [["--page", "memory", "--vm", "web-1"], "is about all VMs"], [["--page", "compare"], "'quetzal vm ls -o wide' tells it in text"]])("says what is wrong with %j", async (args, expected) => {
    expect(await told("top", "--plain", ...args)).toContain(expected);
  }, TIMEOUT_MS);
});
