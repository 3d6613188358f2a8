// Open operations after a reconnect: what an earlier server left behind is settled, what is under way is left alone.
import { beforeEach, expect, it } from "vitest";
import { EventLog } from "../event/log.js";
import type { EventService } from "../event/service.js";
import { describeOnEveryServer } from "../db/testing/suite.js";
import { observeHost } from "../host/store.js";
import { OperationService } from "./service.js";
import { createOperation, listUnfinished } from "./store.js";

const WISH = { kind: "START_VM", vmId: "a", hostId: "h1", actor: { id: "t1", name: "local" }, idempotencyKey: null, request: { id: "a" }, cancellable: true } as const;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const noEvents = { record: () => undefined } as unknown as EventService;

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

  it("discards what an earlier server never got accepted", async () => {
    const { operation } = await createOperation(suite.db, WISH);
    await suite.db.operation.update({ where: { id: operation.id }, data: { startedAt: new Date(Date.now() - 60_000) } });
    using service = open();
    await service.settle("h1", null);
    expect(await listUnfinished(suite.db, "h1")).toEqual([]);
  });
});
