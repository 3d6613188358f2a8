// Rows of one kind and their columns: which are shown, in which order the rows stand, and what a cell says. Pure; every
// list of the command line goes through this.
import type { Config } from "../../config.js";
import type { Colour } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { cellsOf } from "../../width.js";
import { GAP, tableLines } from "./table.js";

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
  /** Another name that --columns and --sort take for it. */
  readonly alias?: string;
  /** Left out of a table that is too wide for its terminal, the highest first, unless columns were named. */
  readonly yields?: number;
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

/**
 * The columns of a list that goes on below itself: chosen for all rows seen so far, so that none moves or goes away. One
 * that rows to come need joins them, and then the titles are due again.
 */
export class SteadyColumns<Row> {
  #columns: readonly ListColumn<Row>[] = [];
  /** Of the columns, for tableOf. */
  widths: number[] = [];

  constructor(private readonly listing: Listing<Row>, private readonly flags: ListFlags, private readonly breadth: "narrow" | "wide" | "all") {}

  /** The columns for more rows, and whether they differ from those before: they always do at first. */
  taking(rows: readonly Row[]): { columns: readonly ListColumn<Row>[]; areNew: boolean } {
    const needed = chosenColumns(this.listing, rows, this.flags, this.breadth);
    const areNew = needed.some((column) => !this.#columns.includes(column));
    if (areNew) {
      this.#columns = this.flags.columns === undefined ? this.listing.columns.filter((column) => needed.includes(column) || this.#columns.includes(column)) : needed;
      this.widths = [];
    }
    return { columns: this.#columns, areNew };
  }
}

function columnNamed<Row>(listing: Listing<Row>, name: string, option: string): ListColumn<Row> {
  const column = listing.columns.find((one) => one.name === name || one.alias === name);
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

/** Those of the columns whose table is at most so wide; what may not yield stays, however wide it is. */
export function fittedColumns<Row>(columns: readonly ListColumn<Row>[], rows: readonly Row[], sight: Sight, width: number): readonly ListColumn<Row>[] {
  const widths = new Map(columns.map((column) => [column, rows.reduce((widest, row) => Math.max(widest, cellsOf(column.cell(row, sight))), cellsOf(column.title ?? column.name))]));
  const yielding = columns.filter((column) => column.yields !== undefined).toSorted((a, b) => (a.yields ?? 0) - (b.yields ?? 0));
  let kept = columns;
  while (kept.reduce((sum, column) => sum + (widths.get(column) ?? 0) + GAP, -GAP) > width) {
    const last = yielding.pop();
    if (last === undefined) break;
    kept = kept.filter((column) => column !== last);
  }
  return kept;
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
