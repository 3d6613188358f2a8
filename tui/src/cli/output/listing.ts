// Rows of one kind and their columns: which are shown, in which order the rows stand, and what a cell says. Pure; every
// list of the command line goes through this.
import type { Config } from "../../config.js";
import type { Colour } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { tableLines } from "./table.js";

/** What a cell may know beside its row. */
export interface Sight {
  readonly nowMs: number;
  readonly characters: Config["characters"];
}

export type Value = string | number | boolean | null;

export interface ListColumn<Row> {
  /** As --columns and --sort take it, and what heads it in CSV. */
  readonly name: string;
  /** What heads it in a table; the name in capitals where absent. */
  readonly title?: string;
  /** In which tables it stands unless columns are named; "always" where absent. */
  readonly shown?: "always" | "wide" | ((rows: readonly Row[]) => boolean);
  readonly align?: "right";
  /** For people. It must be safe to print. */
  cell(row: Row, sight: Sight): string;
  /** For programs and for sorting, in base units; null is unknown. */
  value(row: Row): Value;
  colour?(row: Row): Colour | undefined;
}

export interface Listing<Row> {
  readonly columns: readonly ListColumn<Row>[];
  /** What `-o name` prints: something that other commands take. */
  name(row: Row): string;
  /** Said when there is no row. */
  readonly empty: string;
}

/** What a person asked of a list. */
export interface ListFlags {
  /** False: without the line of titles. */
  readonly headers?: boolean;
  /** Names of columns, with commas between. */
  readonly columns?: string;
  /** Name of a column; a dash before it turns the order. */
  readonly sort?: string;
}

export function chosenColumns<Row>(listing: Listing<Row>, rows: readonly Row[], flags: ListFlags, breadth: "narrow" | "wide" | "all"): readonly ListColumn<Row>[] {
  if (flags.columns !== undefined) return flags.columns.split(",").map((name) => columnNamed(listing, name.trim(), "--columns"));
  return listing.columns.filter(({ shown = "always" }) => {
    if (shown === "always" || breadth === "all") return true;
    return shown === "wide" ? breadth === "wide" : breadth === "wide" || shown(rows);
  });
}

function columnNamed<Row>(listing: Listing<Row>, name: string, option: string): ListColumn<Row> {
  const column = listing.columns.find((one) => one.name === name);
  if (column !== undefined) return column;
  const known = listing.columns.map((one) => one.name).join(", ");
  throw new CommandError(EXIT.usage, "UnknownColumn", `${option} names "${name}", which is no column here: there are ${known}.`);
}

/** The rows as they stand; in the order that was asked for, unknown values last in both directions. */
export function sortedRows<Row>(listing: Listing<Row>, rows: readonly Row[], sort: string | undefined): readonly Row[] {
  if (sort === undefined) return rows;
  const isDown = sort.startsWith("-");
  const column = columnNamed(listing, isDown ? sort.slice(1) : sort, "--sort");
  return rows
    .map((row) => ({ row, value: column.value(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return compare(a.value, b.value) * (isDown ? -1 : 1);
    })
    .map(({ row }) => row);
}

function compare(a: string | number | boolean, b: string | number | boolean): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function tableOf<Row>(columns: readonly ListColumn<Row>[], rows: readonly Row[], sight: Sight, flags: ListFlags, paint: (colour: Colour, text: string) => string, widths?: number[]): string[] {
  const heads = columns.map(({ name, title, align }) => ({ title: title ?? name.toUpperCase(), ...(align ? { align } : {}) }));
  const lines = tableLines(heads, rows.map((row) => columns.map((column) => column.cell(row, sight))), (cell, y, x) => {
    const row = rows[y];
    const colour = row === undefined ? undefined : columns[x]?.colour?.(row);
    return colour === undefined ? cell : paint(colour, cell);
  }, widths);
  return flags.headers === false ? lines.slice(1) : lines;
}
