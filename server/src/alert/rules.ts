// What a rule may be: its limits, and the words for it. Pure.
import { InvalidInput } from "../errors.js";
import type { FilterNode } from "../vm/filter/ast.js";
import { parseFilter, readFilter, type Filter } from "../vm/filter/parse.js";
import { ALERT_SEVERITIES, type AlertRule, type AlertSeverity } from "./model.js";

/** Each is asked of every VM every second. */
export const MAX_ALERT_RULES = 100;
/** A day: what takes longer is a matter of history, not of alerts. */
export const MAX_FOR_SECONDS = 86_400;
const ID_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** Printable, without control or direction characters: it is shown in every list. */
const NAME_PATTERN = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

export interface RuleInput {
  /** Null: a new rule, whose id is made of its name. */
  readonly id: string | null;
  readonly name: string;
  readonly where: string;
  readonly forSeconds: number;
  readonly severity: AlertSeverity;
  readonly enabled: boolean;
}

/** Throws InvalidInput and FilterFault. `known` are the other rules. */
export function checkedRule(input: RuleInput, known: readonly AlertRule[], written: { readonly at: Date; readonly by: string }): AlertRule {
  const name = input.name.trim();
  if (!NAME_PATTERN.test(name)) throw new InvalidInput("A rule's name has 1 to 64 printable characters.", "name");
  const id = input.id ?? idOf(name);
  if (!ID_PATTERN.test(id)) throw new InvalidInput(`A rule's id has 1 to 64 characters a-z, 0-9, dot, dash or underscore, not ${JSON.stringify(id.slice(0, 80))}; give one.`, "id");
  const namesake = known.find((rule) => rule.id !== id && rule.name === name);
  if (namesake !== undefined) throw new InvalidInput(`The rule ${namesake.id} is named ${JSON.stringify(name)} already; choose another name, or change that rule.`, "name");
  if (input.id === null && known.some((rule) => rule.id === id)) throw new InvalidInput(`A rule with the id ${id} exists already; give that id to change it, or choose another name.`, "name");
  if (!known.some((rule) => rule.id === id) && known.length >= MAX_ALERT_RULES) throw new InvalidInput(`There are ${MAX_ALERT_RULES} rules already, which is the most; delete one first.`, null);
  if (!Number.isInteger(input.forSeconds) || input.forSeconds < 0 || input.forSeconds > MAX_FOR_SECONDS) {
    throw new InvalidInput(`forSeconds must be 0 to ${MAX_FOR_SECONDS}, not ${input.forSeconds}.`, "forSeconds");
  }
  if (!ALERT_SEVERITIES.includes(input.severity)) throw new InvalidInput(`The severity is ${ALERT_SEVERITIES.join(" or ")}.`, "severity");
  const where = input.where.trim();
  ruleFilter(where);
  return { id, name, where, forSeconds: input.forSeconds, severity: input.severity, enabled: input.enabled, updatedAt: written.at, updatedBy: written.by };
}

/** Throws FilterFault, and InvalidInput for what is a filter and yet no rule. */
export function ruleFilter(where: string): Filter {
  const filter = parseFilter(where);
  if (filter === null) throw new InvalidInput("A rule without a condition would fire on every VM; give one, e.g. cpu>80.", "where");
  const place = alertPlace(readFilter(where));
  if (place !== null) throw new InvalidInput(`Column ${place + 1}: a rule cannot ask for alerts, or alerts would raise each other; name the figures themselves.`, "where", place + 1);
  return filter;
}

/** "cpu>80 for 10 s, warning". */
export function ruleWords({ where, forSeconds, severity, enabled }: AlertRule): string {
  return `${where}${forSeconds === 0 ? "" : ` for ${forSeconds} s`}, ${severity.toLowerCase()}${enabled ? "" : ", disabled"}`;
}

function idOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
}

function alertPlace(node: FilterNode | null): number | null {
  if (node === null || node.kind === "word") return null;
  switch (node.kind) {
    case "not":
      return alertPlace(node.part);
    case "compare":
      return node.field === "alert" ? node.offset : null;
    case "and":
    case "or":
      return node.parts.map(alertPlace).find((place) => place !== null) ?? null;
  }
}
