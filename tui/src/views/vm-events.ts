// The tab of what happened to a VM: its events, and below them its operations.
import { eventsOf, operationsOf } from "../store/select.js";
import type { Vm } from "../store/model.js";
import type { Rect } from "./frame.js";
import { eventList, operationList } from "./lists.js";
import { rule } from "./painter.js";
import type { Painter } from "./painter.js";

/** Rows of the operations, their rule included: of a low screen a third. */
const OPERATIONS_SHARE = 0.35;

export function vmEvents(p: Painter, vm: Vm, rect: Rect): void {
  const below = Math.max(4, Math.floor(rect.height * OPERATIONS_SHARE));
  const events = eventsOf(p.state, vm.id);
  rule(p, { ...rect, height: 1 }, "events, newest first", "times in UTC");
  eventList(p, { ...rect, y: rect.y + 1, height: rect.height - below - 1 }, events, "vm.events", "of one VM");
  const y = rect.y + rect.height - below;
  const operations = operationsOf(p.state, vm.id);
  rule(p, { ...rect, y, height: 1 }, "operations, newest first", "o: all of them");
  operationList(p, { ...rect, y: y + 1, height: below - 1 }, operations, 0, null);
}
