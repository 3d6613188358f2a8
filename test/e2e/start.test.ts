// `npm start` and its siblings as a new user runs them, in a state folder of their own, and the README word for word.
import { spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive } from "../support/process.js";
import { shellBlocks } from "../support/readme.js";
import { guestImagesDir, root } from "../support/stack.js";

let stateDir: string;
let env: NodeJS.ProcessEnv;
const SECOND_START_AFTER_MS = 600_000;
/** How an example of a stream that never ends is ended by its own --max-time. */
const CURL_TIMED_OUT = 28;

interface Ran { readonly code: number | null; readonly text: string }
function run(command: string, args: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...env, ...extra }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => { text += chunk.toString(); });
    child.stderr.on("data", (chunk: Buffer) => { text += chunk.toString(); });
    child.once("error", reject).once("close", (code) => resolve({ code, text }));
  });
}
async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as { port: number };
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "qz-"));
  chmodSync(stateDir, 0o755);
  env = { ...process.env, QUETZAL_STATE_DIR: stateDir, QUETZAL_LISTEN: `127.0.0.1:${await freePort()}` };
  if (existsSync(guestImagesDir())) cpSync(guestImagesDir(), join(stateDir, "images"), { recursive: true });
});
afterAll(async () => {
  await run("npm", ["stop", "--", "--vms"]);
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

/** `npm start` and `npm stop`, as the README writes them. */
const [startLine = "", stopLine = ""] = shellBlocks("Two commands").join("").split("\n");
const typed = (line: string): Promise<Ran> => run("bash", ["-c", line]);

describe("the two commands", () => {
  it("npm start without a terminal sets up, boots test-vm-001, prints a frame with it running, and leaves", async () => {
    expect(startLine).toMatch(/^npm start +#/);
    const ran = await typed(startLine);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.text).toMatch(/test-vm-001: RUNNING/);
  }, SECOND_START_AFTER_MS);

  it("a second npm start goes on from there", async () => {
    const ran = await run("npm", ["start"]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.text).toMatch(/test-vm-001: RUNNING/);
  });

  it("npm run status tells what runs and where its logs are", async () => {
    const ran = await run("npm", ["run", "status"]);
    expect(ran.code).toBe(0);
    for (const word of ["quetzald", "server", "test-vm-001", join(stateDir, "logs"), join(stateDir, "logs/postgres.log")]) expect(ran.text).toContain(word);
    expect(ran.text).toMatch(/^postgres +running since .* pid \d+/m);
    expect(ran.text).toMatch(/^ +test-vm-001 running since \d{4}-\S+ \(.+\) +pid \d+ +log \S+qemu\.log$/m);
  });

  it("npm run doctor tells what the host can do", async () => {
    const ran = await run("npm", ["run", "doctor"]);
    expect(ran.code).toBe(0);
    for (const word of ["kvm", "bridge", "ksm", "node"]) expect(ran.text.toLowerCase()).toContain(word);
  });

  it("test-vm-001 is what its definition says, and its network says why it is not the bridge", async () => {
    const ran = await run(process.execPath, [join(root, "dist/quetzal.js"), "vm", "show", "test-vm-001", "-o", "json"]);
    const vm = JSON.parse(ran.text) as { state: string; memoryBytes: number; vcpus: number; networkInUse: string };
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
    const ran = await run("bash", ["-euc", script]);
    expect([0, CURL_TIMED_OUT]).toContain(ran.code);
    expect(ran.text).not.toContain('"errors"');
    for (const word of ['"id":"test-vm-001"', '"VmOperationAccepted"', "event: next", '"vmId":"test-vm-001"']) expect(ran.text).toContain(word);
  });

  it("start.sh starts its VM through the product", async () => {
    const again = await run("sh", [join(root, "vms/test-vm/start.sh")]);
    expect(again).toMatchObject({ code: 0 });
    expect(again.text).toMatch(/test-vm-001 is RUNNING: nothing to start/);
    const quetzal = join(root, "dist/quetzal.js");
    expect(await run(process.execPath, [quetzal, "vm", "force-off", "-y", "--wait", "test-vm-001"])).toMatchObject({ code: 0 });
    expect(await run("sh", [join(root, "vms/test-vm/start.sh")])).toMatchObject({ code: 0 });
    expect((await run(process.execPath, [quetzal, "vm", "ls"])).text).toMatch(/test-vm-001\s+running/);
  });

  it("npm stop ends the services and leaves the VM; npm start finds it again; npm stop --vms ends it", async () => {
    expect(stopLine).toMatch(/^npm stop +#/);
    expect(await typed(stopLine)).toMatchObject({ code: 0 });
    expect([ours("quetzald"), ours("dist/server.js"), ours("bin/postgres"), ours("qemu-system").length]).toEqual([[], [], [], 1]);
    expect(await run("npm", ["run", "status"])).toMatchObject({ code: 3, text: expect.stringMatching(/^daemon +not running/m) as string });
    const again = await run("npm", ["start"]);
    expect(again.text).toMatch(/test-vm-001: RUNNING/);
    expect(await run("npm", ["stop", "--", "--vms"])).toMatchObject({ code: 0 });
    expect(ours("qemu-system")).toEqual([]);
  });

  it("npm stop --vms goes on past a protected VM that will not stop, stops one that does, and names the other", async () => {
    const quetzal = (...words: string[]): Promise<Ran> => run(process.execPath, [join(root, "dist/quetzal.js"), ...words]);
    expect(await run("npm", ["start"])).toMatchObject({ code: 0 });
    // Its firmware hears no power button.
    let pid = 0;
    try {
      expect(await quetzal("vm", "create", "deaf", "--memory", "32M", "--protected", "--start", "--wait")).toMatchObject({ code: 0 });
      expect(await quetzal("vm", "protect", "test-vm-001")).toMatchObject({ code: 0 });
      const stopped = await run("npm", ["stop", "--", "--vms"]);
      expect(stopped.code).not.toBe(0);
      expect(stopped.text).toMatch(/deaf runs on: .+ It is protected, so its power was not cut: npm start, then 'quetzal vm unprotect deaf', then npm stop -- --vms\./);
      // Without disk and image nothing on its command line tells whose it is.
      ({ pid } = JSON.parse(readFileSync(join(stateDir, "hypervisor/vms/deaf/run.json"), "utf8")) as { pid: number });
      expect([ours("quetzald"), ours("dist/server.js"), ours("qemu-system"), isAlive(pid)]).toEqual([[], [], [], true]);
    } finally {
      // Protected it would outlive these tests.
      await run("npm", ["start"]);
      // A start does not take the protection back: people gave it.
      expect(JSON.parse((await quetzal("vm", "show", "test-vm-001", "-o", "json")).text)).toMatchObject({ protected: true });
      for (const words of [["vm", "unprotect", "test-vm-001"], ["vm", "unprotect", "deaf"], ["vm", "force-off", "-y", "--wait", "deaf"], ["vm", "delete", "-y", "--wait", "deaf"]]) expect(await quetzal(...words)).toMatchObject({ code: 0 });
    }
    expect(await run("npm", ["stop", "--", "--vms"])).toMatchObject({ code: 0 });
    expect([ours("qemu-system"), isAlive(pid)]).toEqual([[], false]);
  });

  it("npm stop after kill -9 of the server ends its Postgres too", async () => {
    await run("npm", ["start"]);
    for (const { pid } of ourProcesses("dist/server.js")) process.kill(pid, "SIGKILL");
    expect(ours("bin/postgres")).not.toEqual([]);
    expect(await run("npm", ["stop", "--", "--vms"])).toMatchObject({ code: 0 });
    expect([ours("quetzald"), ours("dist/server.js"), ours("bin/postgres"), ours("qemu-system")]).toEqual([[], [], [], []]);
  });

  it("npm start leaves what people changed of a VM and says so; a file that is new or edited is applied, and told", async () => {
    const quetzal = (...words: string[]): Promise<Ran> => run(process.execPath, [join(root, "dist/quetzal.js"), ...words]);
    const shown = async (id: string): Promise<unknown> => JSON.parse((await quetzal("vm", "show", id, "-o", "json")).text);
    const id = `edited-${process.pid}`;
    const folder = join(root, "vms", id);
    const define = (memory: number): void => writeFileSync(join(folder, "config.json"), JSON.stringify({ id, memory_mb: memory, vcpus: 1, network: { mode: "user" } }));
    mkdirSync(folder);
    try {
      define(64);
      expect((await run("npm", ["start"])).text).toContain(`${id} was made from vms/${id}/config.json.`);
      for (const vm of ["test-vm-001", id]) {
        expect(await quetzal("vm", "protect", "--wait", vm)).toMatchObject({ code: 0 });
        expect(await quetzal("vm", "label", "--wait", vm, "tier=web")).toMatchObject({ code: 0 });
      }
      const again = await run("npm", ["start"]);
      expect(again.code).toBe(0);
      for (const [vm, home] of [["test-vm-001", "test-vm"], [id, id]] as const) {
        expect(await shown(vm)).toMatchObject({ protected: true, definition: { labels: { tier: "web" } } });
        expect(again.text).toMatch(new RegExp(`${vm} was changed since its file was applied, and stays so: 'quetzal apply vms/${home}' puts the file's back \\(.*protected`));
      }
      define(96);
      const edited = await run("npm", ["start"]);
      expect(edited.text).toMatch(new RegExp(`${id} was changed, for vms/${id}/config\\.json was edited: .*memory_mb: 64 → 96`));
      expect(await shown(id)).toMatchObject({ memoryBytes: 96 * 2 ** 20, protected: false });
      expect(await shown("test-vm-001")).toMatchObject({ protected: true });
    } finally {
      rmSync(folder, { recursive: true });
      await quetzal("apply", join(root, "vms/test-vm"));
      await quetzal("vm", "unprotect", id);
      await quetzal("vm", "delete", "-y", "--wait", id);
    }
    const last = await run("npm", ["start"]);
    expect(last).toMatchObject({ code: 0 });
    expect(last.text).not.toContain("was changed");
  });

  it.each(["quetzald", "dist/server.js", "bin/postgres"])("npm start after kill -9 of %s finds everything again", async (service) => {
    await run("npm", ["start"]);
    const [qemu] = ours("qemu-system");
    expect(ours(service)).not.toEqual([]);
    for (const { pid } of ourProcesses(service)) process.kill(pid, "SIGKILL");
    const ran = await run("npm", ["start"]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.text).toMatch(/test-vm-001: RUNNING/);
    expect(ours("qemu-system")).toEqual([qemu]);
  });

  it.each([
    ["no address", "foo", /QUETZAL_LISTEN is "foo"/],
    ["an address of others without TLS", "0.0.0.0:0", /set QUETZAL_TLS_CERT and QUETZAL_TLS_KEY/],
  ])("npm start with %s wished leaves the running server as it is", async (_, listen, complaint) => {
    await run("npm", ["start"]);
    const before = ourProcesses("dist/server.js");
    const ran = await run("npm", ["start"], { QUETZAL_LISTEN: listen });
    expect(ran.code).not.toBe(0);
    expect(ran.text).toMatch(complaint);
    expect(ran.text).toMatch(/^Mend: /m);
    expect(ourProcesses("dist/server.js")).toEqual(before);
  });

  it.each([
    ["no URL", "mydb", /DATABASE_URL is no URL of a Postgres/],
    ["a Postgres that nobody runs", "postgresql://nobody@127.0.0.1:1/none", /The database cannot be reached \(.*ECONNREFUSED/],
  ])("npm start with %s as DATABASE_URL leaves what runs as it is", async (_, url, complaint) => {
    await run("npm", ["start"]);
    const before = [ourProcesses("quetzald"), ourProcesses("dist/server.js"), ourProcesses("bin/postgres")];
    const ran = await run("npm", ["start"], { DATABASE_URL: url });
    expect(ran.code).not.toBe(0);
    expect(ran.text).toMatch(complaint);
    expect(ran.text).toMatch(/^Mend: give DATABASE_URL/m);
    expect([ourProcesses("quetzald"), ourProcesses("dist/server.js"), ourProcesses("bin/postgres")]).toEqual(before);
  });

  it("npm start with a port in use wished leaves the running server as it is", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    try {
      const { port } = holder.address() as { port: number };
      const before = ourProcesses("dist/server.js");
      const ran = await run("npm", ["start"], { QUETZAL_LISTEN: `127.0.0.1:${port}` });
      expect(ran.code).not.toBe(0);
      expect(ran.text).toContain(`Port ${port} of 127.0.0.1 is in use by another program.`);
      expect(ourProcesses("dist/server.js")).toEqual(before);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it("npm start with a broken definition names it, its log and the mend, shows the frame all the same, and exits 1", async () => {
    const broken = join(root, "vms", `broken-${process.pid}`);
    mkdirSync(broken);
    try {
      writeFileSync(join(broken, "config.json"), '{ "id": ');
      const ran = await run("npm", ["start"]);
      expect(ran.code).toBe(1);
      expect(ran.text).toContain(join(broken, "config.json"));
      expect(ran.text).toContain(`Log: ${join(stateDir, "logs/setup.log")}`);
      expect(ran.text).toMatch(/^Mend: .*npm start again\.$/m);
      expect(ran.text).toMatch(/test-vm-001: RUNNING/);
    } finally {
      rmSync(broken, { recursive: true });
    }
    expect(await run("npm", ["start"])).toMatchObject({ code: 0 });
  });

  it("two starts at once end in one set of services, and both say so", async () => {
    const both = await Promise.all([run("npm", ["start"]), run("npm", ["start"])]);
    for (const ran of both) {
      expect(ran.code, ran.text).toBe(0);
      expect(ran.text).toMatch(/test-vm-001: RUNNING/);
    }
    expect([ours("quetzald").length, ours("dist/server.js").length, ours("qemu-system").length]).toEqual([1, 1, 1]);
  });

  it("a start on another state folder finds the port taken, says which, and leaves the first alone", async () => {
    const other = mkdtempSync(join(tmpdir(), "qz-"));
    chmodSync(other, 0o755);
    try {
      const ran = await run("npm", ["start"], { QUETZAL_STATE_DIR: other });
      expect(ran.code).not.toBe(0);
      expect(ran.text).toContain((env["QUETZAL_LISTEN"] ?? "").split(":")[1]);
      expect(ran.text).toMatch(/QUETZAL_LISTEN/);
      expect(readdirSync(other)).toEqual([]);
      expect((await run("npm", ["run", "status"])).code).toBe(0);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});
