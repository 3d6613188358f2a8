// `quetzal alert ls|rules|put|rm`: what fires, and the rules that make it fire.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { formatAge, sanitise } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import { tableLines } from "./table.js";

const RULE = graphql(`fragment CliAlertRule on AlertRule { id name where forSeconds severity enabled updatedAt updatedBy }`);
const ALERTS = graphql(`query Alerts { alerts { id vmId since message rule { ...CliAlertRule } } }`, [RULE]);
const RULES = graphql(`query AlertRules { alertRules { ...CliAlertRule } }`, [RULE]);
const PUT = graphql(
  `mutation PutAlertRule($input: PutAlertRuleInput!) {
    result: putAlertRule(input: $input) {
      __typename
      ... on PutAlertRuleSuccess { matchesNow rule { ...CliAlertRule } }
      ... on Error { message }
      ... on InvalidInput { field column }
    }
  }`,
  [RULE],
);
const DELETE = graphql(
  `mutation DeleteAlertRule($input: DeleteAlertRuleInput!) {
    result: deleteAlertRule(input: $input) {
      __typename
      ... on DeleteAlertRuleSuccess { alertsCleared rule { ...CliAlertRule } }
      ... on Error { message }
    }
  }`,
  [RULE],
);

type Rule = ResultOf<typeof RULE>;

export const SEVERITIES = ["warning", "critical"] as const;

export interface PutRuleOptions {
  readonly name?: string;
  readonly where?: string;
  readonly for?: number;
  readonly severity?: (typeof SEVERITIES)[number];
  readonly enable?: boolean;
  readonly disable?: boolean;
  readonly dryRun?: boolean;
}

export async function listAlerts(context: CommandContext): Promise<void> {
  const { alerts } = await context.client().request(ALERTS, {}, context.signal);
  if (context.format === "json") return printJson(context, alerts);
  if (alerts.length === 0) {
    context.note("Nothing fires. 'quetzal alert rules' lists what is looked for.");
    return;
  }
  const now = context.nowMs();
  const rows = alerts.map(({ vmId, since, message, rule }) => [rule.severity.toLowerCase(), sanitise(vmId), formatAge(since, now), sanitise(message)]);
  await printLines(context, tableLines([{ title: "SEVERITY" }, { title: "VM" }, { title: "AGE", align: "right" }, { title: "WHAT" }], rows));
}

export async function listRules(context: CommandContext): Promise<void> {
  const rules = await fetchRules(context);
  if (context.format === "json") return printJson(context, rules);
  const rows = rules.map(({ id, name, where, forSeconds, severity, enabled, updatedBy }) =>
    [id, severity.toLowerCase(), `${forSeconds}s`, enabled ? "yes" : "no", sanitise(updatedBy), sanitise(where), sanitise(name)]);
  await printLines(context, tableLines([{ title: "ID" }, { title: "SEVERITY" }, { title: "FOR", align: "right" }, { title: "ENABLED" }, { title: "BY" }, { title: "WHERE" }, { title: "NAME" }], rows));
}

/** What is not said stays as it is; of a new rule it is the API's default. */
export async function putRule(context: CommandContext, id: string, options: PutRuleOptions): Promise<void> {
  if (options.enable && options.disable) throw new CommandError(EXIT.usage, "Usage", "--enable and --disable exclude each other.");
  const known = (await fetchRules(context)).find((rule) => rule.id === id);
  const where = options.where ?? known?.where;
  if (where === undefined) throw new CommandError(EXIT.usage, "Usage", `There is no rule ${sanitise(id)} yet, and a new one needs a condition: --where 'cpu>80'.`);
  const severity = options.severity === undefined ? known?.severity : options.severity === "critical" ? "CRITICAL" : "WARNING";
  const forSeconds = options.for ?? known?.forSeconds;
  const enabled = options.enable ? true : options.disable ? false : known?.enabled;
  const { result } = await context.client().request(PUT, {
    input: {
      id, where, name: options.name ?? known?.name ?? id, dryRun: options.dryRun ?? false,
      ...(forSeconds === undefined ? {} : { forSeconds }), ...(severity === undefined ? {} : { severity }), ...(enabled === undefined ? {} : { enabled }),
    },
  }, context.signal);
  if (result.__typename !== "PutAlertRuleSuccess") throw placed(result, where);
  if (context.format === "json") return printJson(context, { rule: result.rule, matchesNow: result.matchesNow });
  const words = ruleWords(result.rule);
  await context.print(`${id}: ${options.dryRun ? "would be" : "is"} ${words}; ${result.matchesNow} ${result.matchesNow === 1 ? "VM passes" : "VMs pass"} now`);
}

export async function removeRule(context: CommandContext, id: string, options: { dryRun?: boolean }): Promise<void> {
  const { result } = await context.client().request(DELETE, { input: { id, dryRun: options.dryRun ?? false } }, context.signal);
  if (result.__typename !== "DeleteAlertRuleSuccess") throw fromTypedError(result);
  if (context.format === "json") return printJson(context, { rule: result.rule, alertsCleared: result.alertsCleared });
  await context.print(`${sanitise(result.rule.id)}: ${options.dryRun ? "would be deleted" : "deleted"}; ${result.alertsCleared} ${result.alertsCleared === 1 ? "alert ends" : "alerts end"} with it`);
}

async function fetchRules(context: CommandContext): Promise<Rule[]> {
  return (await context.client().request(RULES, {}, context.signal)).alertRules;
}

function ruleWords({ where, forSeconds, severity, enabled }: Rule): string {
  return `${sanitise(where)} for ${forSeconds}s, ${severity.toLowerCase()}${enabled ? "" : ", disabled"}`;
}

/** A condition that is no filter is shown with a mark below the place. */
function placed(error: { __typename: string; message: string; field?: string | null; column?: number | null }, where: string): CommandError {
  if (error.column == null) return fromTypedError(error);
  return fromTypedError({ ...error, message: `${error.message}\n  ${sanitise(where)}\n  ${" ".repeat(Math.max(0, error.column - 1))}^` });
}
