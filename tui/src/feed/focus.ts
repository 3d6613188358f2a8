// Asks for what only the things looked at need: the past of the VM whose page is open and of its vCPUs, the last lines of
// one console, the histories of compared VMs. It follows the state and knows no key and no screen.
import type { Client } from "../client/client.js";
import { comparedVms } from "../store/compare.js";
import { page, selectedVm } from "../store/select.js";
import { paintable } from "../store/sanitize.js";
import { tailOf } from "../store/tail.js";
import { followTail } from "./console-tail.js";
import { VCPU_HISTORY, VM_RECORD } from "./documents.js";
import { toEvent, toOperation, toVcpuHistory } from "./wire.js";
import type { Store } from "./feed.js";

/** Events and operations of one VM fetched when its page opens: more than two screens of each. */
const RECORD_EVENTS = 100;
const RECORD_OPERATIONS = 30;
/** A console must be looked at this long before it is followed: keys that run down the table open none. */
const TAIL_AFTER_MS = 250;
/** What the server refused is asked for again after this. */
const AGAIN_AFTER_MS = 3_000;

export class Focus implements Disposable {
  private recordFor: string | null = null;
  private tail: { key: string; stop: AbortController } | null = null;
  private tailTimer: NodeJS.Timeout | undefined;
  private recordTimer: NodeJS.Timeout | undefined;
  private vcpusFor: string | null = null;
  private readonly histories = new Set<string>();
  private isOver = false;

  constructor(private readonly client: Client, private readonly store: Store, private readonly loadHistory: (vmId: string) => Promise<void>, private readonly ringsFrom: () => string) {}

  lookedAt(): void {
    if (this.isOver) return;
    const { state } = this.store;
    const vm = selectedVm(state);
    this.wantRecord(page(state) === "vm" && vm !== null ? `${vm.id} ${vm.generation}` : null, vm?.id ?? null);
    this.wantVcpus(page(state) === "vm" && state.ui.tab === "cpu" ? (vm?.id ?? null) : null);
    const tailed = tailOf(state);
    // A new generation is a new life: its console begins anew.
    this.wantTail(tailed === null ? null : `${tailed} ${state.vms.get(tailed)?.startedAt ?? "off"}`, tailed);
    if (page(state) === "compare") for (const { id } of comparedVms(state)) this.wantHistory(id);
  }

  /** After a lost connection everything is asked for again. */
  forget(): void {
    this.recordFor = null;
    this.vcpusFor = null;
    this.histories.clear();
  }

  [Symbol.dispose](): void {
    this.isOver = true;
    clearTimeout(this.recordTimer);
    this.stopTail();
  }

  private wantRecord(key: string | null, vmId: string | null): void {
    if (key === this.recordFor) return;
    clearTimeout(this.recordTimer);
    this.recordFor = key;
    if (key !== null && vmId !== null) void this.loadRecord(vmId);
  }

  private async loadRecord(vmId: string): Promise<void> {
    try {
      const { vm } = await this.client.request(VM_RECORD, { id: vmId, events: RECORD_EVENTS, operations: RECORD_OPERATIONS });
      if (vm === null) return;
      this.store.dispatch({ type: "vmRecord", record: { vmId, events: vm.events.map(toEvent), crashTail: vm.crash === null ? [] : vm.crash.consoleTail.split("\n").map((line) => paintable(line.trimEnd())) } });
      this.store.dispatch({ type: "operations", operations: vm.operations.map(toOperation) });
    } catch {
      // What is kept of all VMs is shown until then; a lost server is told by the banner.
      this.recordTimer = setTimeout(() => this.forget(), AGAIN_AFTER_MS);
    }
  }

  /** Only another tab or page forgets them: samples fill them as they come. */
  private wantVcpus(vmId: string | null): void {
    if (vmId === this.vcpusFor) return;
    this.vcpusFor = vmId;
    if (vmId !== null) void this.loadVcpus(vmId);
  }

  private async loadVcpus(vmId: string): Promise<void> {
    try {
      const { vm } = await this.client.request(VCPU_HISTORY, { id: vmId, from: this.ringsFrom() });
      // Another VM's page may be open by now.
      if (vm !== null && this.vcpusFor === vmId) this.store.dispatch({ type: "partHistory", vmId, history: toVcpuHistory(vm.vcpuHistory) });
    } catch {
      // The small graphs then start with the live samples; a lost server is told by the banner, and its return asks again.
    }
  }

  private wantHistory(vmId: string): void {
    if (this.histories.has(vmId)) return;
    this.histories.add(vmId);
    void this.loadHistory(vmId);
  }

  private wantTail(key: string | null, vmId: string | null): void {
    if (key === (this.tail?.key ?? null)) return;
    this.stopTail();
    if (key === null || vmId === null) return;
    const stop = new AbortController();
    this.tail = { key, stop };
    this.tailTimer = setTimeout(() => void this.follow(vmId, stop.signal), TAIL_AFTER_MS);
  }

  private async follow(vmId: string, signal: AbortSignal): Promise<void> {
    try {
      await followTail(this.client, vmId, signal, (tail) => this.store.dispatch({ type: "consoleTail", tail }));
    } catch (error) {
      if (signal.aborted || this.isOver) return;
      const closed = paintable(error instanceof Error ? error.message : String(error));
      this.store.dispatch({ type: "consoleTail", tail: { vmId, lines: this.store.state.consoleTail?.vmId === vmId ? this.store.state.consoleTail.lines : [], closed } });
      this.tailTimer = setTimeout(() => {
        if (!signal.aborted) void this.follow(vmId, signal);
      }, AGAIN_AFTER_MS);
    }
  }

  private stopTail(): void {
    clearTimeout(this.tailTimer);
    this.tail?.stop.abort();
    this.tail = null;
  }
}
