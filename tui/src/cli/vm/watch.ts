// `quetzal vm ls --watch`: the list, then a row whenever a VM comes into it, changes in it or leaves it. The server says
// when to look again; what is looked at is the same list, so that every selector holds.
import { graphql } from "../../client/document.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { noteOutages } from "../context.js";
import { csvLine } from "../output/encode.js";
import { SteadyColumns, sortedRows, tableOf } from "../output/listing.js";
import type { ListFlags } from "../output/listing.js";
import { printJsonLine, printYamlDocument, sightOf } from "../output/print.js";
import { VM_LISTING } from "./columns.js";
import type { ListedVm } from "./columns.js";
import { fetchVms } from "./ls.js";
import type { VmQuery } from "./select.js";
import { until } from "../until.js";

const CHANGES = graphql(`subscription WatchVms { vmChanged { id } }`);
const MATCHES = graphql(`subscription WatchMatches($where: String!) { vmsMatching(where: $where) { ids error } }`);

/** Changes within this time are looked at together: a start of ten VMs is one look, not thirty. */
const SETTLE_MS = 250;

export interface VmNews {
  readonly change: "listed" | "changed" | "left";
  readonly vm: ListedVm;
}

/** What is new in a list since the one before, in the order of the new one; figures alone are no news. */
export function newsBetween(before: ReadonlyMap<string, ListedVm>, now: readonly ListedVm[]): VmNews[] {
  const ids = new Set(now.map(({ id }) => id));
  const left = [...before.values()].filter(({ id }) => !ids.has(id)).map((vm): VmNews => ({ change: "left", vm }));
  return [
    ...left,
    ...now.flatMap((vm): VmNews[] => {
      const known = before.get(vm.id);
      if (known === undefined) return [{ change: "listed", vm }];
      return lasting(known) === lasting(vm) ? [] : [{ change: "changed", vm }];
    }),
  ];
}

function lasting(vm: ListedVm): string {
  return JSON.stringify({ ...vm, latest: null });
}

export async function watchVms(context: CommandContext, query: VmQuery, flags: ListFlags): Promise<void> {
  const printer = newsPrinter(context, flags);
  let shown = new Map<string, ListedVm>();
  const look = async (): Promise<void> => {
    const vms = sortedRows(VM_LISTING, await fetchVms(context.client(), query, context.signal), flags.sort);
    const news = newsBetween(shown, vms);
    shown = new Map(vms.map((vm) => [vm.id, vm]));
    await printer(news);
  };
  await look();
  noteOutages(context);
  const bell = new Bell();
  const listening = Promise.all([
    ring(bell, context.client().subscribe(CHANGES, {}, context.signal)),
    query.where === null ? undefined : ring(bell, context.client().subscribe(MATCHES, { where: query.where }, context.signal)),
  ]);
  listening.catch((error: unknown) => bell.break(error));
  while (await bell.rung(context.signal)) {
    await until(SETTLE_MS, context.signal);
    if (!context.signal.aborted) await look().catch(ignoreOutage);
  }
}

/** The subscriptions come back with the server and ring then; a look between fails, which noteOutages says. */
function ignoreOutage(error: unknown): void {
  if (!(error instanceof Error && "kind" in error && error.kind === "unreachable")) throw error;
}

async function ring(bell: Bell, items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) if (item !== undefined) bell.ring();
}

/** Any number of rings before somebody listens count as one. */
class Bell {
  #isRung = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  break(error: unknown): void {
    this.#failure = { error };
    this.#wake?.();
  }

  /** True when it was rung, false when the signal came first. */
  async rung(signal: AbortSignal): Promise<boolean> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener("abort", stop);
    while (!this.#isRung && this.#failure === undefined && !signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
    signal.removeEventListener("abort", stop);
    if (this.#failure) throw this.#failure.error;
    this.#isRung = false;
    return !signal.aborted;
  }
}

/** Prints news as rows; the titles at first, and again where a column joins them. */
export function newsPrinter(context: CommandContext, flags: ListFlags): (news: readonly VmNews[]) => Promise<void> {
  const { format } = context;
  const steady = new SteadyColumns(VM_LISTING, flags, format === "csv" ? "all" : format === "wide" ? "wide" : "narrow");
  return async (news) => {
    if (format === "json" || format === "yaml") {
      for (const one of news) await (format === "json" ? printJsonLine : printYamlDocument)(context, one);
      return;
    }
    const vms = news.map(({ vm }) => vm);
    if (format === "name") {
      for (const vm of vms) await context.print(sanitise(VM_LISTING.name(vm)));
      return;
    }
    const { columns, areNew } = steady.taking(vms);
    const withTitles = areNew && flags.headers !== false;
    if (format === "csv") {
      if (withTitles) await context.print(csvLine(["change", ...columns.map(({ name }) => name)]));
      for (const { change, vm } of news) await context.print(csvLine([change, ...columns.map((column) => column.value(vm))]));
      return;
    }
    const lines = tableOf(columns, vms, sightOf(context), {}, context.paint, steady.widths);
    if (withTitles) await context.print(lines[0] ?? "");
    for (const [index, { change }] of news.entries()) await context.print(`${lines[index + 1] ?? ""}${change === "left" ? "  (no longer listed)" : ""}`);
  };
}
