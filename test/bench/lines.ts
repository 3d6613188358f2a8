// A person's line to a guest's shell, through the product or straight to QEMU's socket, and how long a key takes to its echo.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { eventually } from "../support/process.js";
import type { Stack } from "../support/stack.js";
import type { RawQemu } from "./raw-qemu.js";
import { stopwatch, timed } from "./suite.js";

const KEY = "x";
/** Erases the typed key, so that the shell's line does not grow. */
const ERASE = "\u007f";

/** One echo channel: sends a key and calls back with what came. */
export interface Line { send(text: string): void; onText(listener: (text: string) => void): void }

export interface Typing {
  readonly keys: number;
  readonly warmUp: number;
  /** Between a key that was erased and the next: a screen that has just been painted paints no sooner for it. */
  readonly pauseMs: number;
}

/** Milliseconds from a key to its echo, one after the other. */
export async function echoTimes(line: Line, { keys, warmUp, pauseMs }: Typing): Promise<number[]> {
  let heard: ((text: string) => void) | undefined;
  line.onText((text) => heard?.(text));
  const answered = (text: string, isAnswer: (heardText: string) => boolean): Promise<void> => {
    const came = new Promise<void>((resolve) => { heard = (heardText) => { if (isAnswer(heardText)) resolve(); }; });
    line.send(text);
    return came;
  };
  return timed(keys, async () => {
    if (pauseMs > 0) await delay(pauseMs);
    const took = await stopwatch(() => answered(KEY, (text) => text.includes(KEY)));
    await answered(ERASE, (text) => !text.includes(KEY));
    return took;
  }, warmUp);
}

/** The product's line: one WebSocket that carries the subscription and the input mutations. */
export function graphqlLine(stack: Stack, vm: string): Line & AsyncDisposable {
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
      const input = { vm, session: `bench-${vm}`, sequence: ++sequence, data: Buffer.from(text).toString("base64"), takeOver: sequence === 1 };
      client.subscribe({ query: `mutation ($input: ConsoleInputInput!) { consoleInput(input: $input) { __typename } }`, variables: { input } }, { next: () => undefined, error: fail, complete: () => undefined });
    },
    async [Symbol.asyncDispose]() { await client.dispose(); },
  };
}

/** The small guest's image as `smallGuest` boots it, with its console on a socket of the raw QEMU's folder. */
export function rawGuestArgs(stack: Stack, memoryMebibytes: number): string[] {
  const images = join(stack.stateDir, "images/quetzal-guest");
  return [
    "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", "tcg,tb-size=32", "-m", `${memoryMebibytes}`, "-smp", "1",
    "-kernel", join(images, "vmlinuz"), "-initrd", join(images, "initrd.img"), "-append", "console=ttyS0 quiet",
    "-chardev", "socket,id=ser0,path=@FOLDER@/ser0.sock,server=on,wait=off", "-device", "isa-serial,chardev=ser0",
  ];
}

/** Waits for the guest's prompt. The line ends with its QEMU. */
export async function rawLine(qemu: RawQemu): Promise<Line> {
  const path = join(qemu.folder, "ser0.sock");
  await eventually("the raw console socket", () => existsSync(path));
  const socket = createConnection(path);
  await once(socket, "connect");
  socket.setEncoding("utf8");
  // QEMU is killed in the end.
  socket.on("error", () => undefined);
  let listener: (text: string) => void = () => undefined;
  let seen = "";
  socket.on("data", (text: string) => { seen += text; listener(text); });
  await eventually("the raw guest's shell", () => seen.includes("QuetzalCore guest ready"));
  socket.write("\n");
  await eventually("the raw guest's prompt", () => /[#$] $/.test(seen));
  return { send: (text) => socket.write(text), onText: (given) => { listener = given; } };
}
