import type { Db } from "../db/client.js";
import type { DatabaseHealth } from "../db/health.js";
import type { Log } from "../log.js";
import type { HistoryReader, SampleSink } from "./ports.js";
export function openHistory(_db: Db, _health: DatabaseHealth, _log: Log): SampleSink & HistoryReader & AsyncDisposable {
  const none = (): Promise<never> => Promise.reject(new Error("history is not there yet"));
  return { append: () => undefined, vmHistory: none, hostHistory: none, async [Symbol.asyncDispose]() {} };
}
