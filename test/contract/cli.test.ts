// The command line as it ships, against a scripted server: what it prints, where, and with which exit code.
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import type { Ran } from "../support/client-bundle.js";
import { ScriptedServer, TOKEN } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const VM = {
  id: "web-1", name: "web-1", state: "RUNNING", stateSince: "2026-01-01T00:00:00.000Z", generation: "1", startedAt: "2026-01-01T00:00:00.000Z", vcpus: 1, memoryBytes: 268435456,
  machine: "q35", protected: false, autostart: false, restartRequired: false, labels: [], latest: null, definition: {}, verbs: [], host: { id: "h", name: "lab1" },
};
const HOSTILE = { ...VM, id: "evil", name: "\x1b]0;owned\x07\u202eevil", state: "CRASHED" };
const HOST = { id: "h", name: "lab1", connected: true, kernel: "6.1", cpuModel: "x", cpuCount: 2, memoryBytes: 2147483648, daemonVersion: "0.1.0", qemuVersion: "7.2.0", capabilities: [{ name: "kvm", available: false, reason: "slow", mend: null }], latest: null };
const operation = (id: string, state = "RUNNING"): object => ({ id, kind: "START_VM", vmId: "web-1", state, cancellable: false, requestedBy: "local", startedAt: "2026-01-01T00:00:00.000Z", ...(state === "FAILED" ? { error: "QEMU exited 1: no disk." } : {}) });
const event = (cursor: number): object => ({ __typename: "Event", cursor: String(cursor), time: "2026-01-01T13:02:11.000Z", kind: "VM_CHANGED", vmId: "web-1", message: `event ${cursor}` });

const asked: { definitions: { id?: string }[]; dryRun: boolean; deleted: string[]; follows: (string | null)[]; hostAway: boolean } = { definitions: [], dryRun: false, deleted: [], follows: [], hostAway: false };

function answerVerb(id: string): object {
  if (id === "missing") return { __typename: "VmNotFound", message: 'No VM has the id "missing".', id };
  if (id === "running") return { __typename: "InvalidVmState", message: "It is running already.", state: "RUNNING" };
  if (id === "guarded") return { __typename: "Forbidden", message: "This needs the role OPERATOR.", requiredRole: "OPERATOR" };
  if (id === "away") return { __typename: "HostUnreachable", message: "The host is away.", hostId: "h" };
  return { __typename: "VmOperationAccepted", vm: { ...VM, id }, effect: `Does it to ${id}.`, operation: operation(`op-${id}`) };
}

const script = {
  Query: {
    vms: () => ({ nodes: [VM, HOSTILE], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 2 }),
    hosts: () => [{ ...HOST, connected: !asked.hostAway, connectionError: asked.hostAway ? "connection refused" : null }],
    vm: (_: unknown, { id }: { id: string }) => (id === "web-1" ? VM : null),
    events: () => ({ events: [event(1), event(2)], newestCursor: "2" }),
    audit: (_: unknown, { actor }: { actor?: string | null }) => {
      const entry = (cursor: string, more: object) => ({ cursor, time: "2026-01-01T00:00:00.000Z", actor: "ci", kind: "OPERATION_STARTED", vmId: "web-1", operation: null, outcome: "SUCCEEDED", reason: null, message: "Asked.", ...more });
      const entries = [
        entry("4", { operation: { ...operation("op-4", "FAILED"), kind: "FORCE_OFF_VM" }, outcome: "FAILED", reason: "QEMU died." }),
        entry("3", { kind: "OPERATION_CANCEL_REQUESTED", operation: operation("op-3") }),
        entry("2", { actor: null, kind: "LOGIN_FAILED", vmId: null, outcome: "REFUSED", message: "A login \x1b[31mwas refused." }),
      ].filter((node) => actor == null || node.actor === actor);
      return { nodes: entries, edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } };
    },
    tokens: () => [{ id: "t1", name: "ci", role: "VIEWER", createdAt: "2026-01-01T00:00:00.000Z" }],
  },
  Mutation: {
    startVm: (_: unknown, { input }: { input: { id: string } }) => answerVerb(input.id),
    deleteVm: (_: unknown, { input }: { input: { id: string; dryRun: boolean } }) => {
      if (!input.dryRun) asked.deleted.push(input.id);
      return { ...answerVerb(input.id), operation: null };
    },
    createToken: () => ({ __typename: "CreateTokenSuccess", secret: "qz_secret", token: { id: "t2", name: "ci", role: "VIEWER", createdAt: "2026-01-01T00:00:00.000Z" } }),
    applyVms: (_: unknown, { input }: { input: { definitions: { id?: string }[]; dryRun: boolean } }) => {
      asked.definitions = input.definitions;
      asked.dryRun = input.dryRun;
      const results = input.definitions.map(({ id }) => {
        if (id === "bad") return { __typename: "InvalidSpec", message: "memory_mb must be at least 32", field: "memory_mb" };
        const action = id === "new" ? "CREATED" : id === "changed" ? "CHANGED" : "UNCHANGED";
        return { __typename: "PutVmSuccess", vm: { ...VM, id, restartRequired: action === "CHANGED" }, action, changes: action === "CHANGED" ? ["memory_mb: 1024 → 2048"] : [], effect: "", operation: null };
      });
      return { results };
    },
  },
  Subscription: {
    operation: {
      subscribe: async function* (_: unknown, { id }: { id: string }) {
        yield { operation: operation(id) };
        await Promise.resolve();
        if (id !== "op-slow") yield { operation: operation(id, id === "op-doomed" ? "FAILED" : "SUCCEEDED") };
        else await new Promise((resolve) => setTimeout(resolve, 5_000));
      },
    },
    events: {
      subscribe: async function* (_: unknown, { after }: { after?: string }) {
        asked.follows.push(after ?? null);
        const start = Number(after ?? 0);
        yield { events: { __typename: "EventsLive", cursor: String(start) } };
        yield { events: event(start + 1) };
        await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      },
    },
  },
};

