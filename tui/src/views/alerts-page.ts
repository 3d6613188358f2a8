// The page of alerts: what fires now, the critical first, and below it the rules that make it fire. A function of the
// state.
import { alertLines, chosenLine, lineId } from "../store/alerts.js";
import type { AlertLine, AlertRule } from "../store/alerts.js";
import type { Alert } from "../store/model.js";
import { serverNow, vmLabel } from "../store/select.js";
import { wrapped } from "../wrap.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { age, cut, dayClock } from "./format.js";
import { fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { firstRow } from "./vm-table.js";

/** Rows at the bottom: a rule and what the chosen line says in full. */
const DETAIL_ROWS = 3;
/** Alerts take at most this share of the height while there are more rules than fit below. */
const ALERTS_RATIO = 0.5;
/** Rule and head above the rows of a table. */
const HEAD_ROWS = 2;
/** Narrower, names are cut. */
const WIDE_CELLS = 110;

type Line<Kind extends AlertLine["kind"]> = Extract<AlertLine, { kind: Kind }>;

export function alertsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  const lines = alertLines(state);
  const firing = lines.filter((line): line is Line<"alert"> => line.kind === "alert");
  const rules = lines.filter((line): line is Line<"rule"> => line.kind === "rule");
  const room = rect.height - DETAIL_ROWS;
  const wanted = HEAD_ROWS + Math.max(1, firing.length);
  const rulesWant = HEAD_ROWS + Math.max(1, rules.length);
  const alertRows = Math.min(wanted, Math.max(Math.floor(room * ALERTS_RATIO), room - rulesWant));
  alertTable(p, { ...rect, height: alertRows }, firing);
  ruleTable(p, { ...rect, y: rect.y + alertRows, height: room - alertRows }, rules);
  detail(p, { ...rect, y: rect.y + room, height: DETAIL_ROWS });
}

const SEVERITY_ROLES: Readonly<Record<Alert["severity"], Role>> = { WARNING: "attention", CRITICAL: "crashed" };

function severitySign({ theme }: Painter, severity: Alert["severity"]): string {
  return severity === "CRITICAL" ? theme.states.CRASHED : theme.attention;
}

function alertTable(p: Painter, rect: Rect, lines: readonly Line<"alert">[]): void {
  const { state } = p;
  rule(p, { ...rect, height: 1 }, "alerts", lines.length === 0 ? "" : `${lines.length} ${lines.length === 1 ? "fires" : "fire"}`);
  if (lines.length === 0) {
    p.frame.put(rect.x + 2, rect.y + 1, cut("Nothing fires now.", rect.width - 3, p.theme.ellipsis), DIM);
    return;
  }
  const isWide = rect.width >= WIDE_CELLS;
  const before = 2 + (isWide ? 24 : 16) + (isWide ? 26 : 14) + 5 + 4 * (isWide ? 2 : 1);
  const columns: FixedColumn<Line<"alert">>[] = [
    { title: "", width: 1, align: "left", text: ({ alert }) => severitySign(p, alert.severity), look: ({ alert }) => style(SEVERITY_ROLES[alert.severity]) },
    { title: "VM", width: isWide ? 24 : 16, align: "left", text: ({ alert }) => vmLabel(state, alert.vmId) },
    { title: "RULE", width: isWide ? 26 : 14, align: "left", text: ({ alert }) => alert.ruleName },
    { title: "SINCE", width: 5, align: "right", text: ({ alert }) => age(serverNow(state) - alert.since), look: () => DIM },
    { title: "WHAT", width: Math.max(10, rect.width - before - 2), align: "left", text: ({ alert }) => alert.message },
  ];
  table(p, rect, columns, lines);
}

