// Follows what fires now: the whole list at once and after every change.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { Alert } from "../store/model.js";
import { paintable } from "../store/sanitize.js";

export const ALERTS = graphql(`
  subscription DashboardAlerts { alertsChanged { id vmId since message rule { id name severity where forSeconds } } }
`);

type WireAlert = ResultOf<typeof ALERTS>["alertsChanged"][number];

export function toAlert({ id, vmId, since, message, rule }: WireAlert): Alert {
  return {
    id, vmId, since: Date.parse(since), message: paintable(message), ruleId: rule.id, ruleName: paintable(rule.name), severity: rule.severity,
    where: paintable(rule.where), forSeconds: rule.forSeconds,
  };
}
