import { describe, expect, it } from "vitest";
import type { Client } from "../client/client.js";
import type { ConsoleTail } from "../store/model.js";
import { followTail, linesOf } from "./console-tail.js";

/** A client whose one subscription gives what a test says. */
function telling(items: readonly unknown[], end?: Error): Client {
  const subscribe = async function* () {
    for (const consoleOutput of items) yield { consoleOutput };
    await Promise.resolve();
    if (end !== undefined) throw end;
  };
  return { subscribe } as unknown as Client;
}
const chunk = (offset: number, text: string) => ({ __typename: "ConsoleChunk", offset, data: Buffer.from(text).toString("base64"), skippedBytes: 0 });

async function tail(items: readonly unknown[]): Promise<ConsoleTail | undefined> {
  const told: ConsoleTail[] = [];
  await followTail(telling(items), "a", new AbortController().signal, (one) => told.push(one));
  return told.at(-1);
}

describe("the last lines of a console", () => {
  it("are what a terminal would show: colours gone, lines overwritten, a character cut in two joined", async () => {
    const wide = Buffer.from("ü");
    const cut = [{ ...chunk(20, ""), data: wide.subarray(0, 1).toString("base64") }, { ...chunk(21, ""), data: wide.subarray(1).toString("base64") }];
    expect((await tail([chunk(0, "\x1b[32mgreen\x1b[0m\r\n10 %\r20 %\r\n"), ...cut]))?.lines).toEqual(["green", "20 %", "ü"]);
  });

  it("never hand on a control character or a title", async () => {
    const lines = (await tail([chunk(0, "\x1b]0;owned\x07a\x1b[2Jb\r\n\u202egnp.exe\x9bq")]))?.lines ?? [];
    expect(lines.join("")).not.toMatch(/[\p{Cc}\u202e]|owned/u);
  });

  it("say how the console ended", async () => {
    expect(await tail([chunk(0, "bye\r\n"), { __typename: "ConsoleClosed", reason: "QEMU ended." }])).toEqual({ vmId: "a", lines: ["bye"], closed: "QEMU ended." });
  });

  it("stop telling once nobody looks, and tell what came before a refusal", async () => {
    const left = new AbortController();
    left.abort();
    const told: ConsoleTail[] = [];
    await followTail(telling([chunk(0, "late")]), "a", left.signal, (one) => told.push(one));
    expect(told).toEqual([]);
    await expect(followTail(telling([chunk(0, "so far")], new Error("refused")), "a", new AbortController().signal, (one) => told.push(one))).rejects.toThrow("refused");
    expect(told.at(-1)?.lines).toEqual(["so far"]);
  });

  it.each([[["a ", "", "b", "", ""], ["a", "", "b"]], [["", ""], []]])("keep of %j the lines %j", (rows, lines) => expect(linesOf(rows)).toEqual(lines));
});
