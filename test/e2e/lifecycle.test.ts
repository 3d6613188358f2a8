// Stories of one VM's life through GraphQL, on a real guest, over the embedded Postgres and over one that is not ours.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DebianPostgres } from "../../server/src/db/testing/debian.js";
import { eventually } from "../support/process.js";
import { Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const folder = mkdtempSync(join(tmpdir(), "qz-db-"));
const databases: [string, () => Promise<DebianPostgres | null>][] = [["its own Postgres", () => Promise.resolve(null)]];
if (DebianPostgres.installed() === null) console.warn("The life over DATABASE_URL is left out: no Postgres in /usr/lib/postgresql (apt-get install postgresql).");
else databases.push(["a Postgres of DATABASE_URL", () => DebianPostgres.create(join(folder, "d"))]);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(databases)("a VM's life through GraphQL, over %s", (_, openDatabase) => {
  let database: DebianPostgres | null;
  let stack: Stack;
  let vm: VmDriver;

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    database = await openDatabase();
    stack = await Stack.start(database === null ? {} : { databaseUrl: database.url });
    vm = await VmDriver.define(stack, smallGuest("story-life", { memory_mb: 192, vcpus: 2, features: ["tps", "ballooning", "hotplug", "virtio"], disks: [{ name: "vda", path: "disk.img", size_gb: 1 }] }));
  });
  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await database?.stop();
  });

  it("boots a guest whose shell counts the vCPUs of its definition", async () => {
    await vm.start();
    expect((await vm.show()).state).toBe("RUNNING");
    await vm.waitForBoot();
    expect(await vm.run("nproc")).toBe("2");
  });

  it("gives the guest the disk of its definition, at its size", async () => {
    expect(await vm.run("cat /sys/block/vda/size")).toBe(String(2 ** 30 / 512));
  });

  it("tells the size that the guest sees, and what the file takes on the host", async () => {
    await vm.run("dd if=/dev/urandom of=/dev/vda bs=1M count=8 2>&1; sync");
    const disk = await eventually("a file that holds what was written", async () => {
      const { latest } = await vm.show<{ latest: { disks: { name: string; allocatedBytes: number; capacityBytes: number }[] } | null }>("latest { disks { name allocatedBytes capacityBytes } }");
      return latest?.disks.find(({ allocatedBytes }) => allocatedBytes >= 8 * 2 ** 20);
    });
    expect(disk).toMatchObject({ name: "vda", capacityBytes: 2 ** 30 });
    expect(disk.allocatedBytes).toBeLessThan(64 * 2 ** 20);
  });

  it("runs QEMU as an unprivileged user inside its sandbox", async () => {
    const { pid } = await vm.show();
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    if (process.getuid?.() === 0) expect(status).not.toMatch(/^Uid:\s+0\s/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
  });

  it("refuses to start what runs, with the state", async () => {
    const { pid } = await vm.show();
    const refused = await vm.verb("startVm");
    expect(refused).toMatchObject({ __typename: "InvalidVmState", message: `VM "${vm.id}": start is denied while running: it is already on` });
    expect((await vm.show()).pid).toBe(pid);
  });

  it("refuses to delete what runs", async () => {
    const refused = await vm.verb("deleteVm");
    expect(refused).toMatchObject({ __typename: "InvalidVmState", message: `VM "${vm.id}": delete is denied while running: it is on; stop it or force it off first` });
    expect((await vm.show()).state).toBe("RUNNING");
  });

  it("pauses the guest's clock of events and lets it run on", async () => {
    await vm.complete("pauseVm");
    expect((await vm.show()).state).toBe("PAUSED");
    await vm.complete("resumeVm");
    expect(await vm.run("echo still here")).toBe("still here");
  });

  it("shows samples of the guest with rates, and keeps them as history", async () => {
    const latest = await eventually("a full sample", async () => {
      const seen = await vm.show<{ latest: { cpuRatio: number | null; rssBytes: number | null; guestAvailableBytes: number | null; vcpus: unknown[] } | null }>("latest { cpuRatio rssBytes guestAvailableBytes vcpus { index } }");
      return seen.latest !== null && seen.latest.cpuRatio !== null && seen.latest.guestAvailableBytes !== null ? seen.latest : undefined;
    });
    expect(latest.vcpus).toHaveLength(2);
    expect(latest.rssBytes).toBeGreaterThan(10 * 2 ** 20);
    const available = Number(/MemAvailable:\s+(\d+)/.exec(await vm.run("grep MemAvailable /proc/meminfo"))?.[1]) * 1024;
    expect(Math.abs((latest.guestAvailableBytes ?? 0) - available) / available).toBeLessThan(0.1);
    await eventually("three seconds of history", async () => {
      const { history } = await vm.show<{ history: { series: { mean: (number | null)[] }[] } }>(
        `history(range: { from: "${new Date(Date.now() - 30_000).toISOString()}" }, stepSeconds: 1, metrics: [CPU_RATIO]) { series { mean } }`,
      );
      return (history.series[0]?.mean.filter((value) => value !== null).length ?? 0) >= 3;
    });
  });

  it("resets the guest, which boots again", async () => {
    await vm.run("touch /tmp/before-reset");
    await vm.complete("resetVm");
    await vm.readUntil((text) => text.split("QuetzalCore guest ready").length > 2, 1_000_000);
    expect(await vm.run("test -e /tmp/before-reset || echo fresh")).toBe("fresh");
  });

  it("stops the guest by asking it", async () => {
    await vm.complete("stopVm", { timeoutSeconds: 60 });
    expect(await vm.show()).toMatchObject({ state: "STOPPED", pid: null });
  });

  it("refuses to stop what is stopped", async () => {
    const refused = await vm.verb("stopVm");
    expect(refused).toMatchObject({ __typename: "InvalidVmState", message: `VM "${vm.id}": stop is denied while stopped: it is off; start it first` });
    expect((await vm.show()).state).toBe("STOPPED");
  });

  it("cuts the power", async () => {
    await vm.start();
    await vm.forceOff();
    expect((await vm.show()).state).toBe("STOPPED");
    expect(stack.qemuPids().has(vm.id)).toBe(false);
    expect(await vm.show("latest { time }")).toEqual({ latest: null });
  });

  it("cancels a stop that the guest ignores, and escalates one when asked to", async () => {
    const deaf = await VmDriver.define(stack, { id: "story-deaf", memory_mb: 32, vcpus: 1 });
    await deaf.start();
    const stop = await deaf.verb("stopVm", { timeoutSeconds: 600 });
    const id = stop.operation?.id ?? "";
    const { cancelOperation } = await stack.api.query<{ cancelOperation: { __typename: string } }>(`mutation ($id: ID!) { cancelOperation(id: $id) { __typename ... on Error { message } } }`, { id });
    expect(cancelOperation).toMatchObject({ __typename: "CancelOperationSuccess" });
    expect((await deaf.operationEnd(id)).state).toBe("CANCELLED");
    expect((await deaf.show()).state).toBe("RUNNING");
    await deaf.complete("stopVm", { timeoutSeconds: 1, escalation: "FORCE_OFF" });
    expect((await deaf.show()).state).toBe("STOPPED");
    await deaf.complete("deleteVm");
  });

  it("carries out a repeated idempotency key once", async () => {
    const first = await vm.verb("startVm", { idempotencyKey: "story-key" });
    const again = await vm.verb("startVm", { idempotencyKey: "story-key" });
    expect(again.operation?.id).toBe(first.operation?.id);
    await vm.operationEnd(first.operation?.id ?? "");
    await vm.forceOff();
  });

  it("does nothing in a dry run", async () => {
    expect(await vm.verb("startVm", { dryRun: true })).toMatchObject({ __typename: "VmOperationAccepted", operation: null });
    expect((await vm.show()).state).toBe("STOPPED");
  });

  it("deletes a stopped VM with its disks", async () => {
    await vm.complete("deleteVm", { deleteDisks: true });
    expect(await vm.show()).toBeNull();
    expect(existsSync(`${stack.stateDir}/pools/default/${vm.id}/disk.img`)).toBe(false);
  });
});
