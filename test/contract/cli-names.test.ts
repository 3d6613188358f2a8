// Wherever the command line takes a VM it takes its name: of many alike, of one whose past is asked for, of one that is gone.
import { describe, expect, it } from "vitest";
import { matchesFilter } from "../../server/src/vm/filter/evaluate.js";
import { parseFilter } from "../../server/src/vm/filter/parse.js";
import { subjectOf } from "../../server/src/vm/filter/testing.js";
import { ClientBundle } from "../support/client-bundle.js";
import { ScriptedServer } from "../support/scripted-server.js";

interface Named { readonly id: string; readonly name: string; readonly state: string }
/** More than a page have the last one's name in theirs. */
const FLEET: readonly Named[] = [
  ...Array.from({ length: 150 }, (_, index) => ({ id: `vm-${index}`, name: `web ${index}`, state: "RUNNING" })),
  { id: "vm-last", name: "web", state: "STOPPED" },
  { id: "vm-odd", name: 'a "b" \\ or (c)', state: "STOPPED" },
];
const PAGE = 100;

interface Filter { readonly search?: string | null; readonly where?: string | null }
function found({ search, where }: Filter): Named[] {
  const filter = parseFilter(where ?? "");
  return FLEET.filter(({ id, name }) => name.includes(search ?? "") && matchesFilter(filter, subjectOf({ id, name })));
}

/** "vm-gone" was deleted: its past alone is there. */
const PAST: readonly string[] = ["vm-last", "vm-gone"];
const event = (vmId: string): object => ({ __typename: "Event", cursor: "7", time: "2026-01-01T13:02:11.000Z", kind: "VM_CHANGED", vmId, message: `of ${vmId}` });
const operation = (vmId: string): object => ({ id: `op-${vmId}`, kind: "START_VM", vmId, state: "SUCCEEDED", cancellable: false, requestedBy: "local", startedAt: "2026-01-01T00:00:00.000Z", endedAt: "2026-01-01T00:00:01.000Z" });
const pastOf = (vmId: string | null | undefined, make: (id: string) => object): object[] => PAST.filter((id) => vmId == null || vmId === id).map(make);

const script = {
  Query: {
    vm: (_: unknown, { id }: { id: string }) => FLEET.find((vm) => vm.id === id) ?? null,
    vms: (_: unknown, { filter }: { filter?: Filter | null }) => ({ nodes: found(filter ?? {}).slice(0, PAGE), edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 1 }),
    events: (_: unknown, { vmId }: { vmId?: string | null }) => ({ events: pastOf(vmId, event), newestCursor: "7" }),
    operations: (_: unknown, { vmId }: { vmId?: string | null }) => ({ nodes: pastOf(vmId, operation), edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false } }),
    audit: (_: unknown, { vmId }: { vmId?: string | null }) => ({
      nodes: pastOf(vmId, (id) => ({ cursor: "1", time: "2026-01-01T00:00:00.000Z", actor: "ci", kind: "OPERATION_STARTED", vmId: id, operation: null, outcome: "SUCCEEDED", reason: null, message: `of ${id}` })),
      edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false },
    }),
  },
};

const bundle = new ClientBundle();
const server = ScriptedServer.forFile(script);

describe("a VM's name", () => {
  it.each([
    [["console", "web"], 4, "vm-last is stopped and has no console"],
    [["console", 'a "b" \\ or (c)'], 4, "vm-odd is stopped"],
    [["events", "--vm", "web"], 0, "of vm-last"],
    [["vm", "events", "web"], 0, "of vm-last"],
    [["operation", "ls", "--vm", "web"], 0, "op-vm-last"],
    [["audit", "--vm", "web"], 0, "of vm-last"],
    // One that lives and of which nothing happened is no fault.
    [["events", "--vm", "web 3"], 0, "No event matches."],
    [["operation", "ls", "--vm", "vm-3"], 0, "No operation matches."],
  ])("is taken by %j", async (args, code, text) => {
    const { code: ended, out, err } = await bundle.run(args, server.environment);
    expect({ ended, text: out + err }).toEqual({ ended: code, text: expect.stringContaining(text) as string });
    expect(out).not.toContain("vm-gone");
  });

  it.each([[["events", "--vm", "vm-gone"], "of vm-gone"], [["operation", "ls", "--vm", "vm-gone"], "op-vm-gone"]])("of one that is gone, %j tells by the id", async (args, text) => {
    expect(await bundle.run(args, server.environment)).toMatchObject({ code: 0, out: expect.stringContaining(text) as string });
  });

  it.each([[["console", "nobody"]], [["events", "--vm", "nobody"]], [["events", "--follow", "--vm", "nobody"]], [["vm", "events", "WEB"]], [["operation", "ls", "--vm", "x".repeat(2_000)]], [["operation", "ls", "--vm", ""]]])("that nobody has ends %j with 3", async (args) => {
    expect(await bundle.run(args, server.environment)).toMatchObject({ code: 3, out: "", err: expect.stringContaining("No VM has the id") as string });
  });
});
