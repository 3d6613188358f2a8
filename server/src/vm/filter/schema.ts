// The filter language in GraphQL: its fields, and the VMs that pass a filter, followed. The argument `where` of `vms` is
// in the VMs' own schema.
import { openFeed } from "../../feed.js";
import { builder } from "../../graphql/builder.js";
import { FILTER_FIELDS, type FilterFieldDefinition } from "./fields.js";
import type { VmMatches } from "./matches.js";

const FilterFieldRef = builder.objectRef<FilterFieldDefinition>("FilterField").implement({
  description: "A field of the filter language, as in `cpu>50`.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "As it is written in a filter." }),
    unit: t.string({
      nullable: true, description: 'What a number is counted in: "%", "bytes", "bytes/s", "1/s" or "time"; null for texts, yes/no and plain counts.',
      resolve: (field) => (field.kind === "number" ? field.measure.unit : null),
    }),
    description: t.exposeString("description", { description: "What it means, in one sentence." }),
    example: t.exposeString("example", { description: "A filter that uses it." }),
  }),
});

const VmMatchesRef = builder.objectRef<VmMatches>("VmMatches").implement({
  description: "The VMs that pass a filter, or why the text is none.",
  fields: (t) => ({
    ids: t.field({ type: ["ID"], description: "The whole set, by id; empty when the text is no filter.", resolve: ({ ids }) => ids as string[] }),
    error: t.exposeString("error", { nullable: true, description: "Why the text is no filter: the column, and what was expected there. Null: it is one." }),
    errorColumn: t.exposeInt("errorColumn", { nullable: true, description: "Where in the text, in characters from 1; null when there is no error." }),
  }),
});

builder.queryFields((t) => ({
  filterFields: t.field({ type: [FilterFieldRef], description: "The fields of the filter language, in the order to show them.", resolve: () => FILTER_FIELDS as FilterFieldDefinition[] }),
}));

builder.subscriptionFields((t) => ({
  vmsMatching: t.field({
    type: VmMatchesRef,
    description: "The VMs that pass a filter, at once and again whenever the set has changed (looked at after each tick and each change of a VM). A text that is no filter gives one item with its error.",
    args: { where: t.arg.string({ required: true, description: "A filter, e.g. `state:running cpu>50 label=web`; every VM passes the empty one." }) },
    extensions: { shared: "latest" },
    subscribe: (_, { where }, ctx) => openFeed(ctx.services.filters.follow(where), ctx.part),
    resolve: (item) => item.value,
  }),
}));
