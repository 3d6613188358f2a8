// The names that completion asks the server for: those of VMs, hosts, operations, tokens, rules and filter fields.
// Nobody waits for a shell's Tab: a short time, then nothing.
import { graphql } from "../../client/document.js";
import { sanitise, words } from "../../format.js";
import type { CommandContext } from "../context.js";
import { listingOf } from "../grammar/grammar.js";
import { LOCAL_CONTEXT } from "../../settings/model.js";
import { VM_STATES } from "../vm/state.js";
import type { Candidate, Place } from "./words.js";

const VMS = graphql(`query CompleteVms { vms(first: 1000) { nodes { id name state labels { key value } } } }`);
const HOSTS = graphql(`query CompleteHosts { hosts { id name connected } }`);
const OPERATIONS = graphql(`query CompleteOperations { operations(first: 50) { nodes { id kind vmId state } } }`);
const TOKENS = graphql(`query CompleteTokens { tokens { name role } }`);
const RULES = graphql(`query CompleteRules { alertRules { id where } }`);
const FIELDS = graphql(`query CompleteFields { filterFields { name description example } }`);

export async function namesFor(context: CommandContext, place: Extract<Place, { kind: "named" }>, typed: string, given: readonly string[], signal: AbortSignal): Promise<readonly Candidate[]> {
  const client = context.client.bind(context);
  switch (place.name) {
    case "vm": {
      const { vms } = await client().request(VMS, {}, signal);
      // One that is named already is not offered again.
      return vms.nodes.filter(({ id }) => !given.includes(id)).map(({ id, name, state }) => ({ text: id, about: name === id ? state.toLowerCase() : `${sanitise(name)}, ${state.toLowerCase()}` }));
    }
    case "host":
      return (await client().request(HOSTS, {}, signal)).hosts.map(({ name, connected }) => ({ text: name, about: connected ? "connected" : "not connected" }));
    case "operation":
      return (await client().request(OPERATIONS, {}, signal)).operations.nodes.map(({ id, kind, vmId, state }) => ({ text: id, about: sanitise(`${words(kind)} ${vmId}, ${words(state)}`) }));
    case "token":
      return (await client().request(TOKENS, {}, signal)).tokens.map(({ name, role }) => ({ text: name, about: role.toLowerCase() }));
    case "context":
      return [{ text: LOCAL_CONTEXT, about: "this machine's own server" }, ...context.config.settings.written.contexts.map(({ name, url }) => ({ text: name, about: sanitise(url) }))];
    case "rule":
      return (await client().request(RULES, {}, signal)).alertRules.map(({ id, where }) => ({ text: id, about: where }));
    case "label": {
      const { vms } = await client().request(VMS, {}, signal);
      return [...new Set(vms.nodes.flatMap(({ labels }) => labels.map(({ key, value }) => (value === "" ? key : `${key}=${value}`))))].map((text) => ({ text, about: "" }));
    }
    case "filter":
      return afterLast(typed, " ", (await client().request(FIELDS, {}, signal)).filterFields.map(({ name, description }) => ({ text: name, about: description })));
    case "state":
      return afterLast(typed, ",", VM_STATES.map((state) => ({ text: state.toLowerCase(), about: "" })));
    case "metric":
      return afterLast(typed, ",", [...(await import("../metrics.js")).SHORT.keys(), ...(await import("../metrics.js")).OF_VCPUS.keys(), "all"].map((text) => ({ text, about: "" })));
    case "columns":
      return afterLast(typed, ",", await columnsOf(place));
    case "column":
      return afterLast(typed, "-", await columnsOf(place));
    default:
      return [];
  }
}

async function columnsOf({ command }: Extract<Place, { kind: "named" }>): Promise<Candidate[]> {
  return ((await listingOf(command))?.columns ?? []).map(({ name }) => ({ text: name, about: "" }));
}

/** Completes what follows the last separator of a word that holds several. */
function afterLast(typed: string, separator: string, candidates: readonly Candidate[]): Candidate[] {
  const before = typed.slice(0, typed.lastIndexOf(separator) + 1);
  return candidates.map(({ text, about }) => ({ text: before + text, about }));
}
