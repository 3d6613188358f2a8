import { expect, it } from "vitest";
import { describeOnEveryServer } from "../db/testing/suite.js";
import { observeHost, journalSequence, restartJournal } from "../host/store.js";
import { createOperation, findOperation } from "../operation/store.js";
import { EventLog, type NewEvent } from "./log.js";
import { followEvents, type EventStreamItem } from "./stream.js";

const HOST = {
  id: "h1", name: "host", kernel: "6.18", cpuModel: "", cpuCount: 2, memoryBytes: 1n << 34n, daemonVersion: "0.1.0", qemuVersion: "7.2.22",
  stateDirectory: "/s", bootedAt: null, daemonStartedAt: null, capabilities: [],
};
const ACTOR = { id: "t1", name: "local" };

function journal(sequence: number, more: Partial<NewEvent> = {}): NewEvent {
  return { kind: "VM_CHANGED", time: new Date(1_700_000_000_000 + sequence), message: `entry ${sequence}`, hostId: "h1", hostSequence: BigInt(sequence), vmId: "a", ...more };
}

describeOnEveryServer("EventLog", (suite) => {
  const fresh = async (): Promise<EventLog> => {
    await suite.db.event.deleteMany();
    await suite.db.host.deleteMany();
    await suite.db.eventLog.updateMany({ data: { newestCursor: 0n, trimmedBefore: 1n } });
    await observeHost(suite.db, HOST);
    return new EventLog(suite.db);
  };

  it("gives out cursors without holes, in the order of calls, over concurrent calls", async () => {
    const log = await fresh();
    const stored = await Promise.all(Array.from({ length: 50 }, (_, i) => log.append([{ kind: "WARNING", time: new Date(), message: `w${i}` }])));
    expect(stored.flat().map((event) => Number(event.cursor))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(stored.flat().map((event) => event.message)).toEqual(Array.from({ length: 50 }, (_, i) => `w${i}`));
  });

  it("tells what was up to an instant in the order in which it was told live, whatever the clocks said", async () => {
    const log = await fresh();
    const told = (time: number, message: string): NewEvent => ({ kind: "WARNING", time: new Date(time), message });
    await log.append([told(1_000, "asked"), told(998, "starting"), told(1_500, "running"), told(3_000, "later")]);
    const { events } = await log.page({ after: null, limit: 10, until: new Date(2_000) });
    expect(events.map((event) => event.message)).toEqual(["asked", "starting", "running"]);
  });

  it("never stores a journal entry twice, however often it is replayed", async () => {
    const log = await fresh();
    expect(await log.append([journal(1), journal(2), journal(3)])).toHaveLength(3);
    expect((await log.append([journal(2), journal(3), journal(4)])).map((event) => event.hostSequence)).toEqual([4n]);
    expect(await journalSequence(suite.db, "h1")).toBe(4n);
    const page = await log.page({ after: 0n, limit: 10 });
    expect(page.events.map((event) => [event.cursor, event.hostSequence])).toEqual([[1n, 1n], [2n, 2n], [3n, 3n], [4n, 4n]]);
    expect(page.newestCursor).toBe(4n);
  });

  it("keeps two writers apart: no cursor is given twice and no entry stored twice", async () => {
    const log = await fresh();
    const other = new EventLog(suite.db);
    for (let i = 1; i <= 20; i += 1) await Promise.allSettled([log.append([journal(i)]), other.append([journal(i)])]);
    const { events } = await log.page({ after: 0n, limit: 100 });
    expect(events.map((event) => Number(event.cursor))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(events.map((event) => Number(event.hostSequence))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it("ends the operation and names its actor in the same step as the journal moves", async () => {
    const log = await fresh();
    const { operation } = await createOperation(suite.db, { kind: "FORCE_OFF_VM", vmId: "a", hostId: "h1", actor: ACTOR, idempotencyKey: null, request: {}, cancellable: true });
    const [event] = await log.append([journal(1, { kind: "OPERATION_FINISHED", operationId: operation.id, outcome: { state: "FAILED", error: "QEMU died." } })]);
    expect(event).toMatchObject({ actor: "local", operationId: operation.id, kind: "OPERATION_FINISHED", message: "force off failed: entry 1" });
    expect(await findOperation(suite.db, operation.id)).toMatchObject({ state: "FAILED", error: "QEMU died.", cancellable: false, endedAt: event?.time });
  });

  it("accepts an operation with its first event, so that a server's death in between loses none that the daemon took on", async () => {
    const log = await fresh();
    const { operation } = await createOperation(suite.db, { kind: "STOP_VM", vmId: "a", hostId: "h1", actor: ACTOR, idempotencyKey: null, request: {}, cancellable: true });
    expect(await findOperation(suite.db, operation.id)).toBeNull();
    const [event] = await log.append([journal(1, { kind: "VM_STATE_CHANGED", operationId: operation.id })]);
    expect(await findOperation(suite.db, operation.id)).toMatchObject({ state: "RUNNING", acceptedAt: event?.time });
    await log.append([journal(2, { kind: "WARNING", operationId: operation.id }), journal(3, { kind: "OPERATION_FINISHED", operationId: operation.id, outcome: { state: "SUCCEEDED", error: null } })]);
    expect(await findOperation(suite.db, operation.id)).toMatchObject({ state: "SUCCEEDED", acceptedAt: event?.time });
  });

  it("does not end an operation again, e.g. one that was cancelled", async () => {
    const log = await fresh();
    const { operation } = await createOperation(suite.db, { kind: "START_VM", vmId: "a", hostId: "h1", actor: ACTOR, idempotencyKey: null, request: {}, cancellable: true });
    await log.append([journal(1, { kind: "OPERATION_FINISHED", operationId: operation.id, outcome: { state: "CANCELLED", error: null } })]);
    await log.append([journal(2, { kind: "OPERATION_FINISHED", operationId: operation.id, outcome: { state: "SUCCEEDED", error: null } })]);
    expect(await findOperation(suite.db, operation.id)).toMatchObject({ state: "CANCELLED" });
  });

  it("fails one caller's bad event and stores the others of the same write", async () => {
    const log = await fresh();
    const calls = [log.append([journal(1)]), log.append([journal(1, { hostId: "unknown" })]), log.append([journal(2)])];
    const ends = await Promise.allSettled(calls);
    expect(ends.map((end) => end.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await log.page({ after: 0n, limit: 10 })).events.map((event) => event.cursor)).toEqual([1n, 2n]);
  });

  it("takes a journal that counts from 1 again after restartJournal", async () => {
    const log = await fresh();
    await log.append([journal(1), journal(2)]);
    await restartJournal(suite.db, "h1");
    expect((await log.append([journal(1)])).map((event) => event.cursor)).toEqual([3n]);
  });

  it("keeps every field, and texts that look like SQL or JSON", async () => {
    const log = await fresh();
    const message = `'); DROP TABLE events; -- {"a": null} \\ " ü`;
    const [event] = await log.append([journal(1, { kind: "VM_STATE_CHANGED", previousState: "RUNNING", state: "CRASHED", actor: "x", message })]);
    expect(event).toEqual({ cursor: 1n, time: new Date(1_700_000_000_001), kind: "VM_STATE_CHANGED", vmId: "a", hostId: "h1", hostSequence: 1n, operationId: null, previousState: "RUNNING", state: "CRASHED", actor: "x", message });
    expect((await log.page({ after: 0n, limit: 1 })).events).toEqual([event]);
  });

  it("pages by VM, and gives the newest without a cursor", async () => {
    const log = await fresh();
    await log.append([journal(1), journal(2, { vmId: "b" }), journal(3), journal(4, { vmId: null })]);
    expect((await log.page({ after: null, limit: 2 })).events.map((event) => event.cursor)).toEqual([3n, 4n]);
    expect((await log.page({ after: 0n, limit: 10, vmId: "a" })).events.map((event) => event.cursor)).toEqual([1n, 3n]);
  });

  it("says where history was trimmed, to those who missed it and to nobody else", async () => {
    const log = await fresh();
    await log.append(Array.from({ length: 10 }, (_, i) => journal(i + 1)));
    expect(await log.trim(new Date(1_700_000_000_000), 4)).toBe(6);
    expect((await log.page({ after: 3n, limit: 10 })).trimmedBefore).toBe(7n);
    expect((await log.page({ after: 6n, limit: 10 })).trimmedBefore).toBeNull();
    expect((await log.append([journal(11)])).map((event) => event.cursor)).toEqual([11n]);
  });

  it("trims by age", async () => {
    const log = await fresh();
    await log.append([journal(1), journal(2, { time: new Date("2026-06-01") })]);
    expect(await log.trim(new Date("2026-06-02"))).toBe(1);
    expect(await log.trim(new Date("2027-06-02"))).toBe(1);
    expect(await log.ends()).toEqual({ newestCursor: 2n, trimmedBefore: 3n });
  });

  it("replays, says when it is live, and goes on live without loss or doubles", async () => {
    const log = await fresh();
    await log.append(Array.from({ length: 1_500 }, (_, i) => journal(i + 1)));
    const stop = new AbortController();
    const seen: EventStreamItem[] = [];
    const reading = (async () => {
      for await (const item of followEvents(log, { after: 10n, signal: stop.signal })) {
        seen.push(item);
        if (item.kind === "event" && item.event.cursor === 2_500n) stop.abort();
      }
    })();
    for (let i = 1_501; i <= 2_500; i += 10) await log.append(Array.from({ length: 10 }, (_, j) => journal(i + j)));
    await reading;
    expect(seen.filter((item) => item.kind === "event").map((item) => Number(item.event.cursor))).toEqual(Array.from({ length: 2_490 }, (_, i) => i + 11));
    expect(seen.filter((item) => item.kind === "live")).toHaveLength(1);
  });

  it("follows over events that were stored and, the answer being lost, told to nobody", async () => {
    const log = await fresh();
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of followEvents(log, { after: 0n, signal: stop.signal })) {
        if (item.kind === "live") {
          await new EventLog(suite.db).append([journal(1), journal(2)]);
          await log.append([journal(3)]);
        }
        if (item.kind === "event") seen.push(Number(item.event.cursor));
        if (seen.length === 3) stop.abort();
      }
    })();
    await reading;
    expect(seen).toEqual([1, 2, 3]);
  });

  it("starts a stream with a gap when history was trimmed or the cursor is of another life", async () => {
    const log = await fresh();
    await log.append(Array.from({ length: 10 }, (_, i) => journal(i + 1)));
    await log.trim(new Date(1_700_000_000_000), 3);
    const first = async (after: bigint): Promise<unknown> => {
      const stream = followEvents(log, { after });
      const { value } = await stream.next();
      await stream.return();
      return value;
    };
    expect(await first(2n)).toEqual({ kind: "gap", trimmedBefore: 8n });
    expect(await first(99n)).toEqual({ kind: "gap", trimmedBefore: 11n });
    expect(await first(10n)).toEqual({ kind: "live", cursor: 10n });
  });
});
