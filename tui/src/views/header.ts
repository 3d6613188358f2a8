// The first line: which host, how many VMs in which state, how old what is shown is, and what the viewer may do.
// When the server is away this line says so: the banner takes no room from anything else.
import { countByState, isStale, page, sampleAgeMs, selectedVm } from "../store/select.js";
import type { Host, VmState } from "../store/model.js";
import { style } from "./frame.js";
import type { Style } from "./frame.js";
import { cut, longAge, sampleAge } from "./format.js";
import { BOLD, DIM, RULE, TEXT, fittingParts } from "./painter.js";
import { pastHeader } from "./past.js";
import type { Painter } from "./painter.js";
import { STATE_ROLES } from "./theme.js";

const COUNTED: readonly (readonly VmState[])[] = [["RUNNING"], ["PAUSED"], ["STARTING", "STOPPING", "MIGRATING"], ["STOPPED", "DEFINED"], ["CRASHED"]];

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
  const start = fittingParts(p, 1, 0, [["quetzal ", style("title", "bold")], [hostNames(p), TEXT], ...trouble(p)], room);
  const where = page(state);
  const vm = selectedVm(state);
  if (where === "vm" && vm !== null) {
    const look = style(STATE_ROLES[vm.state]);
    const since = longAge(state.now + state.clockSkewMs - (vm.startedAt ?? vm.stateSince));
    fittingParts(p, start, 0, [
      [` ${p.theme.crumb} `, DIM], [vm.label, BOLD], ["   ", TEXT], [`${p.theme.states[vm.state]} ${vm.state.toLowerCase()} `, look], [since, TEXT],
    ], room - start);
  } else fittingParts(p, start, 0, counts(p), room - start);
}

/** The chosen VM on its page, else how many there were. */
function whatThen(p: Painter): string {
  const { state, theme } = p;
  const vm = page(state) === "vm" ? selectedVm(state) : null;
  return vm === null ? counts(p).map((part) => part?.[0] ?? "").join("").replace(` ${theme.bar} `, "") : `${vm.label} ${theme.states[vm.state]} ${vm.state.toLowerCase()}`;
}

function hostNames(p: Painter): string {
  const { hosts } = p.state;
  if (hosts.length === 0) return p.state.connection.phase === "connecting" ? "connecting" : "no host";
  return hosts.length === 1 ? (hosts[0]?.name ?? "") : `${hosts.length} hosts`;
}

function counts(p: Painter): (readonly [string, Style] | null)[] {
  const { state, theme } = p;
  if (!state.vmsKnown) return [];
  const byState = countByState(state);
  const total = state.vms.size;
  const shown: (readonly [string, Style] | null)[] = [[` ${theme.bar} `, RULE], [`${total} ${total === 1 ? "VM" : "VMs"}`, TEXT]];
  for (const group of COUNTED) {
    const count = group.reduce((sum, name) => sum + (byState.get(name) ?? 0), 0);
    const first = group[0];
    if (count > 0 && first !== undefined) shown.push([`  ${theme.states[first]} ${count}`, style(STATE_ROLES[first])]);
  }
  const alerts = state.alerts.length;
  if (alerts > 0) shown.push([` ${theme.bar} `, RULE], [`${theme.attention} ${alerts} ${alerts === 1 ? "alert" : "alerts"}`, style("attention")]);
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

function banner(p: Painter, since: number, reason: string): void {
  const { state, frame, theme } = p;
  const look = style("attention", "inverse");
  const ageText = `data ${sampleAge(sampleAgeMs(state))} old `;
  frame.fill({ x: 0, y: 0, width: frame.width, height: 1 }, " ", look);
  const text = ` ${theme.attention} no server for ${longAge(state.now - since)}: ${reason} ${theme.kind === "unicode" ? "·" : "-"} trying again`;
  frame.put(0, 0, cut(text, frame.width - ageText.length - 2, theme.ellipsis), look);
  frame.putRight(frame.width, 0, ageText, look);
}
