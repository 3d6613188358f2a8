// What is said of a fault of this program itself: a sentence for the person, and everything else in a log that can be
// sent along. Nobody should have to read a stack.
import { appendFileSync, existsSync, mkdtempSync, statSync, truncateSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Largest log, in bytes: it is begun anew beyond this. */
const LOG_MAX_BYTES = 1024 * 1024;

/** Whether an error is no failure that somebody foresaw. */
export function isOwnFault(error: unknown): boolean {
  return !(error instanceof Error) || [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError].some((kind) => error instanceof kind) || error.name === "AssertionError";
}

/** Writes the error down, in `logFile` where its folder is there, and says where it stands. */
export function ownFaultText(error: unknown, logFile: string, version: string): string {
  const kept = written(logFile, `${new Date().toISOString()} quetzal ${version}, Node ${process.version}, ${process.platform} ${release()}\n${detail(error)}\n\n`);
  const where = kept === null ? `Please report it with these words: ${error instanceof Error ? error.message : String(error)}` : `Please report it, with what stands last in ${kept}.`;
  return `This is a fault of quetzal itself, not of what was asked. ${where}`;
}

function detail(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? error.message}${error.cause === undefined ? "" : `\ncaused by: ${detail(error.cause)}`}`;
}

/** The file that was written, or null where none can be. */
function written(logFile: string, text: string): string | null {
  for (const choose of [() => (existsSync(dirname(logFile)) ? logFile : null), () => join(mkdtempSync(join(tmpdir(), "quetzal-")), "client.log")]) {
    try {
      const path = choose();
      if (path === null) continue;
      if (existsSync(path) && statSync(path).size > LOG_MAX_BYTES) truncateSync(path);
      appendFileSync(path, text, { mode: 0o600 });
      return path;
    } catch {
      // A full disk or somebody else's folder: the next place.
    }
  }
  return null;
}
