// The chosen row told whole: its facts and its text as lines of a given width, and how far on they are read where they
// are more than fit. Pure; where the lines stand is the view's.
import { formatDuration, formatPercent, words } from "../format.js";
import { cellsOf } from "../width.js";
import { wrappedWhole } from "../wrap.js";
import type { Event, Operation } from "./model.js";
import { chosenRow } from "./rows.js";
import type { Row } from "./rows.js";
import { serverNow, vmLabel } from "./select.js";
import type { State } from "./state.js";

/** From this width on the chosen row is told beside the list, else below it. */
const BESIDE_FROM_CELLS = 160;
const BESIDE_RATIO = 0.4;
const BELOW_RATIO = 0.3;
/** A rule, the facts in two lines, and two of text. */
const BELOW_ROWS_MIN = 5;
/** Lines that one key reads on: most of what the smallest screen shows. */
const STEP_LINES = 3;
/** The most rows of a page that are not its list's. */
const HEAD_ROWS_MAX = 5;

/** Cells and rows for a row told whole, of a list so large. Rows without the rule. */
export interface Place { where: "beside" | "below"; columns: number; rows: number }

export function placeOfReading(columns: number, rows: number): Place {
  if (columns >= BESIDE_FROM_CELLS) return { where: "beside", columns: Math.floor(columns * BESIDE_RATIO), rows: Math.max(1, rows - 1) };
  return { where: "below", columns, rows: Math.max(BELOW_ROWS_MIN, Math.floor(rows * BELOW_RATIO)) - 1 };
}

type Fact = readonly [name: string, value: string];
export type ReadingLine = { kind: "facts"; facts: readonly Fact[] } | { kind: "text"; text: string };

/** Nothing of a row is left out, whatever is in it. */
export function readingLines(state: State, row: Row, width: number): ReadingLine[] {
  const told = row.kind === "event" ? factsOfEvent(state, row.event) : factsOfOperation(state, row.operation);
  const text = row.kind === "event" ? row.event.message : (row.operation.error ?? ENDS[row.operation.state]);
  return [...factLines(told, width), ...wrappedWhole(text, width).map((line) => ({ kind: "text", text: line }) as const)];
}

const ENDS: Readonly<Record<Operation["state"], string>> = { RUNNING: "It is under way.", SUCCEEDED: "It succeeded.", FAILED: "It failed; no cause was given.", CANCELLED: "It was cancelled." };

function factsOfEvent(state: State, { time, kind, vmId, operationId, actor }: Event): Fact[] {
  const operation = operationId === null ? undefined : state.operations.find(({ id }) => id === operationId);
  return [
    ["time", instant(time)], ["event", words(kind)], ...vmFact(state, vmId),
    ...(operationId === null ? [] : [["operation", operation === undefined ? operationId : `${words(operation.kind)}, ${words(operation.state)} (${operationId})`] as const]),
    ...(actor === null ? [] : [["by", actor] as const]),
  ];
}

function factsOfOperation(state: State, { id, kind, vmId, state: at, progressRatio, startedAt, endedAt, requestedBy }: Operation): Fact[] {
  const took = formatDuration((endedAt ?? serverNow(state)) - startedAt);
  const done = at === "RUNNING" && progressRatio !== null ? `, ${formatPercent(progressRatio)} % done` : "";
  return [["asked", instant(startedAt)], ["operation", `${words(kind)}, ${words(at)} (${id})`], ...vmFact(state, vmId), [at === "RUNNING" ? "for" : "took", `${took}${done}`], ["by", requestedBy]];
}

/** A VM with a name of its own is told with its id too: that is what commands take. */
function vmFact(state: State, vmId: string | null): Fact[] {
  if (vmId === null) return [];
  const label = vmLabel(state, vmId);
  return [["VM", label === vmId ? label : `${label} (${vmId})`]];
}

function instant(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Cells between two facts of a line. */
export const FACT_GAP = 3;

/** As many in a line as fit; one that is longer than a line goes on below. */
function factLines(facts: readonly Fact[], width: number): ReadingLine[] {
  const lines: Fact[][] = [];
  let room = 0;
  for (const [name, value] of facts) {
    const [first = "", ...others] = wrappedWhole(value, width - cellsOf(name) - 1);
    const cells = cellsOf(name) + 1 + cellsOf(first);
    if (lines.length > 0 && cells + FACT_GAP <= room) lines.at(-1)?.push([name, first]);
    else {
      lines.push([[name, first]]);
      room = width + FACT_GAP;
    }
    room -= cells + FACT_GAP;
    for (const other of others) lines.push([[" ".repeat(cellsOf(name)), other]]);
    if (others.length > 0) room = 0;
  }
  return lines.map((line) => ({ kind: "facts", facts: line }));
}

/** Reads on, or back, where the chosen row is longer than its place. */
export function readOn(state: State, by: 1 | -1): State {
  const row = chosenRow(state);
  if (row === null) return state;
  const place = placeOfReading(state.ui.columns, state.ui.bodyRows - HEAD_ROWS_MAX);
  const most = Math.max(0, readingLines(state, row, place.columns - 2).length - place.rows);
  return { ...state, ui: { ...state.ui, readFrom: Math.max(0, Math.min(most, state.ui.readFrom + by * STEP_LINES)) } };
}
