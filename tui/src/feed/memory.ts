// Asks where memory is while a page or a prompt shows it, every few seconds and no longer: the memory page of all VMs and
// the host, the VM page's memory and cpu tabs of one VM. It follows the state and knows no key.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { CpuPolicy, HostMemory, HostMemorySettings, MemoryBreakdown, MemoryDecision, VmMemory, VmMemoryDetail } from "../store/memory.js";
import { paintable } from "../store/sanitize.js";
import { host, page, selectedVm } from "../store/select.js";
import type { State } from "../store/state.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";
import { Rounds } from "./rounds.js";

/** Pause between an answer and the next question: the kernel's figures of a guest are up to 10 s old anyway. */
export const AGAIN_AFTER_MS = 4_000;
/** Decisions asked for: more than the tallest screen shows. */
const DECISIONS = 50;
/** VMs asked for at a time: an answer of this size stays far below any limit of cost. */
const VMS_A_PAGE = 100;

const DECISION = graphql(`fragment DashboardDecision on MemoryDecision { time vmId action fromBytes toBytes reason carriedOut effectBytes }`);
const BREAKDOWN = graphql(`fragment DashboardBreakdown on MemoryBreakdown { at totalBytes source remainderBytes parts { kind bytes description source } }`);
const VM_MEMORY = graphql(`
  fragment DashboardVmMemory on Vm {
    id
    room { balloonTargetBytes balloonFloorBytes memoryTargetBytes memoryMaxBytes vcpusTarget vcpusMax }
    memoryPolicy { floorBytes ceilingBytes maxBytes shares control sharingDomain }
  }
`);
const HOST_MEMORY = graphql(`
  query DashboardHostMemory($id: ID!, $decisions: Int!) {
    host(id: $id) {
      memory {
        ksm { mode cpuBudgetPercent activeDomain reason pagesPerScan sleepMs cpuUsedRatio }
        compression { mode sizeBytes algorithm }
        controller { enabled idleTaxPercent }
        state
        thresholds { highBytes softBytes hardBytes lowBytes }
      }
      memoryBreakdown { ...DashboardBreakdown }
      memoryDecisions(first: $decisions) { ...DashboardDecision }
    }
  }
`, [BREAKDOWN, DECISION]);
/** Of all VMs no more than a bar and a row show: descriptions and sources are one VM's. */
const VMS_MEMORY = graphql(`
  query DashboardVmsMemory($first: Int!, $after: String) {
    vms(first: $first, after: $after) {
      nodes { ...DashboardVmMemory memoryBreakdown { at totalBytes remainderBytes parts { kind bytes } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`, [VM_MEMORY]);
const ONE_VM = graphql(`
  query DashboardVmMemoryDetail($id: ID!, $decisions: Int!) {
    vm(id: $id) {
      ...DashboardVmMemory
      memoryBreakdown { ...DashboardBreakdown }
      memoryDecisions(first: $decisions) { ...DashboardDecision }
      cpuPolicy { weight limitPercent pins { vcpu cpus } emulatorCpus maxVcpus }
    }
  }
`, [VM_MEMORY, BREAKDOWN, DECISION]);

type Wanted = { kind: "page"; hostId: string | null } | { kind: "vm"; vmId: string };

/** What of memory is looked at now; null: nothing. Of the past nothing is kept. */
export function wantedMemory(state: State): Wanted | null {
  if (state.past.at !== null) return null;
  const { prompt, tab } = state.ui;
  const [only, ...others] = prompt?.kind === "target" ? prompt.vmIds : [];
  if (page(state) === "memory") return { kind: "page", hostId: host(state)?.id ?? null };
  if (only !== undefined && others.length === 0) return { kind: "vm", vmId: only };
  const vm = selectedVm(state);
  return page(state) === "vm" && (tab === "memory" || tab === "cpu") && vm !== null ? { kind: "vm", vmId: vm.id } : null;
}

export class MemoryFeed implements Disposable {
  private readonly rounds = new Rounds(AGAIN_AFTER_MS);

  constructor(private readonly client: Client, private readonly store: Store) {}

  lookedAt(): void {
    const { state } = this.store;
    const wanted = wantedMemory(state);
    // What was done to a VM, or what became of it, shows at once and not at the next round.
    this.rounds.want(wanted === null ? null : { key: `${JSON.stringify(wanted)} ${endedOperations(state, wanted)}`, ask: (signal) => this.ask(wanted, signal) });
  }

  /** After a lost connection it is asked anew. */
  forget(): void {
    this.rounds.forget();
  }

  [Symbol.dispose](): void {
    this.rounds[Symbol.dispose]();
  }

