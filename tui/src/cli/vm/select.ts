// Which VMs a command is about: named by id or name, or chosen by labels, state, text and the filter language, which the
// server alone understands.
import type { Client } from "../../client/client.js";
import { graphql } from "../../client/document.js";
import type { ResultOf, TypedDocument } from "../../client/document.js";
import { ClientError } from "../../client/error.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, markedFault } from "../exit.js";
import { vmNotFound } from "./definition.js";
import type { VmState } from "./state.js";

/** What a person gave to choose VMs by; all of it must hold. */
export interface Selector {
  readonly label?: readonly string[];
  /** Of the filter language. */
  readonly filter?: string;
  readonly state?: readonly VmState[];
  readonly search?: string;
  /** A host's name or id. */
  readonly host?: string;
}

/** As the API takes it. */
export interface VmQuery {
  readonly states: VmState[] | null;
  readonly labels: string[] | null;
  readonly search: string | null;
  readonly where: string | null;
}

/** `-l` takes labels as kubectl does ("tier=web,env"), and a term of the filter language about labels ("label=web"). */
const LABEL_TERM = /^!?label(\.[^=:]+)?\s*(!=|[=:~])/;

/** What the rules of a definition allow: another label could never match. */
const LABEL = /^[A-Za-z0-9._/-]{1,64}(=\P{Cc}{0,256})?$/u;

export function queryOf(selector: Selector): VmQuery {
  const given = (selector.label ?? []).flatMap((text) => (LABEL_TERM.test(text) ? [text] : text.split(","))).map((text) => text.trim()).filter((text) => text !== "");
  const odd = given.find((text) => !LABEL_TERM.test(text) && /^!|!=/.test(text));
  if (odd !== undefined) {
    throw new CommandError(EXIT.usage, "Usage", `-l takes key and key=value, not "${sanitise(odd)}": --filter 'not label.KEY=VALUE' says what must not hold.`);
  }
  const labels = given.filter((text) => !LABEL_TERM.test(text));
  const impossible = labels.find((text) => !LABEL.test(text));
  if (impossible !== undefined) {
    throw new CommandError(EXIT.usage, "Usage", `-l takes key and key=value, not "${sanitise(impossible)}": a key is made of 1 to 64 of A-Z a-z 0-9 . _ - /, a value has at most 256 characters.`);
  }
  const terms = [...given.filter((text) => LABEL_TERM.test(text)), ...(selector.host === undefined ? [] : [`host=${quoted(selector.host)}`])];
  // The person's own text comes first and alone where it can, so that a fault's column is that of what was typed.
  const own = selector.filter?.trim() === "" ? undefined : selector.filter;
  const where = own === undefined ? terms.join(" ") : terms.length === 0 ? own : `(${own}) ${terms.join(" ")}`;
  return { states: selector.state ? [...selector.state] : null, labels: labels.length === 0 ? null : labels, search: selector.search === "" ? null : (selector.search ?? null), where: where === "" ? null : where };
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

export function isSelecting(selector: Selector): boolean {
  return selector.label !== undefined || selector.filter !== undefined || selector.state !== undefined || selector.search !== undefined || selector.host !== undefined;
}

/** The failure of a filter that is none: the server's sentence, the text, and a mark below the place. */
export function filterFault(error: unknown, query: Pick<VmQuery, "where">): unknown {
  if (!(error instanceof ClientError) || error.column === undefined || query.where === null) return error;
  return new CommandError(EXIT.usage, "InvalidInput", markedFault(error.message, query.where, error.column), "filter.where");
}

/** VMs asked for at once: a page is a few hundred kB at most. */
const PAGE_SIZE = 100;

interface Page<Node> {
  readonly vms: { readonly nodes: readonly Node[]; readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null } };
}
export interface PageVariables {
  readonly first: number;
  readonly after: string | null;
  readonly filter: VmQuery;
}

