// What stands above the keys, and for how long: a notice about the lost connection ends with the loss, any gives way to
// news that matters more, and a warning keeps its place before what is no warning. Pure; its looks are the footer's.
import type { Action } from "./actions.js";
import type { Event } from "./model.js";
import { serverNow } from "./select.js";
import type { Notice, State } from "./state.js";

/** Why nothing can be changed while there is no connection; also how a notice that says so is known. */
export const SERVER_AWAY = "The server is away; this works again when it is back.";

/** The state after a step, without a notice that the step has made false or less worth than what came. */
export function withoutOldNotice(before: State, after: State, action: Action): State {
  const { notice } = after.ui;
  if (notice === null || !isOver(before, after, action, notice)) return after;
  return { ...after, ui: { ...after.ui, notice: null } };
}

/** Whose refusal a notice is, with its state now. */
export function refuser({ vms }: State, vmId: string | undefined): Notice["of"] {
  const vm = vmId === undefined ? undefined : vms.get(vmId);
  return vm === undefined ? undefined : { vmId: vm.id, state: vm.state };
}

function isOver(before: State, after: State, action: Action, { text, of }: Notice): boolean {
  if (of !== undefined && after.vms.get(of.vmId)?.state !== of.state) return true;
  if (action.type === "connection") return after.connection.phase === "live" && text.includes(SERVER_AWAY);
  // The first events of all are of before; and while the past is looked at, what is new is not shown.
  if (action.type !== "events" || before.newestCursor === null || after.past.at !== null) return false;
  const seen = before.newestCursor;
  return action.events.some((event) => event.cursor > seen && isPressing(event));
}

/** A warning stays this long before what is none, unless a key says that it was seen. */
export const WARNING_KEPT_MS = 10_000;

/** The notice after another was said: news that all is well do not take the place of a refusal that nobody can have read yet. */
export function nextNotice({ ui: { notice }, now }: State, next: Notice): Notice {
  const isKept = notice?.tone === "error" && next.tone === "info" && now - notice.at < WARNING_KEPT_MS;
  return isKept ? notice : next;
}

/** The state after a key: what stood above the keys was seen. */
export function withNoticesSeen(state: State): State {
  const { ui, newestCursor } = state;
  return ui.notice === null && ui.seenCursor === newestCursor ? state : { ...state, ui: { ...ui, notice: null, seenCursor: newestCursor } };
}

const WARNINGS: ReadonlySet<string> = new Set(["WARNING", "ALERT_RAISED", "GUEST_PANICKED", "HOST_DISCONNECTED", "GAP", "ACCESS_REFUSED", "LOGIN_FAILED"]);

/** What asks for a person's eyes: these wear a sign of their own wherever events are shown. */
export function isWarning({ state, kind }: Event): boolean {
  return state === "CRASHED" || WARNINGS.has(kind);
}

/** What a person must not miss: a crash, an alert, a host that is lost. */
function isPressing(event: Event): boolean {
  return event.state === "CRASHED" || event.kind === "GUEST_PANICKED" || event.kind === "ALERT_RAISED" || event.kind === "HOST_DISCONNECTED";
}

/** Starts and ends of operations say less than the changes of state they cause; who holds a pen, and which sharing domain a host is at, is no news at all. */
const NO_NEWS: ReadonlySet<string> = new Set(["OPERATION_STARTED", "OPERATION_FINISHED", "CONSOLE_TAKEN", "HOST_MEMORY_CHANGED"]);

/** The newest event worth a line; before it a warning of just now that no key has passed. */
export function newestThatMatters(state: State): Event | null {
  const { events, ui: { seenCursor } } = state;
  const from = serverNow(state) - WARNING_KEPT_MS;
  const warning = events.findLastIndex((event) => isWarning(event) && event.time > from && (seenCursor === null || event.cursor > seenCursor));
  const index = warning === -1 ? events.findLastIndex(({ kind }) => !NO_NEWS.has(kind)) : warning;
  const event = events[index];
  if (event === undefined) return null;
  // A crash says more of itself than the alert that it raises at once.
  const before = events[index - 1];
  return event.kind === "ALERT_RAISED" && before?.vmId === event.vmId && before.state === "CRASHED" ? before : event;
}
