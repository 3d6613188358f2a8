// `quetzal memory fit`: how many more VMs of a kind a host would take, and what that estimate stands on.
import { graphql } from "../../client/document.js";
import { formatBytes, sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { hostNamed } from "../host.js";
import { printRecord } from "../output/print.js";
import { namedVm } from "../vm/select.js";

const FIT = graphql(`query HowManyFit($input: HowManyFitInput!) { howManyFit(input: $input) { count limitedBy perVmBytes basis } }`);

export interface FitOptions {
  /** Bytes. */
  readonly memory?: number;
  readonly vcpus?: number;
  readonly feature?: readonly string[];
  readonly domain?: string;
  readonly like?: string;
  readonly host?: string;
}

export async function howManyFit(context: CommandContext, options: FitOptions): Promise<void> {
  const { memory, vcpus, feature, domain, like, host } = options;
  const input = {
    memoryBytes: memory ?? null, vcpus: vcpus ?? null, features: feature === undefined ? null : [...feature], sharingDomain: domain ?? null,
    like: like === undefined ? null : (await namedVm(context, like)).id, hostId: host === undefined ? null : (await hostNamed(context, host)).id,
  };
  const { howManyFit: estimate } = await context.client().request(FIT, { input }, context.signal);
  await printRecord(context, estimate, {
    name: String(estimate.count),
    lines: () => [
      `${estimate.count} more would fit at ${formatBytes(estimate.perVmBytes)} each; ${estimate.limitedBy === "CPU" ? "CPU" : "memory"} runs out first.`,
      ...estimate.basis.map((sentence) => `  ${sanitise(sentence)}`),
    ],
  });
}
