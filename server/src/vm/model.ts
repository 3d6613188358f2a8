// A VM as the server knows it: what its daemon last observed, in the words of the API. Pure.
import type { VmRoom } from "../memory/model.js";

export const VM_STATES = ["DEFINED", "STARTING", "RUNNING", "PAUSED", "STOPPING", "STOPPED", "MIGRATING", "CRASHED"] as const;
export type VmState = (typeof VM_STATES)[number];

/** A parsed definition; its schema is vms/vm.schema.json and only the daemon judges it. */
export type VmDefinition = Readonly<Record<string, unknown>>;

export interface Label {
  readonly key: string;
  readonly value: string;
}

export interface CrashReport {
  readonly cause: string;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly stderrTail: string;
  readonly consoleTail: string;
}

export interface Vm {
  readonly id: string;
  readonly hostId: string;
  readonly name: string;
  readonly state: VmState;
  readonly stateSince: Date;
  readonly generation: bigint;
  readonly startedAt: Date | null;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly machine: string;
  readonly accelerator: string | null;
  readonly networkInUse: string | null;
  readonly qemuVersion: string | null;
  readonly pid: number | null;
  /** What the running guest is asked to have and may have; null while it does not run. */
  readonly room: VmRoom | null;
  readonly labels: readonly Label[];
  readonly protected: boolean;
  readonly autostart: boolean;
  readonly restartRequired: boolean;
  readonly definition: VmDefinition;
  readonly crash: CrashReport | null;
}

/** A VM after a change; null: it is gone. */
export interface VmChange {
  readonly id: string;
  readonly vm: Vm | null;
}
