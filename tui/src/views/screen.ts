// The whole picture: state and size in, one frame out. Nothing else decides what is on the screen.
import { page } from "../store/select.js";
import type { State } from "../store/state.js";
import { Frame, style } from "./frame.js";
import type { Rect } from "./frame.js";
import { columnsPage, viewsPage } from "./choice-pages.js";
import { finderList } from "./finder.js";
import { footer } from "./footer.js";
import { cut } from "./format.js";
import { alertsPage } from "./alerts-page.js";
import { comparePage } from "./compare-page.js";
import { editPage } from "./edit-page.js";
import { formPage } from "./form-page.js";
import { header } from "./header.js";
import { helpPage } from "./help-page.js";
import { hostCompact, hostGraphs } from "./host-panel.js";
import { hostsPage } from "./hosts-page.js";
import { instantsPage } from "./instants-page.js";
import { LEAST, isTooSmall, layoutOf } from "./layout.js";
import type { Layout, Size } from "./layout.js";
import { eventsPage, operationsPage } from "./list-pages.js";
import { logPage } from "./log-page.js";
import { DIM, TEXT, rule } from "./painter.js";
import { memoryPage } from "./memory/memory-page.js";
import { planPage } from "./plan.js";
import type { Painter } from "./painter.js";
import { selectionLines } from "./selection-lines.js";
import { selectionBelow, selectionBeside } from "./selection-panel.js";
import type { Theme } from "./theme.js";
import { vmPage } from "./vm-page.js";
import { whyPage } from "./why-page.js";
import { vmTable } from "./vm-table.js";

/** Paints the rows of the open console into its place: the cells come from its terminal, not from the state. */
export type ConsolePainter = (frame: Frame, rect: Rect) => void;

export function screen(state: State, size: Size, theme: Theme, paintConsole: ConsolePainter | null = null): Frame {
  const frame = new Frame(size.columns, size.rows, theme.ellipsis);
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
    case "why":
      whyPage(p, layout.body);
      return;
    case "alerts":
      alertsPage(p, layout.body);
      return;
    case "form":
      formPage(p, layout.body);
      return;
    case "edit":
      editPage(p, layout.body);
      return;
    case "hosts":
      hostsPage(p, layout.body);
      return;
    case "memory":
      memoryPage(p, layout.body);
      return;
    case "compare":
      comparePage(p, layout.body);
      return;
    case "instants":
      instantsPage(p, layout.body);
      return;
    case "log":
      logPage(p, layout.body);
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
    case "columns":
      columnsPage(p, layout.body);
      return;
    case "views":
      viewsPage(p, layout.body);
      return;
    case "help":
      helpPage(p, layout.body);
  }
}

function overview(p: Painter, layout: Layout): void {
  if (layout.hostPanel === "graphs") hostGraphs(p, layout.host);
  else hostCompact(p, layout.host.y);
  vmTable(p, layout.table);
  if (layout.side !== null) selectionBeside(p, layout.side);
  if (layout.below !== null) selectionBelow(p, layout.below);
  if (layout.lines !== null) selectionLines(p, layout.lines);
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
