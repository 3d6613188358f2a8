// Asks where memory is while a page or a prompt shows it, every few seconds and no longer: the memory page of all VMs and
// the host, the VM page's memory and cpu tabs of one VM. It follows the state and knows no key.
import type { Client } from "../client/client.js";
import type { ResultOf } from "../client/document.js";
import type { VmMemory } from "../store/memory.js";
import { host, page, selectedVm } from "../store/select.js";
import type { State } from "../store/state.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";
import { HOST_MEMORY, ONE_VM, VMS_MEMORY } from "./memory-documents.js";
import { toHostMemory, toVmMemory, toVmMemoryDetail } from "./memory-wire.js";
import { Rounds } from "./rounds.js";

/** Pause between an answer and the next question: the kernel's figures of a guest are up to 10 s old anyway. */
export const AGAIN_AFTER_MS = 4_000;
/** Decisions asked for: more than the tallest screen shows. */
const DECISIONS = 50;
/** VMs asked for at a time: an answer of this size stays far below any limit of cost. */
const VMS_A_PAGE = 100;

type Wanted = { kind: "page"; hostId: string | null } | { kind: "vm"; vmId: string };

/** What of memory is looked at now; null: nothing. The frame of an instant has its own. */
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
function endedOperations({ operations, vms, ui: { done } }: State, wanted: Wanted): string {
  if (wanted.kind === "page") return `${operations.find(({ state }) => state !== "RUNNING")?.id ?? ""} ${vms.size} ${done.filter(({ host: set }) => set !== undefined).length}`;
  const newest = operations.find(({ vmId, state }) => vmId === wanted.vmId && state !== "RUNNING");
  return `${newest?.id ?? ""} ${vms.get(wanted.vmId)?.state ?? ""}`;
}
