// `quetzal memory decisions`: what the memory controller decided, of one VM or of all, and what it decides from now on.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatBytes, sanitise, words } from "../../format.js";
import { noteOutages } from "../context.js";
import type { CommandContext } from "../context.js";
import type { ListFlags, Listing } from "../output/listing.js";
import { printList, rowPrinter } from "../output/print.js";
import { vmNotFound } from "../vm/definition.js";
import { namedVm } from "../vm/select.js";

const DECISION = graphql(`fragment CliDecision on MemoryDecision {
  time vmId action fromBytes toBytes reason carriedOut state hostAvailableBytes guestAvailableBytes guestTotalBytes effectBytes
}`);
const OF_VM = graphql(`query VmDecisions($id: ID!, $first: Int!) { vm(id: $id) { memoryDecisions(first: $first) { ...CliDecision } } }`, [DECISION]);
const OF_HOSTS = graphql(`query HostDecisions($first: Int!) { hosts { memoryDecisions(first: $first) { ...CliDecision } } }`, [DECISION]);
const FOLLOW = graphql(`subscription FollowDecisions($vmId: ID) { memoryDecided(vmId: $vmId) { ...CliDecision } }`, [DECISION]);

type Decision = ResultOf<typeof DECISION>;

/** What the API gives at most. */
const MAX_DECISIONS = 500;

function doneWords({ action, fromBytes, toBytes }: Decision): string {
  return action === "BALLOON" ? `${formatBytes(fromBytes)} → ${formatBytes(toBytes)}` : action === "PAGE_OUT" ? formatBytes(toBytes) : "";
}

export const DECISION_LISTING: Listing<Decision> = {
  name: ({ vmId }) => vmId,
  empty: "The memory controller has decided nothing of late. 'quetzal memory set VM --control on' lets it.",
  columns: [
    { name: "time", value: ({ time }) => time, cell: ({ time }) => time.slice(0, 19).replace("T", " ") },
    { name: "vm", value: ({ vmId }) => vmId, cell: ({ vmId }) => sanitise(vmId) },
    { name: "action", value: ({ action }) => words(action), cell: ({ action }) => words(action) },
    { name: "from", shown: "wide", align: "right", value: ({ fromBytes }) => fromBytes, cell: ({ fromBytes }) => formatBytes(fromBytes) },
    { name: "to", title: "BYTES", value: ({ toBytes }) => toBytes, cell: doneWords },
    { name: "done", value: ({ carriedOut }) => carriedOut, cell: ({ carriedOut }) => (carriedOut ? "yes" : "no"), colour: ({ carriedOut }) => (carriedOut ? "green" : "grey") },
    { name: "effect", align: "right", value: ({ effectBytes }) => (effectBytes === null ? null : Number(effectBytes)), cell: ({ effectBytes }) => (effectBytes === null ? UNKNOWN : formatBytes(Number(effectBytes))) },
    { name: "state", value: ({ state }) => state.toLowerCase(), cell: ({ state }) => state.toLowerCase() },
    { name: "host.available", title: "HOST AVAILABLE", shown: "wide", align: "right", value: ({ hostAvailableBytes }) => hostAvailableBytes, cell: ({ hostAvailableBytes }) => formatBytes(hostAvailableBytes) },
    { name: "guest.available", title: "GUEST AVAILABLE", shown: "wide", align: "right", value: ({ guestAvailableBytes }) => guestAvailableBytes, cell: ({ guestAvailableBytes }) => formatBytes(guestAvailableBytes) },
    { name: "reason", value: ({ reason }) => reason, cell: ({ reason }) => sanitise(reason) },
  ],
};

export interface DecisionsOptions extends ListFlags {
  /** How many of the newest. */
  readonly last: number;
  readonly follow?: boolean;
}

/** Oldest first, as they were made. */
export async function listDecisions(context: CommandContext, name: string | undefined, options: DecisionsOptions): Promise<void> {
  const id = name === undefined ? null : (await namedVm(context, name)).id;
  const known = await newest(context, id, Math.min(options.last, MAX_DECISIONS));
  if (!options.follow) return printList(context, DECISION_LISTING, known, options);
  const print = rowPrinter(context, DECISION_LISTING, options);
  await print(known);
  noteOutages(context);
  for await (const { memoryDecided } of context.client().subscribe(FOLLOW, { vmId: id }, context.signal)) await print([memoryDecided]);
}

/** All that is kept of one VM, oldest first. */
export function newestOf(context: CommandContext, vmId: string): Promise<Decision[]> {
  return newest(context, vmId, MAX_DECISIONS);
}

async function newest(context: CommandContext, id: string | null, first: number): Promise<Decision[]> {
  if (id === null) {
    const { hosts } = await context.client().request(OF_HOSTS, { first }, context.signal);
    return hosts.flatMap(({ memoryDecisions }) => memoryDecisions).sort((a, b) => Date.parse(a.time) - Date.parse(b.time)).slice(-first);
  }
  const { vm } = await context.client().request(OF_VM, { id, first }, context.signal);
  if (vm === null) throw vmNotFound(id);
  return vm.memoryDecisions.toReversed();
}
