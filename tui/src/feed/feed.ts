// Keeps the store fed: asks for everything at each new connection, then follows the subscriptions for as long as the
// dashboard lives. What is asked for one VM follows what is looked at. It knows no key and no screen.
import { setMaxListeners } from "node:events";
import type { Client } from "../client/client.js";
import type { TypedDocument } from "../client/document.js";
import { ClientError, DATABASE_AWAY } from "../client/error.js";
import type { Action } from "../store/actions.js";
import { RING_SECONDS } from "../store/ring.js";
import { page } from "../store/select.js";
import { paintable } from "../store/sanitize.js";
import type { State } from "../store/state.js";
import { ALERTS, toAlert } from "./alerts.js";
import { FilterFeed } from "./filter.js";
import * as documents from "./documents.js";
import { Focus } from "./focus.js";
import { HealthFeed } from "./health.js";
import { PageFeeds } from "./pages.js";
import { PastFeed } from "./past.js";
import { SettingsFilters } from "./settings-filters.js";
import { gapEvent, toDefinitionLines, toDetail, toEvent, toHistoryOfCpu, toHost, toHostHistory, toHostSample, toOperation, toSample, toVm, toVmHistory } from "./wire.js";

/** VMs asked for at a time: an answer of this size stays far below any limit of cost. */
const VMS_A_PAGE = 100;
/** Events and operations to start with: more than two screens of each. */
const EVENTS_AT_START = 100;
const OPERATIONS_AT_START = 50;
/** Wait before a subscription or a question that failed is tried again. */
const RETRY_MS = 1_000;
/** A VM must be looked at this long before its history is asked for: keys that run down the table ask nothing. */
const HISTORY_AFTER_MS = 120;
/** What the table's small graphs span, and a little more. */
const SPARKLINE_MS = 75_000;
/** Operations watched at once; more are seen at the next question. */
const OPERATIONS_WATCHED = 32;

export interface Store {
  readonly state: State;
  readonly dispatch: (action: Action) => void;
}

/**
 * One answer for everything on the overview: what `top --plain` shows and what a new connection starts from. What is
 * observed comes without the database; the past does not, and "without the past" says so. Throws a ClientError.
 */
export async function loadAll(client: Client, store: Store, now: () => number): Promise<"whole" | "without the past"> {
  const asked = now();
  const [welcome, recent] = await Promise.all([
    client.request(documents.WELCOME, {}),
    loadRecent(client),
    loadVms(client, store),
  ]);
  // Half the round trip lies between the server's reading of its clock and now.
  const clockSkewMs = Date.parse(welcome.server.now) - (asked + now()) / 2;
  store.dispatch({
    type: "welcomed", role: welcome.viewer.role, clockSkewMs, databaseConnected: welcome.server.databaseConnected, hosts: welcome.hosts.map(toHost),
    hostSamples: welcome.hosts.flatMap((host) => (host.latest === null ? [] : [toHostSample(host.latest)])),
  });
  if (recent === null) return "without the past";
  const firstTime = store.state.newestCursor === null;
  if (firstTime) store.dispatch({ type: "events", events: recent.events.events.map(toEvent), newestCursor: BigInt(recent.events.newestCursor) });
  store.dispatch({ type: "operations", operations: recent.operations.nodes.map(toOperation) });
  return "whole";
}

/** Null while the server's database is away. */
async function loadRecent(client: Client) {
  try {
    return await client.request(documents.RECENT, { events: EVENTS_AT_START, operations: OPERATIONS_AT_START });
  } catch (error) {
    if (error instanceof ClientError && error.code === DATABASE_AWAY) return null;
    throw error;
  }
}

async function loadVms(client: Client, store: Store): Promise<void> {
  const nodes = [];
  let after: string | null = null;
  for (;;) {
    const { vms }: Awaited<ReturnType<typeof askPage>> = await askPage(client, after);
    nodes.push(...vms.nodes);
    after = vms.pageInfo.endCursor;
    if (!vms.pageInfo.hasNextPage || after === null) break;
  }
  store.dispatch({ type: "vmsListed", vms: nodes.map(toVm), samples: nodes.flatMap((vm) => (vm.latest === null ? [] : [toSample(vm.latest)])) });
}

function askPage(client: Client, after: string | null) {
  return client.request(documents.VMS, { first: VMS_A_PAGE, after });
}

/** Follows a subscription until the signal, over lost connections. */
export type Follow = <Result, Variables>(
  document: TypedDocument<Result, Variables>, variables: () => NoInfer<Variables>, take: (result: Result) => void, also?: AbortSignal,
) => void;

