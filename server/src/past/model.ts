// What was, at an instant: the types that the past is answered in. Types only.
import type { DiskSample, HostSample, VmSample } from "../metrics/model.js";
import type { Label, VmDefinition, VmState } from "../vm/model.js";

/** A definition of a VM, from its instant until the next one. */
export interface VmVersion {
  readonly vmId: string;
  readonly generation: bigint;
  readonly time: Date;
  readonly definition: VmDefinition;
  readonly actor: string | null;
}

/** A VM between its creation and its deletion, as it was at one instant of that life. */
export interface PastLife {
  readonly vmId: string;
  readonly hostId: string;
  readonly generation: bigint;
  readonly definition: VmDefinition;
  /** What its QEMU was started with, where that is another definition and is known; null: the definition. */
  readonly running: VmDefinition | null;
  /** When it was deleted later; null: it lives on. */
  readonly endedAt: Date | null;
  /** Null where no observation of so long ago is kept. */
  readonly moment: PastMoment | null;
}

/** What its host's daemon had last said of it. */
export interface PastMoment {
  readonly state: VmState;
  readonly stateSince: Date;
  readonly startedAt: Date | null;
  readonly accelerator: string | null;
  readonly networkInUse: string | null;
  readonly pid: number | null;
  readonly restartRequired: boolean;
  readonly crashCause: string | null;
}

export interface PastVm {
  readonly id: string;
  readonly hostId: string;
  readonly name: string;
  readonly state: VmState | null;
  readonly stateSince: Date | null;
  readonly startedAt: Date | null;
  readonly generation: bigint;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly machine: string;
  readonly accelerator: string | null;
  readonly networkInUse: string | null;
  readonly pid: number | null;
  readonly labels: readonly Label[];
  readonly protected: boolean;
  readonly autostart: boolean;
  readonly restartRequired: boolean;
  readonly crashCause: string | null;
  readonly definition: VmDefinition;
  readonly deletedAt: Date | null;
  readonly sample: VmSample | null;
  /** What is kept of all its disks together; null as the sample is. */
  readonly allDisks: DiskSample | null;
  /** Of its host at the same instant. */
  readonly hostSample: HostSample | null;
}

export interface PastHost {
  readonly id: string;
  readonly name: string;
  readonly sample: HostSample | null;
  /** Samples of the VMs that ran on it. */
  readonly vms: readonly VmSample[];
}

export interface PastFrame {
  readonly at: Date;
  readonly stepSeconds: number;
  readonly hosts: readonly PastHost[];
  readonly vms: readonly PastVm[];
}

export interface PastBounds {
  /** Null: nothing is kept yet. */
  readonly oldest: Date | null;
  readonly newest: Date;
}
