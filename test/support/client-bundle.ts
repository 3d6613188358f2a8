// The command line as it ships, one bundle: what contract tests and stories start.
import { execFile } from "node:child_process";
import { inject } from "vitest";

/** A one-shot command is done in a second; this ends one that hangs. */
const RUN_TIMEOUT_MS = 30_000;

export interface Ran { readonly code: number; readonly out: string; readonly err: string }

export class ClientBundle {
  /** The program to start with Node. */
  readonly path = inject("programs").quetzal;

  /** Runs `quetzal ARGS…` to its end, `input` on its standard input. */
  run(args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [this.path, ...args], { env, timeout: RUN_TIMEOUT_MS }, (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }));
      child.stdin?.on("error", () => undefined).end(input);
    });
  }
}
