// `quetzal undo` without an operation: what was asked of several VMs as one is offered, judged and undone as one.
import { beforeEach, describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import type { Ran } from "../support/client-bundle.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
interface Recorded { id: string; kind: string; vmId: string; requestedBy: string; startedAt: string; endedAt: string; undo: { text: string } | null }
const operation = (id: string, vmId: string, ms: number, isUndoable = true, kind = "PAUSE_VM", requestedBy = "me"): Recorded => ({ id, kind, vmId, requestedBy, startedAt: at(ms), endedAt: at(ms + 50), undo: isUndoable ? { text: `Let ${vmId} run on.` } : null });

let operations: Recorded[];
let undone: string[];
const vm = (id: string): object => ({ __typename: "Vm", id, name: id, state: "PAUSED" });
const script = {
  Query: {
    viewer: () => ({ name: "me" }), operations: () => ({ nodes: operations }),
    vm: (_: unknown, { id }: { id: string }) => vm(id), vms: () => ({ nodes: [] }),
  },
  Mutation: {
    undoOperation: (_: unknown, { input: { id, dryRun } }: { input: { id: string; dryRun: boolean } }) => {
      const found = operations.find((one) => one.id === id);
      if (!found?.undo) return { __typename: "NotUndoable", message: "Something else was done since." };
      if (!dryRun) undone.push(id);
      return { __typename: "VmOperationAccepted", vm: vm(found.vmId), effect: found.undo.text, operation: dryRun ? null : { id: `undo-${id}`, kind: "RESUME_VM", vmId: found.vmId, state: "SUCCEEDED", startedAt: at(0), endedAt: at(1) } };
    },
  },
};

const bundle = new ClientBundle();
const server = ScriptedServer.forFile(script);
beforeEach(() => {
  undone = [];
  operations = [operation("o4", "c", 100_020), operation("x", "d", 100_015, true, "PAUSE_VM", "somebody"), operation("o3", "b", 100_010), operation("o2", "a", 100_000), operation("o1", "a", 0, true, "START_VM")];
});
const quetzal = (...words: string[]): Promise<Ran> => bundle.run(words, server.environment);

describe("quetzal undo", { timeout: 60_000 }, () => {
  it("undoes all of one's newest that were asked for as one, and nothing older or of somebody else", async () => {
    const ran = await quetzal("undo", "-y");
    expect(ran).toMatchObject({ code: 0, err: expect.stringContaining("Asked for as one: pause of 3 VMs.\n") as string });
    expect(ran.err).toContain("a: Let a run on.\n");
    expect(ran.err).toMatch(/3 of 3 done\.\n$/);
    expect(undone.sort()).toEqual(["o2", "o3", "o4"]);
  });

  it("only says what it would do, a program's list too", async () => {
    const json: unknown = JSON.parse((await quetzal("undo", "--dry-run", "-o", "json")).out);
    expect(json).toMatchObject([{ vm: { id: "c" }, effect: "Let c run on.", operation: null }, { vm: { id: "b" } }, { vm: { id: "a" } }]);
    expect(undone).toEqual([]);
  });

  it("asks a person once for all, and does nothing without a yes or a person", async () => {
    expect(await quetzal("undo")).toMatchObject({ code: 2, err: expect.stringContaining("To undo 3 VMs needs a yes") as string });
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, "undo"], { env: { ...server.environment } });
    await terminal.waitFor("Undo 3 VMs? [y/N]");
    terminal.send("n\r");
    expect(await terminal.waitForExit()).toBe(4);
    expect(undone).toEqual([]);
  });

  it("undoes what of it can be, names the rest, and ends with the code of a part", async () => {
    operations = operations.map((one) => (one.id === "o3" ? { ...one, undo: null } : one));
    const ran = await quetzal("undo", "-y");
    expect(ran).toMatchObject({ code: 7, err: expect.stringContaining("b: cannot undo: Something else was done since.") as string });
    expect(undone.sort()).toEqual(["o2", "o4"]);
  });

  it("takes a single one back as it did, and with -y nothing but the newest", async () => {
    operations = operations.slice(-1);
    expect(await quetzal("undo", "-y")).toMatchObject({ code: 0, out: "a: Let a run on. (operation undo-o1)\n" });
    operations = [operation("o9", "z", 200_000, false, "FORCE_OFF_VM"), ...operations];
    expect(await quetzal("undo", "-y")).toMatchObject({ code: 4, err: expect.stringContaining("'quetzal undo o1' undoes that one") as string });
    operations = [];
    expect(await quetzal("undo", "-y")).toMatchObject({ code: 3, err: expect.stringContaining("None of the newest operations of me can be undone") as string });
  });
});
