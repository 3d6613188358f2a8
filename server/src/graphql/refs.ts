// Types that several nouns mention, named here and implemented in the noun's own schema.ts, so that nouns need not import
// each other's schemas in a circle.
import type { Event } from "../event/log.js";
import type { Host } from "../host/model.js";
import type { AnyHistory, HostSample, VmSample } from "../metrics/model.js";
import type { Operation } from "../operation/store.js";
import type { Vm } from "../vm/model.js";
import { builder } from "./builder.js";

export const VmRef = builder.objectRef<Vm>("Vm");
export const HostRef = builder.objectRef<Host>("Host");
export const OperationRef = builder.objectRef<Operation>("Operation");
export const EventRef = builder.objectRef<Event>("Event");
export const VmSampleRef = builder.objectRef<VmSample>("VmSample");
export const HostSampleRef = builder.objectRef<HostSample>("HostSample");
export const HistoryRef = builder.objectRef<AnyHistory>("History");

export const TimeRangeInput = builder.inputRef<{ from: Date; to?: Date | null }>("TimeRangeInput").implement({
  description: "A span of time, `from` included and `to` not.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", required: true, description: "Start of the span." }),
    to: t.field({ type: "DateTime", description: "End of the span; null: now." }),
  }),
});

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export const PageInfoRef = builder.objectRef<PageInfo>("PageInfo").implement({
  description: "Where a page lies in its list.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNextPage", { description: "Whether more follows this page." }),
    hasPreviousPage: t.exposeBoolean("hasPreviousPage", { description: "Whether something precedes this page." }),
    startCursor: t.exposeString("startCursor", { nullable: true, description: "Cursor of the page's first edge; null when it is empty." }),
    endCursor: t.exposeString("endCursor", { nullable: true, description: "Cursor of the page's last edge, for `after`; null when it is empty." }),
  }),
});
