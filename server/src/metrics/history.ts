// History of metrics: takes every tick's samples, writes them in batches, answers queries over what is stored and what
// is still in memory, and deletes what is too old. It survives an absent database by keeping the newest batches.
import type { Db } from "../db/client.js";
import { HOST_METRICS, VM_METRICS, hostValues, vmValues, type HostMetricName, type MetricUnit, type VmMetricName } from "./catalog.js";
import { SubjectBuffer, rowsIn, type Ready } from "./buffer.js";
import { SeriesBuilder, SeriesByPlace, type Bucket } from "./downsample.js";
import { deleteExpired, findSubject, findSubjects, oldestSecond, readSteps, renameSubject, subjectIds, writeRows, type BucketRow, type Subject } from "./history-store.js";
import { readInstants, sampleIn, stepIn, tierAt, type Instant } from "./instants.js";
import type { TickSamples } from "./samples.js";
import { TEN_MINUTES_TIER, planQuery, type BucketTable, type Plan, type Tier } from "./steps.js";
import { VCPU_METRICS, vcpuAt, vcpuPlace, vcpuValues, type VcpuMetricName } from "./vcpus.js";

/** One write in this time: rarer writes cost less, and are only noticed when the server is killed. */
export const FLUSH_INTERVAL_MS = 10_000;
/** Deleting little and often keeps the tables small without a pause. */
const RETENTION_EVERY_FLUSHES = 30;
/** While the database is away rows wait in memory; beyond this the oldest batches are dropped. About 40 MB. */
const WAITING_MAX_ROWS = 40_000;
/** A subject that sent nothing for so long is written out whole and leaves the memory. */
const SILENT_AFTER_MS = 120_000;

export interface HistoryQuery {
  readonly from: Date;
  /** Null: now. */
  readonly to: Date | null;
  /** Null: chosen so that there are at most 600 points. */
  readonly stepSeconds: number | null;
}

export interface Series<Name extends string> {
  readonly metric: Name;
  readonly unit: MetricUnit;
  /** Starts of the steps. */
  readonly times: readonly Date[];
  /** Null where nothing was recorded. */
  readonly mean: readonly (number | null)[];
  /** Highest 1 s value of the step. */
  readonly max: readonly (number | null)[];
}

export interface History<Name extends string> {
  readonly from: Date;
  readonly to: Date;
  readonly stepSeconds: number;
  /** In the order the metrics were asked for. */
  readonly series: readonly Series<Name>[];
}

/** What is kept of one vCPU of a VM. */
export interface VcpuHistory {
  readonly index: number;
  readonly history: History<VcpuMetricName>;
}

export interface HistoryOptions {
  /** Told of a write that failed, and of batches dropped because the database was away for too long. */
  readonly onTrouble?: (message: string, error: unknown) => void;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
  /** Null: nothing is written by itself, only by flush(). */
  readonly flushIntervalMs?: number | null;
}

/** Whose history it is: a VM that lives, or one that was deleted at an instant. */
export interface VmLife {
  readonly vmId: string;
  readonly endedAt: Date | null;
}

/** What is kept of one instant, in the order it was asked for; null: nothing. */
export interface Instants {
  readonly stepSeconds: number;
  readonly hosts: readonly (Instant | null)[];
  readonly vms: readonly (Instant | null)[];
  /** Of the vCPUs of each of these VMs; see vcpus.ts. */
  readonly vcpus: readonly (Instant | null)[];
}

/** Of a VM there is a row of figures, and one of its vCPUs'. */
const VM_KINDS = ["VM", "VM_VCPUS"] as const;

interface Recorded {
  subject: Subject;
  readonly buffer: SubjectBuffer;
  lastAtMs: number;
}

interface Batch {
  readonly parts: readonly { readonly recorded: Recorded; readonly ready: Ready }[];
  readonly rows: number;
}

