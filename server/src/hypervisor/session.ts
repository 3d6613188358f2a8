// One host's connection, for ever: greets the daemon, lists its VMs, watches its journal and its metrics, and starts over
// when the line breaks. Two states; it does not know what is done with what it hears.
//
//   disconnected ──(GetHost and ListVms answer)──► connected ──(a watch breaks)──► disconnected
import { setTimeout as delay } from "node:timers/promises";
import type { DaemonClient } from "./client.js";
import type { Event, WatchEventsResponse } from "./generated/quetzal/v1/event.js";
import type { Host } from "./generated/quetzal/v1/host.js";
import type { MetricsTick } from "./generated/quetzal/v1/metrics.js";
import type { ListVmsResponse } from "./generated/quetzal/v1/vm.js";
import { faultReason } from "./fault.js";

/** The greeting touches only the daemon's memory; later than this it counts as not answering. */
const GREETING_TIMEOUT_MS = 5_000;
/** Retries: quick at first, since a daemon restarts in tens of milliseconds, then gentle; one costs a local connect. */
const RETRY_FIRST_MS = 50;
const RETRY_LONGEST_MS = 500;

export interface SessionListener {
  /** The daemon answered; what it lists is complete up to the list's journal sequence. */
  connected(host: Host, list: ListVmsResponse): Promise<void>;
  /** The journal sequence after which to watch. Asked at the start and after every `rewatch`. */
  watchAfter(): Promise<bigint>;
  event(event: Event): void;
  trimmed(before: bigint): void;
  /** All that the journal held has been told; what follows is live. */
  live(): void;
  tick(tick: MetricsTick): void;
  disconnected(reason: string): void;
}

export class Session implements AsyncDisposable {
  readonly #closing = new AbortController();
  #watch = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    private readonly client: DaemonClient,
    private readonly listener: SessionListener,
  ) {
    this.#done = this.#run();
  }

  /** Watches the journal again from where the listener then says. */
  rewatch(): void {
    this.#watch.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_FIRST_MS;
    while (!this.#isClosing()) {
      try {
        await this.#greet();
        retryMs = RETRY_FIRST_MS;
        await this.#watchAll();
      } catch (error) {
        if (!this.#isClosing()) this.listener.disconnected(faultReason(error));
      }
      await delay(retryMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      retryMs = Math.min(retryMs * 2, RETRY_LONGEST_MS);
    }
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #greet(): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(GREETING_TIMEOUT_MS)]);
    const [host, list] = await Promise.all([this.client.hosts.getHost({}, { signal }), this.client.vms.listVms({}, { signal })]);
    await this.listener.connected(host, list);
  }

  /** Ends by throwing: when one watch breaks, the other is ended with it. */
  async #watchAll(): Promise<void> {
    const broken = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, broken.signal]);
    const watches = [this.#watchJournal(signal), this.#watchMetrics(signal)];
    try {
      await Promise.race(watches);
    } finally {
      broken.abort();
      await Promise.allSettled(watches);
    }
    throw new Error("it ended the stream");
  }

  async #watchJournal(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#watch = new AbortController();
      const again = this.#watch.signal;
      const afterSequence = await this.listener.watchAfter();
      try {
        for await (const message of this.client.events.watchEvents({ afterSequence }, { signal: AbortSignal.any([signal, again]) })) {
          this.#hear(message);
        }
        return;
      } catch (error) {
        if (!again.aborted) throw error;
      }
    }
  }

  #hear({ item }: WatchEventsResponse): void {
    if (item?.$case === "event") this.listener.event(item.value);
    else if (item?.$case === "trimmedBefore") this.listener.trimmed(item.value);
    else if (item?.$case === "liveFrom") this.listener.live();
  }

  async #watchMetrics(signal: AbortSignal): Promise<void> {
    for await (const tick of this.client.metrics.watchMetrics({}, { signal })) this.listener.tick(tick);
  }
}
