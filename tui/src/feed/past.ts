// Asks for what the time machine shows: the frame of an instant, the spans of graphs, the small graphs of the table,
// the two instants of a comparison. It follows the state and knows no key and no screen.
import type { Client } from "../client/client.js";
import { ClientError } from "../client/error.js";
import { asOf } from "../store/as-of.js";
import { comparedVms } from "../store/compare.js";
import type { DiskFigure } from "../store/detail-rings.js";
import { isCompared, isZoomed, spanSeconds, whereThen } from "../store/past.js";
import type { PastFrame } from "../store/past.js";
import { host, page, selectedHost, selectedVm, serverNow } from "../store/select.js";
import { paintable } from "../store/sanitize.js";
import { covers } from "../store/series.js";
import type { Series } from "../store/series.js";
import { RING_SECONDS } from "../store/ring.js";
import type { State } from "../store/state.js";
import { fitsRing } from "../store/windows.js";
import type { Store } from "./feed.js";
import { Latest } from "./latest.js";
import { HOST_SPAN, PART_METRICS, PAST_BOUNDS, PAST_FRAME, PAST_SPARKS, SPAN_METRICS, VM_SPAN } from "./past-documents.js";
import { toHostSeries, toPastFrame, toSparkSeries, toVmSeries } from "./past-wire.js";

/** Events and operations up to an instant: more than two screens of each. */
const EVENTS_THEN = 200;
const OPERATIONS_THEN = 50;
/** What the table's small graphs span, and a little more. */
const SPARK_SECONDS = 75;
/** With more VMs than this the small graphs of the past stay empty: each is a question to the database. */
const SPARKS_MAX_VMS = 100;
/** The small graphs are asked for once the keys rest. */
const SPARKS_AFTER_MS = 150;
/** What is loaded beyond a span, as a share of it: so far one scrubs without asking again. */
const MARGIN_BEFORE = 0.25;
const MARGIN_AFTER = 0.25;
/** A live graph of a long span is renewed in so many steps a span, but not more often than history is written. */
const RENEWED_IN_STEPS = 300;
const RENEWED_AT_LEAST_MS = 10_000;
/** After a failure the same question is asked again. */
const AGAIN_AFTER_MS = 2_000;

/** What was at an instant. Throws a ClientError. */
export async function askFrame(client: Client, at: number, where: string, { isMemory, vmId }: Added, signal?: AbortSignal): Promise<PastFrame> {
  return toPastFrame(await client.request(PAST_FRAME, { at: instant(at), where, isFiltered: where !== "", isMemory, one: onlyVm(vmId ?? ""), isOne: vmId !== null, events: EVENTS_THEN, operations: OPERATIONS_THEN }, signal), at, where);
}

/** The oldest instant of which anything is kept; null: nothing is yet. Throws a ClientError. */
export async function askOldest(client: Client): Promise<number | null> {
  const { pastBounds } = await client.request(PAST_BOUNDS, {});
  return pastBounds.oldest === null ? null : Date.parse(pastBounds.oldest);
}

export class PastFeed implements Disposable {
  private readonly frame = new Latest();
  private readonly spans = new Map<string, Latest>();
  private readonly sparks = new Latest();
  private readonly comparison = new Latest();
  private sparksTimer: NodeJS.Timeout | undefined;
  private sparksFor: number | null = null;
  private hasBounds = false;
  private readonly again = new Set<NodeJS.Timeout>();
  private isOver = false;

  constructor(private readonly client: Client, private readonly store: Store) {}

  lookedAt(): void {
    if (this.isOver) return;
    const { state } = this.store;
    const { at, comparison } = state.past;
    const more = addedTo(state);
    this.frame.want(at === null ? null : { key: `${at} ${more.isMemory} ${more.vmId} ${whereThen(state)}`, ask: (signal) => this.loadFrame(at, whereThen(state), more, signal) });
    if (at === null) this.hasBounds = false;
    else if (!this.hasBounds) {
      this.hasBounds = true;
      void this.loadBounds();
    }
    this.comparison.want(comparison === null || isCompared(state.past) ? null : { key: `${comparison.first} ${comparison.second}`, ask: (signal) => this.loadComparison(comparison.first, comparison.second, signal) });
    this.wantSpans(state);
    this.wantSparks(at, state);
  }

