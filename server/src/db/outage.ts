// Tells of the database's outages: a line in the server's log at once, and an event that is stored when the database
// is back. Knows nothing of what the database is used for.
import type { EventService } from "../event/service.js";
import type { Log } from "../log.js";
import type { DatabaseHealth } from "./health.js";

const MS_PER_SECOND = 1_000;

/** Until the handle is disposed. */
export function tellOutages(health: DatabaseHealth, events: Pick<EventService, "record">, log: Log): Disposable {
  let awaySince: Date | null = null;
  return health.onChange(({ connected, since, error }) => {
    if (!connected) {
      awaySince = since;
      log.warn("lost the database", { reason: error });
      events.record({ kind: "WARNING", time: since, message: `Lost the database: ${error ?? "it does not answer"}.` });
      return;
    }
    const seconds = awaySince === null ? 0 : (since.getTime() - awaySince.getTime()) / MS_PER_SECOND;
    log.info("the database is back", { away_seconds: seconds });
    events.record({ kind: "WARNING", time: since, message: `The database is back after ${seconds.toFixed(1)} s; nothing could be changed meanwhile.` });
  });
}
