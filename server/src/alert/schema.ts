// Alerts in GraphQL: what fires, the rules, and how they are changed.
import { openFeed } from "../feed.js";
import { builder } from "../graphql/builder.js";
import { answer, resultUnion } from "../graphql/errors.js";
import { VmRef } from "../graphql/refs.js";
import type { Alert, AlertRule } from "./model.js";
import type { DeleteRuleSuccess, PutRuleSuccess } from "./service.js";

const AlertSeverityEnum = builder.enumType("AlertSeverity", {
  description: "How much an alert matters.",
  values: { WARNING: { description: "Look at it when you can." }, CRITICAL: { description: "Look at it now." } } as const,
});

const AlertRuleRef = builder.objectRef<AlertRule>("AlertRule").implement({
  description: "A condition that somebody wants to be told of.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Names the rule for putAlertRule and deleteAlertRule." }),
    name: t.exposeString("name", { description: "For people." }),
    where: t.exposeString("where", { description: "The condition, in the filter language." }),
    forSeconds: t.exposeInt("forSeconds", { description: "Seconds that a VM must pass before it is raised; 0: at once." }),
    severity: t.expose("severity", { type: AlertSeverityEnum, description: "How much it matters." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether it is looked at." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it was last written." }),
    updatedBy: t.exposeString("updatedBy", { description: "Name of the token that wrote it." }),
  }),
});

const AlertRef = builder.objectRef<Alert>("Alert").implement({
  description: "A rule that fires on a VM. It is over when its condition has failed, clear of the threshold, for as long as it took to be raised (10 s to a minute).",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Of this alert; the next time has another." }),
    rule: t.expose("rule", { type: AlertRuleRef, description: "The rule." }),
    vmId: t.exposeID("vmId", { description: "The VM's id." }),
    vm: t.field({ type: VmRef, nullable: true, description: "The VM; null once it is gone.", resolve: (alert, _, ctx) => ctx.services.vms.get(alert.vmId) }),
    since: t.expose("since", { type: "DateTime", description: "When it was raised." }),
    message: t.exposeString("message", { description: "One sentence with the figures of that moment." }),
  }),
});

const PutAlertRuleSuccessRef = builder.objectRef<PutRuleSuccess>("PutAlertRuleSuccess").implement({
  description: "The rule is in order.",
  fields: (t) => ({
    rule: t.expose("rule", { type: AlertRuleRef, description: "The rule as it now is, or in a dry run would be." }),
    matchesNow: t.exposeInt("matchesNow", { description: "VMs that pass its condition at this moment; they are raised once they have for its time." }),
  }),
});
const DeleteAlertRuleSuccessRef = builder.objectRef<DeleteRuleSuccess>("DeleteAlertRuleSuccess").implement({
  description: "The rule is gone, or in a dry run would be.",
  fields: (t) => ({
    rule: t.expose("rule", { type: AlertRuleRef, description: "The rule as it was." }),
    alertsCleared: t.exposeInt("alertsCleared", { description: "Alerts of it that end with it." }),
  }),
});
const PutAlertRuleResult = resultUnion("PutAlertRuleResult", "What came of putAlertRule.", PutAlertRuleSuccessRef, ["InvalidInput", "Forbidden", "DatabaseUnavailable"]);
const DeleteAlertRuleResult = resultUnion("DeleteAlertRuleResult", "What came of deleteAlertRule.", DeleteAlertRuleSuccessRef, ["AlertRuleNotFound", "Forbidden", "DatabaseUnavailable"]);

const DRY_RUN = "Judge only: nothing is changed, and no event is written.";
const PutAlertRuleInput = builder.inputType("PutAlertRuleInput", {
  description: "A rule to make or to replace. The same input twice is the same rule.",
  fields: (t) => ({
    id: t.id({ description: "Of the rule: 1 to 64 characters a-z, 0-9, dot, dash, underscore. Null: a new rule, its id made of its name." }),
    name: t.string({ required: true, description: "For people: 1 to 64 printable characters, unlike any other rule's." }),
    where: t.string({ required: true, description: "The condition, in the filter language, e.g. `guest.available<10%`; not of the field alert." }),
    forSeconds: t.int({ required: true, defaultValue: 60, description: "Seconds that a VM must pass before it is raised, 0 to 86,400." }),
    severity: t.field({ type: AlertSeverityEnum, required: true, defaultValue: "WARNING", description: "How much it matters." }),
    enabled: t.boolean({ required: true, defaultValue: true, description: "False: keep the rule and do not look at it; what it fires is over." }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const DeleteAlertRuleInput = builder.inputType("DeleteAlertRuleInput", {
  description: "A rule to delete.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The rule." }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});

builder.queryFields((t) => ({
  alerts: t.field({ type: [AlertRef], description: "What fires now, the oldest first.", resolve: (_, __, ctx) => ctx.services.alertBoard.list() as Alert[] }),
  alertRules: t.field({ type: [AlertRuleRef], description: "Every rule, by name.", resolve: (_, __, ctx) => ctx.services.alerts.rules() }),
}));

builder.mutationFields((t) => ({
  putAlertRule: t.field({
    type: PutAlertRuleResult, description: "Make an alert rule, or replace one. Needs the role OPERATOR.",
    args: { input: t.arg({ type: PutAlertRuleInput, required: true, description: "The rule." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.alerts.put(ctx.viewer, { ...input, id: input.id ?? null })),
  }),
  deleteAlertRule: t.field({
    type: DeleteAlertRuleResult, description: "Delete an alert rule; what it fires is over. Needs the role OPERATOR.",
    args: { input: t.arg({ type: DeleteAlertRuleInput, required: true, description: "Which rule." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.alerts.delete(ctx.viewer, input)),
  }),
}));

builder.subscriptionFields((t) => ({
  alertsChanged: t.field({
    type: [AlertRef], description: "What fires now, the oldest first: the whole list at once, and again after every change.",
    extensions: { shared: "latest" },
    subscribe: (_, __, ctx) => openFeed(ctx.services.alertBoard.changes(), ctx.part),
    resolve: (item) => item.value as Alert[],
  }),
}));
