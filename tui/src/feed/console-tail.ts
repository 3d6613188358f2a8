// Follows one VM's console for its last lines: bytes go through a terminal emulator, so that what is shown is what a
// terminal would show, and nothing of the guest's reaches ours raw. It only reads, and knows no page.
import { Buffer } from "node:buffer";
import type { Client } from "../client/client.js";
import { CONSOLE_TAIL } from "./documents.js";
import { paintable } from "../store/sanitize.js";
import type { ConsoleTail } from "../store/model.js";

/** Columns and rows of the emulator: the tallest screen's worth. */
const COLUMNS = 160;
const ROWS = 80;
/** Bytes to begin with: two screens of text. */
const LAST_BYTES = 8_192;
/** News within this are told together: a booting guest writes hundreds of pieces a second. */
const TELL_EVERY_MS = 100;

/** Follows until `signal` aborts, the VM ends or the server refuses; each change is told as lines. */
export async function followTail(client: Client, vmId: string, signal: AbortSignal, tell: (tail: ConsoleTail) => void): Promise<void> {
  const { createTerminalScreen } = await import("../console/terminal-screen.js");
  if (signal.aborted) return;
  using screen = createTerminalScreen(COLUMNS, ROWS);
  let offset: number | null = null;
  let closed: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  const say = (): void => {
    timer = undefined;
    if (signal.aborted) return;
    screen.refresh();
    tell({ vmId, lines: linesOf(Array.from({ length: ROWS }, (_, y) => screen.row(y).map((cell) => cell.char).join(""))), closed });
  };
  const wants = () => ({ vm: vmId, fromOffset: offset, lastBytes: offset === null ? LAST_BYTES : null });
  try {
    for await (const { consoleOutput: item } of client.subscribe(CONSOLE_TAIL, wants, signal)) {
      if (item.__typename === "ConsoleClosed") closed = paintable(item.reason);
      if (item.__typename === "ConsoleChunk") {
        const bytes = Buffer.from(item.data, "base64");
        offset = item.offset + bytes.length;
        await new Promise<void>((resolve) => screen.write(bytes, resolve));
      } else if (item.__typename === "ConsoleAudience" && timer !== undefined) continue;
      timer ??= setTimeout(say, TELL_EVERY_MS);
    }
  } finally {
    clearTimeout(timer);
    say();
  }
}

/** Rows of a screen as lines to paint, without the empty ones at the end. */
export function linesOf(rows: readonly string[]): string[] {
  const lines = rows.map((row) => paintable(row.trimEnd()));
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}
