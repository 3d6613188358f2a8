// The line in which a filter is typed, and below it what the server says of it: how many it finds, or what is wrong and
// where. A function of the state.
import { visibleVms } from "../store/select.js";
import { style } from "./frame.js";
import { cut } from "./format.js";
import { BOLD, DIM, TEXT } from "./painter.js";
import type { Painter } from "./painter.js";

const LEAD = "/";
const HINT = "Name, or state:running cpu>50 label=web. Enter keeps it, Esc drops it.";

export function filterPrompt(p: Painter, y: number, text: string): void {
  const { frame, state, theme } = p;
  const { fault } = state.matches;
  const room = frame.width - 3 - LEAD.length;
  // Of a long text the end is shown, where it is being typed.
  const hidden = Math.max(0, text.length - room);
  const shown = hidden === 0 ? text : theme.ellipsis + text.slice(hidden + theme.ellipsis.length);
  const wrong = fault === null ? shown.length : Math.min(Math.max(0, fault.column - 1 - hidden), shown.length);
  const start = frame.put(1, y, LEAD, BOLD);
  const middle = frame.put(start, y, shown.slice(0, wrong), TEXT);
  const end = frame.put(middle, y, shown.slice(wrong), style("attention"));
  frame.cursor = { x: Math.min(end, frame.width - 1), y };
  if (fault !== null) frame.put(1, y + 1, cut(`${theme.attention} ${fault.text}`, frame.width - 2, theme.ellipsis), style("attention"));
  else frame.put(1, y + 1, cut(state.matches.ids === null ? HINT : `${found(p)} ${HINT}`, frame.width - 2, theme.ellipsis), DIM);
}

function found({ state }: Painter): string {
  return `${visibleVms(state).length} of ${state.vms.size}.`;
}
