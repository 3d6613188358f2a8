// The command line on several VMs against a small scripted fleet: formats, selectors, plans, questions, editing, watching.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ClientBundle } from "../support/client-bundle.js";
import type { Ran } from "../support/client-bundle.js";
import { eventually } from "../support/process.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

interface FleetVm { readonly id: string; readonly name: string; state: string; definition: Record<string, unknown>; generation: string; labels: { key: string; value: string }[] }
const HOST = { id: "h", name: "lab1", connected: true, cpuCount: 2, latest: null };
const fleet = new Map<string, FleetVm>();
const asked: { filters: unknown[]; done: string[]; put: Record<string, unknown>[] } = { filters: [], done: [], put: [] };
let changed: () => void = () => undefined;

function reset(): void {
  fleet.clear();
  for (const [id, state] of [["web-1", "RUNNING"], ["web-2", "RUNNING"], ["db", "STOPPED"]] as const) {
    fleet.set(id, { id, name: id, state, generation: "5", definition: { id, memory_mb: 128, vcpus: 1, labels: { tier: id.slice(0, 2) } }, labels: [{ key: "tier", value: id.slice(0, 2) }] });
  }
  Object.assign(asked, { filters: [], done: [], put: [] });
}

const shown = (vm: FleetVm): object => ({
  ...vm, stateSince: "2026-01-01T00:00:00.000Z", startedAt: null, vcpus: 1, memoryBytes: 134217728, machine: "q35", protected: vm.definition["protected"] === true, autostart: false, restartRequired: vm.state === "RUNNING" && vm.generation !== "5", host: HOST,
  latest: vm.state === "RUNNING" ? { vmId: vm.id, time: "2026-01-01T00:00:00.000Z", memoryConfiguredBytes: 134217728, vcpus: [], vcpusPresent: null, disks: [], nics: [], cpuRatio: vm.id === "web-2" ? 0.9 : 0.1, rssBytes: 1048576 } : null,
});
const operation = (id: string): object => ({ id, kind: "FORCE_OFF_VM", vmId: id, state: "RUNNING", cancellable: false, requestedBy: "local", startedAt: "2026-01-01T00:00:00.000Z" });

function verb(to: string) {
  return (_: unknown, { input: { id, dryRun } }: { input: { id: string; dryRun: boolean } }): object => {
    const vm = fleet.get(id);
    if (vm === undefined) return { __typename: "VmNotFound", message: `No VM has the id "${id}".`, id };
    if (vm.state === to) return { __typename: "InvalidVmState", message: `It is ${to.toLowerCase()} already.`, state: to };
    if (!dryRun) {
      vm.state = to;
      asked.done.push(id);
      changed();
    }
    return { __typename: "VmOperationAccepted", vm: shown(vm), effect: `Cuts the power of ${id}.`, operation: dryRun ? null : operation(id) };
  };
}

const script = {
  Query: {
    vms: (_: unknown, { filter }: { filter?: { states?: string[] | null; search?: string | null; labels?: string[] | null; where?: string | null } | null }) => {
      asked.filters.push(filter);
      const fits = (vm: FleetVm): boolean =>
        (filter?.states?.includes(vm.state) ?? true) && vm.id.includes(filter?.search ?? "") && (filter?.labels ?? []).every((label) => label === `tier=${vm.id.slice(0, 2)}`);
      return { nodes: [...fleet.values()].filter(fits).map(shown), edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 0 };
    },
    vm: (_: unknown, { id }: { id: string }) => {
      const vm = fleet.get(id);
      const times = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:10.000Z"];
      const history = ({ metrics }: { metrics: string[] }) => ({ from: times[0], to: times[1], stepSeconds: 10, series: metrics.map((metric) => ({ metric, unit: metric.endsWith("RATIO") ? "ratio" : "bytes", times, mean: [0.5, null], max: [1, null] })) });
      return vm && { ...shown(vm), history, vcpuHistory: (args: { metrics: string[] }) => [0, 1].map((index) => ({ index, history: history(args) })) };
    },
    hosts: () => [HOST],
  },
  Mutation: {
    forceOffVm: verb("STOPPED"),
    startVm: verb("RUNNING"),
    putVm: (_: unknown, { input }: { input: { definition: Record<string, unknown>; dryRun: boolean; ifGeneration?: string } }) => {
      const vm = fleet.get(String(input.definition["id"]));
      if (vm && input.ifGeneration !== vm.generation) return { __typename: "VmChanged", message: "It was changed meanwhile.", id: vm.id, generation: vm.generation };
      if (Number(input.definition["memory_mb"]) < 32) return { __typename: "InvalidSpec", message: "at least 32", field: "memory_mb" };
      if (Number(input.definition["vcpus"]) > 64) return { __typename: "InsufficientResources", message: "too many for lab1", field: "vcpus" };
      if (!input.dryRun) asked.put.push(input.definition);
      const next = { ...(vm ?? { id: String(input.definition["id"]), name: "new", state: "DEFINED", labels: [] }), definition: input.definition, generation: "6" };
      return { __typename: "PutVmSuccess", vm: shown(next), action: "CHANGED", changes: ["memory_mb: 128 → 256"], effect: "Changes the definition.", operation: null };
    },
  },
  Subscription: {
    operation: { subscribe: async function* (_: unknown, { id }: { id: string }) { yield { operation: operation(id) }; await Promise.resolve(); yield { operation: { ...operation(id), state: "SUCCEEDED" } }; } },
    vmChanged: { subscribe: async function* () { for (;;) { await new Promise<void>((resolve) => (changed = resolve)); yield { vmChanged: { id: "any", vm: null } }; } } },
  },
};