  private async ask(wanted: Wanted, signal: AbortSignal): Promise<"again"> {
    try {
      if (wanted.kind === "vm") await this.askVm(wanted.vmId, signal);
      else await this.askAll(wanted.hostId, signal);
    } catch (error) {
      if (!signal.aborted) this.store.dispatch({ type: "memoryFault", reason: reasonOf(error) });
    }
    return "again";
  }

  private async askVm(vmId: string, signal: AbortSignal): Promise<void> {
    const { vm } = await this.client.request(ONE_VM, { id: vmId, decisions: DECISIONS }, signal);
    if (vm !== null && !signal.aborted) this.store.dispatch({ type: "vmMemory", detail: toVmMemoryDetail(vm) });
  }

  private async askAll(hostId: string | null, signal: AbortSignal): Promise<void> {
    const [answer, vms] = await Promise.all([
      hostId === null ? null : this.client.request(HOST_MEMORY, { id: hostId, decisions: DECISIONS }, signal),
      this.askVms(signal),
    ]);
    const wire = answer?.host ?? null;
    if (!signal.aborted) this.store.dispatch({ type: "memory", host: wire === null || hostId === null ? null : toHostMemory(hostId, wire), vms });
  }

  private async askVms(signal: AbortSignal): Promise<VmMemory[]> {
    const found: VmMemory[] = [];
    for (let after: string | null = null; ; ) {
      const { vms }: ResultOf<typeof VMS_MEMORY> = await this.client.request(VMS_MEMORY, { first: VMS_A_PAGE, after }, signal);
      found.push(...vms.nodes.map(toVmMemory));
      after = vms.pageInfo.endCursor;
      if (!vms.pageInfo.hasNextPage || after === null) return found;
    }
  }
}

/** Changes when something was done that moves what is looked at. */
function endedOperations({ operations, vms }: State, wanted: Wanted): string {
  if (wanted.kind === "page") return `${operations.find(({ state }) => state !== "RUNNING")?.id ?? ""} ${vms.size}`;
  const newest = operations.find(({ vmId, state }) => vmId === wanted.vmId && state !== "RUNNING");
  return `${newest?.id ?? ""} ${vms.get(wanted.vmId)?.state ?? ""}`;
}

type WireDecision = ResultOf<typeof DECISION>;
type WireBreakdown = Omit<ResultOf<typeof BREAKDOWN>, "source" | "parts"> & { source?: string; parts: readonly (Pick<MemoryBreakdown["parts"][number], "kind" | "bytes"> & { description?: string; source?: string })[] };
type WireHost = NonNullable<ResultOf<typeof HOST_MEMORY>["host"]>;
type WireVm = ResultOf<typeof VM_MEMORY> & { memoryBreakdown: WireBreakdown | null };

function toDecision({ time, reason, effectBytes, ...same }: WireDecision): MemoryDecision {
  return { ...same, time: Date.parse(time), reason: paintable(reason), effectBytes: effectBytes === null ? null : Number(effectBytes) };
}

function toBreakdown(wire: WireBreakdown | null): MemoryBreakdown | null {
  if (wire === null) return null;
  const parts = wire.parts.map(({ kind, bytes, description = "", source = "" }) => ({ kind, bytes, description: paintable(description), source: paintable(source) }));
  return { at: Date.parse(wire.at), totalBytes: wire.totalBytes, source: paintable(wire.source ?? ""), parts, remainderBytes: Number(wire.remainderBytes) };
}

function toVmMemory({ id, room, memoryPolicy, memoryBreakdown }: WireVm): VmMemory {
  return { vmId: id, room, policy: { ...memoryPolicy, sharingDomain: paintable(memoryPolicy.sharingDomain) }, breakdown: toBreakdown(memoryBreakdown) };
}

export function toVmMemoryDetail(wire: WireVm & { cpuPolicy: CpuPolicy; memoryDecisions: readonly WireDecision[] }): VmMemoryDetail {
  return { ...toVmMemory(wire), cpuPolicy: wire.cpuPolicy, decisions: wire.memoryDecisions.map(toDecision) };
}

function toSettings({ ksm, compression, ...same }: NonNullable<WireHost["memory"]>): HostMemorySettings {
  const activeDomain = ksm.activeDomain === null ? null : paintable(ksm.activeDomain);
  return { ...same, ksm: { ...ksm, activeDomain, reason: paintable(ksm.reason) }, compression: { ...compression, algorithm: paintable(compression.algorithm) } };
}

export function toHostMemory(hostId: string, { memory, memoryBreakdown, memoryDecisions }: WireHost): HostMemory {
  return { hostId, settings: memory === null ? null : toSettings(memory), breakdown: toBreakdown(memoryBreakdown), decisions: memoryDecisions.map(toDecision) };
}
