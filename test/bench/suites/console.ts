// A keystroke's way to a guest and back: through the whole product against the raw chardev socket of the same guest image.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { eventually } from "../../support/process.js";
import { Stack } from "../../support/stack.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { figure } from "../figure.js";
import { RawQemu } from "../raw-qemu.js";
import { type Suite, timed } from "../suite.js";

const KEYS = 200;
const WARM_UP = 20;
const KEY = "x";
/** Erases the typed key, so that the shell's line does not grow. */
const ERASE = "\u007f";

/** One echo channel: sends a key and calls back with what came. */
interface Line { send(text: string): void; onText(listener: (text: string) => void): void }

async function echoTimes(line: Line): Promise<number[]> {
  let heard: ((text: string) => void) | undefined;
  line.onText((text) => heard?.(text));
  return timed(KEYS, async () => {
    const echoed = new Promise<void>((resolve) => { heard = (text) => { if (text.includes(KEY)) resolve(); }; });
    const begin = performance.now();
    line.send(KEY);
    await echoed;
    const took = performance.now() - begin;
    const erased = new Promise<void>((resolve) => { heard = () => resolve(); });
    line.send(ERASE);
    await erased;
    return took;
  }, WARM_UP);
}

/** The product's line: one WebSocket that carries the subscription and the input mutations. */
function graphqlLine(stack: Stack, vm: string): Line & AsyncDisposable {
  const client = createClient({ url: stack.url.replace(/^http/, "ws"), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${stack.token}` }, lazy: false });
  let sequence = 0;
  let listener: (text: string) => void = () => undefined;
  const fail = (error: unknown): void => { throw new Error("the console's WebSocket failed", { cause: error }); };
  client.subscribe<{ consoleOutput: { data?: string } }>(
    { query: `subscription ($vm: ID!) { consoleOutput(vm: $vm, lastBytes: 0) { ... on ConsoleChunk { data } } }`, variables: { vm } },
    { next: ({ data }) => { const bytes = data?.consoleOutput.data; if (bytes !== undefined) listener(Buffer.from(bytes, "base64").toString()); }, error: fail, complete: () => undefined },
  );
  return {
    onText: (given) => { listener = given; },
    send(text) {
      const input = { vm, session: "bench-console", sequence: ++sequence, data: Buffer.from(text).toString("base64"), takeOver: sequence === 1 };
      client.subscribe({ query: `mutation ($input: ConsoleInputInput!) { consoleInput(input: $input) { __typename } }`, variables: { input } }, { next: () => undefined, error: fail, complete: () => undefined });
    },
    async [Symbol.asyncDispose]() { await client.dispose(); },
  };
}

async function rawEcho(stack: Stack): Promise<number[]> {
  const images = join(stack.stateDir, "images/quetzal-guest");
  const qemu = await RawQemu.start([
    "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", "tcg,tb-size=32", "-m", "128", "-smp", "1",
    "-kernel", join(images, "vmlinuz"), "-initrd", join(images, "initrd.img"), "-append", "console=ttyS0 quiet",
    "-chardev", "socket,id=ser0,path=@FOLDER@/ser0.sock,server=on,wait=off", "-device", "isa-serial,chardev=ser0",
  ]);
  try {
    const path = join(qemu.folder, "ser0.sock");
    await eventually("the raw console socket", () => existsSync(path));
    const socket = createConnection(path);
    await once(socket, "connect");
    socket.setEncoding("utf8");
    let listener: (text: string) => void = () => undefined;
    let seen = "";
    socket.on("data", (text: string) => { seen += text; listener(text); });
    await eventually("the raw guest's shell", () => seen.includes("QuetzalCore guest ready"));
    socket.write("\n");
    await eventually("the raw guest's prompt", () => /[#$] $/.test(seen));
    return await echoTimes({ send: (text) => socket.write(text), onText: (given) => { listener = given; } });
  } finally {
    await qemu.kill();
  }
}

export const consoleEcho: Suite = {
  name: "console",
  about: "a key typed at the serial console until its echo is back",
  async run() {
    await using stack = await Stack.start();
    const vm = await VmDriver.define(stack, smallGuest("bench-echo"));
    await vm.start();
    await vm.waitForBoot();
    await vm.run("true");
    await using line = graphqlLine(stack, vm.id);
    const ours = await echoTimes(line);
    await vm.forceOff();
    const raw = await rawEcho(stack);
    return [figure("console echo: key → echo through the API", "ms", ours, { peerPlus: 3 }, { name: "raw socket", samples: raw })];
  },
};