const bundle = new ClientBundle();
let server: ScriptedServer;
const folder = mkdtempSync(join(tmpdir(), "qz-"));
beforeAll(async () => {
  server = await ScriptedServer.start(script);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const quetzal = (args: readonly string[], env: NodeJS.ProcessEnv = server.environment): Promise<Ran> => bundle.run(args, env);

function put(path: string, text: string): string {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
}

describe("quetzal", { timeout: 60_000 }, () => {
  it("lists VMs without colours in a pipe, hostile names made harmless", async () => {
    const { code, out } = await quetzal(["vm", "ls"]);
    expect(code).toBe(0);
    expect(out).toMatch(/● web-1 +web-1 +running/);
    expect(out).toContain("?]0;owned??evil");
    expect(out).not.toContain("\x1b");
  });

  it("says beside the list when a host is away, and only then", async () => {
    expect((await quetzal(["vm", "ls"])).err).toBe("");
    asked.hostAway = true;
    const { code, out, err } = await quetzal(["vm", "ls"]);
    asked.hostAway = false;
    expect([code, err]).toEqual([0, "Host lab1 is not connected (connection refused): the states of its VMs are the last known.\n"]);
    expect(out).toMatch(/web-1 +running/);
  });

  it("lists VMs in colours on a terminal, and without with NO_COLOR", async () => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, "vm", "ls"], { env: { ...server.environment, TERM: "xterm-256color" } });
    await terminal.waitForExit();
    await terminal.waitFor("web-1");
    expect(terminal.raw).toContain("\x1b[38;5;");
    expect(terminal.raw).not.toContain("owned\x07");
    await using plain = new TerminalDriver(process.execPath, [bundle.path, "vm", "ls"], { env: { ...server.environment, NO_COLOR: "1" } });
    await plain.waitFor("web-1");
    expect(plain.raw).not.toContain("\x1b[38");
  });

  it("prints JSON that programs can read", async () => {
    const { out } = await quetzal(["-o", "json", "vm", "ls"]);
    expect(JSON.parse(out)).toMatchObject([{ id: "web-1", latest: null }, { id: "evil" }]);
    expect(JSON.parse((await quetzal(["vm", "show", "web-1", "-o", "json"])).out)).toMatchObject({ id: "web-1" });
  });

  it("lists who did or tried what in the words of people, and the enums only in JSON", async () => {
    const { code, out } = await quetzal(["audit"]);
    expect([code, out.split("\n").map((line) => line.replace(/ {2,}/g, "  "))]).toEqual([0, [
      "TIME  WHO  WHAT  VM  OUTCOME  MESSAGE",
      "2026-01-01 00:00:00  ci  force off  web-1  failed  QEMU died.",
      "2026-01-01 00:00:00  ci  cancel start  web-1  succeeded  Asked.",
      "2026-01-01 00:00:00  –  login failed  refused  A login ?[31mwas refused.",
      "",
    ]]);
    expect(JSON.parse((await quetzal(["audit", "--actor", "ci", "-o", "json"])).out)).toMatchObject([{ operation: { kind: "FORCE_OFF_VM" } }, { kind: "OPERATION_CANCEL_REQUESTED" }]);
  });

  it.each([
    [["vm", "start", "web-1"], 0, "web-1: start accepted (operation op-web-1)"],
    [["vm", "start", "--wait", "web-1"], 0, "web-1: start done"],
    [["vm", "start", "--wait", "doomed"], 1, "QEMU exited 1: no disk."],
    [["vm", "start", "--wait", "--timeout", "1", "slow"], 8, "has not ended within 1 s"],
    [["vm", "start", "--wait", "--timeout", "500ms", "slow"], 8, "has not ended within 0.5 s"],
    [["vm", "stop", "--grace", "500ms", "web-1"], 2, "Give whole seconds"],
    [["vm", "start", "missing"], 3, 'No VM has the id "missing".'],
    [["vm", "show", "missing"], 3, 'No VM has the id "missing"'],
    [["vm", "start", "running"], 4, "It is running already."],
    [["vm", "start", "guarded"], 6, "This needs the role OPERATOR."],
    [["vm", "start", "away"], 5, "The host is away."],
    [["vm", "start", "web-1", "running"], 7, "running: It is running already."],
    [["vm", "start"], 2, "No VM is named"],
    [["vm", "start", "web-1", "--all"], 2, "Give either names or --all"],
    [["vm", "force-off", "web-1"], 2, "answered on a terminal, or -y"],
    [["vm", "ls", "-o", "xml"], 2, "Allowed choices are table, wide, json, yaml, name, csv"],
    [["vm", "show", "web-1", "-o", "csv"], 2, "-o csv is not for this command"],
    [["vm", "ls", "--columns", "id,colour"], 2, '--columns names "colour", which is no column here: there are id, name, state, cpu'],
    [["vm", "ls", "--sort", "size"], 2, '--sort names "size"'],
    [["help", "nothing"], 2, 'There is no help on "nothing"'],
    [["help", "exit-codes"], 0, "  7  asked of several: some of it was done and some was not"],
    [["operation", "watch", "nowhere"], 3, 'There is no operation "nowhere"'],
    [["host", "show", "elsewhere"], 3, 'There is no host "elsewhere"'],
    [["vm", "strat", "web-1"], 2, "Did you mean start?"],
    [["nope"], 2, "unknown command 'nope' (Did you mean"],
    [["vm", "show", "a", "b"], 2, `too many arguments for 'quetzal vm show', which takes <vm>: "b". See 'quetzal vm show --help'.`],
    [["vm", "ls", "web-1"], 2, `--search web-1 lists those with it in id or name, 'quetzal vm show web-1' shows one. See 'quetzal vm ls --help'.`],
    [["vm", "lss"], 2, "unknown command 'lss' (Did you mean ls?). See 'quetzal vm --help'."],
    [["xxxxxxx"], 2, "unknown command 'xxxxxxx'. See"],
    [["topp", "--once"], 2, "unknown option '--once'"],
    [["evnts", "web-1"], 2, "unknown command 'evnts' (Did you mean events?). See 'quetzal --help'."],
    [["vm", "ls", "-l", "bad label!"], 2, '-l takes key and key=value, not "bad label!"'],
    [["vm", "stop", "-l", ""], 2, "The selector is empty"],
    [["vm"], 2, "A command is missing."],
    [["--nonsense"], 2, "unknown option '--nonsense'"],
    [["vm", "ls", "--state", "happy"], 2, "States are defined, starting"],
    [["vm", "start", "--timeout", "-1", "a"], 2, "Give a span of time"],
    [["console", "web-1", "--port", "ttyS9"], 2, "Allowed choices are ttyS0, hvc0"],
    [["graphql", "{ nothing }"], 2, 'Line 1, column 3: Cannot query field "nothing" on type "Query".\n  { nothing }\n    ^'],
    [["graphql", "{ vms(first: 1) {\n  nodes { id }"], 2, "Line 2, column 15: Syntax Error"],
    [["graphql", "subscription { nothing }"], 2, "Line 1, column 16: "],
    [["graphql", "query ($n: Int!) { vms(first: $n) { nodes { id } } }", "--variable", "n=many"], 2, 'Variable "$n" got invalid value "many"'],
    [["vm", "ls", "--columns", "id,label,throttled"], 0, "LABELS"],
    [["graphql", "{ vm(id: \"web-1\") { id } }", "--variables", "[]"], 2, "--variables is not a JSON object"],
    [["token", "revoke", "nobody"], 3, 'There is no token "nobody"'],
    [[], 2, "The dashboard needs a terminal"],
  ])("answers %j with code %i", async (args, code, text) => {
    const outcome = await quetzal(args);
    expect(outcome).toMatchObject({ code });
    expect(code === 0 ? outcome.out : outcome.err).toContain(text);
    if (code !== 0 && args.length < 4) expect(outcome.out).toBe("");
  });

  it("gives each of several failures a line of its own", async () => {
    const { code, out, err } = await quetzal(["vm", "start", "missing", "running"]);
    expect([code, out]).toEqual([3, ""]);
    expect(err).toBe('missing: cannot start: No VM has the id "missing".\nrunning: cannot start: It is running already.\nquetzal: missing: No VM has the id "missing".\nrunning: It is running already.\n0 of 2 done, 2 cannot.\n');
  });

  it("says errors as JSON where JSON was asked for", async () => {
    const { code, err } = await quetzal(["vm", "start", "missing", "-o", "json"]);
    expect([code, JSON.parse(err)]).toEqual([3, { error: { code: "VmNotFound", message: 'No VM has the id "missing".', exitCode: 3 } }]);
  });

  it("tells a wrong token from a server that is away", async () => {
    const wrong = await quetzal(["vm", "ls"], { ...server.environment, QUETZAL_TOKEN: "qz_wrong" });
    expect(wrong).toMatchObject({ code: 6, err: "quetzal: The token is not valid.\n" });
    const away = await quetzal(["vm", "ls"], { ...process.env, QUETZAL_URL: "http://127.0.0.1:1", QUETZAL_TOKEN: TOKEN });
    expect(away).toMatchObject({ code: 5, err: expect.stringContaining("cannot be reached (connection refused)") as string });
  });

  it("deletes only what was named: on a terminal by typing it, elsewhere with -y", async () => {
    expect(await quetzal(["vm", "delete", "web-1"])).toMatchObject({ code: 2, err: expect.stringContaining("or -y") as string });
    await using wrong = new TerminalDriver(process.execPath, [bundle.path, "vm", "delete", "web-1"], { env: server.environment });
    await wrong.waitFor("Type the name web-1");
    wrong.send("web-2\r");
    expect(await wrong.waitForExit()).toBe(4);
    expect(asked.deleted).toEqual([]);
    await using right = new TerminalDriver(process.execPath, [bundle.path, "vm", "delete", "web-1"], { env: server.environment });
    await right.waitFor("Type the name web-1");
    right.send("web-1\r");
    expect(await right.waitForExit()).toBe(0);
    expect((await quetzal(["vm", "delete", "-y", "web-9"])).code).toBe(0);
    expect(asked.deleted).toEqual(["web-1", "web-9"]);
  });

  it("applies folders, and says what was created, changed and left alone", async () => {
    put("vms/a/config.json", '{"id": "new"}');
    put("vms/a/network.conf", "MODE=bridge\nBRIDGE=br0\n");
    put("vms/b/config.json", '{"id": "changed"}');
    put("vms/c/config.json", '{"id": "same"}');
    put("vms/vm.schema.json", "{}");
    const { code, out } = await quetzal(["apply", join(folder, "vms"), "--dry-run"]);
    expect([code, out]).toEqual([0, "created new (dry run: nothing was done)\nchanged changed (dry run: nothing was done)\n  memory_mb: 1024 → 2048\n  takes effect at the VM's next start\nunchanged same\n"]);
    expect(asked).toMatchObject({ dryRun: true, definitions: [{ id: "new", network: { mode: "bridge", bridge: "br0" } }, { id: "changed" }, { id: "same" }] });
    const told = await quetzal(["apply", "-o", "json", join(folder, "vms")]);
    const fileOf = (name: string): string => join(folder, "vms", name, "config.json");
    expect(JSON.parse(told.out)).toEqual([
      { id: "new", file: fileOf("a"), action: "CREATED", changes: expect.anything() as unknown, restartRequired: expect.anything() as unknown },
      { id: "changed", file: fileOf("b"), action: "CHANGED", changes: ["memory_mb: 1024 → 2048"], restartRequired: true },
      { id: "same", file: fileOf("c"), action: "UNCHANGED", changes: [], restartRequired: expect.anything() as unknown },
    ]);
  });

  it("names file, line, column and field of a definition that breaks a rule", async () => {
    const file = put("bad.json", '{\n  "id": "bad",\n  "memory_mb": 0\n}');
    expect(await quetzal(["apply", file])).toEqual({ code: 2, out: "", err: `quetzal: ${file}:3:3: memory_mb must be at least 32\n` });
    const broken = put("broken.json", '{"id": }');
    expect(await quetzal(["apply", broken])).toEqual({ code: 2, out: "", err: `quetzal: ${broken}:1:8: this is not valid JSON: expected a value, found "}"; mend it there, nothing was applied.\n` });
  });

  it("prints a new secret alone on standard output", async () => {
    expect(await quetzal(["token", "create", "ci"])).toMatchObject({ code: 0, out: "qz_secret\n" });
  });

  it("follows events from the newest on, and goes on at its cursor after a lost connection", async () => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, "events", "--follow"], { env: server.environment });
    await terminal.waitFor("event 3");
    server.cut();
    await terminal.waitFor("event 4");
    expect(asked.follows).toEqual(["2", "3"]);
    process.kill(terminal.pid, "SIGINT");
    expect(await terminal.waitForExit()).toBe(130);
  });

  it("paints its top until q is pressed, and gives the terminal back", async () => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, "top", "--columns", "id,state"], { env: { ...server.environment, TERM: "xterm-256color" } });
    await terminal.waitFor(/web-1 +running/);
    terminal.send("x");
    terminal.send("q");
    expect(await terminal.waitForExit()).toBe(0);
    expect(terminal.raw.trimEnd().endsWith("\x1b[?1049l")).toBe(true);
    await using interrupted = new TerminalDriver(process.execPath, [bundle.path, "top", "--columns", "id,state"], { env: { ...server.environment, TERM: "xterm-256color" } });
    await interrupted.waitFor(/web-1 +running/);
    interrupted.send("\x03");
    expect(await interrupted.waitForExit()).toBe(130);
  });

  it("says of a config.yaml only what concerns it, and how many lines concern the dashboard", async () => {
    put("home/quetzal/config.yaml", "mouse: perhaps\nkeys:\n  fly: f\ncontexts:\n  - name: lab\n    url: https://lab:1\n    port: 4\n    tokenFile: lab.token\n");
    put("home/quetzal/lab.token", "secret");
    chmodSync(join(folder, "home/quetzal/lab.token"), 0o644);
    const env = { ...server.environment, XDG_CONFIG_HOME: join(folder, "home") };
    const { code, err } = await quetzal(["vm", "ls", "-o", "name"], env);
    expect([code, err.trimEnd().split("\n")]).toEqual([0, [expect.stringContaining('config.yaml:7: A context has no "port"'), "2 wrong lines of config.yaml concern the dashboard: 'quetzal config check' names them."]]);
    const check = await quetzal(["config", "check"], env);
    expect(check.code).toBe(2);
    expect(check.out.trimEnd().split("\n").map((line) => /config\.yaml:(\d+):/.exec(line)?.[1])).toEqual(["1", "3", "7", "8"]);
    expect(check.out).toContain("(mode 0644): run 'chmod 600 ");
    const completed = await quetzal(["complete", "--", "context", "use", "l"], env);
    expect(completed.out).toBe("local\tthis machine's own server\nlab\thttps://lab:1\n");
  });

  it("is quiet when its reader goes away", async () => {
    const outcome = await new Promise<Ran>((resolve) => {
      execFile("/bin/sh", ["-c", `${process.execPath} ${bundle.path} events --follow -o json | head -n 1`], { env: server.environment, timeout: 10_000 }, (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }));
    });
    expect(outcome).toMatchObject({ code: 0, err: "" });
  });
});
