// The whole picture: state and size in, one frame out. Nothing else decides what is on the screen.
import type { Event } from "../store/model.js";
import { eventsOf, page, selectedVm } from "../store/select.js";
import type { State } from "../store/state.js";
import { Frame, style } from "./frame.js";
import type { Rect } from "./frame.js";
import { finderList } from "./finder.js";
import { footer } from "./footer.js";
import { cut } from "./format.js";
import { header } from "./header.js";
import { helpPage } from "./help-page.js";
import { hostCompact, hostGraphs } from "./host-panel.js";
import { LEAST, isTooSmall, layoutOf } from "./layout.js";
import type { Layout, Size } from "./layout.js";
import { eventList, eventsPage, operationsPage } from "./lists.js";
import { planPage } from "./plan.js";
import { DIM, RULE, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import type { Theme } from "./theme.js";
import { vmGraphColumn } from "./vm-graphs.js";
import { vmPage } from "./vm-page.js";
import { vmTable } from "./vm-table.js";

/** Paints the rows of the open console into its place: the cells come from its terminal, not from the state. */
export type ConsolePainter = (frame: Frame, rect: Rect) => void;

/** Rows of the selected VM's newest events, below its graphs on a wide screen. */
const SIDE_EVENT_ROWS = 5;
/** With fewer rows than this beside the table, the graphs take all of them. */
const SIDE_EVENTS_FROM_ROWS = 26;

export function screen(state: State, size: Size, theme: Theme, paintConsole: ConsolePainter | null = null): Frame {
  const frame = new Frame(size.columns, size.rows);
  const p: Painter = { frame, theme, state };
  if (isTooSmall(size)) {
    tooSmall(p, size);
    return frame;
  }
  const layout = layoutOf(state, size);
  if (state.ui.console?.view !== "full") {
    header(p);
    body(p, layout);
    footer(p);
    if (state.ui.prompt?.kind === "command") finderList(p, state.ui.prompt);
  }
  if (layout.console !== null) consolePane(p, layout.console, paintConsole);
  return frame;
}

function body(p: Painter, layout: Layout): void {
  switch (page(p.state)) {
    case "overview":
      overview(p, layout);
      return;
    case "vm":
      vmPage(p, layout.body);
      return;
    case "operations":
      operationsPage(p, layout.body);
      return;
    case "events":
      eventsPage(p, layout.body);
      return;
    case "plan":
      planPage(p, layout.body);
      return;
    case "help":
      helpPage(p, layout.body);
  }
}

function overview(p: Painter, layout: Layout): void {
  if (layout.hostPanel === "graphs") hostGraphs(p, layout.host);
  else hostCompact(p, layout.host.y);
  vmTable(p, layout.table);
  if (layout.side !== null) side(p, layout.side);
}

/** What is chosen in the table, beside it. */
function side(p: Painter, rect: Rect): void {
  const vm = selectedVm(p.state);
  for (let row = 0; row < rect.height; row++) p.frame.put(rect.x, rect.y + row, p.theme.bar, RULE);
  const inner: Rect = { ...rect, x: rect.x + 1, width: rect.width - 1 };
  if (vm === null) {
    rule(p, inner, "no VM chosen");
    return;
  }
  const eventRows = rect.height >= SIDE_EVENTS_FROM_ROWS ? SIDE_EVENT_ROWS : 0;
  vmGraphColumn(p, vm, { ...inner, height: rect.height - (eventRows === 0 ? 0 : eventRows + 1) });
  if (eventRows === 0) return;
  const y = rect.y + rect.height - eventRows - 1;
  rule(p, { ...inner, y, height: 1 }, `${vm.label}: newest events`);
  const events: Event[] = eventsOf(p.state, vm.id);
  eventList(p, { ...inner, y: y + 1, height: eventRows }, events, "side", "of one VM");
}

function consolePane(p: Painter, rect: Rect, paint: ConsolePainter | null): void {
  const open = p.state.ui.console;
  if (open === null) return;
  const name = p.state.vms.get(open.vmId)?.label ?? open.vmId;
  const remark = `Ctrl-] leave  F12 ${open.view === "full" ? "split" : "full screen"}`;
  rule(p, rect, `${name} console`, remark, style("running", "bold"));
  const inner: Rect = { ...rect, y: rect.y + 1, height: rect.height - 1 };
  if (paint === null) p.frame.put(1, inner.y, "Opening the console.", DIM);
  else paint(p.frame, inner);
}

function tooSmall(p: Painter, size: Size): void {
  const lines = [`quetzal needs ${LEAST.columns}x${LEAST.rows}.`, `This terminal is ${size.columns}x${size.rows}.`, "Make it larger, or press q."];
  lines.forEach((line, index) => p.frame.put(0, index, cut(line, size.columns, ""), TEXT));
}
