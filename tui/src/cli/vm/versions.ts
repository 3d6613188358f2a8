// `quetzal vm versions VM`: the definitions that a VM has and had, and what each changed.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatAge, sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import type { ListFlags, Listing } from "../output/listing.js";
import { printList, printValue } from "../output/print.js";
import { vmNotFound } from "./definition.js";
import { namedVm } from "./select.js";

const VERSIONS = graphql(`
  query VmVersions($id: ID!, $first: Int) {
    vm(id: $id) { versions(first: $first) { generation time actor changes definition } }
  }
`);

type Version = NonNullable<ResultOf<typeof VERSIONS>["vm"]>["versions"][number];

export const VERSION_LISTING: Listing<Version> = {
  name: ({ generation }) => generation,
  empty: "No definition is kept.",
  columns: [
    { name: "generation", align: "right", value: ({ generation }) => Number(generation), cell: ({ generation }) => generation },
    { name: "age", align: "right", value: ({ time }) => time, cell: ({ time }, { nowMs }) => formatAge(time, nowMs) },
    { name: "by", value: ({ actor }) => actor, cell: ({ actor }) => (actor === null ? UNKNOWN : sanitise(actor)) },
    { name: "changes", value: ({ changes }) => changes.join(", "), cell: ({ changes }) => (changes.length === 0 ? "(the oldest)" : sanitise(changes.join(", "))) },
  ],
};

export interface VersionsOptions extends ListFlags {
  readonly last: number;
  /** Print the definition of this generation alone. */
  readonly generation?: string;
}

export async function listVersions(context: CommandContext, name: string, options: VersionsOptions): Promise<void> {
  const { id } = await namedVm(context, name);
  const { vm } = await context.client().request(VERSIONS, { id, first: options.last }, context.signal);
  if (vm === null) throw vmNotFound(id);
  const { generation } = options;
  if (generation === undefined) return printList(context, VERSION_LISTING, vm.versions, options);
  const version = vm.versions.find((one) => one.generation === generation);
  if (version === undefined) {
    throw new CommandError(EXIT.notFound, "VersionNotFound", `${sanitise(id)} has no definition of generation ${sanitise(generation)} among those asked for: 'quetzal vm versions ${sanitise(id)}' lists them.`);
  }
  await printValue(context, version.definition);
}
