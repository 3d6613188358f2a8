// Drives the dashboard as a person would: keys in, the screen read back through a terminal emulator, against a recorded
// server that the test can script.
import { inject } from "vitest";
import { eventually } from "./process.js";
import { RecordedServer } from "./recorded-server.js";
import type { RecordedOptions } from "./recorded-server.js";
import { TerminalDriver } from "./terminal.js";

/** A cold start under load. */
const FIRST_FRAME_DEADLINE_MS = 20_000;
/** A key is answered at once; the rest is a busy machine. */
const ANSWER_DEADLINE_MS = 6_000;

/** By then keys are answered, if there is nothing to wait for. */
const KEYS_ARE_TAKEN_MS = 80;

/** What the terminal and the home of whoever runs the tests would say. */
export const AT_HOME_NOWHERE = { NO_COLOR: "", COLORTERM: "", COLORFGBG: "", STY: "", TMUX: "", LC_ALL: "C.UTF-8", XDG_CONFIG_HOME: "/nonexistent", QUETZAL_CONTEXT: "" };

export interface DashboardOptions extends RecordedOptions { bytesPerSecond?: number; columns?: number; rows?: number; env?: NodeJS.ProcessEnv }

export class DashboardDriver implements AsyncDisposable {
  private constructor(readonly server: RecordedServer, readonly terminal: TerminalDriver) {}

  static async open(options: DashboardOptions = {}): Promise<DashboardDriver> {
    const { columns = 80, rows = 24, env = {}, bytesPerSecond, ...recorded } = options;
    const server = await RecordedServer.open(recorded);
    const terminal = new TerminalDriver(process.execPath, [inject("programs").recordedDashboard], {
      columns, rows, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }), env: { ...AT_HOME_NOWHERE, RECORDED_URL: server.url, RECORDED_CLOCK: recorded.clock ?? "still", ...env },
    });
    return new DashboardDriver(server, terminal);
  }

  /** Until the first list of VMs is on the screen. */
  async ready(): Promise<this> {
    await this.terminal.waitFor(/\d+ of \d+/, FIRST_FRAME_DEADLINE_MS);
    return this;
  }

  press(keys: string, expected: string | RegExp): Promise<string> {
    return this.terminal.press(keys, expected, ANSWER_DEADLINE_MS);
  }

  /** Leaves consoles, prompts and pages, back to the overview without a filter. */
  async home(): Promise<void> {
    // A console takes what comes with the key that leaves it.
    for (const keys of ["\x1d", "\x1b\x1b\x1b\x1bg"]) {
      this.terminal.send(keys);
      await new Promise((resolve) => setTimeout(resolve, KEYS_ARE_TAKEN_MS));
    }
    await this.terminal.waitFor(/by CPU . [─-]+ 1 of \d+ /, ANSWER_DEADLINE_MS);
  }

  /** Chooses a VM by its name, from anywhere. */
  async choose(id: string): Promise<void> {
    await this.home();
    await this.press(`/${id}`, `/${id}`);
    await this.press("\r", "1 of 1");
  }

  /** Waits until the server has been asked what begins so, such as "STOP web-1". */
  asked(what: string): Promise<string> {
    return eventually(`the server to be asked ${what}`, () => this.server.asked.find((one) => one.startsWith(what)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
