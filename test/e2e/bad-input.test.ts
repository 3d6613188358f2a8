// Bad input: each gets one clear error that names the field or file and the mend, changes nothing and loses nothing.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeContext } from "../../tui/launch/context.mjs";
import { applyAll } from "../../tui/launch/definitions.mjs";
import { closedTo, ordinaryUid, ordinaryUser, type User } from "../support/ordinary-user.js";
import { takePort } from "../support/port.js";
import { endWith, type Ran, run } from "../support/run.js";
import { cliPath, daemonPath, root, serverPath, Stack } from "../support/stack.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
beforeAll(async () => { stack = await Stack.start(); });
afterAll(() => stack[Symbol.asyncDispose]());

/** Of a server beside the stack's own. */
const serverEnv = (stateDir: string, runDir: string, port = 0): NodeJS.ProcessEnv => ({ ...process.env, QUETZAL_STATE_DIR_RESOLVED: stateDir, QUETZAL_RUN_DIR_RESOLVED: runDir, QUETZAL_LISTEN: `127.0.0.1:${port}` });

interface PutResult { __typename: string; message?: string; field?: string | null }
async function put(definition: unknown): Promise<PutResult> {
  const { putVm } = await stack.api.query<{ putVm: PutResult }>(
    `mutation ($definition: JSON!) { putVm(input: { definition: $definition }) { __typename ... on Error { message } ... on InvalidSpec { field } ... on InsufficientResources { field } ... on StorageFault { field } } }`,
    { definition },
  );
  return putVm;
}
async function vmIds(): Promise<string[]> {
  return (await stack.api.query<{ vms: { nodes: { id: string }[] } }>("{ vms { nodes { id } } }")).vms.nodes.map((vm) => vm.id);
}

describe("a definition that breaks a rule", () => {
  const base = bareGuest("bad");
  it.each([
    ["memory of 0", { ...base, memory_mb: 0 }, "memory_mb", "give at least 32"],
    ["memory above the host", { ...base, memory_mb: 100_000_000 }, "memory_mb", "give at most"],
    ["negative memory", { ...base, memory_mb: -1 }, "memory_mb", "give a whole number"],
    ["no vCPU", { ...base, vcpus: 0 }, "vcpus", "give 1 or more"],
    ["an id with a slash", { ...base, id: "a/b" }, "id", "use 1 to 64"],
    ["an id with a comma", { ...base, id: "a,b" }, "id", "use 1 to 64"],
    ["an id of dots", { ...base, id: ".." }, "id", "use 1 to 64"],
    ["an id with a newline", { ...base, id: "a\nb" }, "id", "use 1 to 64"],
    ["an id of 300 characters", { ...base, id: "a".repeat(300) }, "id", "use 1 to 64"],
    ["a name with a newline", { ...base, name: "a\nb" }, "name", "use 1 to 64"],
    ["a name of 300 characters", { ...base, name: "a".repeat(300) }, "name", "use 1 to 64"],
    ["a name with a slash", { ...base, name: "a/b" }, "name", "use 1 to 64"],
    ["a name with a comma", { ...base, name: "a,b" }, "name", "use 1 to 64"],
    ["a name of dots", { ...base, name: ".." }, "name", "use 1 to 64"],
    ["a disk's name with a comma", { ...base, disks: [{ name: "vda,if=none", path: "a.img", size_gb: 1 }] }, "disks[0].name", "use 1 to"],
    ["an unknown field", { ...base, memroy: 5 }, "memroy", 'did you mean "memory_mb"?'],
    ["a disk outside its pool", { ...base, disks: [{ name: "vda", path: "../other/disk.img", size_gb: 1 }] }, "disks[0].path", "give one that is relative"],
    ["an absolute disk path", { ...base, disks: [{ name: "vda", path: "/etc/passwd", size_gb: 1 }] }, "disks[0].path", "give one that is relative"],
    ["a kernel outside the images", { ...base, boot: { kernel: "../../etc/passwd" } }, "boot.kernel", "give one that is relative"],
    ["two disks of one name", { ...base, disks: [{ name: "vda", path: "a.img", size_gb: 1 }, { name: "vda", path: "b.img", size_gb: 1 }] }, "disks[1].name", "choose another name"],
    ["a bridge without a name", { ...base, network: { mode: "bridge" } }, "network.bridge", "add it (BRIDGE in network.conf)"],
  ])("%s is refused with its field and the mend", async (_, definition, field, mend) => {
    const result = await put(definition);
    expect(result.__typename).toMatch(/^(InvalidSpec|InsufficientResources|StorageFault)$/);
    expect(result.field).toBe(field);
    expect(result.message).toContain(mend);
    expect(result.message).not.toContain("\n");
    expect(await vmIds()).toEqual([]);
  });

  it("a missing image is refused when the VM is defined, with the field and the mend", async () => {
    const result = await put({ ...base, boot: { kernel: "nowhere/vmlinuz" } });
    expect(result).toMatchObject({ __typename: "StorageFault", field: "boot.kernel" });
    expect(result.message).toMatch(/nowhere\/vmlinuz.*put it there/);
    expect(await vmIds()).toEqual([]);
  });

  it("an image that went away is a refusal of the start that names it, and leaves the VM as it was", async () => {
    const image = join(stack.stateDir, "images/nowhere/vmlinuz");
    mkdirSync(join(image, ".."), { recursive: true });
    writeFileSync(image, "");
    const vm = await VmDriver.define(stack, smallGuest("bad-image", { boot: { kernel: "nowhere/vmlinuz" } }));
    rmSync(image);
    const result = await vm.verb("startVm");
    expect(result).toMatchObject({ __typename: "StorageFault" });
    expect(result.message).toContain("nowhere/vmlinuz");
    expect((await vm.show()).state).toBe("DEFINED");
    await vm.complete("deleteVm");
  });
});

