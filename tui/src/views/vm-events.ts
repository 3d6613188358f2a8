// The tab of what happened to a VM: its events, and below them its operations.
import { eventsOf, operationsOf } from "../store/select.js";
import type { Vm } from "../store/model.js";
import type { Rect } from "./frame.js";
import { eventSection, operationSection } from "./list-pages.js";
import type { Painter } from "./painter.js";
import { rowLists } from "./row-lists.js";

export function vmEvents(p: Painter, vm: Vm, rect: Rect): void {
  const { state } = p;
  rowLists(p, rect, [
    eventSection(state, eventsOf(state, vm.id), "times in UTC", "of one VM"),
    operationSection(state, operationsOf(state, vm.id), "o: all of them"),
  ]);
}
