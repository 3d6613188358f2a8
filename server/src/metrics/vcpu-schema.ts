// The history of each vCPU in GraphQL.
import { builder } from "../graphql/builder.js";
import { described } from "../graphql/enums.js";
import { HistoryRef, TimeRangeInput, VmRef } from "../graphql/refs.js";
import type { AnyHistory, VcpuHistory } from "./model.js";
import { VCPU_METRICS } from "./vcpus.js";

const VcpuMetricEnum = builder.enumType("VcpuMetric", {
  description: "A metric of one vCPU with a history.",
  values: described({ RATIO: VCPU_METRICS.RATIO.meaning, STEAL_RATIO: VCPU_METRICS.STEAL_RATIO.meaning }),
});

export const VcpuHistoryRef = builder.objectRef<VcpuHistory>("VcpuHistory").implement({
  description: "What is kept of one vCPU of a VM.",
  fields: (t) => ({
    index: t.exposeInt("index", { description: "Number of the vCPU, from 0." }),
    history: t.field({ type: HistoryRef, description: "Its metrics; null where nothing was recorded, and where the VM had not so many vCPUs.", resolve: ({ history }): AnyHistory => history }),
  }),
});

export const VCPU_HISTORY = "one for each vCPU of which anything is kept in the span, by index; each of them has the steps of `history`. Kept as long as the VM's own, of mean and max alike.";

/** The arguments of a history of vCPUs. */
export const vcpuHistoryArgs = builder.args((t) => ({
  range: t.field({ type: TimeRangeInput, required: true, description: "The span of time." }),
  stepSeconds: t.int({ description: "Length of a step in seconds; null: the server chooses." }),
  metrics: t.field({ type: [VcpuMetricEnum], required: true, description: "Which metrics." }),
}));

builder.objectField(VmRef, "vcpuHistory", (t) =>
  t.field({
    type: [VcpuHistoryRef], description: `History of each vCPU: ${VCPU_HISTORY}`, args: vcpuHistoryArgs,
    resolve: (vm, { range, stepSeconds, metrics }, ctx) =>
      ctx.services.metrics.vcpuHistory(vm.id, metrics, { from: range.from, to: range.to ?? null, stepSeconds: stepSeconds ?? null }),
  }));
