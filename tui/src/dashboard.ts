// The dashboard as a program: keys in, frames out, the store between. It owns the terminal from run() until it ends,
// and gives it back clean however that happens.
import { tmpdir } from "node:os";
import type { ReadStream, WriteStream } from "node:tty";
import type { Client } from "./client/client.js";
import { paste, pressKey } from "./commands.js";
import type { Outside } from "./commands.js";
import { ConsoleView, FULL_SCREEN_KEY, LEAVE_KEY } from "./console-view.js";
import { multiplexerOf } from "./clipboard.js";
import { Doing } from "./feed/doing.js";
import { EditingFeed } from "./feed/editing.js";
import { Feed, reasonOf } from "./feed/feed.js";
import { MemoryStore } from "./feed/memory-store.js";
import { endText, runInForeground } from "./foreground.js";
import type { Ended } from "./foreground.js";
import { beforeHangUp, endByHangUp, isTerminalGone } from "./hang-up.js";
import { commandLine } from "./user-commands.js";
import type { UserCommand } from "./user-commands.js";
import { ESCAPE_WAIT_MS, KeyDecoder, withoutReports } from "./input.js";
import { createKeeper } from "./keeper.js";
import type { Keeper } from "./keeper.js";
import { Mouse } from "./mouse.js";
import { asOf } from "./store/as-of.js";
import { page } from "./store/select.js";
import { paintable } from "./store/sanitize.js";
import { dashboardSettings } from "./settings/dashboard-settings.js";
import { toFaultLine } from "./feed/settings-filters.js";
import type { SettingsFile } from "./settings/model.js";
import type { ConsoleView as View } from "./store/state.js";
import type { Characters, ColourDepth } from "./terminal-kind.js";
import { consoleSize, isTooSmall, layoutOf } from "./views/layout.js";
import { helpLines } from "./views/help-page.js";
import type { Palette } from "./views/palettes.js";
import type { Frame } from "./views/frame.js";
import { screen } from "./views/screen.js";
import { ASCII, UNICODE } from "./views/theme.js";
import { openTerminal } from "./widgets/terminal.js";
import type { Terminal } from "./widgets/terminal.js";

/** News that arrive within this are painted together; a sample reaches the screen far below 150 ms. */
const GATHER_MS = 40;
/** Without news a frame is due after this, so that ages go on. */
const CLOCK_MS = 1_100;

/** 128 and the number of the signal, as shells count. */
const HANG_UP_EXIT_CODE = 129;

export interface DashboardOptions {
  input: ReadStream;
  output: WriteStream;
  /** The value of TERM. */
  terminal: string;
  /** The depth of its colours, given what terminfo says of them. */
  colours: (terminfoColours: number) => ColourDepth;
  characters: Characters;
  background: "light" | "dark";
  /** config.yaml as read. */
  settings: SettingsFile;
  /** What went wrong before the dashboard was opened; absent or empty: nothing. */
  startFault?: string;
  /** What the console's program inherits. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The program that shows a VM's console, with its arguments. */
  consoleCommand: (vmId: string) => readonly [string, ...string[]];
  /** Commands of the person's own; none unless given. */
  userCommands?: readonly UserCommand[];
  /** Where the server is, for those commands; null where it is not known. */
  serverUrl?: () => string | null;
  /** Writes a fault of our own down and says, for people, where. */
  faultText: (error: unknown) => string;
  /** Milliseconds since the epoch; tests give their own. */
  now?: () => number;
}

/** Runs until the person or a signal ends it; resolves to the exit code, the terminal restored. */
export function run(client: Client, options: DashboardOptions): Promise<number> {
  return new Dashboard(client, options).ended;
}