export class Feed implements Disposable {
  private readonly filter: FilterFeed;
  private readonly stopped = new AbortController();
  private readonly watched = new Set<string>();
  private detail: { vmId: string; stop: AbortController } | null = null;
  private historyFor: string | null = null;
  private historyTimer: NodeJS.Timeout | undefined;
  private definitionFor: string | null = null;
  private isLoading = false;
  private readonly focus: Focus;
  private readonly health: HealthFeed;
  private readonly pages: PageFeeds;
  private readonly past: PastFeed;
  private readonly settingsFilters: SettingsFilters;
  private readonly unlisten: Disposable;

  constructor(
    private readonly client: Client,
    private readonly store: Store,
    private readonly now: () => number,
  ) {
    // Each subscription listens for the end; they are many by design.
    setMaxListeners(0, this.stopped.signal);
    this.focus = new Focus(client, store, (vmId) => this.loadHistory(vmId), () => this.from());
    this.pages = new PageFeeds(client, store);
    this.past = new PastFeed(client, store);
    this.settingsFilters = new SettingsFilters(client, store, this.stopped.signal);
    this.unlisten = client.onStatus(() => this.connectionChanged());
    void this.load();
    this.health = new HealthFeed(client, store, () => void this.load());
    this.follow(documents.VM_CHANGED, () => ({}), ({ vmChanged: { id, vm } }) => {
      store.dispatch({ type: "vmChanged", id, vm: vm === null ? null : toVm(vm), sample: vm?.latest ? toSample(vm.latest) : null });
    });
    this.follow(documents.METRICS, () => ({}), ({ metrics }) => store.dispatch({ type: "samples", samples: metrics.samples.map(toSample) }));
    this.follow(ALERTS, () => ({}), ({ alertsChanged }) => store.dispatch({ type: "alerts", alerts: alertsChanged.map(toAlert) }));
    this.filter = new FilterFeed((...what) => this.follow(...what), store);
    this.follow(documents.HOST_METRICS, () => ({}), ({ hostMetrics }) => store.dispatch({ type: "hostSample", sample: toHostSample(hostMetrics) }));
  }

  /** Ask for what the state now looks at: the chosen VM's history, the open page's detail and definition. */
  lookedAt(): void {
    const { state } = this.store;
    this.filter.lookedAt();
    const vmId = state.ui.selectedVmId;
    const onPage = page(state) === "vm";
    if (vmId !== this.historyFor) this.scheduleHistory(vmId);
    this.watchDetail(onPage ? vmId : null);
    this.focus.lookedAt();
    this.pages.lookedAt();
    this.past.lookedAt();
    const wantsDefinition = onPage && state.ui.tab === "definition" && vmId !== null;
    if (!wantsDefinition) this.definitionFor = null;
    else if (this.definitionFor !== vmId) {
      this.definitionFor = vmId;
      void this.loadDefinition(vmId);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.historyTimer);
    this.filter[Symbol.dispose]();
    this.detail?.stop.abort();
    this.focus[Symbol.dispose]();
    this.health[Symbol.dispose]();
    this.pages[Symbol.dispose]();
    this.past[Symbol.dispose]();
    this.unlisten[Symbol.dispose]();
    this.stopped.abort();
  }

  private connectionChanged(): void {
    const { status } = this.client;
    if (status.state === "connected") {
      this.store.dispatch({ type: "connection", connection: { phase: "live" } });
      this.historyFor = null;
      this.focus.forget();
      this.pages.forget();
      this.past.forget();
      void this.load();
    } else if (status.reason !== null) this.lost(status.reason);
  }

  /** The age of a loss counts from its first word. */
  private lost(reason: string): void {
    const { connection } = this.store.state;
    const since = connection.phase === "lost" ? connection.since : this.now();
    this.store.dispatch({ type: "connection", connection: { phase: "lost", since, reason: paintable(reason) } });
  }

  /** Everything anew, again and again until it has come; one at a time. */
  private async load(): Promise<void> {
    if (this.isLoading) return;
    this.isLoading = true;
    while (!this.stopped.signal.aborted) {
      try {
        const isFirst = this.store.state.newestCursor === null;
        const answer = await loadAll(this.client, this.store, this.now);
        if (answer === "without the past") {
          await this.pause(RETRY_MS);
          continue;
        }
        this.followOperations();
        void this.settingsFilters.judge();
        this.lookedAt();
        this.loadHostHistory();
        this.loadSparklines();
        if (isFirst) this.followEvents();
        break;
      } catch (error) {
        if (this.client.status.state === "connected") this.say(error);
        else this.lost(this.client.status.reason ?? reasonOf(error));
        await this.pause(RETRY_MS);
      }
    }
    this.isLoading = false;
  }

