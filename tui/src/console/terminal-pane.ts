// A program in a pseudo-terminal of its own, shown as rows of cells: starts it, feeds its output to the headless
// terminal at the pace that keeps up, and tells the painter when a frame is due. It must not know any widget.
import type { IPty } from "node-pty";
import type { Row } from "./cells.js";
import { createTerminalScreen } from "./terminal-screen.js";
import type { Cursor } from "./terminal-screen.js";

/** Frames a second at most: what the eye follows; beyond it only the link to the terminal is loaded. */
export const MAX_FRAMES_PER_SECOND = 30;
/** Characters not yet on the screen at which the program is made to wait: a few screens. */
const PAUSE_ABOVE_CHARACTERS = 128 * 1024;
const RESUME_BELOW_CHARACTERS = 32 * 1024;
/** A program that does not end at SIGHUP within this is killed. */
const HANG_UP_GRACE_MS = 2_000;

export interface TerminalPaneOptions {
  /** Program and arguments, e.g. [process.execPath, "dist/quetzal.js", "console", "web-2"]. */
  readonly command: readonly [string, ...string[]];
  readonly columns: number;
  readonly rows: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called at most 30 times a second with the numbers of the rows that changed; the cursor may have moved too. */
  readonly onFrame: (changedRows: readonly number[]) => void;
  /** The program ended; its last frame has been given. */
  readonly onExit: (exitCode: number) => void;
}

export interface TerminalPane extends Disposable {
  readonly columns: number;
  readonly rows: number;
  row(y: number): Row;
  cursor(): Cursor | undefined;
  /** Keys as the terminal sends them. */
  write(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Looks `linesBack` lines above the newest output; 0 follows it again. Causes a frame. */
  scroll(linesBack: number): void;
  readonly linesBack: number;
  readonly cursorKeys: "normal" | "application";
  /** Stops reading (the pane is hidden); the program waits when its pipe is full. */
  pause(): void;
  resume(): void;
}

/** node-pty is native and slow to load, so it is imported when the first pane opens. */
export async function openTerminalPane(options: TerminalPaneOptions): Promise<TerminalPane> {
  const { spawn } = await import("node-pty");
  const [file, ...args] = options.command;
  const pty = spawn(file, args, {
    name: "xterm-256color",
    cols: options.columns,
    rows: options.rows,
    env: { ...options.environment, TERM: "xterm-256color" },
  });
  return showProcess(pty, options);
}

function showProcess(pty: IPty, options: TerminalPaneOptions): TerminalPane {
  const screen = createTerminalScreen(options.columns, options.rows);
  const frames = new FrameClock(() => options.onFrame(screen.refresh()));
  const reading = new Reading(pty);
  let hasExited = false;
  let isDisposed = false;

  screen.onInput((text) => (hasExited ? undefined : pty.write(text)));
  pty.onData((text) => {
    reading.received(text.length);
    screen.write(text, () => {
      reading.parsed(text.length);
      frames.request();
    });
  });
  pty.onExit(({ exitCode }) => {
    hasExited = true;
    // An empty write is parsed after all before it.
    screen.write("", () => {
      if (isDisposed) return;
      frames.flush();
      options.onExit(exitCode);
    });
  });
  return {
    get columns() {
      return screen.columns;
    },
    get rows() {
      return screen.rows;
    },
    get linesBack() {
      return screen.linesBack;
    },
    get cursorKeys() {
      return screen.cursorKeys;
    },
    row: (y) => screen.row(y),
    cursor: () => screen.cursor(),
    write: (keys) => screen.type(keys),
    resize(columns, rows) {
      screen.resize(columns, rows, () => frames.request());
      if (!hasExited) pty.resize(columns, rows);
      frames.request();
    },
    scroll(linesBack) {
      screen.scroll(linesBack);
      frames.request();
    },
    pause: () => reading.hold(),
    resume: () => reading.release(),
    [Symbol.dispose]() {
      isDisposed = true;
      frames[Symbol.dispose]();
      if (!hasExited) hangUp(pty, () => hasExited);
      screen[Symbol.dispose]();
    },
  };
}

function hangUp(pty: IPty, hasExited: () => boolean): void {
  pty.kill("SIGHUP");
  setTimeout(() => (hasExited() ? undefined : pty.kill("SIGKILL")), HANG_UP_GRACE_MS).unref();
}

/**
 * Reads from the program only as fast as the emulator parses, and not at all while held. node-pty drops what it has not
 * given out when the program ends, so the last words of a program that ends amid a flood may be missing.
 */
class Reading {
  readonly #pty: IPty;
  #backlog = 0;
  #isBehind = false;
  #isHeld = false;

  constructor(pty: IPty) {
    this.#pty = pty;
  }
  received(characters: number): void {
    this.#backlog += characters;
    if (this.#backlog > PAUSE_ABOVE_CHARACTERS) this.#set(true, this.#isHeld);
  }
  parsed(characters: number): void {
    this.#backlog -= characters;
    if (this.#backlog < RESUME_BELOW_CHARACTERS) this.#set(false, this.#isHeld);
  }
  hold(): void {
    this.#set(this.#isBehind, true);
  }
  release(): void {
    this.#set(this.#isBehind, false);
  }
  #set(isBehind: boolean, isHeld: boolean): void {
    const before = this.#isBehind || this.#isHeld;
    this.#isBehind = isBehind;
    this.#isHeld = isHeld;
    const after = isBehind || isHeld;
    if (before === after) return;
    if (after) this.#pty.pause();
    else this.#pty.resume();
  }
}

/** Draws at once when the last frame is long enough ago, else when its time has come. */
class FrameClock implements Disposable {
  readonly #draw: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** A timer's shortest wait is felt by who types. */
  #soon: NodeJS.Immediate | undefined;
  #lastMs = 0;
  #isStopped = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }
  request(): void {
    if (this.#timer || this.#soon || this.#isStopped) return;
    const waitMs = this.#lastMs + 1000 / MAX_FRAMES_PER_SECOND - performance.now();
    if (waitMs <= 0) this.#soon = setImmediate(() => this.flush());
    else this.#timer = setTimeout(() => this.flush(), waitMs);
  }
  flush(): void {
    this.#cancel();
    this.#lastMs = performance.now();
    this.#draw();
  }
  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#cancel();
  }
  #cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
  }
}
