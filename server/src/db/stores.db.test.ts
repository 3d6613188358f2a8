// The stores of hosts, VMs, operations and tokens against real databases.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { capabilitiesOf, findHost, listHosts, observeHost, type ObservedHost } from "../host/store.js";
import {
  IdempotencyKeyReused, InvalidCursor, OPERATION_RETENTION_DAYS, acceptOperation, createOperation, discardOperation, findOperation, finishOperation,
  listOperations, listUnfinished, operationCursor, progressOperation, trimOperations, type NewOperation,
} from "../operation/store.js";
import { ensureLocalToken } from "../token/local.js";
import { InvalidToken, authenticate, createToken, listTokens, revokeToken } from "../token/store.js";
import { crashOf, definitionOf, findVm, listVms, observeVms, removeVm, removeVmsNotIn, setPowerWish, type ObservedVm } from "../vm/store.js";
import { describeOnEveryServer } from "./testing/suite.js";

const HOST: ObservedHost = {
  id: "h1", name: "host", kernel: "6.18", cpuModel: "EPYC", cpuCount: 2, memoryBytes: 1n << 40n, daemonVersion: "0.1.0", qemuVersion: "", stateDirectory: "/s",
  bootedAt: new Date("2026-01-01"), daemonStartedAt: null, capabilities: [{ name: "kvm", available: false, reason: "emulated only", mend: null }],
};
function vm(id: string, more: Partial<ObservedVm> = {}): ObservedVm {
  return {
    id, definition: { id, name: `name of ${id}`, memory_mb: 96 }, state: "RUNNING", stateSince: new Date("2026-01-02T03:04:05.678Z"), generation: 5n, startedAt: null,
    accelerator: "tcg", networkInUse: null, qemuVersion: "7.2.22", pid: 42, restartRequired: false, crash: null, ...more,
  };
}
const ACTOR = { id: "t1", name: "local" };
function start(more: Partial<NewOperation> = {}): NewOperation {
  return { kind: "START_VM", vmId: "a", hostId: "h1", actor: ACTOR, idempotencyKey: null, request: { id: "a" }, cancellable: true, ...more };
}

