// A person (or a pipe) at a VM's serial port: keys go in, output comes out, and notices say who writes and whether the
// link holds. Knows streams and the console's API; the command line decides what happens before and after.
import type { Client } from "../client/client.js";
import { sanitise } from "../format.js";
import { ControlStringFilter } from "./control-strings.js";
import { ConsoleInput, inputSender, releaseConsole } from "./input.js";
import { LastWords } from "./last-words.js";
import { readConsole } from "./output.js";
import type { ConsoleItem } from "./output.js";
import { RawTerminal } from "./raw-terminal.js";

/** Ctrl-]: leaves. */
const LEAVE_BYTE = 0x1d;
/** Ctrl-T: takes the pen; means this only while another writes, and goes to the guest otherwise. */
const TAKE_BYTE = 0x14;
/** Time given to the last keys and the release of the pen when leaving. */
const GOODBYE_MS = 500;

export interface AttachOptions {
  readonly client: Client;
  readonly vm: string;
  readonly port: string;
  /** Names this writer to others. */
  readonly session: string;
  readonly access: "write" | "read";
  /** Take the pen at once, whoever holds it. */
  readonly pen: "when free" | "take";
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream & { readonly fd: number };
  /** Shows a sentence beside the guest's output. */
  readonly notice: (sentence: string) => void;
  readonly signal: AbortSignal;
}

export type AttachEnd = { readonly kind: "left" | "interrupted" } | { readonly kind: "closed"; readonly reason: string };

export async function attachConsole(options: AttachOptions): Promise<AttachEnd> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  const input = options.access === "write" ? openInput(options) : undefined;
  using terminal = options.input.isTTY ? new RawTerminal(options.input, options.output.isTTY ? options.output.fd : undefined) : undefined;
  using lastWords = new LastWords(() => leaving.abort());
  const watched = [readKeys(options, input, lastWords, () => leaving.abort()), announceConnection(options)];
  if (options.pen === "take") input?.take();
  const audience = new Audience(options, input);
  const filter = options.output.isTTY ? new ControlStringFilter() : undefined;
  let end: AttachEnd;
  try {
    end = await show(options, audience, filter, terminal, lastWords, signal);
    if (input && end.kind !== "closed") await goodbye(options, input);
  } finally {
    for (const one of watched) one[Symbol.dispose]();
  }
  if (end.kind === "interrupted" && leaving.signal.aborted) return { kind: "left" };
  return end;
}

async function show(
  options: AttachOptions,
  audience: Audience,
  filter: ControlStringFilter | undefined,
  terminal: RawTerminal | undefined,
  lastWords: LastWords,
  signal: AbortSignal,
): Promise<AttachEnd> {
  for await (const item of readConsole(options.client, options.vm, options.port, signal)) {
    if (item.kind === "closed") return item;
    lastWords.heard();
    if (item.kind !== "bytes") {
      announce(options, audience, item);
      continue;
    }
    const bytes = filter ? filter.filter(item.bytes) : item.bytes;
    terminal?.watch(bytes);
    if (!options.output.write(bytes)) await writable(options.output, signal);
    if (signal.aborted) break;
  }
  return { kind: "interrupted" };
}

function announce(options: AttachOptions, audience: Audience, item: Exclude<ConsoleItem, { kind: "bytes" | "closed" }>): void {
  switch (item.kind) {
    case "audience":
      audience.changed(item.writer);
      break;
    case "skipped":
      options.notice(`${item.bytes} bytes of output were lost here`);
      break;
    case "restarted":
      options.notice("the VM was started anew");
      break;
  }
}

function openInput(options: AttachOptions): ConsoleInput {
  const { client, vm, port, session } = options;
  let isKnownBusy = false;
  return new ConsoleInput(inputSender(client, vm, port, session), {
    busy(writer) {
      isKnownBusy = true;
      options.notice(`${sanitise(writer) || "someone else"} writes here and you watch: Ctrl-T takes the pen, Ctrl-] leaves`);
    },
    accepted() {
      if (isKnownBusy) options.notice("you write now");
      isKnownBusy = false;
    },
    failed: (error) => (options.signal.aborted ? undefined : options.notice(`your keys did not arrive: ${sanitise(error.message)}`)),
    flow: (wish) => (wish === "pause" ? options.input.pause() : options.input.resume()),
  });
}

/** Who writes, as the server tells every reader. */
class Audience {
  readonly #options: AttachOptions;
  readonly #input: ConsoleInput | undefined;
  #announced: string | null = null;

  constructor(options: AttachOptions, input: ConsoleInput | undefined) {
    this.#options = options;
    this.#input = input;
  }

  changed(writer: string | null): void {
    if (writer === null) this.#input?.freed();
    else if (writer !== this.#options.session && this.#input) this.#input.lost(writer);
    else if (writer !== this.#announced && !this.#input) this.#options.notice(`${sanitise(writer)} writes here and you watch: Ctrl-] leaves`);
    this.#announced = writer;
  }
}

function readKeys(options: AttachOptions, input: ConsoleInput | undefined, lastWords: LastWords, leave: () => void): Disposable {
  const source = options.input;
  const isPerson = source.isTTY;
  const onData = (chunk: Buffer): void => {
    const end = isPerson ? chunk.indexOf(LEAVE_BYTE) : -1;
    const keys = end >= 0 ? chunk.subarray(0, end) : chunk;
    if (isPerson && input?.pen === "theirs" && keys.includes(TAKE_BYTE)) input.take();
    else input?.write(keys);
    if (end >= 0) leave();
  };
  const onEnd = (): void => {
    if (isPerson) leave();
    // Who only watches needs no input, and goes on without it, as a log does.
    else void input?.drained().then(() => lastWords.inputEnded());
  };
  source.on("data", onData);
  source.once("end", onEnd);
  source.once("error", leave);
  return {
    [Symbol.dispose]() {
      source.off("data", onData);
      source.off("end", onEnd);
      source.off("error", leave);
      source.pause();
    },
  };
}

function announceConnection(options: AttachOptions): Disposable {
  let wasLost = false;
  return options.client.onStatus((status) => {
    if (status.state === "waiting" && !wasLost) {
      wasLost = true;
      options.notice(`the connection to the server is lost (${sanitise(status.reason ?? "unknown")}): reconnecting, Ctrl-] leaves`);
    } else if (status.state === "connected" && wasLost) {
      wasLost = false;
      options.notice("connected again");
    }
  });
}

/** The last keys and the release of the pen, as far as the link allows within a moment. */
async function goodbye(options: AttachOptions, input: ConsoleInput): Promise<void> {
  if (options.client.status.state !== "connected") return;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, GOODBYE_MS)));
  const wasOurs = input.pen === "ours";
  const farewell = input.drained().then(() => (wasOurs ? releaseConsole(options.client, options.session) : undefined));
  await Promise.race([farewell.catch(() => undefined), timeout]);
  clearTimeout(timer);
}

function writable(output: NodeJS.WriteStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      output.off("drain", done);
      output.off("error", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    output.once("drain", done);
    output.once("error", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
