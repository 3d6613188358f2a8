// Carries out one verb on several VMs: judges each first, then asks a few at a time and watches each to its end. What
// it learns goes into the store; it knows no key and no screen.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../client/client.js";
import { ClientError } from "../client/error.js";
import { doable, summaryOf, verbWords } from "../store/bulk.js";
import type { BulkItem, BulkVerb } from "../store/bulk.js";
import type { Operation, Vm } from "../store/model.js";
import { page } from "../store/select.js";
import type { Deed } from "./deeds.js";
import { CANCEL, OPERATION } from "./documents.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";
import type { Asked } from "./verbs.js";
import { toOperation } from "./wire.js";

/** Judgements asked for at a time: each is a few milliseconds of the server. */
const JUDGED_AT_ONCE = 8;
/** Operations under way at a time: more guests booting at once only slow each other down. */
export const UNDER_WAY_AT_ONCE = 4;
/** Tries to reach the server with one question, and the wait between them: a restart of it takes a few seconds. */
const TRIES = 5;
const RETRY_MS = 1_000;

interface Work { deed: Deed; group: string; undoes: ReadonlyMap<string, string> | undefined }
type Change = Partial<Pick<BulkItem, "step" | "operationId" | "progressRatio" | "cancellable" | "reason">>;

export class BulkRunner implements Disposable {
  private stopped = new AbortController();
  private work: Work | null = null;

  constructor(private readonly client: Client, private readonly store: Store) {}

  /**
   * Opens the plan and asks of each VM what would happen. A plan still open is given up for it. `undoes` names the
   * operation of each VM that it would undo; what undoes is not itself remembered for undoing.
   */
  plan(verb: BulkVerb, deed: Deed, vms: readonly Pick<Vm, "id" | "label">[], undoes?: ReadonlyMap<string, string>): void {
    this.stopped.abort();
    this.stopped = new AbortController();
    const { signal } = this.stopped;
    this.work = { deed, group: randomUUID(), undoes };
    this.store.dispatch({ type: "bulkPlan", verb, vms: vms.map(({ id, label }) => ({ id, label })) });
    void eachOf(vms, JUDGED_AT_ONCE, async ({ id }) => {
      if (signal.aborted) return;
      const judgement = await deed.judge(this.client, id).catch((error: unknown) => ({ can: false, reason: reasonOf(error) }) as const);
      if (!isOver(signal)) this.store.dispatch({ type: "bulkJudged", vmId: id, judgement });
    });
  }

  /** Carries the plan out, which must be complete. */
  start(): void {
    const { bulk } = this.store.state.ui;
    const { work } = this;
    if (bulk?.phase !== "planned" || work === null) return;
    const { signal } = this.stopped;
    this.store.dispatch({ type: "bulkStart" });
    void eachOf(doable(bulk), UNDER_WAY_AT_ONCE, (item) => this.carryOut(work, item, signal)).then(() => this.sayEnd());
  }

  /** What was not asked yet is dropped; what can be cancelled is. */
  cancel(): void {
    this.store.dispatch({ type: "bulkCancel" });
    for (const item of this.store.state.ui.bulk?.items ?? []) if (item.step === "running" && item.cancellable) this.cancelOne(item.operationId);
  }

  [Symbol.dispose](): void {
    this.stopped.abort();
  }

  private tell(vmId: string, change: Change): void {
    this.store.dispatch({ type: "bulkItem", vmId, change });
  }

  private stepOf(vmId: string): string | undefined {
    return this.store.state.ui.bulk?.items.find((item) => item.vmId === vmId)?.step;
  }

  /** Whoever looks at something else meanwhile is told of the end; on its page the summary stands. */
  private sayEnd(): void {
    const { state } = this.store;
    if (state.ui.bulk?.phase === "over" && page(state) !== "plan") {
      this.store.dispatch({ type: "notice", tone: "info", text: `${verbWords(state.ui.bulk.verb)}: ${summaryOf(state.ui.bulk)} (J shows it).` });
    }
  }

  private async carryOut(work: Work, { vmId, label }: BulkItem, signal: AbortSignal): Promise<void> {
    // Dropped meanwhile, or the dashboard has ended.
    if (signal.aborted || this.stepOf(vmId) !== "waiting") return;
    this.tell(vmId, { step: "asked" });
    try {
      const asked = await this.askOften(work.deed, vmId, signal);
      if (!asked.accepted) this.tell(vmId, { step: "failed", reason: asked.reason });
      else if (asked.operation === null) this.tell(vmId, { step: "succeeded" });
      else {
        const undone = work.undoes?.get(vmId);
        if (undone !== undefined) this.store.dispatch({ type: "undone", operationId: undone });
        else this.store.dispatch({ type: "did", group: work.group, operation: { id: asked.operation.id, vmId, label } });
        this.seen(vmId, asked.operation);
        if (asked.operation.state === "RUNNING") await this.watch(vmId, asked.operation.id, signal);
      }
    } catch (error) {
      if (!isOver(signal)) this.tell(vmId, { step: "unknown", reason: reasonOf(error) });
    }
  }

  /** One key for all tries: however often it arrives, it is carried out once. */
  private askOften(deed: Deed, vmId: string, signal: AbortSignal): Promise<Asked> {
    const key = randomUUID();
    return often(() => deed.ask(this.client, vmId, key), signal);
  }

  private async watch(vmId: string, id: string, signal: AbortSignal): Promise<void> {
    await often(async () => {
      for await (const { operation } of this.client.subscribe(OPERATION, { id }, signal)) {
        const now = toOperation(operation);
        this.seen(vmId, now);
        if (now.state !== "RUNNING") return;
      }
      if (!signal.aborted) throw new ClientError("unreachable", "The server stopped telling of this operation.");
    }, signal);
  }

  private seen(vmId: string, operation: Operation): void {
    this.store.dispatch({ type: "operations", operations: [operation] });
    const { id: operationId, progressRatio, cancellable, error } = operation;
    switch (operation.state) {
      case "RUNNING":
        this.tell(vmId, { step: "running", operationId, progressRatio, cancellable });
        // Asked for before the cancellation, accepted after it.
        if (this.store.state.ui.bulk?.isCancelled === true && cancellable) this.cancelOne(operationId);
        return;
      case "SUCCEEDED":
        this.tell(vmId, { step: "succeeded", operationId, progressRatio: 1, cancellable: false });
        return;
      case "CANCELLED":
        this.tell(vmId, { step: "cancelled", operationId, cancellable: false });
        return;
      case "FAILED":
        this.tell(vmId, { step: "failed", operationId, cancellable: false, reason: error ?? "It failed, and the server does not say why." });
    }
  }

  private cancelOne(operationId: string | null): void {
    if (operationId === null) return;
    this.client.request(CANCEL, { id: operationId }).then(
      ({ cancelOperation }) => "message" in cancelOperation && this.complain(cancelOperation.message),
      (error: unknown) => this.complain(reasonOf(error)),
    );
  }

  private complain(text: string): void {
    this.store.dispatch({ type: "notice", tone: "error", text: `Cancelling failed: ${reasonOf(text)}` });
  }
}

/** Asked anew each time: it changes while others work. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Tries again while the server is away; a refused token and our own end are final. */
async function often<Result>(attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      const isFinal = error instanceof ClientError && (error.kind === "unauthorised" || error.kind === "closed");
      if (signal.aborted || isFinal || tried >= TRIES) throw error;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

/** Does something for each, no more than `atOnce` at a time, in order. */
async function eachOf<Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
