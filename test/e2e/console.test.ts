// The serial ports of a real guest: a shell on each, company for its agent, many watchers and one writer, the replay.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const REPLAY_BYTES = 65_536;
/** A connected unix socket in /proc/net/unix. */
const CONNECTED = "03";

let stack: Stack;
let vm: VmDriver;
beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, smallGuest("story-console"));
  await vm.start();
  await vm.waitForBoot();
});
afterAll(() => stack[Symbol.asyncDispose]());

interface Output { readonly offset?: number; readonly data?: string; readonly writer?: string | null; readonly readers?: number }

/** One reader, from its attachment on. */
class Watcher {
  bytes = Buffer.alloc(0);
  firstOffset: number | undefined;
  audience: Output = {};
  readonly #items: AsyncIterableIterator<{ consoleOutput: Output }>;
  readonly #done: Promise<void>;

  constructor(fromOffset: number | null = null) {
    this.#items = stack.api.subscribe(
      "subscription ($vm: ID!, $from: Bytes) { consoleOutput(vm: $vm, fromOffset: $from) { ... on ConsoleChunk { offset data } ... on ConsoleAudience { writer readers } } }",
      { vm: vm.id, from: fromOffset },
    );
    this.#done = this.#read();
  }
  get text(): string { return this.bytes.toString("utf8"); }
  async #read(): Promise<void> {
    for await (const { consoleOutput: item } of this.#items) {
      if (item.data === undefined) { this.audience = item; continue; }
      this.firstOffset ??= item.offset;
      this.bytes = Buffer.concat([this.bytes, Buffer.from(item.data, "base64")]);
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#items.return?.();
    await this.#done;
  }
}

async function write(session: string, sequence: number, text: string, takeOver: boolean): Promise<{ __typename: string; writer?: string }> {
  const { consoleInput } = await stack.api.query<{ consoleInput: { __typename: string; writer?: string } }>(
    "mutation ($input: ConsoleInputInput!) { consoleInput(input: $input) { __typename ... on ConsoleBusy { writer } } }",
    { input: { vm: vm.id, session, sequence, data: Buffer.from(text).toString("base64"), takeOver } },
  );
  return consoleInput;
}

describe("a guest's serial ports", () => {
  it("have a shell each, and do not hear one another", async () => {
    const other = vm.on("hvc0");
    await other.type("\n");
    // What is typed before the shell has begun is lost on it.
    await other.readUntil((text) => text.endsWith("# "), REPLAY_BYTES);
    expect(await other.run("tty")).toBe("/dev/hvc0");
    expect(await vm.run("tty")).toBe("/dev/ttyS0");
    expect(await vm.readUntil(() => true, REPLAY_BYTES)).not.toContain("/dev/hvc0");
  });

  it("give the guest's agent company, which it would poll for otherwise, over a restart of the daemon too", async () => {
    const hasCompany = (): boolean => readFileSync("/proc/net/unix", "utf8").split("\n")
      .some((line) => line.endsWith(`${stack.runDir}/vms/${vm.id}/qga.sock`) && line.split(/\s+/)[5] === CONNECTED);
    expect(await vm.run("pidof qemu-ga >/dev/null && echo there")).toBe("there");
    expect(hasCompany()).toBe(true);
    await stack.restartDaemon("SIGKILL");
    expect(hasCompany()).toBe(true);
    expect(await vm.run("echo again")).toBe("again");
  });

  it("replay exactly their last 64 KiB to who attaches", async () => {
    await vm.run("seq 1 20000 | tail -n +1; echo");
    await using late = new Watcher();
    await eventually("the replay", () => late.bytes.length >= REPLAY_BYTES);
    expect(late.bytes.length).toBe(REPLAY_BYTES);
    const end = (late.firstOffset ?? 0) + REPLAY_BYTES;
    await using whole = new Watcher(0);
    await eventually("all that is kept", () => (whole.firstOffset ?? 0) + whole.bytes.length >= end);
    // The shell's prompt may have come since.
    const to = end - (whole.firstOffset ?? 0);
    expect(whole.bytes.subarray(to - REPLAY_BYTES, to).equals(late.bytes)).toBe(true);
  });

  it("are watched by many and written by one, who can be relieved", async () => {
    await using first = new Watcher();
    await using second = new Watcher();
    await using third = new Watcher();
    const watchers = [first, second, third];
    expect(await write("anna", 1, "", true)).toMatchObject({ __typename: "ConsoleInputAccepted" });
    await eventually("everybody to know the writer", () => watchers.every((watcher) => watcher.audience.writer === "anna" && watcher.audience.readers === 3));

    expect(await write("ben", 1, "echo stolen\n", false)).toEqual({ __typename: "ConsoleBusy", writer: "anna" });
    expect(await write("anna", 2, "echo by-''anna\n", false)).toMatchObject({ __typename: "ConsoleInputAccepted" });
    await eventually("everybody to see what anna did", () => watchers.every((watcher) => watcher.text.includes("by-anna")));

    expect(await write("ben", 2, "echo by-''ben\n", true)).toMatchObject({ __typename: "ConsoleInputAccepted" });
    await eventually("everybody to see ben", () => watchers.every((watcher) => watcher.audience.writer === "ben" && watcher.text.includes("by-ben")));
    expect(await write("anna", 3, "echo too-''late\n", false)).toEqual({ __typename: "ConsoleBusy", writer: "ben" });

    await stack.api.query('mutation { releaseConsole(session: "ben") }');
    await eventually("the pen to lie free", () => watchers.every((watcher) => watcher.audience.writer === null));
    expect(third.text).not.toMatch(/stolen|too-late/);
  });

  it("leave in the audit who took the pen of which, once for each time it was held, and nothing of what was typed", async () => {
    for (const sequence of [1, 2, 3]) expect(await write("cleo", sequence, `echo se${sequence}''cret\n`, false)).toMatchObject({ __typename: "ConsoleInputAccepted" });
    expect(await write("dora", 1, "echo no\n", false)).toEqual({ __typename: "ConsoleBusy", writer: "cleo" });
    interface Entry { readonly kind: string; readonly actor: string; readonly outcome: string; readonly message: string }
    const taken = async (): Promise<Entry[]> => {
      const { audit } = await stack.api.query<{ audit: { nodes: Entry[] } }>("query ($vmId: ID) { audit(vmId: $vmId) { nodes { kind actor outcome message } } }", { vmId: vm.id });
      return audit.nodes.filter(({ kind }) => kind === "CONSOLE_TAKEN");
    };
    const entries = await eventually("the entry", async () => {
      const now = await taken();
      return now[0]?.message.includes("cleo") === true ? now : undefined;
    });
    const { viewer } = await stack.api.query<{ viewer: { name: string } }>("{ viewer { name } }");
    expect(entries.slice(0, 3)).toEqual([
      { kind: "CONSOLE_TAKEN", actor: viewer.name, outcome: "SUCCEEDED", message: `${viewer.name} took the pen of ${vm.id}'s ttyS0 (session cleo).` },
      { kind: "CONSOLE_TAKEN", actor: viewer.name, outcome: "SUCCEEDED", message: `${viewer.name} took the pen of ${vm.id}'s ttyS0 (session ben).` },
      { kind: "CONSOLE_TAKEN", actor: viewer.name, outcome: "SUCCEEDED", message: `${viewer.name} took the pen of ${vm.id}'s ttyS0 (session anna).` },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/cret|dora/);
  });
});
