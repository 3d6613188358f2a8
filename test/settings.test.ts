// `quetzal config` and `quetzal context` as a person types them, with a config.yaml of their own.
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { AT_HOME_NOWHERE } from "./support/dashboard.js";
import { RecordedServer } from "./support/recorded-server.js";

const TIMEOUT_MS = 60_000;

describe("config and context on the command line", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qz-cfg-"));
    mkdirSync(join(folder, "quetzal"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (): string => join(folder, "quetzal/config.yaml");
  const write = (text: string): void => writeFileSync(path(), text, { mode: 0o600 });

  function quetzal(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; err: string }> {
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [inject("programs").quetzal, ...args], { env: { ...process.env, ...AT_HOME_NOWHERE, XDG_CONFIG_HOME: folder, QUETZAL_STATE_DIR: folder, QUETZAL_URL: "", ...env } }, (_error, out, err) =>
        resolve({ code: child.exitCode ?? 1, out, err }),
      );
    });
  }

  it("say where the file is, what is wrong with it, and what it could say", async () => {
    expect((await quetzal(["config", "path"])).out).toBe(`${path()}\n`);
    expect(await quetzal(["config", "check"])).toMatchObject({ code: 0, out: `${path()}: nothing is wrong\n` });
    write("mouse: maybe\ncolumns: [name, speed]\ncurrent: nowhere\n");
    const { code, out } = await quetzal(["config", "check"]);
    expect(code).toBe(2);
    for (const line of [1, 2, 3]) expect(out).toContain(`${path()}:${line}: `);
    const json = JSON.parse((await quetzal(["config", "check", "-o", "json"])).out) as { faults: { line: number }[] };
    expect(json.faults.map((fault) => fault.line).sort()).toEqual([1, 2, 3]);
    expect((await quetzal(["config", "example"])).out).toContain("#contexts:");
  }, TIMEOUT_MS);

  it("have each wrong line about servers named on standard error, the dashboard's counted, and are answered all the same", async () => {
    await using server = await RecordedServer.open({ vms: 3 });
    const env = { QUETZAL_URL: server.url };
    write("mouse: maybe\ncolour: red\ncolumns: [name, speed]\nsort: -cpu\n");
    const ran = await quetzal(["vm", "ls", "-o", "name"], env);
    expect(ran).toMatchObject({ code: 0, out: "test-vm-001\nbuild-runner\nweb-1\n" });
    const said = ran.err.trimEnd().split("\n");
    expect(said).toEqual([expect.stringMatching(new RegExp(`^${path()}:2: \\S`)), "2 wrong lines of config.yaml concern the dashboard: 'quetzal config check' names them."]);
    // What is read by a program stays what that program expects.
    expect(await quetzal(["vm", "ls", "-o", "json"], env)).toMatchObject({ code: 0, err: "" });
    expect(await quetzal(["complete", "vm", "start", ""], env)).toMatchObject({ err: "" });
  }, TIMEOUT_MS);

  it("have filters checked by the server, and say so where there is none", async () => {
    await using server = await RecordedServer.open({ vms: 3 });
    write("views:\n  - name: hot\n    filter: cpu>\n  - name: fine\n    filter: state:running\ncommands:\n  - name: ping\n    run: [ping]\n    where: stat:running\n");
    const ran = await quetzal(["config", "check"], { QUETZAL_URL: server.url });
    expect(ran.code).toBe(2);
    const [view = "", command = "", ...others] = ran.out.trimEnd().split("\n");
    expect(others).toEqual([]);
    expect(view).toContain(`${path()}:3: The filter of the view "hot" is left out: `);
    expect(command).toContain(`${path()}:9: The where of the command "ping" is no filter, so the command is refused: `);
    expect(await quetzal(["config", "check"])).toMatchObject({ code: 0, out: `${path()}: nothing is wrong\n`, err: expect.stringContaining("The filters in it were not checked, which takes a server: ") as string });
  }, TIMEOUT_MS);

  it("list and choose contexts, and ask the server of the one that is meant", async () => {
    await using here = await RecordedServer.open({ vms: 3 });
    await using there = await RecordedServer.open({ vms: 5 });
    write(`# mine\ncontexts:\n  - {name: here, url: '${here.url}'}\n  - {name: there, url: '${there.url}', tokenFile: t}\n`);
    expect(await quetzal(["context", "use", "here"])).toMatchObject({ code: 0, out: "here: current\n" });
    expect(readFileSync(path(), "utf8")).toContain("# mine");
    expect((await quetzal(["context", "ls"])).out).toMatch(/\* +here[^]* {2,}there/);
    expect((await quetzal(["top", "--plain"])).out).toContain("3 VMs");
    expect(await quetzal(["top", "--plain", "--context", "there"])).toMatchObject({ code: 6, err: expect.stringContaining("cannot be read (ENOENT)") as string });
    writeFileSync(join(folder, "quetzal/t"), "secret\n");
    chmodSync(join(folder, "quetzal/t"), 0o644);
    expect((await quetzal(["top", "--plain", "--context", "there"])).err).toContain("chmod 600");
    chmodSync(join(folder, "quetzal/t"), 0o600);
    expect((await quetzal(["top", "--plain", "--context", "there"])).out).toContain("5 VMs");
    expect((await quetzal(["top", "--plain"], { QUETZAL_CONTEXT: "there" })).out).toContain("5 VMs");
    expect((await quetzal(["top", "--plain"], { QUETZAL_URL: there.url, QUETZAL_CONTEXT: "here" })).out).toContain("5 VMs");
  }, TIMEOUT_MS);

  it("say which contexts there are when one is not", async () => {
    write("contexts:\n  - {name: here, url: 'http://127.0.0.1:1'}\n");
    expect(await quetzal(["vm", "ls", "--context", "nowhere"])).toMatchObject({ code: 2, err: expect.stringContaining("there are local, here") as string });
    expect(await quetzal(["context", "use", "nowhere"])).toMatchObject({ code: 3 });
    expect(await quetzal(["vm", "ls", "--context", "local"])).toMatchObject({ code: 5 });
  }, TIMEOUT_MS);

  it("colour a pipe only when asked to", async () => {
    await using server = await RecordedServer.open({ vms: 3 });
    const env = { QUETZAL_URL: server.url, TERM: "xterm-256color" };
    const plain = await quetzal(["vm", "ls"], env);
    expect(plain).toMatchObject({ code: 0, err: "" });
    expect(plain.out).not.toContain("\x1b");
    expect(await quetzal(["vm", "ls", "--color", "always"], env)).toMatchObject({ code: 0, out: expect.stringContaining("\x1b[38;5;") as string });
  }, TIMEOUT_MS);
});