  private followEvents(): void {
    const after = () => ({ after: this.store.state.newestCursor?.toString() ?? null });
    this.follow(documents.EVENTS, after, ({ events: item }) => {
      if (item.__typename === "Event") {
        const event = toEvent(item);
        this.store.dispatch({ type: "events", events: [event], newestCursor: null });
        this.health.heard(event.kind);
        if (event.operationId !== null) this.watchOperation(event.operationId);
      } else if (item.__typename === "EventGap") this.store.dispatch({ type: "events", events: [gapEvent(item.trimmedBefore, this.now() + this.store.state.clockSkewMs)], newestCursor: null });
    });
  }

  private followOperations(): void {
    for (const operation of this.store.state.operations) if (operation.state === "RUNNING") this.watchOperation(operation.id);
  }

  private watchOperation(id: string): void {
    if (this.watched.has(id) || this.watched.size >= OPERATIONS_WATCHED) return;
    this.watched.add(id);
    void (async () => {
      try {
        for await (const { operation } of this.client.subscribe(documents.OPERATION, { id }, this.stopped.signal)) {
          this.store.dispatch({ type: "operations", operations: [toOperation(operation)] });
        }
      } catch {
        // It may have been forgotten meanwhile; the next full answer tells what became of it.
      } finally {
        this.watched.delete(id);
      }
    })();
  }

  private watchDetail(vmId: string | null): void {
    if (this.detail?.vmId === vmId || (this.detail === null && vmId === null)) return;
    this.detail?.stop.abort();
    this.detail = null;
    if (vmId === null) return;
    const stop = new AbortController();
    this.detail = { vmId, stop };
    this.follow(documents.DETAIL, () => ({ vmIds: [vmId] }), ({ metrics }) => {
      for (const sample of metrics.samples) if (sample.vmId === vmId) this.store.dispatch({ type: "detail", vmId, detail: toDetail(sample) });
    }, stop.signal);
  }

  private scheduleHistory(vmId: string | null): void {
    this.historyFor = vmId;
    clearTimeout(this.historyTimer);
    if (vmId === null) return;
    this.historyTimer = setTimeout(() => void this.loadHistory(vmId), HISTORY_AFTER_MS);
  }

  private from(): string {
    return new Date(this.now() + this.store.state.clockSkewMs - RING_SECONDS * 1000).toISOString();
  }

  private async loadHistory(vmId: string): Promise<void> {
    try {
      const { vm } = await this.client.request(documents.VM_HISTORY, { id: vmId, from: this.from() });
      if (vm !== null) this.store.dispatch({ type: "vmHistory", vmId, history: toVmHistory(vm) });
    } catch {
      // Graphs then start with the live samples; a lost server is told by the banner.
      this.historyFor = null;
    }
  }

  private loadHostHistory(): void {
    for (const { id } of this.store.state.hosts) {
      this.client.request(documents.HOST_HISTORY, { id, from: this.from() }).then(
        ({ host }) => (host === null ? undefined : this.store.dispatch({ type: "hostHistory", hostId: id, history: toHostHistory(host) })),
        () => undefined,
      );
    }
  }

  /** The table's small graphs, for as many VMs as one answer holds; the rest fill as samples come. */
  private loadSparklines(): void {
    const from = new Date(this.now() + this.store.state.clockSkewMs - SPARKLINE_MS).toISOString();
    this.client.request(documents.SPARKLINES, { first: VMS_A_PAGE, from }).then(
      ({ vms }) => vms.nodes.forEach((vm) => this.store.dispatch({ type: "vmHistory", vmId: vm.id, history: toHistoryOfCpu(vm.history.series) })),
      () => undefined,
    );
  }

  private async loadDefinition(vmId: string): Promise<void> {
    try {
      const { vm } = await this.client.request(documents.DEFINITION, { id: vmId });
      if (vm !== null) this.store.dispatch({ type: "definition", definition: { vmId, lines: toDefinitionLines(vm.definition) } });
    } catch (error) {
      this.definitionFor = null;
      this.say(error);
    }
  }

  /** Follow a subscription for ever: the client survives lost connections; what the server ends or refuses is asked for again. */
  private follow<Result, Variables>(
    document: TypedDocument<Result, Variables>, variables: () => NoInfer<Variables>, take: (result: Result) => void, also?: AbortSignal,
  ): void {
    const signal = also === undefined ? this.stopped.signal : AbortSignal.any([this.stopped.signal, also]);
    void (async () => {
      const isOver = (): boolean => signal.aborted;
      while (!isOver()) {
        try {
          for await (const result of this.client.subscribe(document, variables, signal)) take(result);
        } catch (error) {
          if (!isOver()) this.say(error);
        }
        if (!isOver()) await this.pause(RETRY_MS);
      }
    })();
  }

  private say(error: unknown): void {
    if (error instanceof ClientError && error.kind === "closed") return;
    this.store.dispatch({ type: "notice", tone: "error", text: reasonOf(error) });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopped.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
}

export function reasonOf(error: unknown): string {
  return paintable(error instanceof Error ? error.message : String(error));
}
