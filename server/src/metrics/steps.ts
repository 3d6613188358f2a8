// How long history is kept in which steps, and which step answers a query. Pure.

export const HOUR_SECONDS = 3_600;
export const DAY_SECONDS = 86_400;

export type BucketTable = "metric_ten_seconds" | "metric_minutes" | "metric_ten_minutes" | "metric_hours";

export interface Tier {
  readonly table: "metric_seconds" | BucketTable;
  readonly stepSeconds: number;
  readonly keptSeconds: number;
}

export const SECONDS_TIER: Tier = { table: "metric_seconds", stepSeconds: 1, keptSeconds: HOUR_SECONDS };
export const TEN_SECONDS_TIER: Tier = { table: "metric_ten_seconds", stepSeconds: 10, keptSeconds: DAY_SECONDS };
export const MINUTES_TIER: Tier = { table: "metric_minutes", stepSeconds: 60, keptSeconds: 30 * DAY_SECONDS };
/** Long spans are read from these: a month in minutes is 43,200 rows, on as many pages. */
export const TEN_MINUTES_TIER: Tier = { table: "metric_ten_minutes", stepSeconds: 600, keptSeconds: 30 * DAY_SECONDS };
export const HOURS_TIER: Tier = { table: "metric_hours", stepSeconds: HOUR_SECONDS, keptSeconds: 30 * DAY_SECONDS };
/** From fine to coarse; each step divides the next. */
export const TIERS: readonly Tier[] = [SECONDS_TIER, TEN_SECONDS_TIER, MINUTES_TIER, TEN_MINUTES_TIER, HOURS_TIER];
/** Tiers whose rows are means over a step. */
export const BUCKET_TIERS: readonly (Tier & { readonly table: BucketTable })[] = TIERS.filter((tier): tier is Tier & { readonly table: BucketTable } => tier.table !== "metric_seconds");

/** Rows outlive their tier by this, so that "the last hour" asked a little late still finds its first second. */
export const RETENTION_SLACK_SECONDS = 120;
/** A step chosen by us gives at most so many points: more than a wide screen has columns. */
export const AUTOMATIC_POINTS = 600;
/** A step chosen by the client gives at most so many: 3 h of seconds. */
export const MAX_POINTS = 10_800;
/** Steps that people read easily. */
const NICE_STEPS_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, HOUR_SECONDS, 2 * HOUR_SECONDS, 6 * HOUR_SECONDS, 12 * HOUR_SECONDS, DAY_SECONDS];

/** The range or step of a query breaks a rule; `field` names which. */
export class InvalidRange extends Error {
  override readonly name = "InvalidRange";

  constructor(readonly field: "range" | "stepSeconds", message: string) {
    super(message);
  }
}

export interface Plan {
  readonly tier: Tier;
  readonly stepSeconds: number;
  /** Start of the first step, and end of the last: Unix seconds, multiples of the step. */
  readonly fromSecond: number;
  readonly toSecond: number;
}

/** How a query is answered. Times are Unix seconds; `stepSeconds` null lets us choose. Throws InvalidRange. */
export function planQuery(from: number, to: number, stepSeconds: number | null, now: number): Plan {
  if (!(from < to)) throw new InvalidRange("range", "The range ends before it begins; give a `from` that is earlier than `to`.");
  if (stepSeconds !== null && !(Number.isInteger(stepSeconds) && stepSeconds >= 1)) throw new InvalidRange("stepSeconds", "stepSeconds is a whole number from 1; leave it out to have one chosen.");
  const finest = TIERS.find((tier) => from >= now - tier.keptSeconds - RETENTION_SLACK_SECONDS) ?? MINUTES_TIER;
  const wanted = stepSeconds ?? niceStep((to - from) / AUTOMATIC_POINTS);
  const step = Math.ceil(wanted / finest.stepSeconds) * finest.stepSeconds;
  // The coarsest rows that fit into the step: the fewest to read.
  const tier = TIERS.findLast((each) => step % each.stepSeconds === 0) ?? finest;
  const fromSecond = Math.floor(from / step) * step;
  const toSecond = Math.ceil(to / step) * step;
  const points = (toSecond - fromSecond) / step;
  if (points > MAX_POINTS) {
    throw new InvalidRange("stepSeconds", `The query asks for ${points} points and ${MAX_POINTS} are given at most; ask for a step of ${Math.ceil((to - from) / MAX_POINTS)} s or more, or a shorter range.`);
  }
  return { tier, stepSeconds: step, fromSecond, toSecond };
}

function niceStep(atLeastSeconds: number): number {
  return NICE_STEPS_SECONDS.find((step) => step >= atLeastSeconds) ?? Math.ceil(atLeastSeconds / DAY_SECONDS) * DAY_SECONDS;
}
