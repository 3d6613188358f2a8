// The page of alerts: what fires, the rules below, and which of them is chosen. Pure.
import type { Alert } from "./model.js";
import type { State } from "./state.js";

export interface AlertRule {
  id: string;
  /** Paintable. */
  name: string;
  where: string;
  forSeconds: number;
  severity: Alert["severity"];
  enabled: boolean;
  updatedBy: string;
}

export type AlertLine = { kind: "alert"; alert: Alert } | { kind: "rule"; rule: AlertRule };

export type AlertAction =
  | { type: "alertRules"; rules: readonly AlertRule[] }
  | { type: "alertRulesFault"; reason: string };

export const ALERT_ACTIONS: ReadonlySet<string> = new Set<AlertAction["type"]>(["alertRules", "alertRulesFault"]);

/** Rules by name, once the page has asked for them; the reason why there are none. */
export interface AlertRules { list: readonly AlertRule[] | null; fault: string | null }
export const NO_RULES: AlertRules = { list: null, fault: null };

export function reduceAlerts(state: State, action: AlertAction): State {
  if (action.type === "alertRulesFault") return { ...state, alertRules: { ...state.alertRules, fault: action.reason } };
  return { ...state, alertRules: { list: action.rules, fault: null } };
}

/** Every line of the page that can be chosen: alerts, the critical first, then rules. */
export function alertLines({ alerts, alertRules }: State): AlertLine[] {
  const weight = { CRITICAL: 0, WARNING: 1 } as const;
  const firing = [...alerts].sort((a, b) => weight[a.severity] - weight[b.severity] || a.since - b.since || (a.id < b.id ? -1 : 1));
  return [...firing.map((alert) => ({ kind: "alert", alert }) as const), ...(alertRules.list ?? []).map((rule) => ({ kind: "rule", rule }) as const)];
}

export function lineId(line: AlertLine): string {
  return line.kind === "alert" ? `alert ${line.alert.id}` : `rule ${line.rule.id}`;
}

/** Null while there is none. What is chosen is kept by id: lines come and go above it. */
export function chosenLine(state: State): AlertLine | null {
  const lines = alertLines(state);
  return lines.find((line) => lineId(line) === state.ui.chosenAlert) ?? lines[0] ?? null;
}

export function moveAlerts(state: State, by: number): State {
  const lines = alertLines(state);
  const chosen = chosenLine(state);
  const at = chosen === null ? 0 : lines.findIndex((line) => lineId(line) === lineId(chosen));
  const next = lines[Math.max(0, Math.min(lines.length - 1, at + by))];
  return next === undefined ? state : { ...state, ui: { ...state.ui, chosenAlert: lineId(next) } };
}
