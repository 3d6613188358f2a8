// Programs that tests run to their end, with everything they said. Knows no program of ours; those that stay up are in
// process.ts, those that need a terminal in terminal.ts.
import { spawn } from "node:child_process";
import { resolve as resolvePath } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { User } from "./ordinary-user.js";

const root = resolvePath(import.meta.dirname, "../..");

export interface RunOptions {
  /** The whole of it; ours unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** The repository unless given. */
  readonly cwd?: string;
  /** Whom it runs as: another than ourselves needs root. */
  readonly user?: User | undefined;
  /** Below what a test of its kind may take, so that the words of a program that hangs are told and not the test's timeout. */
  readonly timeoutMs?: number;
  /** What it reads; nothing unless given. */
  readonly input?: string;
}

export interface Ran {
  /** As typed, for whoever is told of its failure. */
  readonly command: string;
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both in the order in which they came. */
  readonly text: string;
}

/** vitest gives an end-to-end test 180 s. */
const TIMEOUT_MS = 150_000;
/** How long a program that is told to end may tidy up. */
const GRACE_MS = 5_000;

/** Runs a program to its end, whatever that is. Rejects when it cannot be started and when it has not ended in time. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = process.env, cwd = root, user, timeoutMs = TIMEOUT_MS, input } = options;
  const command = [program, ...args].join(" ");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...user, cwd, env, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
    // A program may end before it has read everything.
    child.stdin?.on("error", () => undefined).end(input);
    const said = { stdout: "", stderr: "", text: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        said.text += text;
      });
    }
    const timer = setTimeout(() => {
      reject(new Error(`'${command}' has not ended after ${timeoutMs} ms. It said:\n${said.text}`));
      child.kill();
      void delay(GRACE_MS).then(() => child.kill("SIGKILL"));
    }, timeoutMs);
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ command, code, signal, ...said }));
    child.once("close", () => clearTimeout(timer)).once("error", () => clearTimeout(timer));
  });
}

/** What a run must have come to: any other end fails the test with everything that the program said. */
export async function endWith(code: number, running: Ran | Promise<Ran>): Promise<Ran> {
  const ran = await running;
  if (ran.code === code) return ran;
  throw new Error(`'${ran.command}' ended with ${ran.signal ?? ran.code}, not ${code}. It said:\n${ran.text}`);
}

/** The run, which must have ended well. */
export const succeed = (running: Ran | Promise<Ran>): Promise<Ran> => endWith(0, running);
