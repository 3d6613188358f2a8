// The past: the frame of an instant, how far back it goes, and histories of VMs that may be gone. Knows no GraphQL.
import type { Db } from "../db/client.js";
import { InvalidInput } from "../errors.js";
import type { HostService } from "../host/service.js";
import type { VmMetricName } from "../metrics/catalog.js";
import type { History, HistoryQuery, MetricsHistory, VcpuHistory } from "../metrics/history.js";
import type { VcpuMetricName } from "../metrics/vcpus.js";
import { definitionChanges } from "../vm/changes.js";
import { matchesFilter } from "../vm/filter/evaluate.js";
import { parseFilter } from "../vm/filter/parse.js";
import { pastHost, pastVm } from "./frame.js";
import type { PastBounds, PastFrame, PastVm, VmVersion } from "./model.js";
import { livesAt, oldestVersion, versionsOf, VERSIONS_PER_VM } from "./store.js";

/** A client's clock may be ahead of ours by so much before its instant is called the future. */
const AHEAD_TOLERATED_MS = 60_000;
const DEFAULT_VERSIONS = 50;

export interface PastServiceParts {
  readonly db: Db;
  readonly history: MetricsHistory;
  readonly hosts: HostService;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

/** A definition and what it changed. */
export interface ListedVersion extends VmVersion {
  readonly changes: readonly string[];
}

export class PastService {
  readonly #now: () => number;
  readonly #reading = new Map<number, Promise<PastFrame>>();

  constructor(private readonly parts: PastServiceParts) {
    this.#now = parts.now ?? Date.now;
  }

  /** What was at an instant, of the VMs that passed the filter then. Throws InvalidInput for the future, FilterFault, DatabaseUnavailable. */
  async frame(asked: Date, where: string | null = null): Promise<PastFrame> {
    const filter = where === null ? null : parseFilter(where);
    const now = this.#now();
    if (asked.getTime() > now + AHEAD_TOLERATED_MS) {
      throw new InvalidInput(`${asked.toISOString()} has not come yet: it is ${new Date(now).toISOString()}; ask for an instant before that.`, "at");
    }
    const { at, stepSeconds, hosts, vms } = await this.#together(new Date(Math.min(asked.getTime(), now)));
    const names = new Map(hosts.map((host) => [host.id, host.name]));
    // Which alerts fired then is told by the events alone.
    return { at, stepSeconds, hosts, vms: vms.filter((vm) => matchesFilter(filter, { ...vm, hostName: names.get(vm.hostId) ?? null, alerts: [], now: at })) };
  }

  /** One reading for all that ask for one instant at the same time: a screen asks for the frame, for what its filter finds and for one VM. */
  #together(at: Date): Promise<PastFrame> {
    const key = at.getTime();
    const under = this.#reading.get(key) ?? this.#read(at).finally(() => this.#reading.delete(key));
    this.#reading.set(key, under);
    return under;
  }

  async #read(at: Date): Promise<PastFrame> {
    const known = this.parts.hosts.list();
    const lives = await livesAt(this.parts.db, at);
    const instants = await this.parts.history.instants(at, known.map((host) => host.id), lives);
    const samples = new Map(known.map((host, index) => [host.id, pastHost(host, instants.hosts[index] ?? null).sample]));
    const vms = lives.map((life, index) => pastVm(life, { instant: instants.vms[index] ?? null, vcpus: instants.vcpus[index] ?? null }, samples.get(life.hostId) ?? null));
    const hosts = known.map((host, index) => pastHost(host, instants.hosts[index] ?? null, vms.flatMap(({ hostId, sample }) => (hostId === host.id && sample !== null ? [sample] : []))));
    return { at, stepSeconds: instants.stepSeconds, hosts, vms };
  }

  async bounds(): Promise<PastBounds> {
    const [version, metrics] = await Promise.all([oldestVersion(this.parts.db), this.parts.history.oldest()]);
    const known = [version, metrics].filter((time) => time !== null).map((time) => time.getTime());
    return { oldest: known.length === 0 ? null : new Date(Math.min(...known)), newest: new Date(this.#now()) };
  }

  history(vm: PastVm, metrics: readonly VmMetricName[], query: HistoryQuery): Promise<History<VmMetricName>> {
    return this.parts.history.lifeHistory({ vmId: vm.id, endedAt: vm.deletedAt }, metrics, query);
  }

  vcpuHistory(vm: PastVm, metrics: readonly VcpuMetricName[], query: HistoryQuery): Promise<VcpuHistory[]> {
    return this.parts.history.vcpuHistory({ vmId: vm.id, endedAt: vm.deletedAt }, metrics, query);
  }

  /** Definitions of a VM, newest first, each with what it changed of the one before. */
  async versions(vmId: string, first: number | null): Promise<ListedVersion[]> {
    const count = first ?? DEFAULT_VERSIONS;
    if (count < 1 || count > VERSIONS_PER_VM) throw new InvalidInput(`first is 1 to ${VERSIONS_PER_VM}, not ${count}: so many definitions are kept of a VM.`, "first");
    const versions = await versionsOf(this.parts.db, vmId, count + 1);
    return versions.slice(0, count).map((version, index) => {
      const before = versions[index + 1];
      return { ...version, changes: before === undefined ? [] : definitionChanges(before.definition, version.definition) };
    });
  }
}