/** Every VM that passes, page by page. */
export async function everyVm<Node>(client: Client, document: TypedDocument<Page<Node>, PageVariables>, query: VmQuery, signal: AbortSignal): Promise<Node[]> {
  const nodes: Node[] = [];
  let after: string | null = null;
  for (;;) {
    let page: Page<Node>;
    try {
      page = await client.request(document, { first: PAGE_SIZE, after, filter: query }, signal);
    } catch (error) {
      throw filterFault(error, query);
    }
    nodes.push(...page.vms.nodes);
    const { hasNextPage, endCursor } = page.vms.pageInfo;
    if (!hasNextPage || endCursor === null) return nodes;
    after = endCursor;
  }
}

const TARGET = graphql(`fragment Target on Vm { id name state }`);
const TARGETS = graphql(
  `query Targets($first: Int!, $after: String, $filter: VmFilter) {
    vms(first: $first, after: $after, filter: $filter, sort: { field: NAME }) { nodes { ...Target } pageInfo { hasNextPage endCursor } }
  }`,
  [TARGET],
);
const NAMED = graphql(
  `query NamedVm($id: ID!, $named: VmFilter) {
    vm(id: $id) { ...Target }
    vms(first: 100, filter: $named) { nodes { ...Target } }
  }`,
  [TARGET],
);

export interface Target {
  readonly id: string;
  readonly name: string;
  /** Null where no such VM is known: whoever is asked next says so. */
  readonly state: VmState | null;
}

export interface Chosen extends Selector {
  /** Ids or names, as typed. */
  readonly vms: readonly string[];
  readonly all?: boolean;
}

/** The VMs meant, each once. Throws where nothing was said, too much, or nothing matches. */
export async function chooseVms(context: CommandContext, chosen: Chosen): Promise<Target[]> {
  const { vms, all } = chosen;
  const ways = [vms.length > 0 && "names", isSelecting(chosen) && "a selector", all && "--all"].filter((way) => way !== false && way !== undefined);
  if (ways.length === 0) throw new CommandError(EXIT.usage, "Usage", "No VM is named: give ids or names, a selector (-l, --filter, --state, --search, --host), or --all.");
  if (ways.length > 1) throw new CommandError(EXIT.usage, "Usage", `Give either ${ways.join(" or ")}: together it is not plain which VMs are meant.`);
  if (vms.length > 0) {
    const targets = await Promise.all([...new Set(vms)].map((text) => namedVm(context, text)));
    return [...new Map(targets.map((target) => [target.id, target])).values()];
  }
  const query = queryOf(chosen);
  if (!all && Object.values(query).every((part) => part === null)) {
    throw new CommandError(EXIT.usage, "Usage", "The selector is empty and would mean every VM: --all says that.");
  }
  const targets = await everyVm<ResultOf<typeof TARGET>>(context.client(), TARGETS, query, context.signal);
  if (targets.length === 0) {
    throw new CommandError(EXIT.notFound, "NothingMatches", all ? "There is no VM: 'quetzal apply PATH' or 'quetzal vm create' defines some." : "No VM matches the selector, so nothing was done: 'quetzal vm ls' takes the same one.");
  }
  return targets;
}

/** As the daemon's rules of a definition have it: what is longer is no name, and may be no filter. */
const MAX_NAME_CHARACTERS = 64;

/** A VM by id, else by its name; an id comes before a name. */
export async function namedVm(context: CommandContext, text: string): Promise<Target> {
  // A name as a whole, in any case: part of one may be part of more than a page holds.
  const named = text === "" || Array.from(text).length > MAX_NAME_CHARACTERS ? { search: text } : { where: `name=${quoted(text)}` };
  const { vm, vms } = await context.client().request(NAMED, { id: text, named }, context.signal);
  return vm ?? vms.nodes.find(({ name }) => name === text) ?? { id: text, name: text, state: null };
}

/** The id of a VM whose past is asked for: one that is gone has it by its id alone. Throws where nothing is known of it. */
export async function vmWithPast(context: CommandContext, text: string, hasPast: (id: string) => Promise<boolean>): Promise<string> {
  const { id, state } = await namedVm(context, text);
  if (state === null && !(await hasPast(id))) throw vmNotFound(text);
  return id;
}
