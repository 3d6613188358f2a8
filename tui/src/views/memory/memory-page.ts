// The page of memory: the host's as one stacked bar with its parts, what saves memory and why not more, each VM's bar, and
// what the controller decided last. Small screens have all of it in few lines; large ones side by side.
import { host, serverNow } from "../../store/select.js";
import type { HostMemory } from "../../store/memory.js";
import type { Host } from "../../store/model.js";
import { style } from "../frame.js";
import type { Rect } from "../frame.js";
import { bytes, cut, sampleAge } from "../format.js";
import { DIM, parts, rule } from "../painter.js";
import type { Painter } from "../painter.js";
import { whyNoMemoryThen } from "../past-words.js";
import { decisionList } from "./decisions.js";
import { decisionsThen } from "./decisions-then.js";
import { STATE_LOOKS, STATE_WORDS, mechanismLines, mechanisms, whyNoDecision } from "./mechanisms.js";
import { legend, legendRows, longLegend, shownParts, stackedBar } from "./stack.js";
import { vmBars } from "./vm-bars.js";

/** From this width on the host's parts and what saves memory stand side by side, each part with its words. */
const BESIDE_FROM_CELLS = 110;
/** From this width on the decisions stand beside the VMs. */
const DECISIONS_BESIDE_CELLS = 180;
/** Share of the VMs beside the decisions. */
const VMS_RATIO = 0.6;
/** Rows of the decisions, their rule included, of a low screen and of a higher one; and from how many rows it is higher. */
const DECISION_ROWS = { low: 4, high: 10, highFrom: 30 } as const;
/** Lines of what saves memory on a low screen: one a mechanism. */
const MECHANISM_ROWS = 5;

export function memoryPage(p: Painter, rect: Rect): void {
  const one = host(p.state);
  if (one === null) {
    rule(p, { ...rect, height: 1 }, "memory");
    p.frame.put(rect.x + 2, rect.y + 1, cut("No host is known yet.", rect.width - 4, p.theme.ellipsis), DIM);
    return;
  }
  const memory = p.state.memory.host?.hostId === one.id ? p.state.memory.host : null;
  const top = rect.width >= BESIDE_FROM_CELLS ? wideTop(p, rect, one, memory) : lowTop(p, rect, one, memory);
  const below: Rect = { ...rect, y: rect.y + top, height: rect.height - top };
  if (rect.width >= DECISIONS_BESIDE_CELLS) {
    const width = Math.floor(rect.width * VMS_RATIO);
    vmBars(p, { ...below, width });
    decisions(p, { ...below, x: rect.x + width, width: rect.width - width }, memory);
    return;
  }
  const rows = rect.height >= DECISION_ROWS.highFrom ? DECISION_ROWS.high : DECISION_ROWS.low;
  vmBars(p, { ...below, height: below.height - rows });
  decisions(p, { ...below, y: below.y + below.height - rows, height: rows }, memory);
}

/** Title with the state of the host, then the bar. Rows: two. */
function hostBar(p: Painter, rect: Rect, one: Host, memory: HostMemory | null): void {
  const { state, theme } = p;
  const breakdown = memory?.breakdown ?? null;
  const pressure = memory?.settings?.state ?? null;
  const age = breakdown === null ? "" : `as of ${sampleAge(serverNow(state) - breakdown.at)}`;
  rule(p, { ...rect, height: 1 }, `memory of ${one.name}, ${bytes(breakdown?.totalBytes ?? one.memoryBytes)}`, age);
  if (pressure !== null) {
    const text = ` ${pressure}, ${STATE_WORDS[pressure]} `;
    p.frame.putRight(rect.x + rect.width - 4 - (age === "" ? 0 : age.length + 2), rect.y, text, STATE_LOOKS[pressure]);
  }
  if (breakdown !== null) parts(p, rect.x + 1, rect.y + 1, stackedBar(theme, rect.width - 2, breakdown), rect.width - 2);
  else p.frame.put(rect.x + 2, rect.y + 1, cut(whyUnknown(p, one, memory), rect.width - 3, theme.ellipsis), state.memory.fault === null ? DIM : style("attention"));
}

function whyUnknown({ state, theme }: Painter, one: Host, memory: HostMemory | null): string {
  if (state.past.at !== null) return whyNoMemoryThen(state, { kind: "host", id: one.id }, memory !== null);
  if (state.memory.fault !== null) return `${theme.attention} ${state.memory.fault}`;
  return memory === null ? "Asking the server." : "The host has not told its figures yet.";
}

function lowTop(p: Painter, rect: Rect, one: Host, memory: HostMemory | null): number {
  hostBar(p, rect, one, memory);
  const breakdown = memory?.breakdown ?? null;
  const named = breakdown === null ? 2 : legendRows(breakdown, rect.width - 1);
  if (breakdown !== null) legend(p, rect.x + 1, rect.y + 2, rect.width - 1, breakdown);
  rule(p, { ...rect, y: rect.y + 2 + named, height: 1 }, "what saves memory");
  mechanismLines(p, { ...rect, x: rect.x + 1, width: rect.width - 2, y: rect.y + 3 + named, height: MECHANISM_ROWS }, mechanisms(p.state, one, memory));
  return 3 + named + MECHANISM_ROWS;
}

function wideTop(p: Painter, rect: Rect, one: Host, memory: HostMemory | null): number {
  hostBar(p, rect, one, memory);
  const breakdown = memory?.breakdown ?? null;
  const left = Math.floor(rect.width / 2);
  const height = Math.max(MECHANISM_ROWS + 4, breakdown === null ? 0 : shownParts(breakdown).length);
  const y = rect.y + 2;
  if (breakdown !== null) longLegend(p, { x: rect.x + 1, y: y + 1, width: left - 3, height }, breakdown);
  rule(p, { ...rect, y, width: left, height: 1 }, "its parts");
  rule(p, { ...rect, x: rect.x + left, y, width: rect.width - left, height: 1 }, "what saves memory");
  mechanismLines(p, { x: rect.x + left + 1, y: y + 1, width: rect.width - left - 2, height }, mechanisms(p.state, one, memory));
  return 3 + height;
}

function decisions(p: Painter, rect: Rect, memory: HostMemory | null): void {
  rule(p, { ...rect, height: 1 }, "the controller's last decisions", memory === null && p.state.past.at === null ? "" : "times in UTC");
  const inner: Rect = { x: rect.x + 1, y: rect.y + 1, width: rect.width - 2, height: rect.height - 1 };
  if (p.state.past.at !== null) {
    decisionsThen(p, inner, null);
    return;
  }
  decisionList(p, inner, memory?.decisions ?? [], "with the name", memory === null ? "Asking the server." : whyNoDecision(p.state, memory.settings));
}
