// The alert rules: asked for while their page is open and again when one was changed by anybody, and changed from here.
// It knows no key and no screen.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { AlertRule } from "../store/alerts.js";
import type { FormJudgement } from "../store/form.js";
import type { RuleInput } from "../store/rule-form.js";
import { paintable } from "../store/sanitize.js";
import { page } from "../store/select.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";

const RULE = graphql(`fragment DashboardAlertRule on AlertRule { id name where forSeconds severity enabled updatedBy }`);
const RULES = graphql(`query DashboardAlertRules { alertRules { ...DashboardAlertRule } }`, [RULE]);
const PUT = graphql(`
  mutation DashboardPutAlertRule($input: PutAlertRuleInput!) {
    answer: putAlertRule(input: $input) {
      __typename
      ... on Error { message }
      ... on InvalidInput { field }
      ... on PutAlertRuleSuccess { matchesNow rule { name } }
    }
  }
`);
const DELETE = graphql(`
  mutation DashboardDeleteAlertRule($id: ID!, $dryRun: Boolean!) {
    answer: deleteAlertRule(input: { id: $id, dryRun: $dryRun }) { __typename ... on Error { message } ... on DeleteAlertRuleSuccess { alertsCleared } }
  }
`);

export function toRule(wire: ResultOf<typeof RULE>): AlertRule {
  const { id, forSeconds, severity, enabled } = wire;
  return { id, forSeconds, severity, enabled, name: paintable(wire.name), where: paintable(wire.where), updatedBy: paintable(wire.updatedBy) };
}

/** Whether the server would take a rule, or has. Throws a ClientError when nobody answers. */
export async function putRule(client: Client, input: RuleInput, how: "only judge" | "carry out"): Promise<FormJudgement> {
  const { answer } = await client.request(PUT, { input: { ...input, dryRun: how === "only judge" } });
  if (answer.__typename !== "PutAlertRuleSuccess") return { can: false, reason: paintable(answer.message), field: "field" in answer ? answer.field : null };
  const vms = answer.matchesNow === 1 ? "One VM passes" : `${answer.matchesNow === 0 ? "No" : answer.matchesNow} VMs pass`;
  return { can: true, effect: `${vms} this condition now.` };
}

/** What deleting a rule ends, or why it cannot be. Throws a ClientError when nobody answers. */
export async function deleteRule(client: Client, id: string, how: "only judge" | "carry out"): Promise<FormJudgement> {
  const { answer } = await client.request(DELETE, { id, dryRun: how === "only judge" });
  if ("message" in answer) return { can: false, reason: paintable(answer.message), field: null };
  const { alertsCleared } = answer;
  return { can: true, effect: alertsCleared === 0 ? "Nothing fires by it." : `What it fires on ${alertsCleared === 1 ? "one VM" : `${alertsCleared} VMs`} is over then.` };
}

export class AlertRulesFeed {
  private asked: string | null = null;

  constructor(private readonly client: Client, private readonly store: Store) {}

  lookedAt(): void {
    const { state } = this.store;
    if (page(state) !== "alerts") {
      this.asked = null;
      return;
    }
    const newest = state.events.findLast((event) => event.kind === "ALERT_RULE_CHANGED");
    const key = String(newest?.cursor ?? "");
    if (key === this.asked) return;
    this.asked = key;
    void this.load();
  }

  /** After a lost connection they are asked for anew. */
  forget(): void {
    this.asked = null;
  }

  private async load(): Promise<void> {
    try {
      const { alertRules } = await this.client.request(RULES, {});
      this.store.dispatch({ type: "alertRules", rules: alertRules.map(toRule) });
    } catch (error) {
      this.store.dispatch({ type: "alertRulesFault", reason: reasonOf(error) });
    }
  }
}
