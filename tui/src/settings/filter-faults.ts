// Has the filters of config.yaml judged by the server, whose language they are: each wrong one is a fault of its line.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import { ClientError } from "../client/error.js";
import type { SettingsFault, WrittenFilter } from "./model.js";

const IS_FILTER = graphql(`query SettingsFilter($where: String!) { vms(first: 1, filter: { where: $where }) { nodes { id } } }`);

/** Filters judged: more than anybody keeps, and few enough to ask one after the other. */
const FILTERS_JUDGED_MAX = 100;

/** Throws a ClientError when nobody answers. */
export async function filterFaults(client: Client, filters: readonly WrittenFilter[], signal?: AbortSignal): Promise<(SettingsFault & { readonly filter: WrittenFilter })[]> {
  const faults = [];
  for (const filter of filters.slice(0, FILTERS_JUDGED_MAX)) {
    const reason = await whyNone(client, filter.text, signal);
    if (reason === null) continue;
    const what = filter.of === "view" ? `The filter of the view "${filter.name}" is left out` : `The where of the command "${filter.name}" is no filter, so the command is refused`;
    faults.push({ line: filter.line, text: `${what}: ${reason}`, filter });
  }
  return faults;
}

/** Why a text is no filter; null: it is one. */
async function whyNone(client: Client, where: string, signal?: AbortSignal): Promise<string | null> {
  try {
    await client.request(IS_FILTER, { where }, signal);
    return null;
  } catch (error) {
    // Only a fault in the text has a place in it.
    if (error instanceof ClientError && error.kind === "graphql" && error.column !== undefined) return error.message;
    throw error;
  }
}