class Dashboard implements Outside {
  readonly ended: Promise<number>;
  private finish: (exitCode: number) => void = () => undefined;
  /** Resolves when the terminal was given back. */
  private readonly returned: Promise<void>;
  private wasReturned: () => void = () => undefined;
  private readonly now: () => number;
  private readonly store: MemoryStore;
  private terminal: Terminal;
  private readonly palettes: readonly [Palette, ...Palette[]];
  /** While a program has the terminal: the end of it, and what to do with a key that comes to us. */
  private away: { stop: AbortController; key: () => void } | null = null;
  private feed: Feed | null = null;
  readonly doing: Doing;
  readonly editing: EditingFeed;
  private readonly decoder = new KeyDecoder();
  private readonly listening = new AbortController();
  private console: ConsoleView | null = null;
  /** The picture painted last. */
  private shown: Frame | null = null;
  private readonly mouse: Mouse;
  readonly keeper: Keeper;
  private frameTimer: NodeJS.Timeout | undefined;
  private clockTimer: NodeJS.Timeout | undefined;
  private escapeTimer: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(client: Client, private readonly options: DashboardOptions) {
    this.now = options.now ?? Date.now;
    this.ended = new Promise((resolve) => (this.finish = resolve));
    this.returned = new Promise((resolve) => (this.wasReturned = resolve));
    const { settings, palettes, faults } = dashboardSettings(options.settings, options.background);
    this.palettes = palettes;
    this.store = new MemoryStore(this.now(), () => this.newsCame(), settings);
    this.doing = new Doing(client, this.store);
    this.editing = new EditingFeed(client, this.store, { lend: (program, args) => this.lend(program, args), environment: options.environment, temporaryFolder: tmpdir() });
    this.keeper = createKeeper({
      store: this.store, settingsPath: options.settings.path, multiplexer: multiplexerOf(options.environment),
      screenText: () => this.shown?.text() ?? "", send: (sequence) => this.terminal.send(sequence),
    });
    this.mouse = new Mouse(this.store, { targetAt: (x, y) => this.shown?.targetAt(x, y) ?? null, press: (key) => pressKey(this.store, this, key), now: this.now });
    if (options.userCommands !== undefined) this.store.dispatch({ type: "userCommands", commands: options.userCommands });
    this.terminal = this.takeTerminal();
    this.listen();
    if (options.startFault) this.store.dispatch({ type: "notice", tone: "error", text: paintable(options.startFault) });
    if (faults.length > 0) this.store.dispatch({ type: "settingsFaults", faults: faults.map(toFaultLine), views: [] });
    this.paint();
    this.feed = new Feed(client, this.store, this.now);
  }

  runUserCommand(command: UserCommand, vmId: string | null): void {
    const { state } = this.store;
    const vm = vmId === null ? undefined : state.vms.get(vmId);
    const host = state.hosts.find((one) => one.id === vm?.hostId);
    const line = commandLine(command, { vm: vm?.id ?? null, name: vm?.label ?? null, host: host?.name ?? null, url: this.options.serverUrl?.() ?? null });
    if (!line.ready) this.store.dispatch({ type: "notice", tone: "error", text: paintable(`${command.name}: ${line.reason}`) });
    else if (command.where === undefined || vm === undefined) void this.handOver(command.name, line.program, line.args);
    else void this.doing.isFor({ name: command.name, where: command.where }, vm.id).then((is) => (is ? this.handOver(command.name, line.program, line.args) : undefined));
  }

  openConsole(vmId: string, view: View): void {
    this.store.dispatch({ type: "console", console: { vmId, view } });
    const size = consoleSize(this.store.state, this.terminal.size);
    if (size === null) return;
    ConsoleView.open(this.options.consoleCommand(vmId), this.options.environment, size, {
      onFrame: () => this.paint(),
      onExit: (exitCode) => this.closeConsole(exitCode === 0 ? null : `The console ended with exit code ${exitCode}.`),
    }).then(
      (opened) => {
        // Left before it was there.
        if (this.isOver || this.store.state.ui.console?.vmId !== vmId || this.console !== null) opened[Symbol.dispose]();
        else this.console = opened;
        this.resizeConsole();
      },
      (error: unknown) => this.closeConsole(`The console could not be opened: ${reasonOf(error)}`),
    );
  }

  redraw(): void {
    this.terminal.redraw();
  }

  quit(): void {
    this.end(0);
  }

  private closeConsole(notice: string | null): void {
    this.console?.[Symbol.dispose]();
    this.console = null;
    this.store.dispatch({ type: "console", console: null });
    if (notice !== null) this.store.dispatch({ type: "notice", tone: "error", text: notice });
  }

  private paletteOf(theme: string): Palette {
    return this.palettes.find((palette) => palette.name === theme) ?? this.palettes[0];
  }

  private takeTerminal(): Terminal {
    const { output, terminal, colours, characters } = this.options;
    const { ui, settings } = this.store.state;
    return openTerminal({
      output, terminal, colours, characters, palette: this.paletteOf(ui.theme), mouse: settings.mouse, onResize: () => this.resized(), onDrained: () => this.paint(),
    });
  }

