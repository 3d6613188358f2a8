// The one way to answer: a list, a record, or a value, in the format that was asked for.
import type { CommandContext } from "../context.js";
import { sanitise } from "../../format.js";
import { csvLines, jsonText } from "./encode.js";
import { SteadyColumns, chosenColumns, fittedColumns, sortedRows, tableOf } from "./listing.js";
import type { ListColumn, ListFlags, Listing, Sight } from "./listing.js";

export function sightOf(context: Pick<CommandContext, "config" | "nowMs">): Sight {
  return { nowMs: context.nowMs(), characters: context.config.characters };
}

/** `whole` is what programs get instead of the rows, where there is more to say than them. */
export async function printList<Row>(context: CommandContext, listing: Listing<Row>, rows: readonly Row[], flags: ListFlags = {}, whole?: unknown): Promise<void> {
  const { format } = context;
  const sorted = sortedRows(listing, rows, flags.sort);
  if (format === "json" || format === "yaml") return printValue(context, whole ?? sorted);
  if (format === "name") return printLines(context, sorted.map((row) => sanitise(listing.name(row))));
  const columns = chosenColumns(listing, sorted, flags, format === "table" ? "narrow" : format === "wide" ? "wide" : "all");
  if (format === "csv") return printLines(context, csvLines(columns, sorted, flags));
  if (rows.length === 0) {
    context.note(listing.empty);
    return;
  }
  const shown = fittedTo(context, columns, sorted, flags);
  const left = columns.filter((column) => !shown.includes(column)).map(({ name }) => name);
  await printLines(context, tableOf(shown, sorted, sightOf(context), flags, context.paint));
  if (left.length > 0) context.note(`Too wide for this terminal, so left out: ${left.join(", ")}; --columns chooses.`);
}

/** The columns that a terminal has room for; all of them where they were named, where more was asked for, and elsewhere. */
export function fittedTo<Row>(context: CommandContext, columns: readonly ListColumn<Row>[], rows: readonly Row[], flags: ListFlags): readonly ListColumn<Row>[] {
  if (!context.outputIsTerminal || context.format !== "table" || flags.columns !== undefined) return columns;
  return fittedColumns(columns, rows, sightOf(context), context.size().columns);
}

/** Prints rows as they come, each below those before, in the same columns. */
export function rowPrinter<Row>(context: CommandContext, listing: Listing<Row>, flags: ListFlags): (rows: readonly Row[]) => Promise<void> {
  const { format } = context;
  const steady = new SteadyColumns(listing, flags, format === "csv" ? "all" : format === "wide" ? "wide" : "narrow");
  return async (rows) => {
    if (format === "json") {
      for (const row of rows) await printJsonLine(context, row);
      return;
    }
    if (format === "name") return printLines(context, rows.map((row) => sanitise(listing.name(row))));
    if (format === "yaml") {
      for (const row of rows) await printYamlDocument(context, row);
      return;
    }
    const { columns, areNew } = steady.taking(rows);
    const headers = areNew && flags.headers !== false;
    if (format === "csv") await printLines(context, csvLines(columns, rows, { headers }));
    else await printLines(context, tableOf(columns, rows, sightOf(context), { headers }, context.paint, steady.widths));
  };
}

export interface RecordView {
  /** What `-o name` prints. */
  readonly name: string;
  /** What people read. */
  lines(): readonly string[];
}

export async function printRecord(context: CommandContext, value: unknown, view: RecordView): Promise<void> {
  const { format } = context;
  if (format === "json" || format === "yaml") return printValue(context, value);
  if (format === "name") return context.print(sanitise(view.name));
  await printLines(context, view.lines());
}

/** A whole answer, readable: YAML where it was asked for, else JSON. */
export async function printValue(context: CommandContext, value: unknown): Promise<void> {
  if (context.format === "yaml") await context.write((await import("./yaml.js")).yamlText(value));
  else await context.print(jsonText(value, 2));
}

/** One object of a stream, on a line of its own. */
export function printJsonLine(context: CommandContext, value: unknown): Promise<void> {
  return context.print(jsonText(value, 0));
}

/** One object of a stream, as a YAML document of its own. */
export async function printYamlDocument(context: CommandContext, value: unknown): Promise<void> {
  await context.write(`---\n${(await import("./yaml.js")).yamlText(value)}`);
}

export async function printLines(context: CommandContext, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await context.print(lines.join("\n"));
}
