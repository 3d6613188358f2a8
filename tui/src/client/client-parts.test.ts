import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { documentText, graphql } from "./document.js";
import { httpUrl, webSocketUrl } from "./endpoint.js";
import { connectionCause, fromGraphqlErrors } from "./error.js";
import { SCHEMA_PATH, SCHEMA_TYPES_PATH, schemaTypes } from "./generate.js";
import { PAUSE_ABOVE_ITEMS, PullQueue } from "./queue.js";
import { FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS, backoffMs, connected, lost } from "./status.js";

describe("document", () => {
  it("prints a fragment once, however often it is used", () => {
    const leaf = graphql(`fragment Leaf on Vm { id }`);
    const inner = graphql(`fragment Inner on Vm { ...Leaf name }`, [leaf]);
    const query = graphql(`query Q { a: vm(id: "1") { ...Inner ...Leaf } }`, [inner, leaf]);
    expect(documentText(query).match(/fragment Leaf/g)).toHaveLength(1);
  });

  it("has types that follow the committed schema (npm run generate renews them)", () => {
    expect(readFileSync(SCHEMA_TYPES_PATH, "utf8")).toBe(schemaTypes(readFileSync(SCHEMA_PATH, "utf8")));
  });
});

describe("endpoint", () => {
  it.each([
    ["http://127.0.0.1:4560", "http://127.0.0.1:4560/graphql", "ws://127.0.0.1:4560/graphql"],
    ["https://lab1/", "https://lab1/graphql", "wss://lab1/graphql"],
    ["http://lab1/behind/graphql", "http://lab1/behind/graphql", "ws://lab1/behind/graphql"],
  ])("finds the two addresses of %s", (url, http, ws) => {
    expect(httpUrl({ url }).href).toBe(http);
    expect(webSocketUrl({ url }).href).toBe(ws);
  });
});

describe("status", () => {
  it("waits longer after each failure, up to a limit, for ever", () => {
    expect(backoffMs(0, 1)).toBe(FIRST_BACKOFF_MS);
    expect(backoffMs(2, 1)).toBe(4 * FIRST_BACKOFF_MS);
    for (const attempts of [7, 100, 1e9]) expect(backoffMs(attempts, 1)).toBe(LONGEST_BACKOFF_MS);
    expect(backoffMs(100, 0)).toBe(LONGEST_BACKOFF_MS / 2);
  });

  it("counts failures since the connection was lost", () => {
    const waiting = lost(lost(connected(1), "gone", 2), "refused", 3);
    expect(waiting).toEqual({ state: "waiting", sinceMs: 2, attempts: 1, reason: "refused" });
  });
});

describe("error", () => {
  it("keeps the server's code, and knows a refused token", () => {
    expect(fromGraphqlErrors([{ message: "No.", extensions: { code: "VM_NOT_FOUND" } }])).toMatchObject({ kind: "graphql", code: "VM_NOT_FOUND", message: "No." });
    expect(fromGraphqlErrors([{ message: "No.", extensions: { code: "UNAUTHENTICATED" } }]).kind).toBe("unauthorised");
  });

  it.each([
    [{ code: "ECONNREFUSED" }, "connection refused"],
    [new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]), "connection refused"],
    [{ code: 1006, reason: "" }, "connection closed (1006)"],
    [{ code: 4403, reason: "Forbidden" }, "Forbidden"],
  ])("says the cause of %o in words", (error, words) => {
    expect(connectionCause(error)).toBe(words);
  });
});

describe("queue", () => {
  it("asks for a pause when the reader is behind, and for more when it has caught up", async () => {
    const wishes: string[] = [];
    const queue = new PullQueue<number>({ pause: () => wishes.push("pause"), resume: () => wishes.push("resume") }, () => undefined);
    for (let i = 0; i <= PAUSE_ABOVE_ITEMS; i++) queue.push(i);
    expect(wishes).toEqual(["pause"]);
    queue.finish();
    const read: number[] = [];
    for await (const item of queue) read.push(item);
    expect(read).toHaveLength(PAUSE_ABOVE_ITEMS + 1);
    expect(wishes).toEqual(["pause", "resume"]);
  });

  it("delivers what came before an error, then throws it once", async () => {
    const queue = new PullQueue<number>({ pause: () => undefined, resume: () => undefined }, () => undefined);
    queue.push(1);
    queue.finish(new Error("end"));
    expect(await queue.next()).toEqual({ done: false, value: 1 });
    await expect(queue.next()).rejects.toThrow("end");
    expect((await queue.next()).done).toBe(true);
  });
});
