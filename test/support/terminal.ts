// A program in a real pseudo-terminal, watched through a headless terminal emulator: what a person at a screen would see.
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import * as pty from "node-pty";
import { Emulator } from "../../tui/src/console/emulator.js";
import { eventually } from "./process.js";

export interface TerminalOptions {
  /** Read no faster than this, as over a slow line; unset: as fast as it comes. */
  readonly bytesPerSecond?: number;
  /** Told everything that is written, of which `raw` keeps the end only. */
  readonly onData?: (data: string) => void;
  readonly columns?: number; readonly rows?: number; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string;
}

/** Characters kept of what was written: a picture is replayed from them, so they must reach back to the first frame. */
const RAW_KEPT = 4_000_000;

export class TerminalDriver implements AsyncDisposable {
  readonly pid: number;
  /** Bytes written to the terminal so far. */
  bytes = 0;
  exitCode: number | undefined;
  /** The number of the signal that ended it; 0 where none did. */
  endSignal = 0;
  readonly #screen: Emulator;
  readonly #child: pty.IPty;
  /** Told after each chunk is drawn, so that what is shown for a moment alone is seen too. */
  readonly #drawn = new EventEmitter();
  #drawnBytes = 0;
  raw = "";

  constructor(command: string, args: readonly string[], options: TerminalOptions = {}) {
    const cols = options.columns ?? 80;
    const rows = options.rows ?? 24;
    this.#screen = new Emulator({ columns: cols, rows }, 1_000);
    // node-pty sets TERM to the name it is given, whatever the environment says.
    this.#child = pty.spawn(command, [...args], { cols, rows, name: options.env?.["TERM"] ?? "xterm-256color", env: { ...process.env, ...options.env }, cwd: options.cwd ?? process.cwd() });
    this.pid = this.#child.pid;
    this.#child.onData((data) => {
      options.onData?.(data);
      if (options.bytesPerSecond === undefined) this.#take(data);
      else this.#takeSlowly(data, options.bytesPerSecond);
    });
    this.#child.onExit(({ exitCode, signal }) => {
      this.endSignal = signal ?? 0;
      this.exitCode = exitCode;
    });
    // As a terminal does: its answers to questions come as typing.
    this.#screen.onInput((text) => { if (this.exitCode === undefined) this.#child.write(text); });
  }

  #take(data: string): void {
    this.bytes += Buffer.byteLength(data);
    this.raw = (this.raw + data).slice(-RAW_KEPT);
    const { bytes } = this;
    this.#screen.write(data, () => {
      this.#drawnBytes = bytes;
      this.#drawn.emit("chunk");
    });
  }

  /** Nothing more is read until the line would have carried what came. */
  #takeSlowly(data: string, bytesPerSecond: number): void {
    this.#child.pause();
    setTimeout(() => {
      this.#take(data);
      this.#child.resume();
    }, (Buffer.byteLength(data) / bytesPerSecond) * 1_000);
  }

  send(keys: string): void { this.#screen.type(keys); }
  resize(columns: number, rows: number): void {
    this.#child.resize(columns, rows);
    this.#screen.resize({ columns, rows });
  }

  /** The terminal goes away under the program, as when an ssh connection breaks: its master side is closed. */
  vanish(): void { (this.#child as unknown as { _socket: Socket })._socket.destroy(); }

  /** The visible screen, a line a row, right-trimmed. */
  screen(): string {
    const { buffer: { active: buffer }, rows } = this.#screen.terminal;
    return Array.from({ length: rows }, (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "").join("\n");
  }

  /** Calls after each chunk is drawn, with the bytes taken so far, until disposed. */
  onDrawn(look: (bytes: number) => void): Disposable {
    const drawn = (): void => look(this.#drawnBytes);
    this.#drawn.on("chunk", drawn);
    return { [Symbol.dispose]: () => void this.#drawn.off("chunk", drawn) };
  }

  /** The cells of the screen, with their colours. */
  get buffer() { return this.#screen.terminal.buffer.active; }

  /** Whether the alternate screen is shown (a full-screen program has not restored the terminal). */
  get onAlternateScreen(): boolean { return this.#screen.terminal.buffer.active.type === "alternate"; }

  /** Sends keys and waits for what they bring. */
  press(keys: string, expected: string | RegExp, deadlineMs?: number): Promise<string> {
    this.send(keys);
    return this.waitFor(expected, deadlineMs);
  }

  async waitFor(what: string | RegExp, deadlineMs?: number): Promise<string> {
    let shown: string | undefined;
    // The latest match: the first chunk that has it may be half a frame.
    const look = (): void => {
      const text = this.screen();
      if (typeof what === "string" ? text.includes(what) : what.test(text)) shown = text;
    };
    this.#drawn.on("chunk", look);
    try {
      return await eventually(`the screen to show ${what}`, () => {
        look();
        return shown;
      }, deadlineMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}; it shows:\n${this.screen()}`, { cause: error });
    } finally {
      this.#drawn.off("chunk", look);
    }
  }

  async waitForExit(deadlineMs?: number): Promise<number> {
    return (await eventually("the program to end", () => (this.exitCode === undefined ? undefined : { code: this.exitCode }), deadlineMs)).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.exitCode === undefined) this.#child.kill("SIGKILL");
    await this.waitForExit();
    this.#screen[Symbol.dispose]();
  }
}