  /** After a lost connection everything is asked for again. */
  forget(): void {
    for (const latest of [this.frame, this.sparks, this.comparison, ...this.spans.values()]) latest.forget();
    this.sparksFor = null;
  }

  [Symbol.dispose](): void {
    this.isOver = true;
    this.forget();
    clearTimeout(this.sparksTimer);
    for (const timer of this.again) clearTimeout(timer);
  }

  private async loadFrame(at: number, where: string, more: Added, signal: AbortSignal): Promise<void> {
    try {
      this.store.dispatch({ type: "pastFrame", frame: await askFrame(this.client, at, where, more, signal) });
    } catch (error) {
      this.failed(error, signal, () => this.frame.forget());
      if (!signal.aborted) this.store.dispatch({ type: "pastTrouble", at, reason: paintable(error instanceof Error ? error.message : String(error)) });
    }
  }

  private async loadBounds(): Promise<void> {
    try {
      this.store.dispatch({ type: "pastBounds", oldest: await askOldest(this.client) });
    } catch {
      // Where the past begins is then not told; what is asked of it answers for itself.
    }
  }

  private async loadComparison(first: number, second: number, signal: AbortSignal): Promise<void> {
    try {
      const frames = await Promise.all([askFrame(this.client, first, "", NOTHING_ADDED, signal), askFrame(this.client, second, "", NOTHING_ADDED, signal)]);
      this.store.dispatch({ type: "comparedFrames", first: frames[0], second: frames[1] });
    } catch (error) {
      this.failed(error, signal, () => this.comparison.forget());
      if (!signal.aborted) this.store.dispatch({ type: "notice", tone: "error", text: paintable(error instanceof Error ? error.message : String(error)) });
    }
  }

  /** Graphs of the past, and live ones that span more than has been seen. */
  private wantSpans(state: State): void {
    const { past } = state;
    const seconds = spanSeconds(past);
    const isLive = past.at === null;
    const wanted = new Map<string, { load: (from: number, to: number, signal: AbortSignal) => Promise<Series[]> }>();
    if (!isLive || (isZoomed(past) && !fitsRing(seconds))) {
      for (const vmId of vmsLookedAt(state)) wanted.set(`vm ${vmId}`, { load: (from, to, signal) => this.loadVm(vmId, from, to, signal) });
      const hostId = hostLookedAt(state);
      if (hostId !== null) wanted.set(`host ${hostId}`, { load: (from, to, signal) => this.loadHost(hostId, from, to, signal) });
    }
    for (const [key, latest] of this.spans) {
      if (wanted.has(key)) continue;
      latest[Symbol.dispose]();
      this.spans.delete(key);
    }
    const withParts = showsParts(state);
    const now = serverNow(state);
    const end = past.at ?? now;
    const renewMs = Math.max(RENEWED_AT_LEAST_MS, (seconds * 1000) / RENEWED_IN_STEPS);
    for (const [key, { load }] of wanted) {
      const known = past.series.get(key);
      if (!isLive && covers(known, end, seconds) && (!withParts || known?.figures[A_PART_FIGURE] !== undefined || key.startsWith("host "))) continue;
      let latest = this.spans.get(key);
      if (latest === undefined) this.spans.set(key, (latest = new Latest()));
      const from = end - seconds * 1000 * (1 + (isLive ? 0 : MARGIN_BEFORE));
      const to = isLive ? end : Math.min(now, end + seconds * 1000 * MARGIN_AFTER);
      const name = `${seconds} ${withParts} ${isLive ? Math.floor(end / renewMs) : end}`;
      latest.want({ key: name, ask: (signal) => this.loadSpan(() => load(from, to, signal), signal) });
    }
  }

  private async loadSpan(load: () => Promise<Series[]>, signal: AbortSignal): Promise<void> {
    try {
      const series = await load();
      if (!signal.aborted) this.store.dispatch({ type: "pastSeries", series });
    } catch (error) {
      // The graph says that it is still asking; a lost server is told by the banner.
      this.failed(error, signal, () => this.spans.forEach((latest) => latest.forget()));
    }
  }

