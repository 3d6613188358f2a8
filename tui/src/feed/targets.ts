// Changes what a VM's memory and vCPUs are to be: each target as a deed, judged while it is typed and carried out as any
// verb is. It knows no key and no screen.
import { graphql } from "../client/document.js";
import type { Client } from "../client/client.js";
import type { BulkVerb, Judgement } from "../store/bulk.js";
import { bytesOfAmount, parseTarget } from "../store/targets.js";
import type { Amount, TargetKind, TargetPrompt } from "../store/targets.js";
import type { Deed } from "./deeds.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";
import { Rounds } from "./rounds.js";
import { VERB_ANSWER, toAsked, toJudgement } from "./verbs.js";

/** A text must stand this long before it is judged: a number that is typed is one question. */
export const JUDGED_AFTER_MS = 150;
/** And is judged again after this: what the guest has moves, and its figures come once a second. */
export const JUDGED_AGAIN_AFTER_MS = 1_500;

const BALLOON = graphql(`mutation DashboardBalloon($id: ID!, $bytes: Bytes!, $key: String, $dryRun: Boolean!) { answer: setVmBalloon(input: { id: $id, targetBytes: $bytes, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]);
const MEMORY_SIZE = graphql(`mutation DashboardMemorySize($id: ID!, $bytes: Bytes!, $key: String, $dryRun: Boolean!) { answer: resizeVmMemory(input: { id: $id, targetBytes: $bytes, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]);
const PAGE_OUT = graphql(`mutation DashboardPageOut($id: ID!, $bytes: Bytes, $key: String, $dryRun: Boolean!) { answer: pageOutVm(input: { id: $id, bytes: $bytes, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]);
const VCPUS = graphql(`mutation DashboardVcpus($id: ID!, $count: Int!, $key: String, $dryRun: Boolean!) { answer: setVmVcpus(input: { id: $id, count: $count, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]);
const CONTROL = graphql(`mutation DashboardControl($id: ID!, $control: MemoryControl!, $key: String, $dryRun: Boolean!) { answer: setVmMemoryPolicy(input: { id: $id, control: $control, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]);

export const TARGET_VERBS: Readonly<Record<TargetKind, BulkVerb>> = { balloon: "BALLOON", memorySize: "MEMORY_SIZE", vcpus: "VCPUS", pageOut: "PAGE_OUT", memoryControl: "CONTROL" };

/** `memoryOf` says what a share is a share of. */
export function targetDeed(what: TargetKind, amount: Amount, memoryOf: (vmId: string) => number): Deed {
  const request = async (client: Client, id: string, key: string | null) => {
    const asked = { id, key, dryRun: key === null };
    const bytes = bytesOfAmount(amount, memoryOf(id));
    switch (what) {
      case "balloon": return (await client.request(BALLOON, { ...asked, bytes: bytes ?? 0 })).answer;
      case "memorySize": return (await client.request(MEMORY_SIZE, { ...asked, bytes: bytes ?? 0 })).answer;
      case "pageOut": return (await client.request(PAGE_OUT, { ...asked, bytes })).answer;
      case "vcpus": return (await client.request(VCPUS, { ...asked, count: amount.unit === "count" ? amount.count : 0 })).answer;
      case "memoryControl": return (await client.request(CONTROL, { ...asked, control: amount.unit === "control" ? amount.control : "OFF" })).answer;
    }
  };
  return {
    judge: async (client, vmId) => toJudgement(await request(client, vmId, null)),
    ask: async (client, vmId, key) => toAsked(await request(client, vmId, key)),
  };
}

/** Has the text of an open target prompt judged, again and again while it stands; of several VMs the plan says it of each. */
export class TargetFeed implements Disposable {
  private readonly rounds = new Rounds(JUDGED_AGAIN_AFTER_MS);

  constructor(private readonly client: Client, private readonly store: Store) {}

  lookedAt(): void {
    const { prompt } = this.store.state.ui;
    if (prompt?.kind !== "target" || prompt.vmIds.length !== 1) this.rounds.want(null);
    else this.rounds.want({ key: JSON.stringify([prompt.what, prompt.vmIds, prompt.text]), ask: (signal) => this.judge(prompt, signal) });
  }

  [Symbol.dispose](): void {
    this.rounds[Symbol.dispose]();
  }

  private async judge({ what, text, vmIds }: TargetPrompt, signal: AbortSignal): Promise<"again" | "for good"> {
    const [vmId] = vmIds;
    const parsed = parseTarget(what, text);
    if (vmId === undefined || !parsed.fits) return "for good";
    await pause(JUDGED_AFTER_MS, signal);
    if (signal.aborted) return "for good";
    const deed = targetDeed(what, parsed.amount, (id) => this.store.state.vms.get(id)?.memoryBytes ?? 0);
    const judgement = await deed.judge(this.client, vmId).catch((error: unknown): Judgement => ({ can: false, reason: reasonOf(error) }));
    this.store.dispatch({ type: "targetJudged", what, vmId, text, judgement });
    return "again";
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