  /** Gives the terminal to a command of the person's own, and takes it back when what it printed was read. */
  private async handOver(name: string, program: string, args: readonly string[]): Promise<void> {
    const ended = await this.foreground(program, args, ({ stop }, how) => {
      const said = endText(name, how);
      this.options.output.write(`\r\n${said.text} Any key goes back to quetzal.\r\n`);
      return new Promise<void>((resolve) => (this.away = { stop, key: resolve }));
    });
    if (ended === null) return;
    this.store.dispatch({ type: "notice", ...endText(name, ended) });
    this.paint();
  }

  /** Lends the terminal to an editor; null: it ended well, else one sentence why not. */
  private async lend(program: string, args: readonly string[]): Promise<string | null> {
    const ended = await this.foreground(program, args, () => Promise.resolve());
    if (ended === null) return "The editor was ended with the dashboard.";
    this.paint();
    return ended.how === "exit" && ended.code === 0 ? null : endText("editor", ended).text;
  }

  /** Runs a program on the whole terminal and takes it back after `after`; null where the dashboard ended meanwhile or it is lent already. */
  private async foreground(program: string, args: readonly string[], after: (away: NonNullable<Dashboard["away"]>, ended: Ended) => Promise<void>): Promise<Ended | null> {
    if (this.away !== null || this.isOver) return null;
    const { input, environment } = this.options;
    const stop = new AbortController();
    const away = { stop, key: () => undefined };
    this.away = away;
    await this.terminal.quiet();
    this.release();
    await this.terminal.flushed();
    input.pause();
    const ended = await runInForeground(program, args, environment, stop.signal);
    if (this.isEnded()) return null;
    input.setRawMode(true);
    const shown = after(away, ended);
    input.resume();
    await shown;
    this.away = null;
    if (this.isEnded()) return null;
    this.terminal = this.takeTerminal();
    return ended;
  }

  /** Asked anew each time: it changes while others work. */
  private isEnded(): boolean {
    return this.isOver;
  }

  /** The keyboard, the signals, and every way the terminal can go away. */
  private listen(): void {
    const { input, output } = this.options;
    const on = (target: NodeJS.EventEmitter, event: string, listener: (value: unknown) => void): void => {
      target.on(event, listener);
      this.listening.signal.addEventListener("abort", () => target.off(event, listener), { once: true });
    };
    // Node prints warnings onto the screen; none of them is worth a torn picture.
    const printers = process.listeners("warning");
    process.removeAllListeners("warning");
    this.listening.signal.addEventListener("abort", () => printers.forEach((printer) => process.on("warning", printer)), { once: true });
    input.setRawMode(true);
    input.setEncoding("utf8");
    on(input, "data", (chunk) => this.typed(String(chunk)));
    for (const gone of ["end", "close", "error"]) on(input, gone, () => this.isOver || endByHangUp());
    input.resume();
    // Stays until the process ends: a late write to a closed terminal must not become an uncaught error.
    output.on("error", () => endByHangUp());
    this.listening.signal.addEventListener("abort", beforeHangUp(() => this.end(HANG_UP_EXIT_CODE, "at once")), { once: true });
    on(process, "SIGTERM", () => this.end(143));
    // While a program has the terminal, these are meant for it: it got them too.
    on(process, "SIGINT", () => this.away === null && this.end(130));
    on(process, "SIGQUIT", () => this.away === null && this.end(131));
    on(process, "SIGHUP", () => endByHangUp());
    on(process, "uncaughtException", (error) => this.fail(error));
    on(process, "unhandledRejection", (error) => this.fail(error));
    on(process, "exit", () => this.release());
  }

  private typed(chunk: string): void {
    if (this.away !== null) {
      const { keys, reports } = withoutReports(chunk);
      for (const report of reports) if (report.kind === "answer") this.terminal.answered();
      if (keys !== "") this.away.key();
      return;
    }
    if (this.store.state.ui.console !== null) this.typedIntoConsole(chunk);
    else {
      clearTimeout(this.escapeTimer);
      this.take(this.decoder.feed(chunk));
      if (this.decoder.isWaiting) this.escapeTimer = setTimeout(() => {
        this.take(this.decoder.flush());
        this.paint();
      }, ESCAPE_WAIT_MS);
    }
    this.paint();
  }