  private async loadVm(vmId: string, from: number, to: number, signal: AbortSignal): Promise<Series[]> {
    const { past } = this.store.state;
    const seconds = spanSeconds(past);
    const isParts = showsParts(this.store.state);
    const { past: { vms } } = await this.client.request(VM_SPAN, { at: instant(past.at ?? to), where: onlyVm(vmId), from: instant(from), to: instant(to), step: stepFor(seconds), metrics: isParts ? [...SPAN_METRICS, ...PART_METRICS] : [...SPAN_METRICS], isParts }, signal);
    return vms.map((vm) => toVmSeries(vm.id, vm.history, seconds, vm.vcpuHistory));
  }

  private async loadHost(hostId: string, from: number, to: number, signal: AbortSignal): Promise<Series[]> {
    const seconds = spanSeconds(this.store.state.past);
    const answer = await this.client.request(HOST_SPAN, { id: hostId, from: instant(from), to: instant(to), step: stepFor(seconds) }, signal);
    return answer.host === null ? [] : [toHostSeries(hostId, answer.host, seconds)];
  }

  private wantSparks(at: number | null, state: State): void {
    if (at === this.sparksFor) return;
    this.sparksFor = at;
    clearTimeout(this.sparksTimer);
    if (at === null) this.sparks.want(null);
    else if ((state.past.frame?.vms.size ?? state.vms.size) <= SPARKS_MAX_VMS) {
      this.sparksTimer = setTimeout(() => this.sparks.want({ key: String(at), ask: (signal) => this.loadSpan(() => this.loadSparks(at, signal), signal) }), SPARKS_AFTER_MS);
    }
  }

  private async loadSparks(at: number, signal: AbortSignal): Promise<Series[]> {
    const { past: { vms } } = await this.client.request(PAST_SPARKS, { at: instant(at), from: instant(at - SPARK_SECONDS * 1000) }, signal);
    return vms.map((vm) => toSparkSeries(vm, SPARK_SECONDS));
  }

  /** What was given up is no failure; anything else is tried again after a while. */
  private failed(error: unknown, signal: AbortSignal, forget: () => void): void {
    if (signal.aborted || this.isOver || (error instanceof ClientError && error.kind === "closed")) return;
    const timer = setTimeout(() => {
      this.again.delete(timer);
      forget();
      this.lookedAt();
    }, AGAIN_AFTER_MS);
    this.again.add(timer);
  }
}

function instant(time: number): string {
  return new Date(time).toISOString();
}

/** Seconds where they may be kept; else the server chooses steps that a screen can show. */
function stepFor(seconds: number): number | null {
  return seconds <= RING_SECONDS ? 1 : null;
}

/** What the page that is looked at adds to the frame of an instant. */
interface Added { isMemory: boolean; vmId: string | null }
const NOTHING_ADDED: Added = { isMemory: false, vmId: null };

function addedTo(state: State): Added {
  const shown = page(state);
  return { isMemory: shown === "memory", vmId: shown === "vm" ? state.ui.selectedVmId : null };
}

function onlyVm(vmId: string): string {
  return `id="${vmId}"`;
}

/** Whether graphs of vCPUs, disks or cards are looked at that are drawn from history; live, that of each vCPU alone is. */
function showsParts(state: State): boolean {
  const { tab } = state.ui;
  return page(state) === "vm" && (tab === "cpu" || (state.past.at !== null && (tab === "disks" || tab === "net")));
}
const A_PART_FIGURE: DiskFigure = "readLatencySeconds";

function vmsLookedAt(state: State): string[] {
  const seen = asOf(state);
  if (page(state) === "compare") return comparedVms(seen).map((vm) => vm.id);
  const vm = page(state) === "overview" || page(state) === "vm" ? selectedVm(seen) : null;
  return vm === null ? [] : [vm.id];
}

function hostLookedAt(state: State): string | null {
  const where = page(state);
  if (where === "hosts") return selectedHost(state)?.id ?? null;
  return where === "overview" || where === "vm" ? (host(asOf(state))?.id ?? null) : null;
}