describe("quetzal apply", () => {
  async function apply(files: Record<string, string>): Promise<Ran> {
    const folder = mkdtempSync(join(tmpdir(), "qz-defs-"));
    try {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      return await run(process.execPath, [cliPath, "apply", folder], { env: stack.clientEnv });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  /** A refusal is one line on standard error, and nothing else is said. */
  async function refusal(files: Record<string, string>): Promise<string> {
    const ran = await endWith(2, apply(files));
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toMatch(/^[^\n]+\n$/);
    return ran.stderr;
  }

  it.each([
    ["a value that is missing", '{ "id": "broken",\n  "memory_mb": }', '2:16: this is not valid JSON: expected a value, found "}"; mend it there, nothing was applied.'],
    ["an end that is missing", '{ "id": "broken",\n  "memory_mb": 64', '1:1: this is not valid JSON: this "{" is never closed; mend it there, nothing was applied.'],
    ["nothing at all", "", "1:1: this is not valid JSON: the file is empty; mend it there, nothing was applied."],
    ["a comma too many", '{ "id": "broken",\n}', '2:1: this is not valid JSON: a "," must not stand before "}"; mend it there, nothing was applied.'],
  ])("names the file, line and column of JSON with %s, and the definition beside it is not applied either", async (_, text, told) => {
    expect(await refusal({ "a/config.json": text, "b/config.json": JSON.stringify(bareGuest("beside")) })).toMatch(new RegExp(`^quetzal: \\S+/a/config\\.json:${told.replace(/[{}.]/g, "\\$&")}\n$`));
    expect(await vmIds()).toEqual([]);
  });

  it.each([
    ["is empty", [], /vms\/test-vm\/config\.json is missing: its folder is empty; put it there, or remove the folder\. Nothing was applied\./],
    ["has lost its config.json", ["network.conf"], /vms\/test-vm\/config\.json is missing: its folder holds network\.conf and no definition/],
  ] as const)("names a VM's folder that %s, as npm start does, which shows what there is all the same", async (_, names, complaint) => {
    const clone = mkdtempSync(join(tmpdir(), "qz-clone-"));
    try {
      mkdirSync(join(clone, "vms/other"), { recursive: true });
      mkdirSync(join(clone, "vms/test-vm"));
      for (const name of names) writeFileSync(join(clone, "vms/test-vm", name), "");
      writeFileSync(join(clone, "vms/other/config.json"), JSON.stringify(bareGuest("other")));
      expect((await endWith(2, run(process.execPath, [cliPath, "apply", join(clone, "vms")], { env: stack.clientEnv }))).stderr).toMatch(complaint);
      const context = { ...makeContext({ ...stack.clientEnv, QUETZAL_STATE_DIR: stack.stateDir }, { uid: process.getuid?.() ?? 0, isTerminal: false, arguments: [] }), repoDir: clone };
      const { refused } = await applyAll(context, () => undefined);
      expect(refused?.message).toMatch(/^\S+vms\/test-vm\/config\.json is missing, which defines test-vm-001\./);
      expect(refused?.message).toMatch(complaint);
      // Moved away: the rest is applied.
      rmSync(join(clone, "vms/test-vm"), { recursive: true });
      expect((await applyAll(context, () => undefined)).refused?.message).toMatch(/config\.json is missing, which defines test-vm-001\.$/);
      expect(await vmIds()).toEqual(["other"]);
    } finally {
      rmSync(clone, { recursive: true });
      await stack.api.query(`mutation { deleteVm(input: { id: "other" }) { __typename } }`);
    }
  });

  it.each([
    ["an unknown field", { memroy: 64 }, "memroy", 'did you mean "memory_mb"?'],
    ["memory of 0", { memory_mb: 0 }, "memory_mb", "give at least 32"],
    ["memory above the host", { memory_mb: 100_000_000 }, "memory_mb", "give at most "],
    ["a missing image", { boot: { kernel: "nowhere/vmlinuz" } }, "boot.kernel", "put it there"],
    ["a disk outside its pool", { disks: [{ name: "vda", path: "../other.img", size_gb: 1 }] }, "disks[0].path", "give one that is relative"],
  ])("names the file, line, column and field of %s, and the mend", async (_, extra, field, mend) => {
    const text = JSON.stringify(bareGuest("refused", extra), null, 2);
    const last = field.split(".").at(-1) ?? field;
    const before = text.slice(0, text.indexOf(`"${last}"`)).split("\n");
    const ran = await apply({ "a/config.json": text });
    expect(ran.code, ran.text).not.toBe(0);
    expect(ran.stderr).toMatch(/^[^\n]+\n$/);
    expect(ran.stderr).toContain(`/a/config.json:${before.length}:${(before.at(-1) ?? "").length + 1}: ${field}`);
    expect(ran.stderr).toContain(mend);
    expect(await vmIds()).toEqual([]);
  });

  it("refuses two VMs with one id, names both files and places, and applies neither", async () => {
    const twin = JSON.stringify(bareGuest("twin"));
    expect(await refusal({ "a/config.json": twin, "b/config.json": twin })).toMatch(/^quetzal: \S+\/b\/config\.json:1:2: the id "twin" is also that of \S+\/a\/config\.json:1:2: give each VM its own; nothing was applied\.\n$/);
    expect(await vmIds()).toEqual([]);
  });
});

describe("a request that asks too much or may not ask", () => {
  it.each([["wrong", "qz_wrong"], ["missing", ""]])("is refused with a %s token", async (_, token) => {
    const { status, body } = await stack.api.raw("{ viewer { name } }", {}, token);
    expect(status).toBe(401);
    expect(body.data ?? null).toBeNull();
    expect(body.errors?.[0]?.message).toMatch(/token/i);
  });

  it("is refused with an absurd depth, naming the limit", async () => {
    const deep = `{ vms(first: 1) { nodes ${"{ operations(first: 1) { vm ".repeat(30)} { id } ${"} }".repeat(30)} } }`;
    const { body } = await stack.api.raw(deep);
    expect(body.data ?? null).toBeNull();
    expect(body.errors?.[0]?.message).toMatch(/deeper than \d+ levels/);
  });

  it("is refused with an absurd cost, naming the limit", async () => {
    const wide = `{ ${Array.from({ length: 200 }, (_, index) => `a${index}: vms(first: 1000) { nodes { id } }`).join(" ")} }`;
    const { body } = await stack.api.raw(wide);
    expect(body.data ?? null).toBeNull();
    expect(body.errors?.[0]?.message).toMatch(/more than \d+ fields/);
  });

  it("is refused with a document too long to be worth reading", async () => {
    const { body } = await stack.api.raw(`{ ${"server { now } ".repeat(5000)} }`);
    expect(body.data ?? null).toBeNull();
    expect(body.errors?.[0]?.message).toMatch(/token/i);
  });

  it.each([["announced", { "content-length": 100_000_000 }], ["unannounced", {}]])("is refused with an %s body of 100 MB, without reading it all", async (_, length) => {
    const status = await new Promise<number | string>((resolve) => {
      const sent = request(stack.url, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${stack.token}`, ...length } }, (response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
        sent.destroy();
      });
      sent.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      const chunk = Buffer.alloc(1_000_000, 32);
      let left = 100;
      const more = (): void => { while (left-- > 0) if (!sent.write(chunk)) { sent.once("drain", more); return; } sent.end(); };
      more();
    });
    expect(status).toBe(413);
    expect((await stack.api.query<{ viewer: { name: string } }>("{ viewer { name } }")).viewer.name).not.toBe("");
  });
});

describe("a service that cannot start", () => {
  it("QEMU that dies at its start: CRASHED or refused, with its own words", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qz-"));
    const fake = join(folder, "qemu");
    writeFileSync(fake, '#!/bin/sh\n[ "$1" = --version ] && { echo "QEMU emulator version 7.2.22"; exit 0; }\necho "qemu: the fake disk is on fire" >&2\nexit 3\n', { mode: 0o755 });
    chmodSync(folder, 0o755);
    try {
      await using other = await Stack.start({ daemonArgs: ["--qemu-binary", fake] });
      const vm = await VmDriver.define(other, bareGuest("dying"));
      const result = await vm.verb("startVm");
      const seen = result.__typename === "LaunchFailed" ? (result.message ?? "") : await vm.operationEnd(result.operation?.id ?? "").then((operation) => operation.error ?? "");
      expect(seen).toContain("the fake disk is on fire");
      expect((await vm.show()).state).toMatch(/^(DEFINED|CRASHED)$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("QEMU not installed: the refusal names what was not found and the command that gets it, and the VM stays as it was", async () => {
    await using other = await Stack.start({ daemonArgs: ["--qemu-binary", "/nonexistent/qemu-system-x86_64"] });
    const vm = await VmDriver.define(other, bareGuest("no-qemu"));
    const result = await vm.verb("startVm");
    expect(result).toMatchObject({ __typename: "Unsupported", message: expect.stringContaining("QEMU is not installed: /nonexistent/qemu-system-x86_64 was not found; install it with: apt-get install qemu-system-x86") as string });
    expect((await vm.show()).state).toBe("DEFINED");
  });

  it("a port in use: the server says which and how to choose another", async () => {
    await using taken = await takePort();
    const runDir = mkdtempSync(join(tmpdir(), "qz-run-"));
    try {
      const ran = await endWith(1, run(process.execPath, [serverPath], { env: serverEnv(stack.stateDir, runDir, taken.port) }));
      expect(ran.stderr).toBe(`quetzal server: Port ${taken.port} on 127.0.0.1 is in use; end what holds it, or choose another with QUETZAL_LISTEN=HOST:PORT.\n`);
      expect(readdirSync(runDir)).toEqual([]);
    } finally {
      rmSync(runDir, { recursive: true });
    }
  });

  it("a second daemon on one state folder: refused by the first one's pid, which is unharmed", async () => {
    const ran = await endWith(1, run(daemonPath, ["--state-dir", stack.stateDir, "--run-dir", stack.runDir]));
    expect(ran.stderr).toBe(`quetzald: another quetzald (process ${stack.daemon?.pid}) already serves the state folder '${stack.stateDir}'; stop it first, or use another --state-dir\n`);
    expect(await vmIds()).toEqual([]);
  });

  it("a database of a newer schema: the server names the migration and the mend, and changes nothing", async () => {
    await using other = await Stack.start();
    await other.server?.end();
    const { markSchemaNewer } = await import("../support/database.js");
    await markSchemaNewer(other);
    for (const attempt of [1, 2]) {
      const ran = await endWith(1, run(process.execPath, [serverPath], { env: serverEnv(other.stateDir, other.runDir) }));
      expect(ran.stderr, `attempt ${attempt}`).toMatch(/^quetzal server: The database has a newer schema than this version knows \(migration 29990101000000_from_the_future\): start the version that made it or a newer one, or set DATABASE_URL to another database\. Nothing was changed\.$/m);
    }
  });
});

describe("a state folder that cannot be written is named, with why and the mend", () => {
  const launcher = join(root, "tui/launch/main.mjs");
  const start = (stateDir: string, user?: User): Promise<Ran> => run(process.execPath, [launcher, "start"], { env: { ...process.env, QUETZAL_STATE_DIR: stateDir }, user });
  /** Root's, on every machine. */
  const OTHERS = "/usr/qz-not-yours";
  const closed = closedTo(ordinaryUser, [process.execPath, launcher]);

  it("where the kernel lets nobody make one", async () => {
    expect((await endWith(1, start("/proc/nowhere"))).stderr).toMatch(/^The state folder \/proc\/nowhere cannot be written: .+\.\nMend: .+, or set QUETZAL_STATE_DIR to a folder of yours\.$/m);
    const daemon = await endWith(1, run(daemonPath, ["--state-dir", "/proc/nowhere", "--run-dir", "/proc/nowhere/run"]));
    expect(daemon.stderr).toMatch(/^quetzald: cannot write to the state folder '\/proc\/nowhere': .+; make it writable, or use another --state-dir\n$/);
  });

  it("where the run folder alone cannot be made", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "qz-"));
    try {
      const daemon = await endWith(1, run(daemonPath, ["--state-dir", stateDir, "--run-dir", "/proc/nowhere"]));
      expect(daemon.stderr).toMatch(/^quetzald: cannot write to the run folder '\/proc\/nowhere': .+; make it writable, or use another --run-dir\n$/);
    } finally {
      rmSync(stateDir, { recursive: true });
    }
  });

  it.runIf(closed === undefined)("where it is another user's: npm start, npm stop and the server say whose", async () => {
    const ours = `uid ${ordinaryUid}`;
    expect((await endWith(1, start(OTHERS, ordinaryUser))).stderr).toBe(`\nThe state folder ${OTHERS} cannot be written: /usr belongs to root and this is ${ours}.\nMend: go on as that user, or set QUETZAL_STATE_DIR to a folder of yours.\n`);
    const server = await endWith(1, run(process.execPath, [serverPath], { env: serverEnv(OTHERS, join(OTHERS, "run")), user: ordinaryUser }));
    expect(server.stderr).toMatch(/^quetzal server: \/usr\/\S+ cannot be written \(EACCES.*\): give its folder to the user that the server runs as, or set QUETZAL_STATE_DIR to a folder that it can write\.$/m);
    expect(existsSync(OTHERS)).toBe(false);
  });

  it.runIf(closed === undefined && ordinaryUser !== undefined)("where it is root's and there: npm stop says so, and what runs there runs on", async () => {
    const ran = await endWith(1, run(process.execPath, [launcher, "stop"], { env: stack.clientEnv, user: ordinaryUser }));
    expect(ran.stderr).toBe(`\nThe run folder ${stack.runDir} cannot be written: it belongs to root and this is uid ${ordinaryUid}.\nMend: go on as that user, or set QUETZAL_STATE_DIR to a folder of yours.\n`);
    expect(await vmIds()).toEqual([]);
  });

  const mountMissing = process.getuid?.() !== 0 || spawnSync("unshare", ["--mount", "true"]).status !== 0;
  it.runIf(!mountMissing)("where its file system is mounted read-only", async () => {
    const place = mkdtempSync(join(tmpdir(), "qz-ro-"));
    const stateDir = join(place, "state");
    // Of this one process alone.
    const onReadOnly = (...command: string[]): Promise<Ran> => endWith(1, run("unshare", ["--mount", "sh", "-ec", 'mount -t tmpfs -o ro,mode=755 none "$1"; shift; exec "$@"', "sh", place, ...command], { env: { ...process.env, QUETZAL_STATE_DIR: stateDir } }));
    try {
      expect((await onReadOnly(process.execPath, launcher, "start")).stderr).toBe(`\nThe state folder ${stateDir} cannot be written: its file system is mounted read-only.\nMend: mount it writable, or set QUETZAL_STATE_DIR to a folder of yours.\n`);
      expect((await onReadOnly(daemonPath, "--state-dir", stateDir, "--run-dir", join(stateDir, "run"))).stderr).toMatch(/cannot write to the state folder '\S+': Read-only file system .*; make it writable, or use another --state-dir\n$/);
      expect(readdirSync(place)).toEqual([]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
