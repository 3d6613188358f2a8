// `quetzal alert ls|rules|put|rm`: what fires, and the rules that make it fire.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { formatAge, sanitise } from "../format.js";
import type { Colour, CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError, markedFault } from "./exit.js";
import type { ListFlags, Listing } from "./output/listing.js";
import { printList, printRecord } from "./output/print.js";

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

type Alert = ResultOf<typeof ALERTS>["alerts"][number];

const SEVERITY_COLOURS: Readonly<Record<Rule["severity"], Colour>> = { WARNING: "orange", CRITICAL: "vermilion" };

export const ALERT_LISTING: Listing<Alert> = {
  name: ({ id }) => id,
  empty: "Nothing fires. 'quetzal alert rules' lists what is looked for.",
  columns: [
    { name: "severity", value: ({ rule }) => rule.severity.toLowerCase(), cell: ({ rule }) => rule.severity.toLowerCase(), colour: ({ rule }) => SEVERITY_COLOURS[rule.severity] },
    { name: "vm", value: ({ vmId }) => vmId, cell: ({ vmId }) => sanitise(vmId) },
    { name: "age", align: "right", value: ({ since }) => since, cell: ({ since }, { nowMs }) => formatAge(since, nowMs) },
    { name: "rule", shown: "wide", value: ({ rule }) => rule.id, cell: ({ rule }) => rule.id },
    { name: "message", title: "WHAT", value: ({ message }) => message, cell: ({ message }) => sanitise(message) },
  ],
};

export const RULE_LISTING: Listing<Rule> = {
  name: ({ id }) => id,
  empty: "There is no rule: 'quetzal alert put ID --where FILTER' makes one.",
  columns: [
    { name: "id", value: ({ id }) => id, cell: ({ id }) => id },
    { name: "severity", value: ({ severity }) => severity.toLowerCase(), cell: ({ severity }) => severity.toLowerCase(), colour: ({ severity }) => SEVERITY_COLOURS[severity] },
    { name: "for", align: "right", value: ({ forSeconds }) => forSeconds, cell: ({ forSeconds }) => `${forSeconds}s` },
    { name: "enabled", value: ({ enabled }) => enabled, cell: ({ enabled }) => (enabled ? "yes" : "no") },
    { name: "by", value: ({ updatedBy }) => updatedBy, cell: ({ updatedBy }) => sanitise(updatedBy) },
    { name: "where", value: ({ where }) => where, cell: ({ where }) => sanitise(where) },
    { name: "name", value: ({ name }) => name, cell: ({ name }) => sanitise(name) },
    { name: "updated", shown: "wide", value: ({ updatedAt }) => updatedAt, cell: ({ updatedAt }) => updatedAt },
  ],
};

export async function listAlerts(context: CommandContext, flags: ListFlags): Promise<void> {
  await printList(context, ALERT_LISTING, (await context.client().request(ALERTS, {}, context.signal)).alerts, flags);
}

export async function listRules(context: CommandContext, flags: ListFlags): Promise<void> {
  await printList(context, RULE_LISTING, await fetchRules(context), flags);
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
  const { rule, matchesNow } = result;
  const line = `${sanitise(rule.id)}: ${options.dryRun ? "would be" : "is"} ${ruleWords(rule)}; ${matchesNow} ${matchesNow === 1 ? "VM passes" : "VMs pass"} now`;
  await printRecord(context, { rule, matchesNow }, { name: rule.id, lines: () => [line] });
}

export async function removeRule(context: CommandContext, id: string, options: { dryRun?: boolean }): Promise<void> {
  const { result } = await context.client().request(DELETE, { input: { id, dryRun: options.dryRun ?? false } }, context.signal);
  if (result.__typename !== "DeleteAlertRuleSuccess") throw fromTypedError(result);
  const { rule, alertsCleared } = result;
  const line = `${sanitise(rule.id)}: ${options.dryRun ? "would be deleted" : "deleted"}; ${alertsCleared} ${alertsCleared === 1 ? "alert ends" : "alerts end"} with it`;
  await printRecord(context, { rule, alertsCleared }, { name: rule.id, lines: () => [line] });
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
  return fromTypedError({ ...error, message: markedFault(error.message, where, error.column) });
}
