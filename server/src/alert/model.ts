// Alerts as the API shows them. Types only.
export const ALERT_SEVERITIES = ["WARNING", "CRITICAL"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** A condition in the filter language that somebody wants to be told of. */
export interface AlertRule {
  readonly id: string;
  readonly name: string;
  readonly where: string;
  /** How long a VM must pass before it is raised; 0: at once. */
  readonly forSeconds: number;
  readonly severity: AlertSeverity;
  readonly enabled: boolean;
  readonly updatedAt: Date;
  readonly updatedBy: string;
}

/** A rule that fires on a VM. */
export interface Alert {
  readonly id: string;
  readonly rule: AlertRule;
  readonly vmId: string;
  /** When it was raised. */
  readonly since: Date;
  /** One sentence with the figures at that moment. */
  readonly message: string;
}
