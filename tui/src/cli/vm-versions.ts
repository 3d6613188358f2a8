// `quetzal vm versions ID`: the definitions that a VM has and had, and what each changed.
import { graphql } from "../client/document.js";
import { UNKNOWN, formatAge, sanitise } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import { tableLines } from "./table.js";
import { vmNotFound } from "./vm-show.js";

const VERSIONS = graphql(`
  query VmVersions($id: ID!, $first: Int) {
    vm(id: $id) { versions(first: $first) { generation time actor changes definition } }
  }
`);

export interface VersionsOptions {
  readonly last: number;
  /** Print the definition of this generation alone. */
  readonly generation?: string;
}

export async function listVersions(context: CommandContext, id: string, options: VersionsOptions): Promise<void> {
  const { vm } = await context.client().request(VERSIONS, { id, first: options.last }, context.signal);
  if (vm === null) throw vmNotFound(id);
  if (options.generation !== undefined) {
    const version = vm.versions.find(({ generation }) => generation === options.generation);
    if (version === undefined) throw new CommandError(EXIT.notFound, "VersionNotFound", `${sanitise(id)} has no definition of generation ${sanitise(options.generation)}; 'quetzal vm versions ${sanitise(id)}' lists those that are kept.`);
    return printJson(context, version.definition);
  }
  if (context.format === "json") return printJson(context, vm.versions);
  const columns = [{ title: "GENERATION", align: "right" as const }, { title: "AGE", align: "right" as const }, { title: "BY" }, { title: "CHANGES" }];
  const rows = vm.versions.map(({ generation, time, actor, changes }, index) => [
    generation, formatAge(time, context.nowMs()), actor === null ? UNKNOWN : sanitise(actor), changes.length === 0 && index === vm.versions.length - 1 ? "(the oldest kept)" : sanitise(changes.join(", ")),
  ]);
  await printLines(context, tableLines(columns, rows, (cell) => cell));
}
