// When a notice has had its day: one about the lost connection ends with the loss, and any gives way to news that
// matters more. Pure; what a notice looks like is the footer's.
import type { Action } from "./actions.js";
import type { Event } from "./model.js";
import type { State } from "./state.js";

/** Why nothing can be changed while there is no connection; also how a notice that says so is known. */
export const SERVER_AWAY = "The server is away; this works again when it is back.";

/** The state after a step, without a notice that the step has made false or less worth than what came. */
export function withoutOldNotice(before: State, after: State, action: Action): State {
  const { notice } = after.ui;
  if (notice === null || !isOver(before, after, action, notice.text)) return after;
  return { ...after, ui: { ...after.ui, notice: null } };
}

function isOver(before: State, after: State, action: Action, text: string): boolean {
  if (action.type === "connection") return after.connection.phase === "live" && text.includes(SERVER_AWAY);
  // The first events of all are of before; and while the past is looked at, what is new is not shown.
  if (action.type !== "events" || before.newestCursor === null || after.past.at !== null) return false;
  const seen = before.newestCursor;
  return action.events.some((event) => event.cursor > seen && isPressing(event));
}

/** What a person must not miss: a crash, an alert, a host that is lost. */
function isPressing(event: Event): boolean {
  return event.state === "CRASHED" || event.kind === "GUEST_PANICKED" || event.kind === "ALERT_RAISED" || event.kind === "HOST_DISCONNECTED";
}

/** Starts and ends of operations say less than the changes of state they cause; who holds a pen, and which sharing domain a host is at, is no news at all. */
const NO_NEWS: ReadonlySet<string> = new Set(["OPERATION_STARTED", "OPERATION_FINISHED", "CONSOLE_TAKEN", "HOST_MEMORY_CHANGED"]);

export function newestThatMatters({ events }: State): Event | null {
  const index = events.findLastIndex(({ kind }) => !NO_NEWS.has(kind));
  const event = events[index];
  if (event === undefined) return null;
  // A crash says more of itself than the alert that it raises at once.
  const before = events[index - 1];
  return event.kind === "ALERT_RAISED" && before?.vmId === event.vmId && before.state === "CRASHED" ? before : event;
}
