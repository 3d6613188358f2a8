// Forgets what is older than is kept, at the start and now and then: events, ended operations, versions of definitions
// and revoked tokens. Metrics look after themselves.
import type { Db } from "./db/client.js";
import { asExpected } from "./errors.js";
import type { EventLog } from "./event/log.js";
import type { Log } from "./log.js";
import { trimOperations } from "./operation/store.js";
import { trimPast } from "./past/store.js";
import { trimRevokedTokens } from "./token/store.js";

/** Limits are days and hundreds of thousands of rows: an hour more does not matter. */
const TRIM_INTERVAL_MS = 3_600_000;

export function startRetention({ db, eventLog, log }: { db: Db; eventLog: EventLog; log: Log }): Disposable {
  const trim = async () => {
    try {
      await eventLog.trim();
      await trimOperations(db);
      await trimPast(db);
      await trimRevokedTokens(db);
    } catch (error) {
      if (asExpected(error) === null) log.error("old events, operations, versions and tokens could not be trimmed", error);
    }
  };
  void trim();
  const timer = setInterval(() => void trim(), TRIM_INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