describeOnEveryServer("the stores", (suite) => {
  beforeEach(async () => {
    await suite.db.$executeRaw`TRUNCATE hosts, vms, operations, tokens CASCADE`;
    await observeHost(suite.db, HOST);
  });

  describe("hosts", () => {
    it("keep the last facts and their journal's place", async () => {
      await suite.db.host.update({ where: { id: "h1" }, data: { journalSequence: 9n } });
      const host = await observeHost(suite.db, { ...HOST, kernel: "6.19" });
      expect(host).toMatchObject({ kernel: "6.19", memoryBytes: 1n << 40n, journalSequence: 9n });
      expect(capabilitiesOf(host)).toEqual(HOST.capabilities);
      expect(await listHosts(suite.db)).toHaveLength(1);
      expect(await findHost(suite.db, "other")).toBeNull();
    });
  });

  describe("VMs", () => {
    it("come back as they were observed, their wishes kept", async () => {
      const crash = { cause: "QEMU was killed by signal 9", exitCode: null, signal: 9, stderrTail: "'\"\\", consoleTail: "" };
      await observeVms(suite.db, "h1", [vm("a"), vm("b", { definition: { id: "b", protected: true, autostart: true } })]);
      await setPowerWish(suite.db, "a", "ON");
      await observeVms(suite.db, "h1", [vm("a", { generation: 6n, state: "CRASHED", crash, pid: null, accelerator: null })]);
      const a = await findVm(suite.db, "a");
      expect(a).toMatchObject({ state: "CRASHED", generation: 6n, pid: null, powerWish: "ON", name: "name of a", stateSince: new Date("2026-01-02T03:04:05.678Z") });
      expect(a === null ? null : [crashOf(a), definitionOf(a)["memory_mb"]]).toEqual([crash, 96]);
      expect(await findVm(suite.db, "b")).toMatchObject({ name: "b", protected: true, autostart: true, crash: null });
    });

    it("are never set back by an older observation", async () => {
      await observeVms(suite.db, "h1", [vm("a", { generation: 6n, state: "PAUSED" })]);
      await observeVms(suite.db, "h1", [vm("a", { generation: 5n, state: "RUNNING" })]);
      expect(await findVm(suite.db, "a")).toMatchObject({ state: "PAUSED", generation: 6n });
    });

    it("are forgotten one by one, or all that the daemon does not list", async () => {
      await observeVms(suite.db, "h1", [vm("a"), vm("b"), vm("c")]);
      expect(await removeVm(suite.db, "a")).toBe(true);
      expect(await removeVm(suite.db, "a")).toBe(false);
      expect(await removeVmsNotIn(suite.db, "h1", ["c"])).toEqual(["b"]);
      expect((await listVms(suite.db, "h1")).map((row) => row.id)).toEqual(["c"]);
      expect(await removeVmsNotIn(suite.db, "h1", [])).toEqual(["c"]);
    });
  });

  describe("operations", () => {
    it("are hidden until accepted, and gone when discarded", async () => {
      const { operation } = await createOperation(suite.db, start({ idempotencyKey: "k" }));
      expect(await findOperation(suite.db, operation.id)).toBeNull();
      await discardOperation(suite.db, operation.id);
      const again = await createOperation(suite.db, start({ idempotencyKey: "k" }));
      expect(again.outcome).toBe("created");
      await acceptOperation(suite.db, again.operation.id);
      await discardOperation(suite.db, again.operation.id);
      expect(await findOperation(suite.db, again.operation.id)).toMatchObject({ state: "RUNNING", requestedBy: "local" });
    });

    it("are the same one for the same key, actor and request, also when asked at once", async () => {
      const made = await Promise.all(Array.from({ length: 10 }, () => createOperation(suite.db, start({ idempotencyKey: "k", request: { a: 1, b: 2 } }))));
      expect(new Set(made.map(({ operation }) => operation.id)).size).toBe(1);
      expect(made.filter(({ outcome }) => outcome === "created")).toHaveLength(1);
      expect((await createOperation(suite.db, start({ idempotencyKey: "k", request: { b: 2, a: 1 } }))).outcome).toBe("repeated");
      expect((await createOperation(suite.db, start({ idempotencyKey: "k", actor: { id: "t2", name: "other" } }))).outcome).toBe("created");
      await expect(createOperation(suite.db, start({ idempotencyKey: "k", request: { a: 2 } }))).rejects.toBeInstanceOf(IdempotencyKeyReused);
    });

    it("without a key are always new", async () => {
      const made = await Promise.all([createOperation(suite.db, start()), createOperation(suite.db, start())]);
      expect(made.map(({ outcome }) => outcome)).toEqual(["created", "created"]);
    });

    it("end once, and progress only while they run", async () => {
      const { operation } = await createOperation(suite.db, start());
      await acceptOperation(suite.db, operation.id);
      expect(await progressOperation(suite.db, operation.id, { progressRatio: 0.5, etaSeconds: 3, cancellable: false })).toMatchObject({ progressRatio: 0.5, etaSeconds: 3 });
      expect(await finishOperation(suite.db, operation.id, "FAILED", "Because.")).toMatchObject({ state: "FAILED", error: "Because.", etaSeconds: null });
      expect(await finishOperation(suite.db, operation.id, "SUCCEEDED", null)).toBeNull();
      expect(await progressOperation(suite.db, operation.id, { progressRatio: 1, etaSeconds: null, cancellable: false })).toBeNull();
    });

    it("are listed newest first, page after page, without loss or doubles", async () => {
      for (let i = 0; i < 7; i += 1) {
        const { operation } = await createOperation(suite.db, start({ vmId: i % 2 === 0 ? "a" : "b" }));
        await acceptOperation(suite.db, operation.id);
        // Three of one instant, so that the order needs more than the time.
        if (i < 3) await suite.db.operation.update({ where: { id: operation.id }, data: { startedAt: new Date("2026-01-01") } });
      }
      const seen: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page = await listOperations(suite.db, { first: 2, after });
        seen.push(...page.operations.map((operation) => operation.id));
        const last = page.operations.at(-1);
        if (!page.hasNextPage || last === undefined) break;
        after = operationCursor(last);
      }
      expect(new Set(seen).size).toBe(7);
      expect(seen).toEqual((await listOperations(suite.db, { first: 100 })).operations.map((operation) => operation.id));
      expect((await listOperations(suite.db, { first: 100, vmId: "b" })).operations).toHaveLength(3);
      expect((await listOperations(suite.db, { first: 100, states: ["FAILED"] })).operations).toEqual([]);
      await expect(listOperations(suite.db, { first: 1, after: "nonsense" })).rejects.toBeInstanceOf(InvalidCursor);
      expect(await listUnfinished(suite.db, "h1")).toHaveLength(7);
    });

    it("are forgotten when they ended long ago, and never while they run", async () => {
      const { operation } = await createOperation(suite.db, start());
      await createOperation(suite.db, start());
      await finishOperation(suite.db, operation.id, "SUCCEEDED", null);
      expect(await trimOperations(suite.db)).toBe(0);
      expect(await trimOperations(suite.db, new Date(Date.now() + (OPERATION_RETENTION_DAYS + 1) * 86_400_000))).toBe(1);
    });
  });

  describe("tokens", () => {
    it("open the door with their secret only, until they expire or are revoked", async () => {
      const expiresAt = new Date("2030-01-01");
      const { token, secret } = await createToken(suite.db, { name: "ci", role: "VIEWER", expiresAt });
      expect(secret).toMatch(/^qz_[A-Za-z0-9_-]{43}$/);
      expect(JSON.stringify(await suite.db.token.findMany())).not.toContain(secret);
      const now = new Date("2029-01-01T00:00:30Z");
      expect(await authenticate(suite.db, secret, now)).toMatchObject({ name: "ci", role: "VIEWER", lastUsedAt: new Date("2029-01-01T00:00:00Z") });
      expect(await authenticate(suite.db, `${secret}x`, now)).toBeNull();
      expect(await authenticate(suite.db, token.id, now)).toBeNull();
      expect(await authenticate(suite.db, secret, expiresAt)).toBeNull();
      expect(await revokeToken(suite.db, token.id)).toMatchObject({ name: "ci" });
      expect(await revokeToken(suite.db, token.id)).toBeNull();
      expect(await authenticate(suite.db, secret, now)).toBeNull();
    });

    it.each([["", null], ["a b", null], ["x".repeat(65), null], ["taken", null], ["late", new Date(0)]])("refuse the name %j expiring %s", async (name, expiresAt) => {
      await createToken(suite.db, { name: "taken", role: "VIEWER", expiresAt: null });
      await expect(createToken(suite.db, { name, role: "VIEWER", expiresAt })).rejects.toBeInstanceOf(InvalidToken);
      expect((await listTokens(suite.db)).map((token) => token.name)).toEqual(["taken"]);
    });

    it("of the machine is made once, kept, and made again when its file is lost, damaged or foreign", async () => {
      const folder = await mkdtemp(join(tmpdir(), "qz-token-"));
      const path = join(folder, "server/token");
      const secret = async (): Promise<string> => (await readFile(path, "utf8")).trim();
      try {
        expect(await ensureLocalToken(suite.db, path)).toBe("made");
        const first = await secret();
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        await chmod(path, 0o644);
        expect(await ensureLocalToken(suite.db, path)).toBe("kept");
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        expect(await authenticate(suite.db, first)).toMatchObject({ name: "local", role: "ADMIN" });
        await rm(path);
        expect(await ensureLocalToken(suite.db, path)).toBe("made");
        expect(await authenticate(suite.db, first)).toBeNull();
        await writeFile(path, "");
        expect(await ensureLocalToken(suite.db, path)).toBe("made");
        await suite.db.token.deleteMany();
        expect(await ensureLocalToken(suite.db, path)).toBe("made");
        expect(await authenticate(suite.db, await secret())).toMatchObject({ role: "ADMIN", expiresAt: null });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
});