const bundle = new ClientBundle();
let server: ScriptedServer;
const folder = mkdtempSync(join(tmpdir(), "qz-"));
beforeAll(async () => {
  server = await ScriptedServer.start(script);
});
beforeEach(reset);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const quetzal = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => bundle.run(args, { ...server.environment, ...env }, "{ viewer { name } }");
const terminal = (args: readonly string[], env: NodeJS.ProcessEnv = {}): TerminalDriver => new TerminalDriver(process.execPath, [bundle.path, ...args], { env: { ...server.environment, TERM: "xterm-256color", ...env }, columns: 120 });

/** An editor that does to the file what the script says; `$1` is the file. */
function editor(text: string): string {
  const file = join(folder, `editor-${Math.random().toString(36).slice(2)}`);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("one output layer", { timeout: 60_000 }, () => {
  it.each([
    [["-o", "name"], "web-1\nweb-2\ndb\n"],
    [["-o", "csv", "--columns", "id,cpu,rss"], "id,cpu,rss\nweb-1,0.1,1048576\nweb-2,0.9,1048576\ndb,,\n"],
    [["-o", "csv", "--columns", "id,cpu", "--sort", "-cpu", "--no-headers"], "web-2,0.9\nweb-1,0.1\ndb,\n"],
    [["--columns", "id,state"], "  ID     STATE\n● web-1  running\n● web-2  running\n◌ db     stopped\n"],
  ])("prints vm ls %j", async (args, out) => {
    expect(await quetzal(["vm", "ls", ...args])).toEqual({ code: 0, out, err: "" });
  });

  it("prints the same in YAML and in JSON, and more columns in wide", async () => {
    const { out } = await quetzal(["vm", "ls", "-o", "yaml"]);
    expect(parse(out)).toEqual(JSON.parse((await quetzal(["vm", "ls", "-o", "json"])).out));
    expect((await quetzal(["vm", "ls", "-o", "wide"])).out).toMatch(/HOST +ACCELERATOR.*LABELS/);
    expect(parse((await quetzal(["graphql", "{ hosts { id } }", "-o", "yaml"])).out)).toEqual({ hosts: [{ id: "h" }] });
  });

  it("passes every selector on", async () => {
    await quetzal(["vm", "ls", "-l", "tier=we,x", "-l", "label=a", "--filter", "cpu>50", "--state", "running", "--search", "w", "--host", "lab1"]);
    expect(asked.filters[0]).toEqual({ states: ["RUNNING"], labels: ["tier=we", "x"], search: "w", where: '(cpu>50) label=a host="lab1"' });
  });

  it("prints history as CSV, a row a step, and refuses a metric that is none", async () => {
    expect(await quetzal(["metrics", "web-1", "--metric", "cpu,rss", "--range", "1h", "--step", "10s", "-o", "csv"])).toEqual({ code: 0, out: "time,cpu,rss\n2026-01-01T00:00:00.000Z,0.5,0.5\n", err: "" });
    expect((await quetzal(["metrics", "web-1", "--metric", "cpu", "--value", "max"])).out).toBe("TIME                 CPU%\n2026-01-01 00:00:00   100\n");
    expect((await quetzal(["metrics", "web-1", "--metric", "vcpu.steal,cpu,vcpu"])).out).toBe("TIME                 CPU%  VCPU0%  VCPU0.STEAL%  VCPU1%  VCPU1.STEAL%\n2026-01-01 00:00:00  50.0    50.0          50.0    50.0          50.0\n");
    expect(JSON.parse((await quetzal(["metrics", "web-1", "--metric", "vcpu", "-o", "json"])).out)).toMatchObject({ vm: "web-1", series: [], vcpus: [{ index: 0, series: [{ metric: "RATIO", mean: [0.5] }] }, { index: 1 }] });
    expect(await quetzal(["metrics", "web-1", "--metric", "joy"])).toMatchObject({ code: 2, err: expect.stringContaining("there are cpu, steal,") as string });
    expect(await quetzal(["metrics", "nobody"])).toMatchObject({ code: 3 });
  });

  it("shows who uses most, once or again and again", async () => {
    const { out } = await quetzal(["top", "--once", "--columns", "id,cpu"]);
    expect(out).toMatch(/UTC {2}3 VMs, 2 running, 1 stopped\nlab1: 2 CPUs\n\n {2}ID +CPU%\n● web-2 +90\.0\n● web-1 +10\.0\n◌ db +–\n$/);
    expect(JSON.parse((await quetzal(["top", "--once", "-o", "json"])).out)).toMatchObject({ hosts: [{ id: "h" }], vms: [{ id: "web-2" }, { id: "web-1" }, { id: "db" }] });
    await using screen = terminal(["top"]);
    await screen.waitFor(/web-2[^]*web-1/);
    fleet.delete("web-2");
    await screen.waitFor(/2 VMs, 1 running/);
    expect(screen.onAlternateScreen).toBe(true);
    process.kill(screen.pid, "SIGINT");
    expect(await screen.waitForExit()).toBe(130);
    expect(screen.onAlternateScreen).toBe(false);
  });

  it("reads a query from a file, words or standard input, with variables", async () => {
    const file = join(folder, "query.graphql");
    writeFileSync(file, "query ($id: ID!) { vm(id: $id) { id } }");
    expect(JSON.parse((await quetzal(["graphql", "--file", file, "--variable", "id=db"])).out)).toEqual({ vm: { id: "db" } });
    expect(await quetzal(["graphql", "x", "--file", file])).toMatchObject({ code: 2 });
    expect(await quetzal(["graphql", "--file", join(folder, "none")])).toMatchObject({ code: 2, err: expect.stringContaining("ENOENT") as string });
    expect((await quetzal(["graphql", "-"])).err).toContain("Cannot return null");
  });
});

describe("several VMs", { timeout: 60_000 }, () => {
  it("are planned, done and summed up; what cannot is said, and is a code of its own", async () => {
    expect(await quetzal(["vm", "force-off", "--all", "-y", "--wait"])).toEqual({
      code: 7,
      out: expect.stringMatching(/^(web-[12]: force off done\n){2}$/) as string,
      err: "web-1: Cuts the power of web-1.\nweb-2: Cuts the power of web-2.\ndb: cannot force off: It is stopped already.\nquetzal: db: It is stopped already.\n2 of 3 done, 1 cannot.\n",
    });
    expect(asked.done.sort()).toEqual(["web-1", "web-2"]);
  });

  it("are only judged in a dry run", async () => {
    const { code, out } = await quetzal(["vm", "force-off", "-l", "tier=we", "--dry-run", "-o", "json"]);
    expect([code, JSON.parse(out)]).toMatchObject([0, [{ vm: { id: "web-1" }, effect: "Cuts the power of web-1.", operation: null }, { vm: { id: "web-2" } }]]);
    expect(asked.done).toEqual([]);
  });

  it("that a selector does not find are nobody's: a list says so, and only without any VM what defines some", async () => {
    expect(await quetzal(["vm", "ls", "-l", "tier=nowhere"])).toEqual({ code: 0, out: "", err: "No VM matches the selector: 'quetzal vm ls' without it lists all.\n" });
    fleet.clear();
    expect(await quetzal(["vm", "ls"])).toEqual({ code: 0, out: "", err: "There is no VM. Define some with 'quetzal apply PATH' or 'quetzal vm create'.\n" });
  });

  it("that a selector does not find are nobody's: nothing is done", async () => {
    expect(await quetzal(["vm", "start", "-l", "tier=nowhere"])).toMatchObject({ code: 3, out: "", err: expect.stringContaining("No VM matches the selector") as string });
  });

  it("are asked about on a terminal, with a bar while it goes on", async () => {
    await using no = terminal(["vm", "force-off", "--search", "web"]);
    await no.waitFor("Force off 2 VMs? [y/N]");
    no.send("\r");
    expect(await no.waitForExit()).toBe(4);
    expect(asked.done).toEqual([]);
    await using yes = terminal(["vm", "force-off", "--search", "web", "--wait"]);
    await yes.waitFor("[y/N]");
    yes.send("y\r");
    expect(await yes.waitForExit()).toBe(0);
    expect(yes.raw).toMatch(/\[[█░]{20}\] \d\/2 web-/);
    await yes.waitFor(/2 of 2 done\.\s*$/);
  });

  it("change one by one in a list that is watched", async () => {
    await using watch = terminal(["vm", "ls", "--watch", "--state", "running", "--columns", "id,state"]);
    await watch.waitFor(/web-2 +running/);
    await eventually("the watch to listen", () => { fleet.delete("web-1"); changed(); return watch.screen().includes("no longer listed"); });
    fleet.set("new", { ...(fleet.get("web-2") as FleetVm), id: "new" });
    changed();
    await watch.waitFor(/● new +running/);
    process.kill(watch.pid, "SIGINT");
    expect(await watch.waitForExit()).toBe(130);
  });

  it("get labels and protection by a change of their definitions", async () => {
    expect(await quetzal(["vm", "label", "web-1", "db", "env=test", "tier-"])).toMatchObject({ code: 0, err: expect.stringContaining("2 of 2 done.") as string });
    expect(new Map(asked.put.map(({ id, labels }) => [id, labels]))).toEqual(new Map([["web-1", { env: "test" }], ["db", { env: "test" }]]));
    expect((await quetzal(["vm", "label", "web-1"])).out).toBe("web-1: tier=we\n");
    expect((await quetzal(["vm", "protect", "db"])).code).toBe(0);
    expect(asked.put.at(-1)).toMatchObject({ id: "db", protected: true });
  });
});

describe("vm edit", { timeout: 60_000 }, () => {
  it("puts what the editor left, and says what changes and when", async () => {
    const outcome = await quetzal(["vm", "edit", "web-1"], { EDITOR: `${editor('sed -i "s/128/256/" "$2"')} --flag` });
    expect(outcome).toEqual({ code: 0, out: "web-1: changed\n", err: "  memory_mb: 128 → 256\nChanges the definition.\n" });
    expect(asked.put).toMatchObject([{ id: "web-1", memory_mb: 256, labels: { tier: "we" } }]);
  });

  it("brings what is refused back with the reason at its top, and keeps it when nothing more is done", async () => {
    const log = join(folder, "seen");
    const script = editor(`cat "$1" >>${log}; sed -i "s/128/1/" "$1"`);
    const { code, err } = await quetzal(["vm", "edit", "web-1"], { VISUAL: script, EDITOR: "/nowhere" });
    expect([code, err]).toMatchObject([2, expect.stringMatching(/^quetzal: Line 6: memory_mb: at least 32\nWhat was typed is kept in .*web-1\.yaml\.\n$/)]);
    expect(readFileSync(log, "utf8")).toContain("#! Line 6: memory_mb: at least 32\n# The definition of the VM web-1");
    const kept = /kept in (.*)\.\n/.exec(err)?.[1] ?? "";
    expect(readFileSync(kept, "utf8")).toContain("memory_mb: 1\n");
    rmSync(join(kept, ".."), { recursive: true });
  });

  it.each([
    ["true", 0, "web-1: Nothing was changed."],
    [': >"$1"', 0, "nothing was changed"],
    ["exit 3", 1, "The editor ended with exit code 3."],
    ['echo "a: [" >"$1"', 2, "Line 2: this is not valid YAML"],
    ['head -c 3000 /dev/urandom >"$1"', 2, "What was typed is kept in"],
  ])("leaves the VM alone when the editor does %j", async (does, code, text) => {
    const outcome = await quetzal(["vm", "edit", "web-1"], { EDITOR: editor(does) });
    expect(outcome).toMatchObject({ code, err: expect.stringContaining(text) as string });
    expect(asked.put).toEqual([]);
    const kept = /kept in (.*)\.\n/.exec(outcome.err)?.[1];
    if (kept !== undefined) rmSync(join(kept, ".."), { recursive: true });
  });

  it("only says what would change in a dry run, and answers programs in JSON", async () => {
    const env = { EDITOR: editor('sed -i "s/128/256/" "$1"') };
    expect(await quetzal(["vm", "edit", "web-1", "--dry-run"], env)).toMatchObject({ code: 0, out: "web-1: would be changed (dry run: nothing was done)\n  memory_mb: 128 → 256\nChanges the definition.\n", err: "" });
    expect(asked.put).toEqual([]);
    const { out, err } = await quetzal(["vm", "edit", "web-1", "-y", "-o", "json"], env);
    expect([JSON.parse(out), err]).toMatchObject([{ vm: { id: "web-1" }, changes: ["memory_mb: 128 → 256"], restartRequired: true }, ""]);
    expect(asked.put).toHaveLength(1);
  });

  it("asks on a terminal, opens again for an e, and keeps what was typed on a no", async () => {
    await using screen = terminal(["vm", "edit", "web-1"], { EDITOR: editor('sed -i "s/128/256/; s/tier: .*/&x/" "$1"') });
    await screen.waitFor(/Apply\? \[y\]es, \[e\]dit again, \[N\]o: /);
    screen.send("e\r");
    await screen.waitFor(/Apply\?[^]*Apply\?/);
    screen.send("\r");
    expect(await screen.waitForExit()).toBe(4);
    // What it wrote last is drawn a moment later.
    const kept = /kept in (\S*)\./.exec((await screen.waitFor(/kept in \S/)).replaceAll("\n", ""))?.[1] ?? "";
    expect(readFileSync(kept, "utf8")).toContain("tier: wexx");
    expect(asked.put).toEqual([]);
    rmSync(join(kept, ".."), { recursive: true });
  });

  it("asks an editor that is a script ten times and no more, and at once no more for what no edit can mend", async () => {
    const rounds = join(folder, "rounds");
    const again = await quetzal(["vm", "edit", "web-1"], { EDITOR: editor(`echo >>${rounds}; sed -i "s/memory_mb: .*/memory_mb: $(wc -l <${rounds})/" "$1"`) });
    expect([again.code, readFileSync(rounds, "utf8").length]).toEqual([2, 10]);
    rmSync(rounds);
    const never = await quetzal(["vm", "edit", "web-1"], { EDITOR: editor(`echo >>${rounds}; sed -i "s/vcpus: .*/vcpus: 9$(wc -l <${rounds})/" "$1"`) });
    expect([never.code, never.err, readFileSync(rounds, "utf8").length]).toEqual([4, expect.stringMatching(/^quetzal: Line 6: vcpus: too many for lab1\nWhat was typed is kept in /), 1]);
    for (const { err } of [again, never]) rmSync(join(/kept in (.*)\.\n/.exec(err)?.[1] ?? "", ".."), { recursive: true });
  });

  it("says what to do when there is no editor, and overwrites nobody's change", async () => {
    const none = await quetzal(["vm", "edit", "web-1"], { EDITOR: "/nowhere/vi", VISUAL: "" });
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining("/nowhere/vi does not exist: name another program. VISUAL or EDITOR names it.") as string });
    const nobodyThere = await quetzal(["vm", "edit", "web-1"], { EDITOR: "", VISUAL: "" });
    expect(nobodyThere).toMatchObject({ code: 2, err: expect.stringContaining("There is no terminal for an editor: set VISUAL or EDITOR") as string });
    const [opened, go] = [join(folder, "opened"), join(folder, "go")];
    const editing = quetzal(["vm", "edit", "web-1"], { EDITOR: editor(`touch ${opened}; until [ -e ${go} ]; do sleep 0.02; done; sed -i "s/128/256/" "$1"`) });
    await eventually("the editor to be open", () => existsSync(opened));
    fleet.set("web-1", { ...(fleet.get("web-1") as FleetVm), generation: "7" });
    writeFileSync(go, "");
    const { code, err } = await editing;
    expect([code, err]).toEqual([4, expect.stringContaining("It was changed meanwhile.")]);
    expect(asked.put).toEqual([]);
    rmSync(join(/kept in (.*)\.\n/.exec(err)?.[1] ?? "", ".."), { recursive: true });
  });
});

describe("vm create", { timeout: 60_000 }, () => {
  it("puts a definition made of flags, and shows it in a dry run", async () => {
    const { out } = await quetzal(["vm", "create", "n1", "--memory", "1G", "--vcpus", "2", "-l", "tier=new", "--dry-run", "-o", "json"]);
    expect(JSON.parse(out)).toMatchObject({ definition: { id: "n1", memory_mb: 1024, vcpus: 2, labels: { tier: "new" } } });
    expect(asked.put).toEqual([]);
    expect(await quetzal(["vm", "create", "n1", "--memory", "64M"])).toMatchObject({ code: 0, out: "n1: created\n" });
    expect(await quetzal(["vm", "create", "n1", "--memory", "16M"])).toMatchObject({ code: 2, err: "quetzal: memory_mb: at least 32\n" });
    expect(await quetzal(["vm", "create", "n1"])).toMatchObject({ code: 2, err: expect.stringContaining("--memory") as string });
  });
});
