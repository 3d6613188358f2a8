// Whether a VM passes a filter, and by which figures. A pure function of the VM, its sample and its alerts: the same for
// a list, a subscription, an alert and the past.
import type { FilterSubject, NumberField, TextField } from "./fields.js";
import { matchesGlob, type Condition, type Filter } from "./parse.js";
import type { Threshold } from "./measures.js";

/** Slack as a share of a threshold; 0 asks exactly. A condition that holds goes on until a figure is clear of it by so much. */
export type Slack = number;

/** Unknown figures meet no comparison, so `not cpu>50` is also true of a VM whose CPU is not known. */
export function matchesFilter(filter: Filter, subject: FilterSubject, slack: Slack = 0): boolean {
  return filter === null || holds(filter, subject, slack);
}

/** The figures by which a VM passes, e.g. `cpu 98.2% (>80)`, one a field; what is not compared is not named. */
export function reasonsOf(filter: Filter, subject: FilterSubject): string[] {
  return filter === null ? [] : [...new Set(reasons(filter, subject))];
}

function holds(condition: Condition, subject: FilterSubject, slack: Slack): boolean {
  switch (condition.kind) {
    case "and":
      return condition.parts.every((part) => holds(part, subject, slack));
    case "or":
      return condition.parts.some((part) => holds(part, subject, slack));
    case "not":
      // Slack makes a condition easier to keep; under a negation that means harder.
      return !holds(condition.part, subject, -slack);
    case "word":
      return subject.id.includes(condition.text) || subject.name.toLowerCase().includes(condition.text) || subject.state?.toLowerCase() === condition.text;
    case "text":
      return matchesText(condition.field, condition.key, condition.operator, condition.value, subject);
    case "presence":
      return condition.field.texts(subject, null).length > 0 === condition.isWanted;
    case "oneOf":
      return condition.words.includes(condition.field.word(subject));
    case "number":
      return compares(condition.field.figure(subject), condition.operator, limitOf(condition.field, condition.threshold, subject), slack);
    case "boolean":
      return condition.field.isSet(subject) === condition.isWanted;
  }
}

function matchesText(field: TextField, key: string | null, operator: ":" | "=" | "!=" | "~", value: string, subject: FilterSubject): boolean {
  const texts = field.texts(subject, key).map((text) => text.toLowerCase());
  switch (operator) {
    case ":":
      return texts.some((text) => text.includes(value));
    case "=":
      return texts.includes(value);
    case "!=":
      return !texts.includes(value);
    case "~":
      return texts.some((text) => matchesGlob(value, text));
  }
}

function limitOf(field: NumberField, { value, isShare }: Threshold, subject: FilterSubject): number | null {
  if (!isShare) return value;
  const whole = field.whole?.(subject) ?? null;
  return whole === null ? null : value * whole;
}

function compares(figure: number | null, operator: ">" | ">=" | "<" | "<=" | "=" | "!=", limit: number | null, slack: Slack): boolean {
  if (figure === null || limit === null) return false;
  switch (operator) {
    case ">":
      return figure > limit * (1 - slack);
    case ">=":
      return figure >= limit * (1 - slack);
    case "<":
      return figure < limit * (1 + slack);
    case "<=":
      return figure <= limit * (1 + slack);
    case "=":
      return figure === limit;
    case "!=":
      return figure !== limit;
  }
}

function reasons(condition: Condition, subject: FilterSubject): string[] {
  switch (condition.kind) {
    case "and":
      return condition.parts.flatMap((part) => reasons(part, subject));
    case "or":
      return condition.parts.filter((part) => holds(part, subject, 0)).flatMap((part) => reasons(part, subject));
    case "oneOf":
      return [`${condition.field.name} ${condition.field.word(subject)}`];
    case "number": {
      const figure = condition.field.figure(subject);
      return [`${condition.field.name} ${figure === null ? "unknown" : condition.field.measure.show(figure)} (${condition.operator}${condition.shown})`];
    }
    case "not":
    case "word":
    case "text":
    case "presence":
    case "boolean":
      return [];
  }
}