  private take(inputs: ReturnType<KeyDecoder["feed"]>): void {
    for (const input of inputs) {
      // What was typed ahead for a program that now has the terminal is none of our keys.
      if (input.kind !== "answer" && (this.isOver || this.away !== null)) return;
      if (input.kind === "answer") this.terminal.answered();
      else if (input.kind === "mouse") this.mouse.take(input);
      else if (input.kind === "paste") paste(this.store, input.text);
      else if (isTooSmall(this.terminal.size) && input.key !== "q" && input.key !== "C-c") continue;
      else pressKey(this.store, this, input.key);
    }
  }

  private typedIntoConsole(typed: string): void {
    const { keys: chunk, reports } = withoutReports(typed);
    for (const report of reports) {
      if (report.kind === "answer") this.terminal.answered();
      else if (report.kind === "mouse" && report.button !== "left") this.console?.wheel(report.button === "wheelUp" ? 1 : -1);
    }
    if (chunk === "") return;
    const leave = chunk.indexOf(LEAVE_KEY);
    const open = this.store.state.ui.console;
    if (leave !== -1) {
      if (leave > 0) this.console?.type(chunk.slice(0, leave));
      this.closeConsole(null);
    } else if (chunk === FULL_SCREEN_KEY && open !== null) {
      this.store.dispatch({ type: "console", console: { ...open, view: open.view === "full" ? "split" : "full" } });
      this.resizeConsole();
    } else this.console?.type(chunk);
  }

  private resized(): void {
    this.resizeConsole();
    this.paint();
  }

  private resizeConsole(): void {
    const size = consoleSize(this.store.state, this.terminal.size);
    if (size !== null && !isTooSmall(this.terminal.size)) this.console?.resize(size);
  }

  private newsCame(): void {
    if (this.isOver || this.away !== null) return;
    this.frameTimer ??= setTimeout(() => this.paint(), GATHER_MS);
  }

  private paint(): void {
    if (this.isOver || this.away !== null) return;
    clearTimeout(this.frameTimer);
    clearTimeout(this.clockTimer);
    this.store.dispatch({ type: "tick", now: this.now() });
    const { size } = this.terminal;
    const { state } = this.store;
    this.store.dispatch({ type: "sized", bodyRows: layoutOf(state, size).body.height, columns: size.columns, ...(page(state) === "help" ? { helpLines: helpLines(asOf(state), size.columns).length } : {}) });
    clearTimeout(this.frameTimer);
    this.frameTimer = undefined;
    this.feed?.lookedAt();
    const { console: open } = this;
    this.terminal.wear(this.paletteOf(this.store.state.ui.theme));
    const theme = this.options.characters === "ascii" ? ASCII : UNICODE;
    this.shown = screen(asOf(this.store.state), this.terminal.size, theme, open === null ? null : (frame, rect) => open.paint(frame, rect));
    this.terminal.paint(this.shown);
    this.clockTimer = setTimeout(() => this.paint(), CLOCK_MS);
  }

  private fail(error: unknown): void {
    if (isTerminalGone()) endByHangUp();
    this.release();
    process.stderr.write(`quetzal: ${paintable(this.options.faultText(error))}\n`);
    this.end(1, "at once");
  }

  /** The terminal as it was; once. */
  private release(): void {
    this.terminal[Symbol.dispose]();
    const { input } = this.options;
    if (input.isTTY && !input.destroyed) {
      try {
        input.setRawMode(false);
      } catch {
        // The terminal itself is gone; there is nothing left to restore.
      }
    }
  }

  /** "in order": the terminal's last answer is waited for, so that the shell does not get it as typing. */
  private end(exitCode: number, how: "in order" | "at once" = "in order"): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const timer of [this.frameTimer, this.clockTimer, this.escapeTimer]) clearTimeout(timer);
    this.away?.stop.abort();
    this.away?.key();
    this.console?.[Symbol.dispose]();
    this.feed?.[Symbol.dispose]();
    this.doing[Symbol.dispose]();
    this.editing[Symbol.dispose]();
    if (how === "at once") this.giveBack();
    else void this.terminal.quiet().then(() => this.giveBack());
    void this.returned.then(() => this.terminal.flushed()).then(() => this.finish(exitCode));
  }

  private giveBack(): void {
    this.release();
    this.listening.abort();
    this.options.input.pause();
    this.wasReturned();
  }
}