export class MetricsHistory implements AsyncDisposable {
  readonly #db: Db;
  readonly #options: HistoryOptions;
  readonly #now: () => number;
  readonly #recorded = new Map<string, Recorded>();
  readonly #ids = new Map<string, number>();
  /** Taken from the buffers and not known to be in the database; oldest first. */
  #waiting: Batch[] = [];
  /** Subjects of VMs that are gone, until they have their new names in the database. */
  #retiring: { readonly from: Subject; readonly to: Subject }[] = [];
  #flushing: Promise<void> | undefined;
  #flushes = 0;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(db: Db, options: HistoryOptions = {}) {
    this.#db = db;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const intervalMs = options.flushIntervalMs === undefined ? FLUSH_INTERVAL_MS : options.flushIntervalMs;
    if (intervalMs !== null) this.#timer = setInterval(() => void this.#tick(), intervalMs).unref();
  }

  /** Takes one tick's samples. Never waits and never fails. */
  record(samples: TickSamples): void {
    const timeMs = samples.time.getTime();
    if (samples.host !== null) this.#add({ kind: "HOST", reference: samples.host.hostId }, timeMs, hostValues(samples.host));
    for (const vm of samples.vms) {
      this.#add({ kind: "VM", reference: vm.vmId }, timeMs, vmValues(vm));
      if (vm.vcpus.length > 0) this.#add({ kind: "VM_VCPUS", reference: vm.vmId }, timeMs, vcpuValues(vm.vcpus));
    }
  }

  /** History of a VM. A VM that never ran has nulls only. Throws InvalidRange, DatabaseUnavailable. */
  vmHistory(vmId: string, metrics: readonly VmMetricName[], query: HistoryQuery): Promise<History<VmMetricName>> {
    return this.lifeHistory({ vmId, endedAt: null }, metrics, query);
  }

  /** History of a VM that may be gone. */
  lifeHistory(life: VmLife, metrics: readonly VmMetricName[], query: HistoryQuery): Promise<History<VmMetricName>> {
    return this.#history(subjectOf(life), VM_METRICS, metrics, query);
  }

  /** History of each vCPU of which anything is kept in this span, by index. Throws InvalidRange, DatabaseUnavailable. */
  async vcpuHistory(life: VmLife, metrics: readonly VcpuMetricName[], query: HistoryQuery): Promise<VcpuHistory[]> {
    const { plan, series } = await this.#read(subjectOf(life, "VM_VCPUS"), query, null);
    const indexes = [...new Set(series.known.map(vcpuAt))].sort((a, b) => a - b);
    return indexes.map((index) => ({ index, history: shownHistory(plan, series, VCPU_METRICS, metrics, metrics.map((metric) => vcpuPlace(index, metric))) }));
  }

  /** What was the newest at an instant, in the finest step that is kept of it. Throws DatabaseUnavailable. */
  async instants(at: Date, hostIds: readonly string[], lives: readonly VmLife[]): Promise<Instants> {
    const tier = tierAt(at.getTime(), this.#now());
    const subjects = [...hostIds.map((reference): Subject => ({ kind: "HOST", reference })), ...VM_KINDS.flatMap((kind) => lives.map((life) => subjectOf(life, kind)))];
    // What is in memory is newer than what is stored: it wins.
    const inMemory = this.#instantsInMemory(at.getTime(), tier);
    const ids = await findSubjects(this.#db, subjects.filter((subject) => !inMemory.has(keyOf(subject))));
    const stored = await readInstants(this.#db, [...ids.values()], at.getTime(), tier);
    const found = subjects.map((subject) => inMemory.get(keyOf(subject)) ?? stored.get(ids.get(keyOf(subject)) ?? -1) ?? null);
    const ofVms = found.slice(hostIds.length);
    return { stepSeconds: tier.stepSeconds, hosts: found.slice(0, hostIds.length), vms: ofVms.slice(0, lives.length), vcpus: ofVms.slice(lives.length) };
  }

  /** The oldest instant of which anything is kept; null: nothing is. */
  async oldest(): Promise<Date | null> {
    const stored = await oldestSecond(this.#db);
    const held = [...this.#recorded.values()].flatMap(({ buffer }) => buffer.chunks[0]?.firstSecond ?? []);
    const second = Math.min(stored ?? Infinity, ...held);
    return Number.isFinite(second) ? new Date(second * 1000) : null;
  }

  /** History of a host. Throws InvalidRange, DatabaseUnavailable. */
  hostHistory(hostId: string, metrics: readonly HostMetricName[], query: HistoryQuery): Promise<History<HostMetricName>> {
    return this.#history({ kind: "HOST", reference: hostId }, HOST_METRICS, metrics, query);
  }

  /**
   * A VM is gone: its history goes on under a name of its own, so that the past still has it and another VM under its id
   * starts afresh. Harmless when it was told before. Rejects when the database is away; it is then done with the next write.
   */
  async retireVm(vmId: string, endedAt: Date): Promise<void> {
    const both = VM_KINDS.map((kind) => ({ from: subjectOf({ vmId, endedAt: null }, kind), to: subjectOf({ vmId, endedAt }, kind) }));
    for (const { from, to } of both) {
      const recorded = this.#recorded.get(keyOf(from));
      if (recorded !== undefined) {
        this.#recorded.delete(keyOf(from));
        this.#hold([{ recorded, ready: recorded.buffer.take("everything") }]);
      }
      for (const batch of this.#waiting) for (const part of batch.parts) if (keyOf(part.recorded.subject) === keyOf(from)) part.recorded.subject = to;
    }
    // A write under way knows the rows by their number, which stays.
    await this.#flushing?.catch(() => undefined);
    for (const { from } of both) this.#ids.delete(keyOf(from));
    this.#retiring.push(...both);
    await this.#retire();
  }

  /** Writes what is complete, or all there is. Rejects when the database is away; nothing is lost then. */
  async flush(what: "complete" | "everything" = "complete"): Promise<void> {
    await this.#flushing?.catch(() => undefined);
    this.#collect(what);
    this.#flushing = this.#write();
    try {
      await this.#flushing;
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Deletes what is older than it is kept. */
  async deleteExpired(): Promise<number> {
    return deleteExpired(this.#db, this.#now() / 1000);
  }

  /** Writes everything; what cannot be written then is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.flush("everything").catch((error: unknown) => this.#options.onTrouble?.("The last metrics could not be stored.", error));
  }

  #add(subject: Subject, timeMs: number, values: readonly (number | null)[]): void {
    const key = keyOf(subject);
    let recorded = this.#recorded.get(key);
    if (recorded === undefined) {
      recorded = { subject, buffer: new SubjectBuffer(), lastAtMs: 0 };
      this.#recorded.set(key, recorded);
    }
    recorded.buffer.add(timeMs, values);
    recorded.lastAtMs = this.#now();
  }

  async #tick(): Promise<void> {
    try {
      await this.flush();
      this.#flushes += 1;
      if (this.#flushes % RETENTION_EVERY_FLUSHES === 1) await this.deleteExpired();
    } catch (error) {
      this.#options.onTrouble?.("Metrics could not be stored and wait in memory.", error);
    }
  }

  /** Moves what is ready from the buffers to the waiting batches. */
  #collect(what: "complete" | "everything"): void {
    const parts: { recorded: Recorded; ready: Ready }[] = [];
    for (const [key, recorded] of this.#recorded) {
      const isSilent = this.#now() - recorded.lastAtMs > SILENT_AFTER_MS;
      const ready = recorded.buffer.take(isSilent ? "everything" : what);
      if (isSilent) this.#recorded.delete(key);
      if (rowsIn(ready) > 0) parts.push({ recorded, ready });
    }
    this.#hold(parts);
  }

  #hold(parts: readonly { recorded: Recorded; ready: Ready }[]): void {
    if (parts.length === 0) return;
    const rows = parts.reduce((sum, { ready }) => sum + rowsIn(ready), 0);
    this.#waiting.push({ parts, rows });
    let waiting = this.#waiting.reduce((sum, batch) => sum + batch.rows, 0);
    while (waiting > WAITING_MAX_ROWS && this.#waiting.length > 1) {
      waiting -= this.#waiting.shift()?.rows ?? 0;
      this.#options.onTrouble?.("The oldest metrics in memory were dropped because the database has been away for too long.", null);
    }
  }

  async #retire(): Promise<void> {
    for (const one of [...this.#retiring]) {
      await renameSubject(this.#db, one.from, one.to);
      this.#retiring = this.#retiring.filter((each) => each !== one);
    }
  }

  async #write(): Promise<void> {
    await this.#retire();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting[0];
      if (batch === undefined) return;
      const ids = await this.#idsOf(batch.parts.map(({ recorded }) => recorded.subject));
      const parts = batch.parts.map(({ ready }, index) => ({ subjectId: ids[index] ?? 0, ready }));
      await writeRows(this.#db, {
        chunks: parts.flatMap(({ subjectId, ready }) => ready.chunks.map((chunk) => ({ ...chunk, subjectId }))),
        buckets: {
          metric_ten_seconds: bucketRows(parts, "metric_ten_seconds"), metric_minutes: bucketRows(parts, "metric_minutes"),
          metric_ten_minutes: bucketRows(parts, "metric_ten_minutes"), metric_hours: bucketRows(parts, "metric_hours"),
        },
      });
      this.#waiting = this.#waiting.filter((each) => each !== batch);
    }
  }

  async #idsOf(subjects: readonly Subject[]): Promise<number[]> {
    const unknown = subjects.filter((subject) => !this.#ids.has(keyOf(subject)));
    if (unknown.length > 0) {
      const ids = await subjectIds(this.#db, unknown);
      for (const [index, subject] of unknown.entries()) this.#ids.set(keyOf(subject), ids[index] ?? 0);
    }
    return subjects.map((subject) => this.#ids.get(keyOf(subject)) ?? 0);
  }

  async #history<Name extends string>(
    subject: Subject, catalog: Readonly<Record<Name, { readonly unit: MetricUnit }>>, metrics: readonly Name[], query: HistoryQuery,
  ): Promise<History<Name>> {
    const names = Object.keys(catalog);
    const places = metrics.map((metric) => names.indexOf(metric));
    const { plan, series } = await this.#read(subject, query, places);
    return shownHistory(plan, series, catalog, metrics, places);
  }

  /** The series of a subject's places (null: of all that are met). */
  async #read(subject: Subject, query: HistoryQuery, places: readonly number[] | null): Promise<{ plan: Plan; series: SeriesByPlace }> {
    const nowSecond = this.#now() / 1000;
    const to = Math.min((query.to?.getTime() ?? this.#now()) / 1000, nowSecond + 1);
    const plan = planQuery(query.from.getTime() / 1000, to, query.stepSeconds, nowSecond);
    const series = new SeriesByPlace(places, () => new SeriesBuilder(plan.fromSecond, plan.toSecond, plan.stepSeconds));
    // What is in memory is newer than all that is stored, and while it is being written it is both: memory wins.
    const inMemoryFrom = this.#addFromMemory(subject, plan, series);
    const id = this.#ids.get(keyOf(subject)) ?? (await findSubject(this.#db, subject));
    if (id !== null) {
      for (const step of await readSteps(this.#db, id, plan, places, inMemoryFrom)) series.add(step.place, step.second, step.mean, step.max, step.count);
    }
    return { plan, series };
  }

  #inMemory(key: string): { held: Ready[]; buffer: SubjectBuffer | undefined } {
    const held = this.#waiting.flatMap((batch) => batch.parts.filter(({ recorded }) => keyOf(recorded.subject) === key).map(({ ready }) => ready));
    return { held, buffer: this.#recorded.get(key)?.buffer };
  }

  #instantsInMemory(atMs: number, tier: Tier): Map<string, Instant> {
    const found = new Map<string, Instant>();
    const keys = new Set([...this.#recorded.keys(), ...this.#waiting.flatMap((batch) => batch.parts.map(({ recorded }) => keyOf(recorded.subject)))]);
    for (const key of keys) {
      const { held, buffer } = this.#inMemory(key);
      const instant = tier.table === "metric_seconds"
        ? sampleIn([...held.flatMap((ready) => ready.chunks), ...(buffer?.chunks ?? [])], atMs)
        : stepIn(bucketsIn(tier.table, held, buffer), atMs, tier);
      if (instant !== null) found.set(key, instant);
    }
    return found;
  }

  /** Adds what is in memory and returns the Unix second from which on that is everything (Infinity: nothing is). */
  #addFromMemory(subject: Subject, plan: Plan, series: SeriesByPlace): number {
    const { held, buffer } = this.#inMemory(keyOf(subject));
    let earliest = Infinity;
    if (plan.tier.table === "metric_seconds") {
      for (const chunk of [...held.flatMap((ready) => ready.chunks), ...(buffer?.chunks ?? [])]) {
        earliest = Math.min(earliest, chunk.firstSecond);
        for (const [age, values] of chunk.rows.entries()) {
          for (const place of series.places ?? values.keys()) {
            const value = values[place];
            if (value != null) series.add(place, chunk.firstSecond + age, value, value, 1);
          }
        }
      }
      return earliest;
    }
    for (const bucket of bucketsIn(plan.tier.table, held, buffer)) {
      // Of steps this long parts are in the database while the rest is here: both count.
      if (plan.tier.stepSeconds < TEN_MINUTES_TIER.stepSeconds) earliest = Math.min(earliest, bucket.second);
      const means = bucket.means;
      const maxima = bucket.maxima;
      for (const place of series.places ?? means.keys()) series.add(place, bucket.second, means[place] ?? 0, maxima[place] ?? 0, bucket.countAt(place));
    }
    return earliest;
  }
}

/** Series as they are shown; `places` are those of the metrics. */
function shownHistory<Name extends string>(
  plan: Plan, series: SeriesByPlace, catalog: Readonly<Record<Name, { readonly unit: MetricUnit }>>, metrics: readonly Name[], places: readonly number[],
): History<Name> {
  const times = Array.from({ length: (plan.toSecond - plan.fromSecond) / plan.stepSeconds }, (_, step) => new Date((plan.fromSecond + step * plan.stepSeconds) * 1000));
  const nothing = times.map(() => null);
  return {
    from: new Date(plan.fromSecond * 1000), to: new Date(plan.toSecond * 1000), stepSeconds: plan.stepSeconds,
    series: metrics.map((metric, index) => {
      const found = series.at(places[index] ?? -1);
      return { metric, unit: catalog[metric].unit, times, mean: found?.mean ?? nothing, max: found?.max ?? nothing };
    }),
  };
}

function bucketRows(parts: readonly { readonly subjectId: number; readonly ready: Ready }[], table: BucketTable): BucketRow[] {
  return parts.flatMap(({ subjectId, ready }) => ready.buckets[table].map((bucket) => ({ subjectId, bucket })));
}

function bucketsIn(table: BucketTable, held: readonly Ready[], buffer: SubjectBuffer | undefined): Bucket[] {
  return [...held.flatMap((ready) => ready.buckets[table]), ...(buffer?.buckets(table) ?? [])];
}

function subjectOf({ vmId, endedAt }: VmLife, kind: (typeof VM_KINDS)[number] = "VM"): Subject {
  // No VM's id has an @ in it.
  return { kind, reference: endedAt === null ? vmId : `${vmId}@${endedAt.toISOString()}` };
}

function keyOf(subject: Subject): string {
  return `${subject.kind} ${subject.reference}`;
}
