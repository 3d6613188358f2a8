// How a VM's state looks in text: its word, symbol and colour, the same on every screen (SCREENS: colour means something).
import type { Colour } from "../context.js";

export const VM_STATES = ["DEFINED", "STARTING", "RUNNING", "PAUSED", "STOPPING", "STOPPED", "MIGRATING", "CRASHED"] as const;
export type VmState = (typeof VM_STATES)[number];

interface Look {
  readonly unicode: string;
  readonly ascii: string;
  readonly colour: Colour;
}

const RUNNING: Look = { unicode: "●", ascii: "*", colour: "green" };
const PAUSED: Look = { unicode: "‖", ascii: "=", colour: "blue" };
const STOPPED: Look = { unicode: "◌", ascii: "o", colour: "grey" };
const BETWEEN: Look = { unicode: "◐", ascii: "~", colour: "yellow" };
const CRASHED: Look = { unicode: "✖", ascii: "x", colour: "vermilion" };

const LOOKS: Readonly<Record<VmState, Look>> = {
  DEFINED: STOPPED,
  STARTING: BETWEEN,
  RUNNING,
  PAUSED,
  STOPPING: BETWEEN,
  STOPPED,
  MIGRATING: BETWEEN,
  CRASHED,
};

export function stateSymbol(state: VmState, characters: "unicode" | "ascii"): string {
  return LOOKS[state][characters];
}

export function stateColour(state: VmState): Colour {
  return LOOKS[state].colour;
}
