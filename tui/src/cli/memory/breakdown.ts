// Where memory is, as lines for people: a part each with its share and a bar. Pure.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { formatBytes, formatPercent, sanitise, words } from "../../format.js";
import type { CommandContext } from "../context.js";
import { tableLines } from "../output/table.js";

export const BREAKDOWN = graphql(`fragment CliBreakdown on MemoryBreakdown { at totalBytes source remainderBytes parts { kind bytes description source } }`);

type Breakdown = ResultOf<typeof BREAKDOWN>;

/** Wide enough to compare parts, narrow enough for 80 columns with what they are. */
const BAR_CELLS = 12;

export function breakdownLines(context: Pick<CommandContext, "config">, { totalBytes, source, remainderBytes, parts }: Breakdown): string[] {
  const [on, off] = context.config.characters === "ascii" ? ["#", "."] : ["█", "░"];
  const row = (name: string, bytes: number, description: string): string[] => {
    const share = totalBytes === 0 ? 0 : bytes / totalBytes;
    const full = Math.max(0, Math.min(BAR_CELLS, Math.round(share * BAR_CELLS)));
    return [name, formatBytes(bytes), formatPercent(share), on.repeat(full) + off.repeat(BAR_CELLS - full), description];
  };
  const rows = [
    ...parts.map(({ kind, bytes, description }) => row(words(kind), bytes, sanitise(description))),
    row("remainder", Number(remainderBytes), "Explained by no part."),
    row("total", totalBytes, sanitise(source)),
  ];
  const columns = [{ title: "PART" }, { title: "SIZE", align: "right" }, { title: "%", align: "right" }, { title: "" }, { title: "WHAT" }] as const;
  return tableLines(columns, rows);
}
