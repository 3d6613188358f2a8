// The health of the server's database and hosts: asked for every few seconds, and at once when an event says that it
// has changed. It knows no screen.
import type { Client } from "../client/client.js";
import * as documents from "./documents.js";
import type { Store } from "./feed.js";
import { toHost } from "./wire.js";

/** How often it is asked for without a cause: a database that goes away makes no event. */
export const HEALTH_EVERY_MS = 5_000;
/** Events after which a host is connected, or is so no more. */
const HOST_EVENTS: ReadonlySet<string> = new Set(["HOST_CONNECTED", "HOST_DISCONNECTED"]);

export class HealthFeed implements Disposable {
  private readonly timer: NodeJS.Timeout;
  private readonly stopped = new AbortController();
  private isAsking = false;
  private isStale = false;

  /** `databaseBack` is told when the database is there again: what ended meanwhile has told nobody. */
  constructor(private readonly client: Pick<Client, "request" | "status">, private readonly store: Store, private readonly databaseBack: () => void) {
    this.timer = setInterval(() => void this.ask(), HEALTH_EVERY_MS);
  }

  heard(kind: string): void {
    if (HOST_EVENTS.has(kind)) void this.ask();
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
    this.stopped.abort();
  }

  /** One at a time; an answer under way may be of before the event, so that it is asked for once more. */
  private async ask(): Promise<void> {
    this.isStale = this.isAsking;
    if (this.isAsking || this.client.status.state !== "connected") return;
    this.isAsking = true;
    do {
      this.isStale = false;
      const health = await this.client.request(documents.HEALTH, {}, this.stopped.signal).catch(() => null);
      if (health === null || this.stopped.signal.aborted) continue;
      const wasAway = !this.store.state.databaseConnected;
      this.store.dispatch({ type: "health", databaseConnected: health.server.databaseConnected, hosts: health.hosts.map(toHost) });
      if (wasAway && health.server.databaseConnected) this.databaseBack();
    } while (this.needsAnother());
    this.isAsking = false;
  }

  private needsAnother(): boolean {
    return this.isStale && !this.stopped.signal.aborted;
  }
}
