// The memory controller on real guests of a host that is short of memory, and long changes of memory and CPU that somebody
// cancels. The shortage is made by the controller's own thresholds: the host's memory, its guests and theirs are real.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AT_EASE, type DaemonClient, daemonClient, SHORT, type Thresholds } from "../support/daemon-client.js";
import { hostMeminfo, switches, takeTurn } from "../support/host-switches.js";
import { eventually } from "../support/process.js";
import { Stack } from "../support/stack.js";
import { type Definition, smallGuest, VmDriver } from "../support/vm.js";

const MIB = 1_048_576;
const GUEST_MIB = 256;
const PAGE_BYTES = 4_096;
/** What the host is made to want beyond what it has: less than one guest gives at once. */
const MISSING_BYTES = 20 * MIB;
/** A guest gives a tenth of what it has, in whole MiB. */
const TENTH_BYTES = Math.floor(GUEST_MIB / 10) * MIB;
/** Available memory comes and goes with whatever else runs here: the want is set anew, by what is there then. */
const WANT_AGAIN_MS = 8_000;
/** As docs/MEMORY.md advises for guests with room to grow. */
const SMALL_SWIOTLB = "console=ttyS0 quiet swiotlb=2048";
/** A host that is in SOFT stays in it, and may still give down to a twentieth. */
const SHORT_WITH_ROOM: Thresholds = { ...SHORT, softRatio: 0.05 };

interface Decision {
  readonly time: string; readonly vmId: string; readonly action: string; readonly fromBytes: number; readonly toBytes: number; readonly reason: string;
  readonly carriedOut: boolean; readonly state: string; readonly hostAvailableBytes: number; readonly guestAvailableBytes: number | null; readonly effectBytes: string | null;
}
interface Room { readonly balloonTargetBytes: number; readonly memoryTargetBytes: number; readonly vcpusTarget: number }

let stack: Stack;
let daemon: DaemonClient;
let idle: VmDriver;
let rich: VmDriver;
let advised: VmDriver;

beforeAll(async () => {
  stack = await Stack.start();
  daemon = daemonClient(join(stack.runDir, "quetzald.sock"));
  const guest = async (id: string, policy: Record<string, unknown>, features: string[]): Promise<VmDriver> => {
    const definition: Definition = smallGuest(id, { memory_mb: GUEST_MIB, features: [...features, "ballooning", "virtio"], memory_policy: { floor_mb: 128, ...policy }, boot: { kernel: "quetzal-guest/vmlinuz", initrd: "quetzal-guest/initrd.img", cmdline: SMALL_SWIOTLB } });
    const vm = await VmDriver.define(stack, definition);
    await vm.start();
    await vm.waitForBoot();
    return vm;
  };
  const guests = [
    guest("story-idle", { control: "on", shares: 100 }, ["hotplug", "compression"]),
    guest("story-rich", { control: "on", shares: 10_000 }, []),
    guest("story-advised", { control: "recommend", shares: 50 }, []),
  ] as const;
  [idle, rich, advised] = await Promise.all(guests);
});
afterAll(async () => {
  daemon[Symbol.dispose]();
  await stack[Symbol.asyncDispose]();
});

const room = async (vm: VmDriver): Promise<Room> => (await vm.show<{ room: Room }>("room { balloonTargetBytes memoryTargetBytes vcpusTarget }")).room;
/** Newest first. */
async function decisions(vm: VmDriver): Promise<readonly Decision[]> {
  const fields = "time vmId action fromBytes toBytes reason carriedOut state hostAvailableBytes guestAvailableBytes effectBytes";
  return (await vm.show<{ memoryDecisions: Decision[] }>(`memoryDecisions(first: 100) { ${fields} }`)).memoryDecisions;
}
const takenFrom = async (vm: VmDriver): Promise<Decision[]> => (await decisions(vm)).filter(({ action, fromBytes, toBytes }) => action === "BALLOON" && toBytes < fromBytes).reverse();
/** What the guest's own driver has put into the balloon. */
async function inBalloon(vm: VmDriver): Promise<number> {
  const counters = new Map((await vm.run("grep ^balloon_ /proc/vmstat")).split("\n").map((line): [string, number] => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]));
  return ((counters.get("balloon_inflate") ?? 0) - (counters.get("balloon_deflate") ?? 0)) * PAGE_BYTES;
}
/** The host wants a little more than it has, as it is now. */
async function want(bytes: number): Promise<void> {
  const ratio = (more: number): number => (hostMeminfo("MemAvailable") + more) / hostMeminfo("MemTotal");
  await daemon.setThresholds({ ...AT_EASE, highRatio: ratio(bytes), softRatio: ratio(bytes - 4 * MIB) });
}
async function cancelled(vm: VmDriver, verb: string, input: Record<string, unknown>): Promise<{ state: string; error: string | null }> {
  const { operation, message } = await vm.verb(verb, input);
  if (operation == null) throw new Error(`${verb}: ${message ?? ""}`);
  const { cancelOperation } = await stack.api.query<{ cancelOperation: { __typename: string } }>(`mutation ($id: ID!) { cancelOperation(id: $id) { __typename } }`, { id: operation.id });
  const end = await vm.operationEnd(operation.id);
  return cancelOperation.__typename === "CancelOperationSuccess" ? end : { ...end, state: "TOO_LATE" };
}

