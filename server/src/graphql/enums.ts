// The API's enums, each value with what it means.
import { HOST_METRICS, VM_METRICS } from "../metrics/catalog.js";
import { builder } from "./builder.js";

/** Enum values from a table of name → description. */
export function described<K extends string>(table: Record<K, string>) {
  const values = {} as Record<K, { description: string }>;
  for (const name in table) values[name] = { description: table[name] };
  return values;
}

export const RoleEnum = builder.enumType("Role", {
  description: "What a token may do; each role includes the ones before it.",
  values: described({
    VIEWER: "See everything but secrets.",
    OPERATOR: "Drive VMs and write to consoles.",
    ADMIN: "Define and delete VMs, manage tokens.",
  }),
});

export const VmStateEnum = builder.enumType("VmState", {
  description: "Where a VM is in its life.",
  values: described({
    DEFINED: "Defined and never started.",
    STARTING: "QEMU is being launched.",
    RUNNING: "The guest's CPUs run.",
    PAUSED: "The guest's CPUs are stopped; its memory stays.",
    STOPPING: "The guest was asked to power down.",
    STOPPED: "It ended in good order.",
    MIGRATING: "It is moving to another host.",
    CRASHED: "QEMU ended when nobody asked it to; `crash` says why.",
  }),
});

export const VmVerbEnum = builder.enumType("VmVerb", {
  description: "What can be done to a VM.",
  values: described({
    START: "startVm", STOP: "stopVm", FORCE_OFF: "forceOffVm", RESET: "resetVm", PAUSE: "pauseVm", RESUME: "resumeVm",
    DELETE: "deleteVm", CONSOLE: "Attach to a serial port (writing to it needs the role OPERATOR).",
  }),
});

export const VmSortFieldEnum = builder.enumType("VmSortField", {
  description: "What VMs are sorted by; those for which it is unknown come last.",
  values: described({
    NAME: "Name.", STATE: "State, in the order of VmState.", CPU: "CPU of the QEMU process.", MEMORY: "Resident memory.",
    DISK: "Bytes read and written a second.", NETWORK: "Bytes received and sent a second.", STARTED_AT: "When QEMU was started.",
  }),
});

export const SortOrderEnum = builder.enumType("SortOrder", {
  description: "Direction of a sort.",
  values: described({ ASC: "Smallest first.", DESC: "Largest first." }),
});

export const PutVmActionEnum = builder.enumType("PutVmAction", {
  description: "What putting a definition did, or in a dry run would do.",
  values: described({
    CREATED: "The VM is new.", CHANGED: "Its definition was replaced by a different one.", UNCHANGED: "It has this definition already; nothing was done.",
  }),
});

export const StopEscalationEnum = builder.enumType("StopEscalation", {
  description: "What happens when the guest has not powered down in time.",
  values: described({ NONE: "At the timeout the operation fails and the VM runs on.", FORCE_OFF: "At the timeout the power is cut." }),
});

export const OperationKindEnum = builder.enumType("OperationKind", {
  description: "The mutation that an operation carries out.",
  values: described({
    PUT_VM: "putVm or applyVms", DELETE_VM: "deleteVm", START_VM: "startVm", STOP_VM: "stopVm", FORCE_OFF_VM: "forceOffVm",
    RESET_VM: "resetVm", PAUSE_VM: "pauseVm", RESUME_VM: "resumeVm",
    SET_VM_BALLOON: "setVmBalloon", RESIZE_VM_MEMORY: "resizeVmMemory", PAGE_OUT_VM: "pageOutVm", SET_VM_VCPUS: "setVmVcpus",
    SET_VM_LABELS: "putVm or applyVms that changed labels alone", PROTECT_VM: "putVm or applyVms that set `protected` and no more", UNPROTECT_VM: "putVm or applyVms that unset `protected` and no more",
    SET_VM_CPU_POLICY: "setVmCpuPolicy, or putVm or applyVms that changed that alone", SET_VM_MEMORY_POLICY: "setVmMemoryPolicy, or putVm or applyVms that changed that alone",
  }),
});

export const OperationStateEnum = builder.enumType("OperationState", {
  description: "Where an operation is; all but RUNNING are final.",
  values: described({
    RUNNING: "Under way.", SUCCEEDED: "It did what was asked.", FAILED: "It did not; `error` says why.", CANCELLED: "It was cancelled before its end.",
  }),
});

export const AuditOutcomeEnum = builder.enumType("AuditOutcome", {
  description: "What came of something that somebody did or tried.",
  values: described({
    RUNNING: "It is under way.", SUCCEEDED: "It was done; of a cancellation: in time.", FAILED: "It was tried and failed; of a cancellation: too late.",
    CANCELLED: "It was cancelled before its end.", REFUSED: "It was not allowed, and nothing was done.",
  }),
});

export const EventKindEnum = builder.enumType("EventKind", {
  description: "What happened.",
  values: described({
    VM_DEFINED: "A VM was defined or its definition replaced.",
    VM_DELETED: "A VM is gone.",
    VM_STATE_CHANGED: "A VM is in a new state; `previousState` says which it left.",
    VM_CHANGED: "A VM changed in another way (network in use, restart required, …).",
    VM_ADOPTED: "A running QEMU was found again after the daemon's death.",
    VM_RESET: "The guest was reset, by itself or by a verb.",
    GUEST_PANICKED: "The guest said that it panicked.",
    OPERATION_STARTED: "A verb was accepted; `actor` asked for it.",
    OPERATION_CANCEL_REQUESTED: "`actor` asked to cancel an operation; whether it was in time, its end tells.",
    OPERATION_FINISHED: "An operation ended; the message says how.",
    DAEMON_STARTED: "A host's daemon came up.",
    HOST_CONNECTED: "The server reached a host's daemon.",
    HOST_DISCONNECTED: "The server lost a host's daemon.",
    SERVER_STARTED: "This server came up.",
    CONSOLE_TAKEN: "`actor` writes to a VM's serial port from now on; keystrokes are no events.",
    TOKEN_CREATED: "`actor` made a token.",
    TOKEN_REVOKED: "`actor` revoked a token.",
    ALERT_RAISED: "A rule began to fire on a VM; the message holds the figures.",
    ALERT_CLEARED: "What a rule fired on a VM is over.",
    ALERT_RULE_CHANGED: "`actor` set or deleted an alert rule.",
    ACCESS_REFUSED: "`actor` called what the token's role does not allow. Shown to administrators.",
    LOGIN_FAILED: "Somebody came with a token that is unknown, revoked or expired. Shown to administrators.",
    MEMORY_DECISION: "The memory controller took from a VM, gave to it, or says what it would do; the message holds the figures.",
    HOST_MEMORY_CHANGED: "A host's page sharing, compression or memory controller was set, by somebody or by itself.",
    WARNING: "Something an operator should know.",
  }),
});

/** Unit and source follow from the name, as in the samples, or are told. */
function metricValues<K extends string>(metrics: Readonly<Record<K, { readonly meaning?: string }>>) {
  return described(Object.fromEntries(Object.entries<{ readonly meaning?: string }>(metrics).map(([name, { meaning }]) => [name, meaning ?? `As ${camel(name)} of the samples.`])) as Record<K, string>);
}
function camel(name: string): string {
  return name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export const VmMetricEnum = builder.enumType("VmMetric", { description: "A VM's metric with a history.", values: metricValues(VM_METRICS) });
export const HostMetricEnum = builder.enumType("HostMetric", { description: "A host's metric with a history.", values: metricValues(HOST_METRICS) });
