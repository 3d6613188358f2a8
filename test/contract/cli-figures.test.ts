// What `quetzal vm` says of one VM's memory and disks, as it ships: each figure under a name that says which it is.
import { describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import { ScriptedServer } from "../support/scripted-server.js";

const MIB = 1_048_576;
const TIME = "2026-01-01T00:00:00.000Z";
const rate = { readBytesPerSecond: null, writeBytesPerSecond: null };
const sample = {
  vmId: "web-1", time: TIME, cpuRatio: 0.5, memoryConfiguredBytes: 256 * MIB, pluggedBytes: 0, guestTotalBytes: 240 * MIB, guestAvailableBytes: 120 * MIB, balloonActualBytes: 192 * MIB, rssBytes: 214 * MIB, vcpus: [], nics: [],
  disks: [{ name: "vda", ...rate, allocatedBytes: 310 * MIB, capacityBytes: 1_024 * MIB }, { name: "v\x1b[31mdb", ...rate, allocatedBytes: null, capacityBytes: null }],
};
/** Runs with less than its definition says since it was edited. */
const VM = {
  id: "web-1", name: "web-1", state: "RUNNING", stateSince: TIME, generation: "1", startedAt: TIME, vcpus: 1, memoryBytes: 512 * MIB, machine: "q35", protected: false, autostart: false, restartRequired: true, labels: [],
  latest: sample, definition: {}, verbs: [], host: { id: "h", name: "lab1" },
};
const STOPPED = { ...VM, id: "db", name: "db", state: "STOPPED", startedAt: null, restartRequired: false, latest: null };
const script = {
  Query: {
    vms: () => ({ nodes: [STOPPED, VM], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 2 }),
    vm: (_: unknown, { id }: { id: string }) => [VM, STOPPED].find((one) => one.id === id) ?? null,
    hosts: () => [{ id: "h", name: "lab1", connected: true, connectionError: null }],
  },
};

const bundle = new ClientBundle();
const server = ScriptedServer.forFile(script);
const said = async (...args: readonly string[]): Promise<string> => (await bundle.run(args, server.environment)).out;

describe("quetzal vm ls", { timeout: 60_000 }, () => {
  const rows = (out: string): string[][] => out.trimEnd().split("\n").map((line) => line.replace(/^[^a-zA-Z]*/, "").split(/ {2,}/));

  it("shows what runs where the definition was edited since, and what is defined beside it on request", async () => {
    const [head = [], ...vms] = rows(await said("vm", "ls"));
    const place = head.indexOf("CONF");
    expect([head.includes("DEFINED"), vms.map((cells) => [cells[0], cells[place]])]).toEqual([false, [["db", "512M"], ["web-1", "256M"]]]);
    expect(rows(await said("vm", "ls", "--columns", "id,memory,memory.configured,balloon,guest.available,rss"))).toEqual([
      ["ID", "DEFINED", "CONF", "BALLOON", "AVAILABLE", "RSS"], ["db", "512M", "512M", "–", "–", "–"], ["web-1", "512M", "256M", "192M", "120M", "214M"],
    ]);
  });
});

describe("quetzal vm show", { timeout: 60_000 }, () => {
  it("keeps the four figures of memory apart, and what waits for the next start", async () => {
    const out = await said("vm", "show", "web-1");
    expect(out).toMatch(/^Machine +q35, 1 vCPU, 256M \(512M from its next start\)$/m);
    expect(out).toMatch(/^Memory +configured 256M, balloon 192M, guest available 120M of 240M, host resident 214M, fair share –$/m);
    expect(await said("vm", "show", "db")).toMatch(/^Machine +q35, 1 vCPU, 512M$/m);
  });

  it("tells of each disk what its file takes on the host and what the guest sees", async () => {
    const out = await said("vm", "show", "web-1");
    expect(out).toMatch(/^Disk vda +takes 310M on the host, the guest sees 1\.00G$/m);
    expect(out).toMatch(/^Disk v\?\[31mdb +takes – on the host, the guest sees –$/m);
    expect(JSON.parse(await said("vm", "show", "web-1", "-o", "json"))).toMatchObject({ latest: { disks: [{ name: "vda", allocatedBytes: 310 * MIB, capacityBytes: 1_024 * MIB }, { allocatedBytes: null, capacityBytes: null }] } });
  });
});