describe("a host that wants a little more memory", () => {
  it("gets it from the idle guest with the fewest shares, by the balloon", async () => {
    let wantedAt = -Infinity;
    const [first] = await eventually("a decision", async () => {
      if (performance.now() - wantedAt > WANT_AGAIN_MS) {
        await want(MISSING_BYTES);
        wantedAt = performance.now();
      }
      const taken = await takenFrom(idle);
      return taken.length > 0 ? taken : undefined;
    });
    expect(first).toMatchObject({ carriedOut: true, fromBytes: GUEST_MIB * MIB, state: "SOFT" });
    expect(first?.reason).toMatch(/^host memory is SOFT: .* available, .* wanted; the guest has \d+ % of its \d+ MiB idle/);
    expect(first?.hostAvailableBytes).toBeGreaterThan(0);
    expect(first?.guestAvailableBytes).toBeGreaterThan(0.4 * GUEST_MIB * MIB);
    // The other one would only give what this one could not.
    const [other] = await takenFrom(rich);
    expect(other === undefined || (first?.fromBytes ?? 0) - (first?.toBytes ?? 0) === TENTH_BYTES).toBe(true);
    await eventually("the guest to have put it into its balloon", async () => Math.abs((await inBalloon(idle)) - (GUEST_MIB * MIB - (await room(idle)).balloonTargetBytes)) < MIB);
  });

  it("is told what a guest that is not to be touched would give, and leaves it alone", async () => {
    const [advice] = await takenFrom(advised);
    expect(advice).toMatchObject({ carriedOut: false, effectBytes: null });
    expect((await room(advised)).balloonTargetBytes).toBe(GUEST_MIB * MIB);
    expect(await inBalloon(advised)).toBe(0);
  });

  it("writes each decision down as an event, with its reason, and again with what it brought", async () => {
    const measured = await eventually("the effect to be measured", async () => (await takenFrom(idle)).find(({ effectBytes }) => effectBytes !== null));
    // The list is asked of the daemon, events come by its journal: they may be later.
    const told = await eventually("both to be told", async () => {
      const { events } = await idle.show<{ events: { kind: string; message: string }[] }>("events(last: 100) { kind message }");
      const ofIt = events.filter(({ kind, message }) => kind === "MEMORY_DECISION" && message.includes(measured.reason));
      return ofIt.length > 1 ? ofIt : undefined;
    });
    expect(told.map(({ message }) => message.endsWith("came free"))).toEqual([false, true]);
    expect(told[0]?.message).toContain(`balloon target ${measured.fromBytes / MIB} to ${measured.toBytes / MIB} MiB`);
  });
});

describe("a guest that runs short", () => {
  it("gets back at once what it had, though the host is short, and what was decided about another is undone", async () => {
    await daemon.setThresholds(SHORT_WITH_ROOM);
    await idle.run(`mkdir -p /t && mount -t tmpfs -o size=90% none /t; dd if=/dev/zero of=/t/x bs=1M count=120 2>/dev/null; true`);
    const given = await eventually("what it had to be given back", async () => (await decisions(idle)).find(({ action, fromBytes, toBytes }) => action === "BALLOON" && toBytes > fromBytes));
    expect(given.reason).toMatch(/^the guest has \d+ % \(\d+ MiB\) of its \d+ MiB available, under (35|15) %/);
    // All of it in want; before, by the step that takes the least time to be enough.
    const step = given.reason.includes("under 15 %") ? GUEST_MIB * MIB : Math.floor(given.fromBytes * 1.3);
    expect(given.toBytes).toBe(Math.min(GUEST_MIB * MIB, step));
    await eventually("the balloon to be empty", async () => (await inBalloon(idle)) === 0);
    const [taken] = await eventually("the other guest to give for a host that wants all", async () => { const from = await takenFrom(rich); return from.length > 0 ? from : undefined; });
    const tried = await eventually("that decision to be one that can be undone", async () => { const trial = await rich.undoDecision({ dryRun: true }); return trial.__typename === "VmOperationAccepted" ? trial : undefined; });
    expect(tried.effect).toContain("takes nothing from it for 60 s, then it may again");
    // Once memory was given the controller holds off: what it decided until then is undone step by step.
    while ((await room(rich)).balloonTargetBytes < GUEST_MIB * MIB) {
      const { operation, message } = await rich.undoDecision();
      expect(message).toBeUndefined();
      expect(await rich.operationEnd(operation?.id ?? "")).toMatchObject({ state: "SUCCEEDED" });
    }
    expect(await rich.undoDecision({ at: taken?.time })).toMatchObject({ __typename: "NotUndoable", message: expect.stringContaining("256 MiB again, as before it") as string });
    await eventually("that balloon to be as it was", async () => (await inBalloon(rich)) === 0);
    await daemon.setThresholds(AT_EASE);
    await eventually("the host to be at ease", async () => (await stack.api.query<{ hosts: { memory: { state: string } | null }[] }>("{ hosts { memory { state } } }")).hosts[0]?.memory?.state === "HIGH");
  });
});

