// The first line: which host, how many VMs in which state, how old what is shown is, and what the viewer may do.
// When the server is away this line says so: the banner takes no room from anything else.
import { countByState, isStale, page, sampleAgeMs, selectedVm } from "../store/select.js";
import type { Host, VmState } from "../store/model.js";
import { style } from "./frame.js";
import type { Style } from "./frame.js";
import { cellsOf } from "../width.js";
import { cut, longAge, sampleAge } from "./format.js";
import { cutName } from "./names.js";
import { BOLD, DIM, RULE, TEXT, parts } from "./painter.js";
import { pastHeader } from "./past.js";
import type { Painter } from "./painter.js";
import { STATE_ROLES } from "./theme.js";
import { wholePieces } from "./whole-pieces.js";
import type { Piece, Text } from "./whole-pieces.js";

const COUNTED: readonly (readonly VmState[])[] = [["RUNNING"], ["PAUSED"], ["STARTING", "STOPPING", "MIGRATING"], ["STOPPED", "DEFINED"], ["CRASHED"]];

const STATE_WEIGHTS: Readonly<Record<VmState, number>> = { DEFINED: 0, STOPPED: 0, PAUSED: 1, STARTING: 2, STOPPING: 2, MIGRATING: 2, RUNNING: 3, CRASHED: 5 };
const ALERTS_WEIGHT = 6;
const TOTAL_WEIGHT = 7;

export function header(p: Painter): void {
  const { state, frame } = p;
  if (state.connection.phase === "lost") {
    banner(p, state.connection.since, state.connection.reason);
    return;
  }
  if (state.past.at !== null) {
    pastHeader(p, whatThen(p));
    return;
  }
  const right = rightSide(p);
  const room = frame.width - right - 2;
  const start = parts(p, 1, 0, [["quetzal ", style("title", "bold")], [hostNames(p), TEXT], ...trouble(p)], room);
  const where = page(state);
  const vm = selectedVm(state);
  if (where === "vm" && vm !== null) {
    const look = style(STATE_ROLES[vm.state]);
    const since = longAge(state.now + state.clockSkewMs - (vm.startedAt ?? vm.stateSince));
    const standing: readonly Text[] = [["   ", TEXT], [`${p.theme.states[vm.state]} ${vm.state.toLowerCase()}`, look]];
    const crumb = ` ${p.theme.crumb} `;
    // Of a long name the middle goes, and before that for how long it is so.
    const left = room - start - cellsOf(crumb) - cellsOf(vm.label);
    const facts = wholePieces([{ texts: standing, weight: 1 }, { texts: [[` ${since}`, TEXT]], weight: 0 }], Math.max(left, STATE_CELLS));
    const label = cutName(vm.label, room - start - cellsOf(crumb) - facts.reduce((sum, [text]) => sum + cellsOf(text), 0), p.theme.ellipsis);
    parts(p, start, 0, [[crumb, DIM], [label, BOLD], ...facts], room - start);
  } else parts(p, start, 0, wholePieces(counts(p), room - start), room - start);
}

/** Cells of the longest state with its sign. */
const STATE_CELLS = 14;

/** The chosen VM on its page, else how many there were. */
function whatThen(p: Painter): readonly Piece[] {
  const { state, theme } = p;
  const vm = page(state) === "vm" ? selectedVm(state) : null;
  if (vm === null) return counts(p);
  return [{ texts: [[`${vm.label} ${theme.states[vm.state]} ${vm.state.toLowerCase()}`, TEXT]], weight: 9 }];
}

function hostNames(p: Painter): string {
  const { hosts } = p.state;
  if (hosts.length === 0) return p.state.connection.phase === "connecting" ? "connecting" : "no host";
  return hosts.length === 1 ? (hosts[0]?.name ?? "") : `${hosts.length} hosts`;
}

/** How many there are in all weighs most, then trouble: it stands first, and the rest hangs on it. */
function counts(p: Painter): Piece[] {
  const { state, theme } = p;
  if (!state.vmsKnown) return [];
  const byState = countByState(state);
  const total = state.vms.size;
  const shown: Piece[] = [{ texts: [[` ${theme.bar} `, RULE], [`${total} ${total === 1 ? "VM" : "VMs"}`, TEXT]], weight: TOTAL_WEIGHT }];
  for (const group of COUNTED) {
    const count = group.reduce((sum, name) => sum + (byState.get(name) ?? 0), 0);
    const first = group[0];
    if (count > 0 && first !== undefined) shown.push({ texts: [[`  ${theme.states[first]} ${count}`, style(STATE_ROLES[first])]], weight: STATE_WEIGHTS[first] });
  }
  const alerts = state.alerts.length;
  if (alerts > 0) shown.push({ texts: [[` ${theme.bar} `, RULE], [`${theme.attention} ${alerts} ${alerts === 1 ? "alert" : "alerts"}`, style("attention")]], weight: ALERTS_WEIGHT });
  return shown;
}

/** What makes all the rest of the line doubtful stands before it: the last to be cut off. */
function trouble({ state, theme }: Painter): (readonly [string, Style])[] {
  const what = !state.databaseConnected ? "database away" : hostsAway(state.hosts);
  return what === "" ? [] : [[` ${theme.bar} `, RULE], [`${theme.attention} ${what}`, style("attention")]];
}

function hostsAway(hosts: readonly Host[]): string {
  const away = hosts.filter((one) => !one.connected).length;
  if (away === 0) return "";
  return hosts.length === 1 ? "host unreachable" : `${away} of ${hosts.length} hosts unreachable`;
}

/** Age and role at the right edge; returns the cells they take. */
function rightSide(p: Painter): number {
  const { state, frame } = p;
  const role = state.role?.toLowerCase() ?? "";
  const ageText = `age ${sampleAge(sampleAgeMs(state))}`;
  frame.putRight(frame.width - 1, 0, role, DIM);
  frame.putRight(frame.width - 1 - role.length - (role === "" ? 0 : 2), 0, ageText, isStale(state) ? style("attention") : DIM);
  return ageText.length + role.length + 4;
}

/** Cells of a VM's name beside the banner: its page must say whose it is. */
const BANNER_NAME_CELLS = 20;

function banner(p: Painter, since: number, reason: string): void {
  const { state, frame, theme } = p;
  const look = style("attention", "inverse");
  const ageText = `data ${sampleAge(sampleAgeMs(state))} old `;
  frame.fill({ x: 0, y: 0, width: frame.width, height: 1 }, " ", look);
  const vm = page(state) === "vm" ? selectedVm(state) : null;
  const of = vm === null ? "" : `${cutName(vm.label, BANNER_NAME_CELLS, theme.ellipsis)} ${theme.bar} `;
  const text = ` ${of}${theme.attention} no server for ${longAge(state.now - since)}: ${reason} ${theme.kind === "unicode" ? "·" : "-"} trying again`;
  frame.put(0, 0, cut(text, frame.width - ageText.length - 2, theme.ellipsis), look);
  frame.putRight(frame.width, 0, ageText, look);
}
