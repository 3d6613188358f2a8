// Alert rules and what fires, as they are stored. Knows nothing of GraphQL.
import type { Db } from "../db/client.js";
import type { Alert, AlertRule } from "./model.js";

/** Every rule, by name. */
export function listRules(db: Db): Promise<AlertRule[]> {
  return db.alertRule.findMany({ orderBy: { name: "asc" } });
}

/** Creates the rule, or replaces the one with its id. */
export async function putRule(db: Db, rule: AlertRule): Promise<void> {
  await db.alertRule.upsert({ where: { id: rule.id }, create: rule, update: rule });
}

/** Forgets a rule and what it fires. True when it was there. */
export async function removeRule(db: Db, id: string): Promise<boolean> {
  return (await db.alertRule.deleteMany({ where: { id } })).count > 0;
}

/** What fired when it was last stored. */
export function listFiring(db: Db): Promise<Alert[]> {
  return db.firingAlert.findMany({ select: { id: true, rule: true, vmId: true, since: true, message: true } });
}

/** Stores that these fire and no others. Alerts of rules that are gone meanwhile are left out. */
export async function storeFiring(db: Db, alerts: readonly Alert[]): Promise<void> {
  const rows = alerts.map(({ id, rule, vmId, since, message }) => ({ id, rule_id: rule.id, vm_id: vmId, since: since.toISOString(), message }));
  await db.$executeRaw`
    WITH wanted AS (
      SELECT row.* FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row (id text, rule_id text, vm_id text, since timestamptz, message text)
      JOIN alert_rules ON alert_rules.id = row.rule_id
    ), gone AS (
      DELETE FROM firing_alerts AS old WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.rule_id = old.rule_id AND wanted.vm_id = old.vm_id)
    )
    INSERT INTO firing_alerts (id, rule_id, vm_id, since, message) SELECT id, rule_id, vm_id, since, message FROM wanted
    ON CONFLICT (rule_id, vm_id) DO UPDATE SET id = excluded.id, since = excluded.since, message = excluded.message`;
}

/** The ids of those alerts whose raising is in the events; the others were stored by a server that ended in between. */
export async function toldAlerts(db: Db, alerts: readonly Alert[]): Promise<Set<string>> {
  const told = await db.event.findMany({
    where: { kind: "ALERT_RAISED", vmId: { in: alerts.map((alert) => alert.vmId) }, time: { in: alerts.map((alert) => alert.since) } },
    select: { vmId: true, time: true, message: true },
  });
  const names = new Set(told.map(({ vmId, time, message }) => JSON.stringify([vmId, time, message])));
  return new Set(alerts.filter(({ vmId, since, message }) => names.has(JSON.stringify([vmId, since, message]))).map(({ id }) => id));
}
