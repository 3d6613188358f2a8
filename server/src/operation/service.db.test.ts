// Open operations after a reconnect: what an earlier server left behind is settled, what is under way is left alone.
import { beforeEach, expect, it } from "vitest";
import { EventLog, type NewEvent } from "../event/log.js";
import type { EventService } from "../event/service.js";
import { describeOnEveryServer } from "../db/testing/suite.js";
import { observeHost } from "../host/store.js";
import { OperationService } from "./service.js";
import { createOperation, findOperation, listUnfinished } from "./store.js";

const WISH = { kind: "START_VM", vmId: "a", hostId: "h1", actor: { id: "t1", name: "local" }, idempotencyKey: null, request: { id: "a" }, cancellable: true } as const;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const noEvents = { record: () => undefined } as unknown as EventService;
const finished = (operationId: string, hostSequence: bigint): NewEvent => ({
  kind: "OPERATION_FINISHED", time: new Date(), message: "running", hostId: "h1", hostSequence, vmId: "a", operationId, outcome: { state: "SUCCEEDED", error: null },
});

describeOnEveryServer("OperationService", (suite) => {
  const open = (): OperationService => new OperationService(suite.db, new EventLog(suite.db), noEvents, silent);
  beforeEach(async () => {
    await suite.db.$executeRaw`TRUNCATE hosts, operations CASCADE`;
    await observeHost(suite.db, {
      id: "h1", name: "host", kernel: "6.18", cpuModel: "", cpuCount: 2, memoryBytes: 1n << 30n, daemonVersion: "0.1.0", qemuVersion: "", stateDirectory: "/s",
      bootedAt: null, daemonStartedAt: null, capabilities: [],
    });
  });

  it("leaves alone, while it settles, a verb that is on its way to the daemon", async () => {
    using service = open();
    const { operation } = await createOperation(suite.db, WISH);
    await service.settle("h1", null);
    expect((await listUnfinished(suite.db, "h1")).map(({ id }) => id)).toEqual([operation.id]);
  });

  it("stores a wish with an idempotency key before the daemon is asked, and one without it with the first event that names it", async () => {
    const log = new EventLog(suite.db);
    using service = new OperationService(suite.db, log, noEvents, silent);
    const keyed = await service.begin({ ...WISH, idempotencyKey: "k" });
    const { operation } = await service.begin(WISH);
    expect((await listUnfinished(suite.db, "h1")).map(({ id }) => id)).toEqual([keyed.operation.id]);
    expect(service.accepted(operation.id)).toMatchObject({ id: operation.id, requestedBy: "local" });
    await log.append([finished(operation.id, 1n)]);
    expect(await findOperation(suite.db, operation.id)).toMatchObject({ state: "SUCCEEDED", requestedBy: "local", kind: "START_VM" });
  });

  it("finds by its key what the daemon took on a moment ago, for the actor who asked alone", async () => {
    using service = open();
    const { operation } = await service.begin({ ...WISH, idempotencyKey: "k" });
    expect(await service.findByKey("t1", "k")).toBeNull();
    service.accepted(operation.id);
    expect(await service.findByKey("t1", "k")).toMatchObject({ id: operation.id });
    expect(await service.findByKey("t2", "k")).toBeNull();
  });

  it("forgets a wish that the daemon refused, stored or not", async () => {
    using service = open();
    const keyed = await service.begin({ ...WISH, idempotencyKey: "k" });
    const plain = await service.begin(WISH);
    for (const { operation } of [keyed, plain]) {
      await service.discard(operation.id);
      expect(service.accepted(operation.id)).toBeNull();
    }
    expect(await listUnfinished(suite.db, "h1")).toEqual([]);
  });

  it("stores no event of an operation that could not be stored, and both when it is tried again", async () => {
    const log = new EventLog(suite.db);
    using service = new OperationService(suite.db, log, noEvents, silent);
    const { operation } = await service.begin(WISH);
    service.accepted(operation.id);
    await suite.db.$executeRaw`ALTER TABLE operations RENAME TO operations_away`;
    try {
      await expect(log.append([finished(operation.id, 1n)])).rejects.toThrow();
    } finally {
      await suite.db.$executeRaw`ALTER TABLE operations_away RENAME TO operations`;
    }
    expect(await log.append([finished(operation.id, 1n)])).toMatchObject([{ operationId: operation.id, actor: "local" }]);
    expect(await findOperation(suite.db, operation.id)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("discards what an earlier server never got accepted", async () => {
    const { operation } = await createOperation(suite.db, WISH);
    await suite.db.operation.update({ where: { id: operation.id }, data: { startedAt: new Date(Date.now() - 60_000) } });
    using service = open();
    await service.settle("h1", null);
    expect(await listUnfinished(suite.db, "h1")).toEqual([]);
  });
});
