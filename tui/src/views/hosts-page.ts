// The page of hosts: which there are, and of the chosen one what it can do and what not (why, and what would mend it),
// its pressure, cores, memory, KSM and disk space, with graphs beside or below.
import { countOn, selectedHost, serverNow } from "../store/select.js";
import type { Host } from "../store/model.js";
import type { State } from "../store/state.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { bytes, sampleAge, wholePercent } from "./format.js";
import { fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { hostFacts } from "./host-facts.js";
import type { FactLine } from "./host-facts.js";
import { hostPlots, pressureWords } from "./host-plots.js";
import { scrolled } from "./lists.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { plotGrid } from "./plot-grid.js";

/** From here on the graphs stand beside the text, from the second on in two columns. */
const BESIDE_FROM_CELLS = 110;
const TWO_ACROSS_FROM_CELLS = 180;
/** Cells of the text beside graphs. */
const TEXT_CELLS = 78;
/** Rows of the graphs below the text. */
const BELOW_ROWS = 8;
/** Rows of the list of hosts at most, its rule and head included. */
const LIST_ROWS_MAX = 8;

export function hostsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  const host = selectedHost(state);
  if (host === null) {
    rule(p, { ...rect, height: 1 }, "hosts");
    p.frame.put(rect.x + 2, rect.y + 1, "No host is known to the server. Start quetzald and name its socket in the server's configuration.", DIM, rect.width - 3);
    return;
  }
  const listRows = state.hosts.length > 1 ? Math.min(LIST_ROWS_MAX, state.hosts.length + 2) : 0;
  if (listRows > 0) hostList(p, { ...rect, height: listRows }, host);
  const below: Rect = { ...rect, y: rect.y + listRows, height: rect.height - listRows };
  rule(p, { ...below, height: 1 }, `host ${host.name}`, state.hosts.length > 1 ? `${state.hosts.indexOf(host) + 1} of ${state.hosts.length}` : "");
  const inner: Rect = { ...below, y: below.y + 1, height: below.height - 1 };
  const { cpu, memory, disk, network, pressure } = hostPlots(p, host);
  if (rect.width >= BESIDE_FROM_CELLS) {
    const textCells = Math.min(TEXT_CELLS, Math.floor(rect.width * 0.6));
    facts(p, host, { ...inner, width: textCells });
    const beside: Rect = { ...inner, x: inner.x + textCells, width: inner.width - textCells, y: below.y, height: below.height };
    if (rect.width >= TWO_ACROSS_FROM_CELLS) plotGrid(p, [cpu, pressure, memory, disk, network], beside, 2);
    else plotGrid(p, [cpu, pressure, memory], beside, 1);
    return;
  }
  facts(p, host, { ...inner, height: inner.height - BELOW_ROWS });
  plotGrid(p, [cpu, pressure], { ...inner, y: inner.y + inner.height - BELOW_ROWS, height: BELOW_ROWS }, 2);
}

function facts(p: Painter, host: Host, rect: Rect): void {
  const lines: FactLine[] = hostFacts(p, host, rect.width - 2);
  const first = scrolled(p.state, "hosts", rect.height, lines.length);
  lines.slice(first, first + rect.height).forEach((line, row) => parts(p, rect.x + 1, rect.y + row, line, rect.width - 1));
  const rest = lines.length - first - rect.height;
  if (rest > 0) p.frame.putRight(rect.x + rect.width - 1, rect.y + rect.height - 1, ` ${rest} more ${p.theme.down} PgDn `, style("key"));
}

interface HostRow { host: Host; state: State }

function hostList(p: Painter, rect: Rect, chosen: Host): void {
  const { state } = p;
  const away = state.hosts.filter((host) => !host.connected).length;
  rule(p, { ...rect, height: 1 }, "hosts", away === 0 ? "all connected" : `${away} unreachable`);
  const shown = rect.height - 2;
  const index = state.hosts.indexOf(chosen);
  const first = Math.max(0, Math.min(index - Math.floor(shown / 2), state.hosts.length - shown));
  const rows = state.hosts.map((host): HostRow => ({ host, state }));
  fixedTable(p, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: shown + 1 }, LIST_COLUMNS, rows, first);
  p.frame.invert(rect.x + 1, rect.y + 2 + index - first, rect.width - 2);
}

const trouble = (look: Style) => ({ host }: HostRow): Style => (host.connected ? look : style("attention"));

const LIST_COLUMNS: readonly FixedColumn<HostRow>[] = [
  { title: "NAME", width: 16, align: "left", text: ({ host }) => host.name, look: trouble(TEXT) },
  { title: "VMs", width: 4, align: "right", text: ({ host, state }) => String(countOn(state, host.id)) },
  { title: "CPU", width: 5, align: "right", text: ({ host, state }) => wholePercent(state.hostSamples.get(host.id)?.cpuRatio ?? null) },
  { title: "MEMORY", width: 14, align: "right", text: ({ host, state }) => memoryOf(state, host) },
  { title: "AGE", width: 6, align: "right", text: ({ host, state }) => sampleAge(ageOf(state, host)) },
  { title: "WAITING", width: 60, align: "left", text: ({ host, state }) => (host.connected ? pressureWords(state.hostSamples.get(host.id) ?? null) : `unreachable: ${host.connectionError ?? "no reason given"}`), look: trouble(TEXT) },
];

function memoryOf(state: State, host: Host): string {
  const sample = state.hostSamples.get(host.id);
  return `${bytes(sample === undefined ? null : sample.memoryTotalBytes - sample.memoryAvailableBytes)} / ${bytes(host.memoryBytes).padStart(5)}`;
}

function ageOf(state: State, host: Host): number | null {
  const sample = state.hostSamples.get(host.id);
  return sample === undefined ? null : Math.max(0, serverNow(state) - sample.time);
}

