// Runs one program on the person's own terminal, as a shell would run it in its foreground: it has keyboard and screen
// until it ends. Never through a shell. It knows no dashboard.
import { spawn } from "node:child_process";

export type Ended = { how: "exit"; code: number } | { how: "signal"; signal: string } | { how: "not started"; reason: string };

/** Resolves when the program has ended; `signal` ends it early. */
export function runInForeground(program: string, args: readonly string[], environment: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    const refused = (error: unknown): void => resolve({ how: "not started", reason: startFault(program, error) });
    try {
      const child = spawn(program, [...args], { stdio: "inherit", env: { ...environment }, signal, killSignal: "SIGTERM" });
      child.once("error", (error) => (signal.aborted ? resolve({ how: "signal", signal: "SIGTERM" }) : refused(error)));
      child.once("exit", (code, by) => resolve(by === null ? { how: "exit", code: code ?? 0 } : { how: "signal", signal: by }));
    } catch (error) {
      // An argument that no program can be given, such as one with a NUL.
      refused(error);
    }
  });
}

function startFault(program: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOENT" && program.includes("/")) return `${program} does not exist: name another program.`;
  if (code === "ENOENT") return `${program} is not on the PATH: install it, or name another program.`;
  if (code === "EACCES") return `${program} may not be run: make it executable, or name another program.`;
  return `${program} could not be started (${code === "" ? String(error) : code}): name another program.`;
}

/** One sentence of how it ended, and whether that is as it should be. */
export function endText(name: string, ended: Ended): { tone: "info" | "error"; text: string } {
  switch (ended.how) {
    case "exit": return { tone: ended.code === 0 ? "info" : "error", text: `${name} ended with exit code ${ended.code}.` };
    case "signal": return { tone: "error", text: `${name} was ended by ${ended.signal}.` };
    case "not started": return { tone: "error", text: `${name}: ${ended.reason}` };
  }
}
