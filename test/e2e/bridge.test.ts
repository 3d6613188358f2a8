// A VM on a bridge that is there already, with real frames between guest and host; and one whose bridge is missing.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

/** Addresses for documentation: nobody's network. */
const HOST_ADDRESS = "198.51.100.1";
const GUEST_ADDRESS = "198.51.100.2";
const bridge = `qzt${randomUUID().slice(0, 6)}`;

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}
/** Null once the bridge is there; else why it cannot be. */
function makeBridge(): string | null {
  try {
    ip("link", "add", bridge, "type", "bridge");
    return null;
  } catch (error) {
    return `no bridge can be made here (root or CAP_NET_ADMIN, and iproute2, are needed): ${String(error).split("\n")[0] ?? ""}`;
  }
}
const missing = makeBridge();
if (missing !== null) console.warn(`The stories of a VM on a bridge are left out: ${missing}`);

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start();
  if (missing !== null) return;
  ip("address", "add", `${HOST_ADDRESS}/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  if (missing === null) ip("link", "delete", bridge);
});

describe.skipIf(missing !== null)("a VM on a bridge that exists", () => {
  const ports = (): string[] => readdirSync(`/sys/class/net/${bridge}/brif`);
  let vm: VmDriver;
  beforeAll(async () => {
    vm = await VmDriver.define(stack, smallGuest("story-bridge", { network: { mode: "bridge", bridge } }));
    await vm.start();
    await vm.waitForBoot();
  });

  it("joins it with a tap of its own and says so", async () => {
    expect((await vm.show<{ networkInUse: string }>("networkInUse")).networkInUse).toBe(`bridge ${bridge} (${ports()[0] ?? "no tap"})`);
  });

  it("exchanges frames with the host, and counts them as the guest sees them", async () => {
    await vm.run(`ip address add ${GUEST_ADDRESS}/24 dev eth0; ip link set eth0 up`);
    await eventually("the host to answer a ping", async () => (await vm.run(`ping -c 1 -W 2 ${HOST_ADDRESS} >/dev/null && echo heard`)) === "heard");
    await vm.type(`ping -q -c 300 -s 1400 -i 0.02 ${HOST_ADDRESS}\n`);
    await eventually("received bytes in a sample", async () => {
      const { latest } = await vm.show<{ latest: { networkRxBytesPerSecond: number | null; networkTxBytesPerSecond: number | null } | null }>("latest { networkRxBytesPerSecond networkTxBytesPerSecond }");
      return (latest?.networkRxBytesPerSecond ?? 0) > 1_000 && (latest?.networkTxBytesPerSecond ?? 0) > 1_000;
    });
  });

  it("keeps its network over the daemon's death, and its tap goes with its power", async () => {
    await stack.restartDaemon("SIGKILL");
    await vm.type("\u0003");
    await eventually("the host to answer a ping", async () => (await vm.run(`ping -c 1 -W 2 ${HOST_ADDRESS} >/dev/null && echo heard`)) === "heard");
    await vm.forceOff();
    expect(ports()).toEqual([]);
    expect(existsSync(`/sys/class/net/${bridge}`)).toBe(true);
  });
});

it("a VM whose bridge is missing starts on user networking, says why, and warns", async () => {
  const vm = await VmDriver.define(stack, smallGuest("story-lonely", { network: { mode: "bridge", bridge: "qzt-nowhere" } }));
  await vm.start();
  const { networkInUse, events } = await vm.show<{ networkInUse: string; events: { kind: string; message: string }[] }>("networkInUse events { kind message }");
  expect(networkInUse).toBe("user (bridge qzt-nowhere: there is no such bridge)");
  expect(events.find((event) => event.kind === "WARNING")?.message).toMatch(/^the VM cannot join the bridge qzt-nowhere \(there is no such bridge\) and runs on user-mode networking instead: make it \(ip link add .*\), then stop and start it$/);
});
