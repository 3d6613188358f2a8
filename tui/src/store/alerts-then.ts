// Which alerts fired at an instant of the past, read from the events up to it and from what fires on now. Pure. It knows
// how the server words the two events: "RULE: why" and "RULE is over".
import type { Alert, Event } from "./model.js";

/** Alerts of before the events that are known are only told if they fire on now. */
export function alertsThen(firingNow: readonly Alert[], events: readonly Event[], at: number): Alert[] {
  const then = new Map(firingNow.filter((alert) => alert.since <= at).map((alert) => [`${alert.vmId} ${alert.ruleName}`, alert]));
  for (const event of events) {
    if (event.vmId === null || event.time > at) continue;
    if (event.kind === "ALERT_RAISED") {
      const alert = raised(event, event.vmId);
      const known = then.get(`${event.vmId} ${alert.ruleName}`);
      if (known?.since !== alert.since) then.set(`${event.vmId} ${alert.ruleName}`, alert);
    } else if (event.kind === "ALERT_CLEARED") {
      for (const [key, alert] of then) if (alert.vmId === event.vmId && alert.since <= event.time && event.message.startsWith(`${alert.ruleName} is over`)) then.delete(key);
    }
  }
  return [...then.values()];
}

/** An event has no rule but its name, and no severity: the milder one is shown. */
function raised({ cursor, time, message }: Event, vmId: string): Alert {
  const end = message.indexOf(": ");
  return { id: `event ${cursor}`, vmId, since: time, message, ruleId: "", ruleName: end < 0 ? message : message.slice(0, end), severity: "WARNING", where: "", forSeconds: 0 };
}
