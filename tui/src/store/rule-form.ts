// The form of an alert rule, and the rule that its values mean.
import { fieldOf, newForm } from "./form.js";
import type { Form } from "./form.js";
import type { AlertRule } from "./alerts.js";

/** Names of rules hold no more characters. */
const NAME_MAX_LENGTH = 64;

/** For one rule to change, or for a new one. */
export function ruleForm(rule: AlertRule | null): Form {
  return newForm({
    kind: "rule", title: rule === null ? "a new alert rule" : `alert rule ${rule.name}`, editedId: rule?.id ?? null,
    fields: [
      { kind: "text", name: "where", label: "where", value: rule?.where ?? "", hint: "A filter, such as cpu>90 label=web: it fires on each VM that passes." },
      { kind: "text", name: "forSeconds", label: "for seconds", value: String(rule?.forSeconds ?? 60), hint: "How long a VM must pass before it fires: 0 to 86400." },
      { kind: "choice", name: "severity", label: "severity", options: ["WARNING", "CRITICAL"], value: rule?.severity ?? "WARNING", hint: "warning: look at it when you can. critical: look at it now." },
      { kind: "text", name: "name", label: "name", value: rule?.name ?? "", hint: "For people, unlike any other rule's. Left empty, the condition is its name." },
      { kind: "choice", name: "enabled", label: "enabled", options: ["yes", "no"], value: rule?.enabled === false ? "no" : "yes", hint: "no: the rule is kept and not looked at." },
    ],
  });
}

export interface RuleInput { id: string | null; name: string; where: string; forSeconds: number; severity: AlertRule["severity"]; enabled: boolean }
export type MeantRule = { fits: true; input: RuleInput } | { fits: false; reason: string; field: string };

export function ruleOf(form: Form): MeantRule {
  const where = fieldOf(form, "where").trim();
  const seconds = fieldOf(form, "forSeconds").trim();
  // A GraphQL Int takes no other text: everything else is the server's to judge.
  if (!/^\d{1,9}$/.test(seconds)) return { fits: false, reason: `"${seconds}" is no whole number of seconds.`, field: "forSeconds" };
  // Without a condition there is nothing to name either.
  if (where === "") return { fits: false, reason: "A rule needs a condition: a filter, such as cpu>90.", field: "where" };
  const name = fieldOf(form, "name").trim();
  return {
    fits: true,
    input: {
      id: form.editedId, where, forSeconds: Number(seconds), name: name === "" ? where.slice(0, NAME_MAX_LENGTH) : name,
      severity: fieldOf(form, "severity") === "CRITICAL" ? "CRITICAL" : "WARNING", enabled: fieldOf(form, "enabled") === "yes",
    },
  };
}