function ruleTable(p: Painter, rect: Rect, lines: readonly Line<"rule">[]): void {
  const { list, fault } = p.state.alertRules;
  const off = lines.filter((line) => !line.rule.enabled).length;
  rule(p, { ...rect, height: 1 }, p.state.past.at === null ? "rules" : "rules, as they are now", list === null ? "" : off === 0 ? `${lines.length}` : `${lines.length}, ${off} off`);
  if (lines.length === 0) {
    const [text, look] = fault !== null ? [`${p.theme.attention} ${fault}`, style("attention")] as const : [list === null ? "Asking the server." : "There is no rule. n makes one: a condition as in the filter, and for how long.", DIM] as const;
    p.frame.put(rect.x + 2, rect.y + 1, cut(text, rect.width - 3, p.theme.ellipsis), look);
    return;
  }
  const isWide = rect.width >= WIDE_CELLS;
  const before = 1 + 3 + (isWide ? 30 : 20) + 6 + 5 * (isWide ? 2 : 1) + (isWide ? 16 : 0);
  const columns: FixedColumn<Line<"rule">>[] = [
    { title: "", width: 1, align: "left", text: ({ rule: { severity } }) => severitySign(p, severity), look: ({ rule: { severity, enabled } }) => (enabled ? style(SEVERITY_ROLES[severity]) : DIM) },
    { title: "ON", width: 3, align: "left", text: ({ rule: { enabled } }) => (enabled ? "on" : "off"), look: lookOf },
    { title: "NAME", width: isWide ? 30 : 20, align: "left", text: ({ rule: { name } }) => name, look: lookOf },
    { title: "FOR", width: 6, align: "right", text: ({ rule: { forSeconds } }) => (forSeconds === 0 ? "now" : `${forSeconds}s`), look: lookOf },
    { title: "WHERE", width: Math.max(10, rect.width - before - 2), align: "left", text: ({ rule: { where } }) => where, look: lookOf },
    ...(isWide ? [{ title: "BY", width: 16, align: "left", text: ({ rule: { updatedBy } }: Line<"rule">) => updatedBy, look: () => DIM } as const] : []),
  ];
  table(p, rect, columns, lines);
}

function lookOf({ rule: { enabled } }: { rule: AlertRule }): number {
  return enabled ? TEXT : DIM;
}

/** The rows around the chosen one, which is shown inverse. */
function table<Row extends AlertLine>(p: Painter, rect: Rect, columns: readonly FixedColumn<Row>[], rows: readonly Row[]): void {
  const chosen = chosenLine(p.state);
  const isChosen = (row: AlertLine): boolean => chosen !== null && lineId(row) === lineId(chosen);
  const index = rows.findIndex(isChosen);
  const shown = rect.height - HEAD_ROWS;
  const first = firstRow(Math.max(0, index), shown, rows.length);
  fixedTable(p, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: shown + 1 }, columns, rows, first);
  const all = alertLines(p.state);
  const atOf = (row: AlertLine): number => all.findIndex((line) => lineId(line) === lineId(row));
  const chosenAt = all.findIndex(isChosen);
  rows.slice(first, first + shown).forEach((row, at) => p.frame.clickable({ ...rect, y: rect.y + HEAD_ROWS + at, height: 1 }, { kind: "line", index: atOf(row), chosen: chosenAt }));
  if (index >= first && index < first + shown) p.frame.invert(rect.x, rect.y + HEAD_ROWS + index - first, rect.width);
  if (rows.length > shown) p.frame.putRight(rect.x + rect.width - 1, rect.y, ` ${index === -1 ? "" : `${index + 1} of `}${rows.length} `, DIM);
}

function detail(p: Painter, rect: Rect): void {
  const line = chosenLine(p.state);
  rule(p, { ...rect, height: 1 }, "");
  if (line === null) return;
  const text = line.kind === "alert"
    ? `${line.alert.message} Since ${dayClock(line.alert.since)} UTC${line.alert.where === "" ? "." : `; fires on: ${line.alert.where}, for ${line.alert.forSeconds} s.`}`
    : `${line.rule.severity.toLowerCase()}: ${line.rule.where}, for ${line.rule.forSeconds} s. ${line.rule.enabled ? "Looked at" : "Not looked at"}; written by ${line.rule.updatedBy}.`;
  const [first = "", ...others] = wrapped(text, rect.width - 2);
  p.frame.put(rect.x + 1, rect.y + 1, first, TEXT, rect.width - 2);
  p.frame.put(rect.x + 1, rect.y + 2, cut(others.join(" "), rect.width - 2, p.theme.ellipsis), TEXT);
}
