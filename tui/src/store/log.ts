// What this dashboard said and did, as lines: notices, refusals, lost and regained connections. It watches the states
// before and after a step and keeps a bounded list; it changes nothing else.
import type { Action } from "./actions.js";
import { summaryOf, verbWords } from "./bulk.js";
import type { LogLine } from "./model.js";
import { LOG_KEPT } from "./state.js";
import type { State } from "./state.js";
import { wrapped } from "../wrap.js";

type Said = Omit<LogLine, "time" | "times">;

/** The state after a step, with what the step was worth saying added to its log. */
export function withLog(before: State, after: State, action: Action): State {
  const said = lines(before, after, action);
  if (said.length === 0) return after;
  let log = after.log;
  for (const line of said) {
    const newest = log.at(-1);
    // What is said again and again, as a refused subscription's reason, takes one line.
    if (newest?.text === line.text) log = [...log.slice(0, -1), { ...newest, time: after.now, times: newest.times + 1 }];
    else log = [...log, { ...line, time: after.now, times: 1 }].slice(-LOG_KEPT);
  }
  return { ...after, log };
}

function lines(before: State, after: State, action: Action): Said[] {
  if (action.type === "notice") return [{ tone: action.tone, text: action.text }];
  // Newest first, as the log is read, they then stand in the order of the file.
  if (action.type === "settingsFaults") return [...action.faults].reverse().map(({ text }) => ({ tone: "error", text }));
  if (action.type === "judged" && after.ui.notice !== null && after.ui.notice !== before.ui.notice) return [{ tone: after.ui.notice.tone, text: after.ui.notice.text }];
  const { bulk } = after.ui;
  if (bulk?.phase === "over" && before.ui.bulk?.phase === "running") return [{ tone: "info", text: `${verbWords(bulk.verb)}: ${summaryOf(bulk)}.` }];
  if (action.type === "connection") return connectionLines(before, after);
  if (action.type === "health") return healthLines(before, after);
  // The same welcome comes at each new connection; that the server is back is told already.
  if (action.type !== "welcomed" || before.role === action.role) return action.type === "welcomed" ? healthLines(before, after) : [];
  const names = after.hosts.map((host) => host.name).join(", ");
  return [{ tone: "info", text: `Connected as ${action.role.toLowerCase()}; hosts: ${names === "" ? "none" : names}.` }, ...healthLines(before, after)];
}

function connectionLines(before: State, after: State): Said[] {
  const { connection } = after;
  if (connection.phase === before.connection.phase) return [];
  if (connection.phase === "lost") return [{ tone: "error", text: `The server is away: ${connection.reason}` }];
  if (connection.phase !== "live" || before.connection.phase !== "lost") return [];
  return [{ tone: "info", text: `The server is back after ${Math.max(1, Math.round((after.now - before.connection.since) / 1000))} s.` }];
}

function healthLines(before: State, after: State): Said[] {
  const said: Said[] = [];
  if (before.databaseConnected !== after.databaseConnected) {
    said.push(after.databaseConnected ? { tone: "info", text: "The server's database is back." } : { tone: "error", text: "The server's database is away: changes are refused until it is back." });
  }
  const known = new Map(before.hosts.map((host) => [host.id, host]));
  for (const host of after.hosts) {
    const was = known.get(host.id)?.connected ?? true;
    if (was === host.connected) continue;
    said.push(host.connected ? { tone: "info", text: `Host ${host.name} is back.` } : { tone: "error", text: `Host ${host.name} is unreachable: ${host.connectionError ?? "no reason given"}` });
  }
  return said;
}

/** Cells of a line of the log before its text: time and sign. */
export const LOG_INDENT = 12;

/** A line of the log as it stands on a page of so many cells. */
export function logRows({ text, times }: LogLine, columns: number): string[] {
  return wrapped(times === 1 ? text : `${text} (${times} times)`, Math.max(1, columns - LOG_INDENT - 1));
}
