// Keys on the page of alerts: to the VM of an alert, rules on and off, made, edited and deleted. Whether they can be done
// now, and what they do. It draws nothing and asks nobody: the outside carries it out.
import type { DoingPort } from "./feed/doing.js";
import type { Store } from "./feed/feed.js";
import type { Command } from "./keys.js";
import { chosenLine } from "./store/alerts.js";
import type { AlertRule } from "./store/alerts.js";
import { roleRefusal } from "./store/rights.js";
import { ruleForm } from "./store/rule-form.js";
import type { State } from "./store/state.js";

function chosenRule(state: State): AlertRule | null {
  const line = chosenLine(state);
  if (line?.kind === "rule") return line.rule;
  return line === null ? null : ((state.alertRules.list ?? []).find(({ id }) => id === line.alert.ruleId) ?? null);
}

function ruleRefusal(state: State): string | null {
  return roleRefusal(state, "OPERATOR") ?? (chosenRule(state) === null ? "No rule is chosen." : null);
}

const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  alertEnter: (state) => {
    const line = chosenLine(state);
    if (line?.kind === "alert") return state.vms.has(line.alert.vmId) ? null : `${line.alert.vmId} is gone.`;
    return ruleRefusal(state);
  },
  ruleNew: (state) => roleRefusal(state, "OPERATOR"),
  ruleEdit: ruleRefusal, ruleToggle: ruleRefusal, ruleDelete: ruleRefusal,
};

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForAlerts(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store, doing: DoingPort) => void>> = {
  alertEnter: (store) => {
    const line = chosenLine(store.state);
    if (line?.kind === "alert") store.dispatch({ type: "lookAt", vmId: line.alert.vmId });
    else edit(store);
  },
  ruleNew: ({ dispatch }) => dispatch({ type: "formOpen", form: ruleForm(null) }),
  ruleEdit: edit,
  ruleToggle: ({ state }, doing) => withRule(state, (rule) => void doing.rules.toggle(rule)),
  ruleDelete: ({ state }, doing) => withRule(state, (rule) => void doing.rules.offerDelete(rule)),
};

/** Does a command of this file; false when it is none. */
export function performAlerts(store: Store, doing: DoingPort, command: Command): boolean {
  const perform = PERFORMS[command];
  perform?.(store, doing);
  return perform !== undefined;
}

function edit({ state, dispatch }: Store): void {
  withRule(state, (rule) => dispatch({ type: "formOpen", form: ruleForm(rule) }));
}

function withRule(state: State, use: (rule: AlertRule) => void): void {
  const rule = chosenRule(state);
  if (rule !== null) use(rule);
}
