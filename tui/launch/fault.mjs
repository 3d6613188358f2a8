// Owns how a failure reaches the person: what failed, its last words, the log, and the mend. Knows no step.
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** As much of a log as fits a screen. */
const TAIL_LINES = 15;
/** Fifteen lines hardly exceed this; reading more of a large log would be waste. */
const TAIL_BYTES = 16 * 1024;

/** An expected failure: printed as a sentence, without a stack. */
export class LaunchFault extends Error {
  /**
   * @param {string} message one sentence: what and where
   * @param {{mend?: string | undefined, log?: string | undefined, tail?: string | undefined, cause?: unknown}} [facts]
   */
  constructor(message, facts = {}) {
    super(message, { cause: facts.cause });
    this.name = "LaunchFault";
    this.mend = facts.mend;
    this.log = facts.log;
    this.tail = facts.tail;
  }

  /** @returns {string} everything a person needs to go on */
  describe() {
    const lines = [this.message];
    if (this.tail) lines.push("", ...this.tail.split("\n").map((line) => `    ${line}`), "");
    if (this.log) lines.push(`Log: ${this.log}`);
    if (this.mend) lines.push(`Mend: ${this.mend}`);
    return lines.join("\n");
  }
}

/**
 * The last lines of a log, from byte `from` on; empty when there is none.
 *
 * @param {string} path
 * @param {number} [from]
 * @returns {string}
 */
export function tailOf(path, from = 0) {
  if (!existsSync(path)) return "";
  const file = openSync(path, "r");
  try {
    const size = fstatSync(file).size;
    const start = Math.max(from, size - TAIL_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    readSync(file, bytes, 0, bytes.length, start);
    return bytes.toString("utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  } finally {
    closeSync(file);
  }
}
