// The tab of a VM's network cards: rates, packets and drops of each, and why there are none under user networking.
import { nicPart } from "../store/detail-rings.js";
import type { NicFigure } from "../store/detail-rings.js";
import type { NicSample, Vm } from "../store/model.js";
import { partWindow } from "../store/windows.js";
import type { Rect, Role } from "./frame.js";
import { count, cut, ratePerSecond } from "./format.js";
import { fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { BOLD, DIM, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { ASKING, UNKEPT, whyUnknownThen } from "./past-words.js";
import { plotGrid } from "./plot-grid.js";
import type { Plot, PlotLine } from "./plot.js";
import { COUNTS } from "./scales.js";
import type { Theme } from "./theme.js";
import { UNCOUNTED, isUserNetwork, networkPlot, whyNoFigures } from "./vm-plots.js";

/** Rows the graphs keep below the cards. */
const PLOT_ROWS = 9;

function columns(theme: Theme): FixedColumn<NicSample>[] {
  const right = (title: string, width: number, text: (nic: NicSample) => string): FixedColumn<NicSample> => ({ title, width, align: "right", text });
  return [
    { title: "card", width: 10, align: "left", text: ({ name }) => name, look: () => BOLD },
    right(`in ${theme.down}`, 8, (nic) => ratePerSecond(nic.rxBytesPerSecond)), right(`out ${theme.up}`, 8, (nic) => ratePerSecond(nic.txBytesPerSecond)),
    right("packets in/s", 12, (nic) => count(nic.rxPacketsPerSecond)), right("packets out/s", 13, (nic) => count(nic.txPacketsPerSecond)), right("drops/s", 7, (nic) => count(nic.dropsPerSecond)),
  ];
}

export function vmNet(p: Painter, vm: Vm, rect: Rect): void {
  const nics = p.state.details.get(vm.id)?.nics ?? [];
  const rows = Math.max(1, Math.min(nics.length, rect.height - 2 - PLOT_ROWS));
  rule(p, { ...rect, height: 1 }, cut(`network${vm.networkInUse === null ? "" : `: ${vm.networkInUse}`}`, rect.width - 6, p.theme.ellipsis));
  if (nics.length === 0) p.frame.put(rect.x + 2, rect.y + 1, whyNone(p, vm), DIM, rect.width - 3);
  else fixedTable(p, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: rows + 1 }, columns(p.theme), nics);
  const used = 2 + rows;
  plotGrid(p, [networkPlot(p, vm), packets(p, vm, nics[0] ?? null)], { ...rect, y: rect.y + used, height: rect.height - used }, 2);
}

function whyNone({ state }: Painter, vm: Vm): string {
  const uncounted = "User-mode networking has no counters on the host; a bridge or tap has.";
  if (state.past.at === null) return whyNoFigures(vm, isUserNetwork(vm) ? uncounted : "No card, or no sample yet.");
  return whyUnknownThen(state, { kind: "vm", id: vm.id }, isUserNetwork(vm) ? uncounted : state.details.has(vm.id) ? "No card then." : ASKING);
}

function packets(p: Painter, vm: Vm, nic: NicSample | null): Plot {
  const name = nic?.name ?? "";
  const line = (label: string, role: Role, figure: NicFigure): PlotLine =>
    ({ name: label, role, now: nic?.[figure] ?? null, window: (cells) => partWindow(p.state, vm.id, nicPart(name, figure), cells) });
  return {
    title: `packets/s${name === "" ? "" : `, ${name}`}`, scale: COUNTS, whyEmpty: whyNoFigures(vm, isUserNetwork(vm) ? UNCOUNTED : "from the opening of this page on"), whyEmptyThen: isUserNetwork(vm) ? UNCOUNTED : UNKEPT, of: [{ kind: "vm", id: vm.id }],
    lines: [line(p.theme.down, "first", "rxPacketsPerSecond"), line(p.theme.up, "second", "txPacketsPerSecond"), line("drops", "sixth", "dropsPerSecond")],
  };
}
