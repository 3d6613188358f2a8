// The dashboard as text: one page of it, once or again and again, for screen readers, logs and pipes. It follows the same
// feed as the dashboard and paints nothing.
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "./client/client.js";
import { Feed, loadAll } from "./feed/feed.js";
import { MemoryStore } from "./feed/memory-store.js";
import { askFrame, askOldest } from "./feed/past.js";
import { askWhy } from "./feed/why.js";
import { asOf } from "./store/as-of.js";
import { whyNothing } from "./store/past.js";
import { reduce } from "./store/reduce.js";
import type { State } from "./store/state.js";
import { plainPage } from "./views/plain.js";
import type { PlainPage } from "./views/plain-pages.js";

export interface PlainOptions {
  readonly page: PlainPage;
  /** The VM of the pages of one. */
  readonly vmId?: string;
  readonly now: () => number;
}

/** Rates need two samples, a second apart, and details and alerts come by themselves: what is not there after this is not known. */
const COMPLETE_WITHIN_MS = 3_000;
const LOOK_AGAIN_MS = 100;

/** One page as the server has it now. Throws a ClientError when it does not answer; null: there is no such VM. */
export async function plain(client: Client, options: PlainOptions): Promise<string | null> {
  for await (const text of watchPlain(client, { ...options, everyMs: 0 })) return text;
  return null;
}

/**
 * The page, then every so often what of it has changed since, headed by the time. Ends when the signal is aborted; yields
 * nothing when there is no such VM.
 */
export async function* watchPlain(client: Client, options: PlainOptions & { everyMs: number; signal?: AbortSignal }): AsyncGenerator<string> {
  const { page, vmId, now, everyMs, signal } = options;
  const store = new MemoryStore(now(), () => undefined);
  store.dispatch({ type: "connection", connection: { phase: "live" } });
  // Asked first, so that a server that is away is an error and not a wait.
  await loadAll(client, store, now);
  if (vmId !== undefined && !store.state.vms.has(vmId)) return;
  openPage(store, page, vmId);
  const { alerts: notYet } = store.state;
  using feed = new Feed(client, store, now);
  feed.lookedAt();
  for (let waited = 0; waited < COMPLETE_WITHIN_MS && (store.state.alerts === notYet || !isComplete(store.state, page, vmId)); waited += LOOK_AGAIN_MS) await delay(LOOK_AGAIN_MS);
  let before = new Set<string>();
  for (;;) {
    store.dispatch({ type: "tick", now: now() });
    const lines = plainPage(store.state, page, vmId ?? null);
    const fresh = lines.filter((line) => !before.has(line));
    if (before.size === 0) yield `${lines.join("\n")}\n`;
    else if (fresh.length > 0) yield `\n${new Date(now()).toISOString().slice(11, 19)} UTC\n${fresh.join("\n")}\n`;
    before = new Set(lines);
    try {
      await delay(everyMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      return;
    }
  }
}

/** The page as it was at an instant of the server's clock, by what is kept of it; null: there was no such VM then. */
export async function plainAt(client: Client, { page, vmId, now, at }: PlainOptions & { readonly at: number }): Promise<string | null> {
  const store = new MemoryStore(now(), () => undefined);
  store.dispatch({ type: "connection", connection: { phase: "live" } });
  await loadAll(client, store, now);
  openPage(store, page, vmId);
  const [frame, oldest] = await Promise.all([askFrame(client, at, "", { isMemory: page === "memory", vmId: vmId ?? null }), askOldest(client)]);
  const past = { ...store.state.past, at, frame, oldest };
  const then = { ...store.state, past };
  const state = page === "why" && vmId !== undefined ? reduce(then, await askWhy(client, then, vmId)) : then;
  const nothing = whyNothing(past);
  if (vmId !== undefined && nothing === null && !frame.vms.has(vmId)) return null;
  const head = `As of ${new Date(frame.at).toISOString().slice(0, 19).replace("T", " ")} UTC, by figures of ${frame.stepSeconds} s each.`;
  return `${[head, ...(nothing === null ? plainPage(asOf(state), page, vmId ?? null) : [nothing])].join("\n")}\n`;
}

/** What the pages of the screen ask for themselves is asked for where the state has them open. */
function openPage(store: MemoryStore, page: PlainPage, vmId: string | undefined): void {
  if (page === "memory") store.dispatch({ type: "open", page });
  if (vmId !== undefined) store.dispatch(page === "why" ? { type: "whyOpen", vmId } : { type: "goTo", vmId });
}

function isComplete({ vms, samples, details, memory, ui: { why } }: State, page: PlainPage, vmId: string | undefined): boolean {
  if (page === "memory") return memory.host !== null || memory.fault !== null;
  if (page === "why") return why !== null && (why.found !== null || why.fault !== null);
  const hasRates = [...vms.values()].every((vm) => vm.state !== "RUNNING" || (samples.get(vm.id)?.cpuRatio ?? null) !== null);
  const vm = vmId === undefined ? undefined : vms.get(vmId);
  return hasRates && (vm?.state !== "RUNNING" || details.has(vm.id));
}
