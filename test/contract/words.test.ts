// One spelling of operations wherever people read them: the server's events and errors, the front ends' tables.
import { readFileSync } from "node:fs";
import { buildSchema, isEnumType } from "graphql";
import { describe, expect, it } from "vitest";
import { endMessages, OPERATION_WORDS } from "../../server/src/operation/words.js";
import { words } from "../../tui/src/format.js";

const kind = buildSchema(readFileSync("server/schema.graphql", "utf8")).getType("OperationKind");
const kinds = isEnumType(kind) ? kind.getValues().map(({ name }) => name) : [];

describe("the words of operations", () => {
  it("are the same on both sides of the schema, for every kind", () => {
    expect(kinds.length).toBeGreaterThan(7);
    expect(Object.fromEntries(kinds.map((name) => [name, words(name)]))).toEqual(OPERATION_WORDS);
  });

  it("are no enum's", () => {
    for (const word of Object.values(OPERATION_WORDS)) expect(word).toMatch(/^[a-z]+( [a-z]+)*$/);
  });

  it("say which operation ended, and how", () => {
    expect(endMessages("FAILED", "QEMU died.")).toMatchObject({ PUT_VM: "define failed: QEMU died.", FORCE_OFF_VM: "force off failed: QEMU died." });
    expect(endMessages("CANCELLED", "x").START_VM).toBe("start was cancelled: x");
    expect(endMessages("SUCCEEDED", "x").STOP_VM).toBe("stop succeeded: x");
  });
});
