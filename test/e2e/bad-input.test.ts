// Bad input: each gets one clear error that names the field or file and the mend, changes nothing and loses nothing.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeContext } from "../../tui/launch/context.mjs";
import { applyAll } from "../../tui/launch/definitions.mjs";
import { startService } from "../support/process.js";
import { cliPath, daemonPath, root, serverPath, Stack } from "../support/stack.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
beforeAll(async () => { stack = await Stack.start(); });
afterAll(() => stack[Symbol.asyncDispose]());

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
  function apply(files: Record<string, string>): { status: number | null; stderr: string; stdout: string } {
    const folder = mkdtempSync(join(tmpdir(), "qz-defs-"));
    try {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      return spawnSync(process.execPath, [cliPath, "apply", folder], { env: stack.clientEnv, encoding: "utf8" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it("names the file and the place of broken JSON", async () => {
    const ran = apply({ "a/config.json": '{ "id": "broken",\n  "memory_mb": }' });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toMatch(/a\/config\.json:2:16: this is not valid JSON/);
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
      const ran = spawnSync(process.execPath, [cliPath, "apply", join(clone, "vms")], { env: stack.clientEnv, encoding: "utf8" });
      expect(ran.status).toBe(2);
      expect(ran.stderr).toMatch(complaint);
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

  it("names the file and the field of an unknown one", () => {
    const ran = apply({ "a/config.json": JSON.stringify({ ...bareGuest("unknown-field"), colour: "green" }) });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr + ran.stdout).toMatch(/colour/);
  });

  it("refuses two VMs with one id and names both files", async () => {
    const ran = apply({ "a/config.json": JSON.stringify(bareGuest("twin")), "b/config.json": JSON.stringify(bareGuest("twin")) });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toMatch(/a\/config\.json/);
    expect(ran.stderr).toMatch(/b\/config\.json/);
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
    spawnSync("chmod", ["755", folder]);
    try {
      await using other = await Stack.start({ daemonArgs: ["--qemu-binary", fake] });
      const vm = await VmDriver.define(other, bareGuest("dying"));
      const result = await vm.verb("startVm");
      const seen = result.__typename === "LaunchFailed" ? (result.message ?? "") : await vm.operationEnd(result.operation?.id ?? "").then((operation) => operation.error ?? "");
      expect(seen).toContain("the fake disk is on fire");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("QEMU not installed: the refusal says so and how to get it", async () => {
    await using other = await Stack.start({ daemonArgs: ["--qemu-binary", "/nonexistent/qemu-system-x86_64"] });
    const vm = await VmDriver.define(other, bareGuest("no-qemu"));
    const result = await vm.verb("startVm");
    expect(result.__typename).toBe("Unsupported");
    expect(result.message).toMatch(/install|apt/i);
  });

  it("a port in use: the server says which and how to choose another", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as { port: number };
    const runDir = mkdtempSync(join(tmpdir(), "qz-run-"));
    const ran = spawnSync(process.execPath, [serverPath], { encoding: "utf8", timeout: 60_000, env: { ...process.env, QUETZAL_STATE_DIR_RESOLVED: stack.stateDir, QUETZAL_RUN_DIR_RESOLVED: runDir, QUETZAL_LISTEN: `127.0.0.1:${port}` } });
    holder.close();
    rmSync(runDir, { recursive: true });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toMatch(new RegExp(`${port}.*(in use|taken)`));
  });

  it("a second daemon on one state folder: refused, and the first is unharmed", async () => {
    const ran = spawnSync(daemonPath, ["--state-dir", stack.stateDir, "--run-dir", stack.runDir], { encoding: "utf8", timeout: 30_000 });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toMatch(/already|another/i);
    expect(await vmIds()).toEqual([]);
  });

  it("a state folder that cannot be written: the daemon names it", () => {
    const ran = spawnSync(daemonPath, ["--state-dir", "/proc/nowhere", "--run-dir", "/proc/nowhere/run"], { encoding: "utf8", timeout: 30_000 });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toMatch(/\/proc\/nowhere/);
  });

  it("a database of a newer schema: the server refuses it and says so", async () => {
    await using other = await Stack.start();
    await other.server?.end();
    const { markSchemaNewer } = await import("../support/database.js");
    await markSchemaNewer(other);
    const log = other.log("server-newer");
    const server = startService(process.execPath, [serverPath], { log, env: { QUETZAL_STATE_DIR_RESOLVED: other.stateDir, QUETZAL_RUN_DIR_RESOLVED: other.runDir, QUETZAL_LISTEN: "127.0.0.1:0" } });
    const { eventually, isAlive } = await import("../support/process.js");
    const { readFileSync } = await import("node:fs");
    await eventually("the server to give up", () => !isAlive(server.pid));
    expect(readFileSync(log, "utf8")).toMatch(/newer/);
  });

  it("a launcher on a state folder that cannot be written: says which", () => {
    const ran = spawnSync(process.execPath, [join(root, "tui/launch/main.mjs"), "start"], { encoding: "utf8", timeout: 120_000, env: { ...process.env, QUETZAL_STATE_DIR: "/proc/nowhere" } });
    expect(ran.status).not.toBe(0);
    expect(ran.stdout + ran.stderr).toMatch(/\/proc\/nowhere/);
  });
});
