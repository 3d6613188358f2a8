// `npm start` and its siblings as a new user runs them, in a state folder of their own, and the README word for word.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, takePort } from "../support/port.js";
import { isAlive } from "../support/process.js";
import { shellBlocks } from "../support/readme.js";
import { endWith, type Ran, run, succeed } from "../support/run.js";
import { cliPath, guestImagesDir, root } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";

let stateDir: string;
let env: NodeJS.ProcessEnv;
/** The first may have to build everything. */
const FIRST_START_MS = 600_000;
/** Before that, so that a start that hangs is told by what it said. */
const FIRST_START_TIMEOUT_MS = FIRST_START_MS - 20_000;
/** How an example of a stream that never ends is ended by its own --max-time. */
const CURL_TIMED_OUT = 28;

const npm = (...args: readonly string[]): Promise<Ran> => run("npm", args, { env });
const start = (extra: NodeJS.ProcessEnv = {}): Promise<Ran> => run("npm", ["start"], { env: { ...env, ...extra } });
const quetzal = (...words: readonly string[]): Promise<Ran> => run(process.execPath, [cliPath, ...words], { env });

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "qz-"));
  chmodSync(stateDir, 0o755);
  env = { ...process.env, QUETZAL_STATE_DIR: stateDir, QUETZAL_LISTEN: `127.0.0.1:${await freePort()}` };
  if (existsSync(guestImagesDir())) cpSync(guestImagesDir(), join(stateDir, "images"), { recursive: true });
});
afterAll(async () => {
  await npm("stop", "--", "--vms");
  rmSync(stateDir, { recursive: true, force: true });
});

/** Command lines of the living processes that belong to this state folder, by their arguments or their environment. */
function ours(word: string): string[] {
  return ourProcesses(word).map(({ line }) => line);
}
function ourProcesses(word: string): { pid: number; line: string }[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return line.includes(word) && `${line}${readFileSync(`/proc/${pid}/environ`, "utf8")}`.includes(stateDir) ? [{ pid: Number(pid), line }] : [];
    } catch {
      return [];
    }
  });
}

/** In a person's shell: its steps, the dashboard, some keys, `q`, and what the same terminal then shows and does. */
async function startOnTerminal(): Promise<void> {
  await using terminal = new TerminalDriver("bash", ["--norc", "--noprofile", "-i"], { cwd: root, env: { ...env, PS1: "ended $? > " }, columns: 120, rows: 40 });
  await terminal.waitFor("ended 0 > ");
  terminal.send("npm start\r");
  await terminal.waitFor(/Starting the daemon|Starting the server/);
  expect(terminal.onAlternateScreen).toBe(false);
  await terminal.waitFor(/NAME +STATE[^]*test-vm-001 +running/);
  expect(terminal.onAlternateScreen).toBe(true);
  expect(terminal.raw.indexOf("Starting the daemon")).toBeGreaterThan(0);
  expect(terminal.raw.indexOf("Starting the server")).toBeGreaterThan(terminal.raw.indexOf("Starting the daemon"));
  await terminal.press("\r", "› test-vm-001");
  await terminal.press("2", /vCPU +used[^]*^ +0 +\d+\.\d[^]*^ +1 +\d+\.\d/m);
  await terminal.press("\u001b", /NAME +STATE/);
  await terminal.press("?", /── keys ─/);
  await terminal.press("\u001b", /NAME +STATE/);
  terminal.send("q");
  // Back on the screen of before, with what npm start said there.
  const left = await terminal.waitFor(/npm start[^]*ended 0 > $/m);
  expect([terminal.onAlternateScreen, left.includes("NAME ")]).toEqual([false, false]);
  const last = (mode: string): number => terminal.raw.lastIndexOf(`\x1b[?${mode}`);
  for (const [on, off] of [["1049h", "1049l"], ["25l", "25h"], ["1000h", "1000l"]] as const) expect(last(off)).toBeGreaterThanOrEqual(last(on));
  terminal.send("clear; npm run status\r");
  const status = await terminal.waitFor(/^VMs[^]*ended 0 > $/m);
  for (const running of [/^daemon +running since/m, /^server +running since/m, /^postgres +running since/m, /test-vm-001 running since/]) expect(status).toMatch(running);
  terminal.send("stty -a | grep -oE -- '-?(icanon|echo|isig|opost)\\b' | sort | xargs\r");
  // bash has readline's own modes at its prompt; what a program gets is what was left.
  await terminal.waitFor("echo icanon isig opost");
}

