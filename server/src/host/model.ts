// A host as the server knows it. Pure.
export interface Capability {
  readonly name: string;
  readonly available: boolean;
  readonly reason: string | null;
  readonly mend: string | null;
}

/** What the daemon says of its machine. */
export interface HostFacts {
  readonly id: string;
  readonly name: string;
  readonly kernel: string;
  readonly cpuModel: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  readonly daemonVersion: string;
  readonly qemuVersion: string;
  readonly stateDirectory: string;
  readonly bootedAt: Date | null;
  readonly daemonStartedAt: Date | null;
  readonly capabilities: readonly Capability[];
}

export interface Host extends HostFacts {
  readonly connected: boolean;
  readonly connectedSince: Date | null;
  readonly connectionError: string | null;
}
