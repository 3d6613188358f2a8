// `quetzal vm ls`: the VMs and their newest figures, a row each; with --watch, the rows that change.
import type { Client } from "../../client/client.js";
import { graphql } from "../../client/document.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import type { ListFlags } from "../output/listing.js";
import { printList } from "../output/print.js";
import { VM_LIST, VM_LISTING } from "./columns.js";
import type { ListedVm } from "./columns.js";
import { everyVm, isSelecting, queryOf } from "./select.js";
import type { Selector, VmQuery } from "./select.js";

const HOSTS = graphql(`query VmListHosts { hosts { name connected connectionError } }`);

const NONE_MATCHES = "No VM matches the selector: 'quetzal vm ls' without it lists all.";

export interface VmListOptions extends Selector, ListFlags {
  readonly watch?: boolean;
}

export async function listVms(context: CommandContext, options: VmListOptions): Promise<void> {
  const query = queryOf(options);
  if (options.watch) return (await import("./watch.js")).watchVms(context, query, options);
  const [vms] = await Promise.all([fetchVms(context.client(), query, context.signal), noteAwayHosts(context)]);
  await printList(context, isSelecting(options) ? { ...VM_LISTING, empty: NONE_MATCHES } : VM_LISTING, vms, options);
}

export function fetchVms(client: Client, query: VmQuery, signal: AbortSignal): Promise<ListedVm[]> {
  return everyVm(client, VM_LIST, query, signal);
}

/** What is shown of a host that is away is old: that must be said beside it. */
async function noteAwayHosts(context: CommandContext): Promise<void> {
  const { hosts } = await context.client().request(HOSTS, {}, context.signal);
  for (const { name, connectionError } of hosts.filter(({ connected }) => !connected)) {
    context.note(`Host ${sanitise(name)} is not connected (${sanitise(connectionError ?? "no reason known")}): the states of its VMs are the last known.`);
  }
}