/** `npm start` and `npm stop`, as the README writes them. */
const [startLine = "", stopLine = ""] = shellBlocks("Two commands").join("").split("\n");
const typed = (line: string, timeoutMs?: number): Promise<Ran> => run("bash", ["-c", line], { env, ...(timeoutMs === undefined ? {} : { timeoutMs }) });

describe("the two commands", () => {
  it("npm start without a terminal sets up, boots test-vm-001, prints a frame with it running, and leaves", async () => {
    expect(startLine).toMatch(/^npm start +#/);
    const ran = await succeed(typed(startLine, FIRST_START_TIMEOUT_MS));
    expect(ran.stdout).toMatch(/test-vm-001: RUNNING/);
  }, FIRST_START_MS);

  it("a second npm start goes on from there", async () => {
    expect((await succeed(start())).stdout).toMatch(/test-vm-001: RUNNING/);
  });

  it("npm run status tells what runs and where its logs are", async () => {
    const ran = await succeed(npm("run", "status"));
    for (const word of ["quetzald", "server", "test-vm-001", join(stateDir, "logs"), join(stateDir, "logs/postgres.log")]) expect(ran.text).toContain(word);
    expect(ran.text).toMatch(/^postgres +running since .* pid \d+/m);
    expect(ran.text).toMatch(/^ +test-vm-001 running since \d{4}-\S+ \(.+\) +pid \d+ +log \S+qemu\.log$/m);
  });

  it("npm run doctor tells what the host can do", async () => {
    const ran = await succeed(npm("run", "doctor"));
    for (const word of ["kvm", "bridge", "ksm", "node"]) expect(ran.text.toLowerCase()).toContain(word);
  });

  it("test-vm-001 is what its definition says, and its network says why it is not the bridge", async () => {
    const ran = await succeed(quetzal("vm", "show", "test-vm-001", "-o", "json"));
    const vm = JSON.parse(ran.stdout) as { state: string; memoryBytes: number; vcpus: number; networkInUse: string };
    expect(vm).toMatchObject({ state: "RUNNING", memoryBytes: 2 ** 31, vcpus: 2 });
    expect(vm.networkInUse).toMatch(/qzbr0/);
    const disk = statSync(join(stateDir, "pools/default/test-vm-001/disk.img"));
    expect(disk.size).toBe(20 * 2 ** 30);
    // Sparse: a block is 512 bytes here, whatever the file system's own.
    expect(disk.blocks * 512).toBeLessThan(2 ** 28);
  });

  it("the README's GraphQL examples run as written", async () => {
    const blocks = shellBlocks("GraphQL");
    expect(blocks.length).toBeGreaterThan(3);
    const listen = env["QUETZAL_LISTEN"] ?? "";
    const script = blocks.join("\n").replaceAll("http://127.0.0.1:4560", `http://${listen}`).replaceAll("/var/lib/quetzal", stateDir);
    // curl's own code for a stream that it left after --max-time, as the example means it to.
    const ran = await succeed(run("bash", ["-euc", `{ ${script} } || [ $? = ${CURL_TIMED_OUT} ]`], { env }));
    expect(ran.text).not.toContain('"errors"');
    for (const word of ['"id":"test-vm-001"', '"VmOperationAccepted"', "event: next", '"vmId":"test-vm-001"']) expect(ran.text).toContain(word);
  });

  it("start.sh starts its VM through the product", async () => {
    const startSh = (): Promise<Ran> => succeed(run("sh", [join(root, "vms/test-vm/start.sh")], { env }));
    expect((await startSh()).text).toMatch(/test-vm-001 is RUNNING: nothing to start/);
    await succeed(quetzal("vm", "force-off", "-y", "--wait", "test-vm-001"));
    await startSh();
    expect((await succeed(quetzal("vm", "ls"))).stdout).toMatch(/test-vm-001\s+running/);
  });

  it("npm stop ends the services and leaves the VM; npm start on a terminal opens the dashboard over it; npm stop --vms ends it", async () => {
    expect(stopLine).toMatch(/^npm stop +#/);
    await succeed(typed(stopLine));
    expect([ours("quetzald"), ours("dist/server.js"), ours("bin/postgres"), ours("qemu-system").length]).toEqual([[], [], [], 1]);
    expect((await endWith(3, npm("run", "status"))).stdout).toMatch(/^daemon +not running/m);
    const [qemu] = ours("qemu-system");
    await startOnTerminal();
    expect(ours("qemu-system")).toEqual([qemu]);
    await succeed(npm("stop", "--", "--vms"));
    expect(ours("qemu-system")).toEqual([]);
  });

  it("npm stop --vms goes on past a protected VM that will not stop, stops one that does, and names the other", async () => {
    await succeed(start());
    // Its firmware hears no power button.
    let pid = 0;
    try {
      await succeed(quetzal("vm", "create", "deaf", "--memory", "32M", "--protected", "--start", "--wait"));
      await succeed(quetzal("vm", "protect", "test-vm-001"));
      const stopped = await endWith(1, npm("stop", "--", "--vms"));
      expect(stopped.text).toMatch(/deaf runs on: .+ It is protected, so its power was not cut: npm start, then 'quetzal vm unprotect deaf', then npm stop -- --vms\./);
      // Without disk and image nothing on its command line tells whose it is.
      ({ pid } = JSON.parse(readFileSync(join(stateDir, "hypervisor/vms/deaf/run.json"), "utf8")) as { pid: number });
      expect([ours("quetzald"), ours("dist/server.js"), ours("qemu-system"), isAlive(pid)]).toEqual([[], [], [], true]);
    } finally {
      // Protected it would outlive these tests.
      await succeed(start());
      // A start does not take the protection back: people gave it.
      expect(JSON.parse((await succeed(quetzal("vm", "show", "test-vm-001", "-o", "json"))).stdout)).toMatchObject({ protected: true });
      for (const words of [["vm", "unprotect", "test-vm-001"], ["vm", "unprotect", "deaf"], ["vm", "force-off", "-y", "--wait", "deaf"], ["vm", "delete", "-y", "--wait", "deaf"]]) await succeed(quetzal(...words));
    }
    await succeed(npm("stop", "--", "--vms"));
    expect([ours("qemu-system"), isAlive(pid)]).toEqual([[], false]);
  });

  it("npm stop after kill -9 of the server ends its Postgres too", async () => {
    await succeed(start());
    for (const { pid } of ourProcesses("dist/server.js")) process.kill(pid, "SIGKILL");
    expect(ours("bin/postgres")).not.toEqual([]);
    await succeed(npm("stop", "--", "--vms"));
    expect([ours("quetzald"), ours("dist/server.js"), ours("bin/postgres"), ours("qemu-system")]).toEqual([[], [], [], []]);
  });

  it("npm start leaves what people changed of a VM and says so; a file that is new or edited is applied, and told", async () => {
    const shown = async (id: string): Promise<unknown> => JSON.parse((await succeed(quetzal("vm", "show", id, "-o", "json"))).stdout);
    const id = `edited-${process.pid}`;
    const folder = join(root, "vms", id);
    const define = (memory: number): void => writeFileSync(join(folder, "config.json"), JSON.stringify({ id, memory_mb: memory, vcpus: 1, network: { mode: "user" } }));
    mkdirSync(folder);
    try {
      define(64);
      expect((await succeed(start())).text).toContain(`${id} was made from vms/${id}/config.json.`);
      for (const vm of ["test-vm-001", id]) {
        await succeed(quetzal("vm", "protect", "--wait", vm));
        await succeed(quetzal("vm", "label", "--wait", vm, "tier=web"));
      }
      const again = await succeed(start());
      for (const [vm, home] of [["test-vm-001", "test-vm"], [id, id]] as const) {
        expect(await shown(vm)).toMatchObject({ protected: true, definition: { labels: { tier: "web" } } });
        expect(again.text).toMatch(new RegExp(`${vm} was changed since its file was applied, and stays so: 'quetzal apply vms/${home}' puts the file's back \\(.*protected`));
      }
      define(96);
      const edited = await succeed(start());
      expect(edited.text).toMatch(new RegExp(`${id} was changed, for vms/${id}/config\\.json was edited: .*memory_mb: 64 → 96`));
      expect(await shown(id)).toMatchObject({ memoryBytes: 96 * 2 ** 20, protected: false });
      expect(await shown("test-vm-001")).toMatchObject({ protected: true });
    } finally {
      rmSync(folder, { recursive: true });
      await quetzal("apply", join(root, "vms/test-vm"));
      await quetzal("vm", "unprotect", id);
      await quetzal("vm", "delete", "-y", "--wait", id);
    }
    expect((await succeed(start())).text).not.toContain("was changed");
  });

  it.each(["quetzald", "dist/server.js", "bin/postgres"])("npm start after kill -9 of %s finds everything again", async (service) => {
    await succeed(start());
    const [qemu] = ours("qemu-system");
    expect(ours(service)).not.toEqual([]);
    for (const { pid } of ourProcesses(service)) process.kill(pid, "SIGKILL");
    expect((await succeed(start())).stdout).toMatch(/test-vm-001: RUNNING/);
    expect(ours("qemu-system")).toEqual([qemu]);
  });

  it.each([
    ["no address", "foo", /QUETZAL_LISTEN is "foo"/],
    ["an address of others without TLS", "0.0.0.0:0", /set QUETZAL_TLS_CERT and QUETZAL_TLS_KEY/],
  ])("npm start with %s wished leaves the running server as it is", async (_, listen, complaint) => {
    await succeed(start());
    const before = ourProcesses("dist/server.js");
    const ran = await endWith(1, start({ QUETZAL_LISTEN: listen }));
    expect(ran.text).toMatch(complaint);
    expect(ran.text).toMatch(/^Mend: /m);
    expect(ourProcesses("dist/server.js")).toEqual(before);
  });

  it.each([
    ["no URL", "mydb", /DATABASE_URL is no URL of a Postgres/],
    ["a Postgres that nobody runs", "postgresql://nobody@127.0.0.1:1/none", /The database cannot be reached \(.*ECONNREFUSED/],
  ])("npm start with %s as DATABASE_URL leaves what runs as it is", async (_, url, complaint) => {
    await succeed(start());
    const before = [ourProcesses("quetzald"), ourProcesses("dist/server.js"), ourProcesses("bin/postgres")];
    const ran = await endWith(1, start({ DATABASE_URL: url }));
    expect(ran.text).toMatch(complaint);
    expect(ran.text).toMatch(/^Mend: give DATABASE_URL/m);
    expect([ourProcesses("quetzald"), ourProcesses("dist/server.js"), ourProcesses("bin/postgres")]).toEqual(before);
  });

  it("npm start with a port in use wished leaves the running server as it is", async () => {
    await using taken = await takePort();
    const before = ourProcesses("dist/server.js");
    const ran = await endWith(1, start({ QUETZAL_LISTEN: `127.0.0.1:${taken.port}` }));
    expect(ran.text).toContain(`Port ${taken.port} of 127.0.0.1 is in use by another program.`);
    expect(ourProcesses("dist/server.js")).toEqual(before);
  });

  it("npm start with a broken definition names it, its log and the mend, shows the frame all the same, and exits 1", async () => {
    const broken = join(root, "vms", `broken-${process.pid}`);
    mkdirSync(broken);
    try {
      writeFileSync(join(broken, "config.json"), '{ "id": ');
      const ran = await endWith(1, start());
      expect(ran.text).toContain(join(broken, "config.json"));
      expect(ran.text).toContain(`Log: ${join(stateDir, "logs/setup.log")}`);
      expect(ran.text).toMatch(/^Mend: .*npm start again\.$/m);
      expect(ran.text).toMatch(/test-vm-001: RUNNING/);
    } finally {
      rmSync(broken, { recursive: true });
    }
    await succeed(start());
  });

  it("two starts at once end in one set of services, and both say so", async () => {
    const both = await Promise.all([succeed(start()), succeed(start())]);
    for (const ran of both) expect(ran.stdout).toMatch(/test-vm-001: RUNNING/);
    expect([ours("quetzald").length, ours("dist/server.js").length, ours("qemu-system").length]).toEqual([1, 1, 1]);
  });

  it("a start on another state folder finds the port taken, says which, and leaves the first alone", async () => {
    const other = mkdtempSync(join(tmpdir(), "qz-"));
    chmodSync(other, 0o755);
    try {
      const ran = await endWith(1, start({ QUETZAL_STATE_DIR: other }));
      expect(ran.text).toContain((env["QUETZAL_LISTEN"] ?? "").split(":")[1]);
      expect(ran.text).toMatch(/QUETZAL_LISTEN/);
      expect(readdirSync(other)).toEqual([]);
      await succeed(npm("run", "status"));
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});
