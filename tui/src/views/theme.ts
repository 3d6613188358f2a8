// The signs of the screen in Unicode and in ASCII, and what state wears which. Views take a Theme, so that one switch
// changes every sign.
import type { VmState } from "../store/model.js";
import type { Role } from "./frame.js";

export interface Theme {
  kind: "unicode" | "ascii";
  rule: string;
  bar: string;
  /** A mark at the scale of a graph. */
  tick: string;
  /** Above the highest point of a graph, and on it where nothing is above. */
  peak: { above: string; on: string };
  cross: string;
  down: string;
  up: string;
  sortDown: string;
  sortUp: string;
  attention: string;
  /** Before a marked row. */
  mark: string;
  /** After the sign of a VM's state: its definition waits for a restart, it is protected. */
  restart: string;
  guarded: string;
  /** What has ended well. */
  done: string;
  crumb: string;
  ellipsis: string;
  unknown: string;
  states: Record<VmState, string>;
  /** Eight heights of a small bar, lowest first. */
  heights: readonly string[];
  /** Fill of the memory bar: used, compressed, free. */
  fills: { used: string; zip: string; free: string };
}

export const UNICODE: Theme = {
  kind: "unicode",
  rule: "─", bar: "│", tick: "┤", peak: { above: "▾", on: "▴" }, cross: "┬", down: "↓", up: "↑", sortDown: "▾", sortUp: "▴", attention: "▲", mark: "◆", restart: "↻", guarded: "§", done: "✓", crumb: "›", ellipsis: "…", unknown: "–",
  states: { RUNNING: "●", PAUSED: "‖", STOPPED: "◌", DEFINED: "◌", STARTING: "◐", STOPPING: "◐", MIGRATING: "◐", CRASHED: "✖" },
  heights: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
  fills: { used: "█", zip: "▒", free: "░" },
};

export const ASCII: Theme = {
  kind: "ascii",
  rule: "-", bar: "|", tick: "+", peak: { above: "v", on: "^" }, cross: "+", down: "v", up: "^", sortDown: "v", sortUp: "^", attention: "!", mark: "+", restart: "r", guarded: "p", done: "*", crumb: ">", ellipsis: "~", unknown: "-",
  states: { RUNNING: "*", PAUSED: "=", STOPPED: "o", DEFINED: "o", STARTING: "~", STOPPING: "~", MIGRATING: "~", CRASHED: "x" },
  heights: [".", ".", ":", ":", "|", "|", "#", "#"],
  fills: { used: "#", zip: "-", free: "." },
};

export const STATE_ROLES: Record<VmState, Role> = {
  RUNNING: "running", PAUSED: "paused", STOPPED: "stopped", DEFINED: "stopped",
  STARTING: "between", STOPPING: "between", MIGRATING: "between", CRASHED: "crashed",
};

/** Signs outside ASCII that views write in words and numbers, and what stands for them in ASCII. */
const IN_ASCII: Readonly<Record<string, string>> = {
  "–": "-", "…": "~", "─": "-", "│": "|", "┬": "+", "┴": "+", "┼": "+", "┤": "|", "↓": "v", "↑": "^", "▾": "v", "▴": "^", "▲": "!", "›": ">", "←": "<", "·": ".", "→": ">", "↵": "<",
};

/** One character for a terminal without Unicode; what it cannot show is `?`. */
export function asciiOf(char: string): string {
  return char <= "~" ? char : (IN_ASCII[char] ?? "?");
}
