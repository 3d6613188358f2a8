// The command line as it ships, one bundle: what contract tests and stories start.
import { inject } from "vitest";
import { run } from "./run.js";

/** A one-shot command is done in a second; this ends one that hangs. */
const RUN_TIMEOUT_MS = 30_000;

export interface Ran { readonly code: number | null; readonly out: string; readonly err: string }

export class ClientBundle {
  /** The program to start with Node. */
  readonly path = inject("programs").quetzal;

  /** Runs `quetzal ARGS…` to its end, `input` on its standard input. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Ran> {
    const { code, stdout: out, stderr: err } = await run(process.execPath, [this.path, ...args], { env, input, timeoutMs: RUN_TIMEOUT_MS });
    return { code, out, err };
  }
}