it("refuses a target below nothing, with its limits, and leaves the guest what it has", async () => {
  const before = await room(rich);
  for (const verb of ["setVmBalloon", "resizeVmMemory"]) {
    const { body } = await stack.api.raw(`mutation { ${verb}(input: { id: "${rich.id}", targetBytes: -1 }) { __typename } }`);
    expect(JSON.stringify(body), verb).toContain("Bytes must be a whole number from 0 to 2^53 - 1, not -1.");
    const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input`;
    const typed = await stack.api.raw(`mutation ($input: ${type}!) { ${verb}(input: $input) { __typename } }`, { input: { id: rich.id, targetBytes: -64 * MIB } });
    expect(JSON.stringify(typed.body), verb).toContain("Bytes must be a whole number from 0 to 2^53 - 1, not -67108864.");
  }
  expect(await room(rich)).toEqual(before);
});

describe("a guest with room to grow", () => {
  it("has as much for itself as one without, where its kernel's line keeps the bounce buffers small", async () => {
    const total = async (vm: VmDriver): Promise<number> => Number(/(\d+) kB/.exec(await vm.run("grep ^MemTotal: /proc/meminfo"))?.[1]) * 1024;
    expect(Math.abs((await total(idle)) - (await total(rich)))).toBeLessThan(8 * MIB);
  });
});

describe("a long change that is cancelled", () => {
  it("of memory: a shrink that the guest cannot follow, and the old size holds again", async () => {
    await idle.complete("setVmMemoryPolicy", { control: "OFF" });
    await idle.complete("resizeVmMemory", { targetBytes: 2 * GUEST_MIB * MIB });
    await idle.run("dd if=/dev/zero of=/t/y bs=1M count=200 2>/dev/null; true");
    const end = await cancelled(idle, "resizeVmMemory", { targetBytes: GUEST_MIB * MIB });
    expect(end).toMatchObject({ state: "CANCELLED" });
    expect((await room(idle)).memoryTargetBytes).toBe(2 * GUEST_MIB * MIB);
    await eventually("the guest to have it all again", async () => (await idle.show<{ latest: { pluggedBytes: number } }>("latest { pluggedBytes }")).latest.pluggedBytes === GUEST_MIB * MIB);
  });

  it("of vCPUs, while the guest does not answer, and the VM goes on with what its guest uses", async () => {
    await idle.run("killall qemu-ga; true");
    expect(await cancelled(idle, "setVmVcpus", { count: 2 })).toMatchObject({ state: "CANCELLED" });
    expect((await room(idle)).vcpusTarget).toBe(1);
    expect(await idle.run("echo still here")).toBe("still here");
  });

  describe("of what is resident, on a host that compresses", () => {
    let turn: AsyncDisposable | undefined;
    let before: Record<string, string>;
    beforeAll(async () => {
      turn = await takeTurn();
      before = switches();
    });
    afterAll(async () => {
      await stack.daemon?.end();
      await turn?.[Symbol.asyncDispose]();
    });

    it("leaves what is paged out there, and the rest where it is", async () => {
      await stack.api.query(`mutation { setHostMemory(input: { compression: { mode: ZRAM, sizeBytes: ${1024 * MIB} } }) { __typename } }`);
      // It takes a fraction of a second: some are over before they can be cancelled.
      const end = await eventually("one to be cancelled in time", async () => {
        const one = await cancelled(idle, "pageOutVm", {});
        if (one.state === "CANCELLED") return one;
        await idle.run("cat /t/x /t/y | wc -c");
        return undefined;
      });
      expect(end.state).toBe("CANCELLED");
      expect(await idle.run("echo still here")).toBe("still here");
    });

    it("leaves the host as it was", async () => {
      for (const vm of [idle, rich, advised]) await vm.forceOff();
      await stack.daemon?.end("SIGTERM");
      expect(switches()).toEqual(before);
    });
  });
});
