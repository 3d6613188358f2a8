// One virsh that stays: its connection to libvirt is opened once and its commands go in on standard input, so that a
// figure holds no program's start. Knows nothing of which libvirt it speaks to.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { whenInterrupted } from "../endings.js";

/** What virsh prints when it waits for the next command. */
const PROMPT = "virsh # ";
/** Longest answer waited for: a first start under a busy host takes seconds, never this. */
const ANSWER_DEADLINE_MS = 60_000;
/** virsh splits its lines as a shell does: words that need no quotes are all that a bench has. */
const PLAIN_COMMAND = /^[\w ./:=-]+$/;

export class HeldVirsh implements AsyncDisposable {
  #text = "";
  #gone = false;
  #wake: () => void = () => undefined;
  #hasEnded: () => void = () => undefined;
  readonly #child: ChildProcessWithoutNullStreams;

  private constructor(virsh: string, uri: string, env: NodeJS.ProcessEnv) {
    // Errors share the pipe: they are printed before the prompt that ends their command's answer.
    this.#child = spawn("sh", ["-c", 'exec "$@" 2>&1', "sh", virsh, "-q", "-c", uri], { env: { ...env, TERM: "dumb" } });
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => { this.#text += chunk; this.#wake(); });
    this.#child.once("close", () => { this.#gone = true; this.#wake(); });
    this.#child.stdin.on("error", () => undefined); // Its end is told by `close`.
  }

  static async open(virsh: string, uri: string, env: NodeJS.ProcessEnv): Promise<HeldVirsh> {
    const held = new HeldVirsh(virsh, uri, env);
    // Before its libvirt, whose folder it would write its history into once more.
    held.#hasEnded = whenInterrupted(() => held[Symbol.asyncDispose]());
    try {
      await held.#untilPrompt("its first prompt");
      await held.ask("connect"); // A connection that is refused still leaves a prompt.
      return held;
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number { return this.#child.pid as number; }

  /** Gives what a command printed; throws when virsh said that it failed. */
  async ask(command: string): Promise<string> {
    if (!PLAIN_COMMAND.test(command)) throw new Error(`virsh: ${JSON.stringify(command)} has a character that virsh would take for its own`);
    this.#text = "";
    this.#child.stdin.write(`${command}\n`);
    const printed = await this.#untilPrompt(command);
    // It repeats the command, as a terminal would.
    const answer = printed.slice(printed.indexOf("\n") + 1);
    if (/^error: /m.test(answer)) throw new Error(`virsh ${command}: ${answer.trim()}`);
    return answer;
  }

  async #untilPrompt(what: string): Promise<string> {
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_DEADLINE_MS);
    try {
      while (!this.#text.endsWith(PROMPT)) {
        if (this.#gone) throw new Error(`virsh ended while it was waited for (${what}): ${this.#text.trim()}`);
        await new Promise<void>((resolve) => { this.#wake = resolve; });
      }
      return this.#text.slice(0, -PROMPT.length);
    } finally {
      clearTimeout(deadline);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded();
    if (this.#gone) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }
}
