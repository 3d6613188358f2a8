// `quetzal vm ls`: the VMs and their newest figures, a row each.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { UNKNOWN, formatAge, formatByteRate, formatBytes, formatPercent, sanitise } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { CommandContext } from "./context.js";
import { tableLines } from "./table.js";
import type { Column } from "./table.js";
import { stateColour, stateSymbol } from "./vm-state.js";
import type { VmState } from "./vm-state.js";

/** VMs asked for at once: a page is a few hundred kB at most. */
const PAGE_SIZE = 100;

const HOSTS = graphql(`query VmListHosts { hosts { name connected connectionError } }`);
const VM_LIST = graphql(`
  query VmList($first: Int!, $after: String, $filter: VmFilter) {
    vms(first: $first, after: $after, filter: $filter, sort: { field: NAME }) {
      nodes {
        id name state stateSince startedAt vcpus memoryBytes accelerator protected autostart restartRequired
        labels { key value }
        latest {
          time cpuRatio guestTotalBytes guestAvailableBytes rssBytes
          diskReadBytesPerSecond diskWriteBytesPerSecond networkRxBytesPerSecond networkTxBytesPerSecond
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export type ListedVm = ResultOf<typeof VM_LIST>["vms"]["nodes"][number];

export interface VmListOptions {
  readonly state?: readonly VmState[];
  readonly label?: readonly string[];
  readonly search?: string;
  /** Of the filter language. */
  readonly filter?: string;
}

export async function listVms(context: CommandContext, options: VmListOptions): Promise<void> {
  const [vms, { hosts }] = await Promise.all([fetchVms(context.client(), options, context.signal), context.client().request(HOSTS, {}, context.signal)]);
  for (const { name, connectionError } of hosts.filter(({ connected }) => !connected)) {
    context.note(`Host ${sanitise(name)} is not connected (${sanitise(connectionError ?? "no reason known")}): the states of its VMs are the last known.`);
  }
  if (context.format === "json") return printJson(context, vms);
  if (vms.length === 0) {
    context.note("No VM matches. Define some with 'quetzal apply PATH'.");
    return;
  }
  await printLines(context, vmTable(context, vms));
}

async function fetchVms(client: Client, options: VmListOptions, signal: AbortSignal): Promise<ListedVm[]> {
  const filter = { states: options.state ? [...options.state] : null, labels: options.label ? [...options.label] : null, search: options.search ?? null, where: options.filter ?? null };
  const vms: ListedVm[] = [];
  let after: string | null = null;
  for (;;) {
    const page: ResultOf<typeof VM_LIST> = await client.request(VM_LIST, { first: PAGE_SIZE, after, filter }, signal);
    vms.push(...page.vms.nodes);
    const { hasNextPage, endCursor } = page.vms.pageInfo;
    if (!hasNextPage || endCursor === null) return vms;
    after = endCursor;
  }
}

const COLUMNS: readonly Column[] = [
  { title: "  ID" },
  { title: "STATE" },
  { title: "CPU%", align: "right" },
  { title: "GUEST", align: "right" },
  { title: "MEMORY", align: "right" },
  { title: "DISK", align: "right" },
  { title: "NET IN", align: "right" },
  { title: "NET OUT", align: "right" },
  { title: "AGE", align: "right" },
];
const NAME_COLUMN: Column = { title: "NAME" };
const STATE_COLUMN = 1;

/** Names get a column only where one says more than its id. */
export function vmTable(context: Pick<CommandContext, "config" | "paint" | "nowMs">, vms: readonly ListedVm[]): string[] {
  const withNames = vms.some((vm) => vm.name !== vm.id);
  const columns = withNames ? [...COLUMNS, NAME_COLUMN] : COLUMNS;
  const rows = vms.map((vm) => [...vmCells(vm, context.config.characters, context.nowMs()), ...(withNames ? [sanitise(vm.name)] : [])]);
  return tableLines(columns, rows, (cell, y, x) => {
    const vm = vms[y];
    return vm && x === STATE_COLUMN ? context.paint(stateColour(vm.state), cell) : cell;
  });
}

function vmCells(vm: ListedVm, characters: "unicode" | "ascii", nowMs: number): string[] {
  const { latest } = vm;
  const isGuestKnown = latest?.guestTotalBytes !== null && latest?.guestTotalBytes !== undefined && latest.guestAvailableBytes !== null;
  return [
    `${stateSymbol(vm.state, characters)} ${sanitise(vm.id)}`,
    vm.state.toLowerCase(),
    formatPercent(latest?.cpuRatio),
    isGuestKnown ? formatBytes((latest.guestTotalBytes ?? 0) - (latest.guestAvailableBytes ?? 0)) : UNKNOWN,
    formatBytes(vm.memoryBytes),
    formatByteRate(sum(latest?.diskReadBytesPerSecond, latest?.diskWriteBytesPerSecond)),
    formatByteRate(latest?.networkRxBytesPerSecond),
    formatByteRate(latest?.networkTxBytesPerSecond),
    formatAge(vm.startedAt, nowMs),
  ];
}

/** Unknown when either is. */
function sum(a: number | null | undefined, b: number | null | undefined): number | null {
  return a === null || a === undefined || b === null || b === undefined ? null : a + b;
}
