// Completion in the shells that people use: a real bash, zsh and fish in a pseudo-terminal, and somebody who presses Tab.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const vm = (id: string, state: string, labels: object[] = []): object => ({ id, name: id, state, labels });
const script = {
  Query: {
    vms: () => ({ nodes: [vm("web-1", "RUNNING", [{ key: "tier", value: "front" }]), vm("web-22", "STOPPED"), vm("builder", "PAUSED")], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 3 }),
    hosts: () => [{ id: "h1", name: "lab1", connected: true }],
    operations: () => ({ nodes: [{ id: "op-7", kind: "STOP_VM", vmId: "web-1", state: "RUNNING", cancellable: true, requestedBy: "local", startedAt: "2026-01-01T00:00:00.000Z" }], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false } }),
    filterFields: () => [{ name: "state", unit: null, description: "Its state.", example: "state:running" }, { name: "cpu", unit: "%", description: "CPU.", example: "cpu>50" }],
  },
};

const bundle = new ClientBundle();
let server: ScriptedServer;
const home = mkdtempSync(join(tmpdir(), "qz-"));
beforeAll(async () => {
  server = await ScriptedServer.start(script);
  mkdirSync(join(home, "bin"));
  writeFileSync(join(home, "definition.json"), "{}");
  // Completion is for the word `quetzal`; what it runs is in the script.
  symlinkSync("/bin/true", join(home, "bin/quetzal"));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const environment = (): NodeJS.ProcessEnv => ({ ...server.environment, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}`, LC_ALL: "C.UTF-8", TERM: "xterm-256color" });

interface Kind { readonly args: readonly string[]; readonly load: (program: string) => string }
const SHELLS: Readonly<Record<string, Kind>> = {
  bash: { args: ["--norc", "--noprofile", "-i"], load: (program) => `PS1='ready> '; source <(${program} completion bash)` },
  zsh: { args: ["-f", "-i"], load: (program) => `PS1='ready> '; autoload -U compinit; compinit -D; source <(${program} completion zsh)` },
  fish: { args: ["--no-config", "-i"], load: (program) => `function fish_prompt; echo -n 'ready> '; end; set -g fish_autosuggestion_enabled 0; ${program} completion fish | source` },
};

/** A shell of somebody who has just loaded the completion. */
async function open(shell: string, env = environment()): Promise<TerminalDriver> {
  const kind = SHELLS[shell];
  if (kind === undefined) throw new Error(`no shell ${shell}`);
  const terminal = new TerminalDriver(shell, kind.args, { env, cwd: home, columns: 120 });
  terminal.send(` ${kind.load(`${process.execPath} ${bundle.path}`)}; echo loa''ded\r`);
  await terminal.waitFor(/^loaded/m);
  await terminal.waitFor(/ready> $/m);
  return terminal;
}

describe.each(Object.keys(SHELLS))("completion in %s", { timeout: 120_000 }, (shell) => {
  it("finishes what can only be one thing: commands, names, values, files", async () => {
    await using terminal = await open(shell);
    for (const [typed, finished] of [
      ["quetzal op", /quetzal operation/],
      ["quetzal vm show b", /quetzal vm show builder/],
      ["quetzal vm start web-1 web-2", /quetzal vm start web-1 web-22/],
      ["quetzal vm ls -o ya", /quetzal vm ls -o yaml/],
      ["quetzal vm ls --output=cs", /quetzal vm ls --output=csv/],
      ["quetzal vm ls --columns id,stea", /quetzal vm ls --columns id,steal/],
      ["quetzal vm stop -l ti", /quetzal vm stop -l tier\\?=front/],
      ["quetzal vm ls --host la", /quetzal vm ls --host lab1/],
      ["quetzal operation cancel op", /quetzal operation cancel op-7/],
      ["quetzal apply defi", /quetzal apply definition\.json/],
      ["quetzal vm force-off web-1 --dr", /--dry-run/],
    ] as const) {
      terminal.send(`${typed}\t`);
      await terminal.waitFor(finished);
      terminal.send("\x15");
      await terminal.waitFor(/ready>\s*$/m);
    }
  });

  it("lists what could be meant", async () => {
    await using terminal = await open(shell);
    terminal.send("quetzal vm start web-\t\t");
    await terminal.waitFor(/web-1\b[^]*web-22\b/);
  });

  it("is silent when the server is away", async () => {
    await using terminal = await open(shell, { ...environment(), QUETZAL_URL: "http://127.0.0.1:1" });
    terminal.send("quetzal vm show b\t");
    terminal.send("X");
    await terminal.waitFor(/quetzal vm show b\s*X/);
    expect(terminal.screen()).not.toMatch(/reached|refused/);
  });
});

describe("the candidates", { timeout: 60_000 }, () => {
  function complete(...words: string[]): Promise<string[]> {
    return new Promise((resolve) => {
      execFile(process.execPath, [bundle.path, "complete", "--", ...words], { env: environment(), timeout: 20_000 }, (_, out) => resolve(out.split("\n").filter((line) => line !== "")));
    });
  }
  it.each([
    [["vm", "p"], ["pause\tStop the CPUs", "protect\tRefuse deletion and forced power-off"]],
    [["vm", "show", "web-2"], ["web-22\tstopped"]],
    [["vm", "stop", "web-1", "web-"], ["web-22\tstopped"]],
    [["vm", "ls", "--filter", "state:running c"], ["state:running cpu\tCPU."]],
    [["vm", "ls", "--sort", "-disk.l"], ["-disk.latency\t"]],
    [["vm", "ls", "--state", "running,pau"], ["running,paused\t"]],
    [["-o", "js"], ["json\t"]],
    [["-o", "json", "vm", "res"], ["reset\tPress the reset button", "resume\tLet a paused VM run on"]],
    [["completion", ""], ["bash\t", "zsh\t", "fish\t"]],
    [["help", "exit"], ["exit-codes\tExit codes"]],
    [["vm", "show", "web-1", ""], []],
    [["graphql", "--file", "x"], [":files"]],
    [["nonsense", "vm", ""], []],
  ])("of %j are %j", async (words, candidates) => {
    expect(await complete(...words)).toEqual(candidates);
  });
});
