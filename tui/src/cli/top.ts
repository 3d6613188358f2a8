// `quetzal top`: the VMs in the order of what they use, again and again. On a terminal the table stays where it is until q;
// elsewhere each one follows the last. Asking again is cheap: the server answers from memory.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { ClientError } from "../client/error.js";
import { formatBytes, formatPercent, sanitise } from "../format.js";
import type { CommandContext } from "./context.js";
import { csvLines } from "./output/encode.js";
import { chosenColumns, sortedRows, tableOf } from "./output/listing.js";
import type { ListFlags } from "./output/listing.js";
import { fittedTo, printJsonLine, printLines, sightOf } from "./output/print.js";
import { until } from "./until.js";
import { VM_LISTING } from "./vm/columns.js";
import type { ListedVm } from "./vm/columns.js";
import { fetchVms } from "./vm/ls.js";
import { queryOf } from "./vm/select.js";
import type { Selector } from "./vm/select.js";

const HOSTS = graphql(`query TopHosts { hosts { id name connected cpuCount latest { time cpuRatio load1 memoryTotalBytes memoryAvailableBytes } } }`);
type TopHost = ResultOf<typeof HOSTS>["hosts"][number];

export interface TopOptions extends Selector, ListFlags {
  /** Seconds from one look to the next. */
  readonly interval: number;
  readonly once?: boolean;
}

interface Frame {
  readonly time: string;
  readonly hosts: readonly TopHost[];
  readonly vms: readonly ListedVm[];
}

/** Home, and what stands there until the end of each line and of the screen is cleared: nothing flickers. */
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
/** A screen of its own without line breaks and cursor, and back. */
const ENTER = "\x1b[?1049h\x1b[?7l\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?7h\x1b[?1049l";

export async function showTop(context: CommandContext, options: TopOptions): Promise<void> {
  const isScreen = context.outputIsTerminal && !options.once && context.format !== "json" && context.format !== "csv";
  const first = await look(context, options);
  if (!isScreen) return follow(context, options, (frame, isFirst) => printFrame(context, frame, options, isFirst), first);
  const left = new AbortController();
  const watched = { ...context, signal: AbortSignal.any([context.signal, left.signal]) };
  const keys = context.onKey((key) => {
    if (key === "q" || key === "Q") left.abort();
  });
  await context.write(ENTER);
  try {
    await follow(watched, options, (frame) => context.write(screenOf(fitted(frameLines(context, frame, options), context.size().rows))), first);
  } catch (error) {
    // A question that was under way when the person left is no failure.
    if (!left.signal.aborted) throw error;
  } finally {
    keys[Symbol.dispose]();
    await context.write(LEAVE);
  }
}

/** A frame now and one after every interval. A server that restarts is met again. */
async function follow(context: CommandContext, options: TopOptions, show: (frame: Frame, isFirst: boolean) => Promise<void>, first: Frame): Promise<void> {
  await show(first, true);
  if (options.once) return;
  for (;;) {
    await until(options.interval * 1000, context.signal);
    if (context.signal.aborted) return;
    try {
      await show(await look(context, options), false);
    } catch (error) {
      if (!(error instanceof ClientError && error.kind === "unreachable")) throw error;
      context.note(sanitise(error.message));
    }
  }
}

function screenOf(lines: readonly string[]): string {
  return `${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_BELOW}`;
}

async function look(context: CommandContext, options: TopOptions): Promise<Frame> {
  const [vms, { hosts }] = await Promise.all([fetchVms(context.client(), queryOf(options), context.signal), context.client().request(HOSTS, {}, context.signal)]);
  return { time: new Date(context.nowMs()).toISOString(), hosts, vms: sortedRows(VM_LISTING, vms, options.sort ?? "-cpu") };
}

async function printFrame(context: CommandContext, frame: Frame, options: TopOptions, isFirst: boolean): Promise<void> {
  if (context.format === "json") return printJsonLine(context, frame);
  if (context.format === "csv") {
    const columns = [{ name: "time", value: () => frame.time, cell: () => frame.time }, ...chosenColumns(VM_LISTING, frame.vms, options, "all")];
    return printLines(context, csvLines(columns, frame.vms, { headers: isFirst && options.headers !== false }));
  }
  await printLines(context, [...(isFirst ? [] : [""]), ...frameLines(context, frame, options)]);
}

function frameLines(context: CommandContext, { time, hosts, vms }: Frame, options: TopOptions): string[] {
  const columns = chosenColumns(VM_LISTING, vms, options, context.format === "wide" ? "wide" : "narrow");
  const head = options.headers === false ? [] : [`${time.slice(0, 19).replace("T", " ")} UTC  ${stateCounts(vms)}`, ...hosts.map((host) => hostLine(context, host)), ""];
  return [...head, ...tableOf(fittedTo(context, columns, vms, options), vms, sightOf(context), options, context.paint)];
}

function stateCounts(vms: readonly ListedVm[]): string {
  const counts = new Map<string, number>();
  for (const { state } of vms) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [`${vms.length} VMs`, ...[...counts].map(([state, count]) => `${count} ${state.toLowerCase()}`)].join(", ");
}

function hostLine(context: CommandContext, { name, connected, cpuCount, latest }: TopHost): string {
  const label = `${sanitise(name)}: `;
  if (!connected) return label + context.paint("vermilion", "not connected; its VMs are shown as last known");
  if (latest === null) return `${label}${cpuCount} CPUs`;
  return `${label}CPU ${formatPercent(latest.cpuRatio)} % of ${cpuCount} cores, load ${latest.load1?.toFixed(2) ?? "–"}, memory ${formatBytes(latest.memoryAvailableBytes)} available of ${formatBytes(latest.memoryTotalBytes)}`;
}

/** What would scroll is left out, and counted. */
function fitted(lines: readonly string[], rows: number): readonly string[] {
  const room = rows - 1;
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more: a larger terminal or --once shows them`];
}
