// The fields of the filter language: what each is called, means and reads of a VM. The one table that the parser, the
// evaluator, `filterFields` and the documentation share. Pure.
import type { VmSample } from "../../metrics/model.js";
import { inBalloonBytes } from "../../memory/breakdown.js";
import { MEMORY_CONTROLS } from "../../memory/model.js";
import { memoryPolicy } from "../../memory/policy.js";
import { VM_STATES, type Label, type VmDefinition, type VmState } from "../model.js";
import { BYTES, BYTES_PER_SECOND, COUNT, DURATION, PERCENT, PER_SECOND, type Measure } from "./measures.js";

/** What a filter looks at: a VM at one instant, be it now or in the past. */
export interface FilterSubject {
  readonly id: string;
  readonly name: string;
  /** Null: in the past, where it is not kept. */
  readonly state: VmState | null;
  readonly stateSince: Date | null;
  readonly startedAt: Date | null;
  readonly hostId: string;
  readonly hostName: string | null;
  readonly vcpus: number | null;
  readonly memoryBytes: number | null;
  readonly labels: readonly Label[];
  readonly protected: boolean;
  readonly autostart: boolean;
  readonly restartRequired: boolean;
  readonly definition: VmDefinition;
  /** Null: nothing was measured then. */
  readonly sample: VmSample | null;
  /** What fires on it: the names of the rules and their severities. */
  readonly alerts: readonly { readonly name: string; readonly severity: string }[];
  readonly now: Date;
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}
/** Several texts, of which one has to match: a name and an id, all labels, all alerts. */
export interface TextField extends Described {
  readonly kind: "text";
  readonly texts: (subject: FilterSubject, key: string | null) => readonly string[];
  /** Whether `yes` and `no` ask if there is any text at all. */
  readonly asksPresence?: true;
}
/** One of a few words. */
export interface WordField extends Described {
  readonly kind: "word";
  readonly words: readonly string[];
  readonly word: (subject: FilterSubject) => string;
}
export interface NumberField extends Described {
  readonly kind: "number";
  readonly measure: Measure;
  /** Null: not known, which meets no comparison. */
  readonly figure: (subject: FilterSubject) => number | null;
  /** What a percentage is a share of; absent: a percentage makes no sense. */
  readonly whole?: (subject: FilterSubject) => number | null;
}
export interface BooleanField extends Described {
  readonly kind: "boolean";
  readonly isSet: (subject: FilterSubject) => boolean;
}
export type FilterFieldDefinition = TextField | WordField | NumberField | BooleanField;

const text = (name: string, example: string, description: string, texts: TextField["texts"]): TextField => ({ kind: "text", name, example, description, texts });
const flag = (name: string, description: string, isSet: BooleanField["isSet"]): BooleanField => ({ kind: "boolean", name, example: `${name}:yes`, description, isSet });
const figure = (name: string, example: string, measure: Measure, description: string, read: NumberField["figure"]): NumberField =>
  ({ kind: "number", name, example, description, measure, figure: read });
const size = (name: string, example: string, description: string, read: NumberField["figure"], whole: (subject: FilterSubject) => number | null): NumberField =>
  ({ ...figure(name, example, BYTES, description, read), whole });
const sampled = (read: (sample: VmSample) => number | null) => (subject: FilterSubject): number | null => (subject.sample === null ? null : read(subject.sample));

const CONTROLS = MEMORY_CONTROLS.map((control) => control.toLowerCase());
const defined = (subject: FilterSubject): number | null => subject.memoryBytes;
/** What runs, which an edit of the definition changes at its next start only. */
const configured = (subject: FilterSubject): number | null => subject.sample?.memoryConfiguredBytes ?? subject.memoryBytes;
const guestTotal = (subject: FilterSubject): number | null => subject.sample?.guestTotalBytes ?? configured(subject);

export const FILTER_FIELDS: readonly FilterFieldDefinition[] = [
  text("name", "name~web-*", "Its name.", ({ name }) => [name]),
  text("id", "id=web-1", "Its id.", ({ id }) => [id]),
  { kind: "word", name: "state", example: "state:running", description: `Its state: ${VM_STATES.map((state) => state.toLowerCase()).join(", ")}; with : the start of one is enough.`, words: VM_STATES.map((state) => state.toLowerCase()), word: ({ state }) => state?.toLowerCase() ?? "" },
  text("host", "host=lab1", "Name or id of the host it lives on.", ({ hostId, hostName }) => (hostName === null ? [hostId] : [hostId, hostName])),
  figure("vcpus", "vcpus>=4", COUNT, "vCPUs that its definition gives it.", ({ vcpus }) => vcpus),
  figure("memory", "memory>=2G", BYTES, "Memory that its definition gives it.", defined),
  figure("memory.configured", "memory.configured>=2G", BYTES, "Memory that its QEMU was started with; of one that does not run, what its definition gives it.", configured),
  figure("cpu", "cpu>50", PERCENT, "CPU of its QEMU process; 100 is one core.", sampled((sample) => sample.cpuRatio)),
  figure("steal", "steal>5", PERCENT, "Share of time that its vCPUs could have run and no CPU was free; see throttled for its quota.", sampled((sample) => sample.stealRatio)),
  figure("throttled", "throttled>10", PERCENT, "Time in which its CPU quota stopped it; 100 is one core's.", sampled((sample) => sample.throttledTimeRatio)),
  size("memory.floor", "memory.floor>=1G", "Memory below which nobody takes from the guest; percent is of what its definition gives it.", ({ definition }) => memoryPolicy(definition).floorBytes, defined),
  { kind: "word", name: "memory.control", example: "memory.control:on", description: `What the memory controller may do to it: ${CONTROLS.join(", ")}.`, words: CONTROLS, word: ({ definition }) => memoryPolicy(definition).control.toLowerCase() },
  size("guest.available", "guest.available<10%", "Memory that the guest could still use, as it says; percent is of what it has.", sampled((sample) => sample.guestAvailableBytes), guestTotal),
  size("guest.used", "guest.used>1.5G", "Memory that the guest uses, as it says; percent is of what it has.", sampled(guestUsed), guestTotal),
  size("balloon", "balloon<50%", "Memory that the balloon leaves the guest; percent is of what is configured.", sampled((sample) => sample.balloonActualBytes), configured),
  size("rss", "rss>1G", "Memory of its QEMU process on the host; percent is of what is configured.", sampled((sample) => sample.rssBytes), configured),
  size("pss", "pss>1G", "Its fair share of that, shared pages divided; percent is of what is configured.", sampled((sample) => sample.pssBytes), configured),
  size("swap", "swap>100M", "Memory of its QEMU process in the host's swap; percent is of what is configured.", sampled((sample) => sample.swapBytes), configured),
  size("shared", "shared>100M", "Memory that KSM has merged; percent is of what is configured.", sampled((sample) => sample.ksmMergedBytes), configured),
  figure("disk.read", "disk.read>10M", BYTES_PER_SECOND, "Bytes read a second, all disks.", sampled((sample) => sample.diskReadBytesPerSecond)),
  figure("disk.write", "disk.write>10M/s", BYTES_PER_SECOND, "Bytes written a second, all disks.", sampled((sample) => sample.diskWriteBytesPerSecond)),
  figure("disk.latency", "disk.latency>20ms", DURATION, "Mean time of a read or write over the last tick.", sampled((sample) => sample.diskLatencySeconds)),
  figure("net.rx", "net.rx>1M", BYTES_PER_SECOND, "Bytes that the guest receives a second.", sampled((sample) => sample.networkRxBytesPerSecond)),
  figure("net.tx", "net.tx>1M", BYTES_PER_SECOND, "Bytes that the guest sends a second.", sampled((sample) => sample.networkTxBytesPerSecond)),
  figure("net.drops", "net.drops>0", PER_SECOND, "Packets dropped a second, both ways.", sampled((sample) => sample.networkDropsPerSecond)),
  figure("faults", "faults>10", PER_SECOND, "Major page faults a second in the guest, as it says.", sampled((sample) => sample.guestMajorFaultsPerSecond)),
  figure("age", "age>3h", DURATION, "How long it has been on, or else in its state.", ageSeconds),
  flag("protected", "Whether it refuses deletion and forced power-off.", (subject) => subject.protected),
  flag("autostart", "Whether it starts when its host boots.", (subject) => subject.autostart),
  flag("restart", "Whether a changed definition waits for its next start.", (subject) => subject.restartRequired),
  { kind: "text", name: "alert", example: "alert:critical", description: "Alerts that fire on it: part of a rule's name, warning or critical; yes or no for any.", texts: ({ alerts }) => alerts.flatMap(({ name, severity }) => [name, severity]), asksPresence: true },
  text("label", "label=web", "Key, value or key=value of any label; label.KEY is the value of one.", ({ labels }, key) =>
    key === null ? labels.flatMap((label) => [label.key, label.value, `${label.key}=${label.value}`]) : labels.filter((label) => label.key === key).map(({ value }) => value)),
];

const BY_NAME = new Map(FILTER_FIELDS.map((field) => [field.name, field]));

export function filterField(name: string): FilterFieldDefinition | null {
  return BY_NAME.get(name) ?? null;
}

/** Its total holds what is in the balloon as well (see memoryBreakdown); of a guest whose total does not, as it says. */
function guestUsed(sample: VmSample): number | null {
  if (sample.guestTotalBytes === null || sample.guestAvailableBytes === null) return null;
  const used = sample.guestTotalBytes - sample.guestAvailableBytes;
  const inBalloon = inBalloonBytes(sample);
  return Math.max(0, used >= inBalloon ? used - inBalloon : used);
}

function ageSeconds({ startedAt, stateSince, now }: FilterSubject): number | null {
  const since = startedAt ?? stateSince;
  return since === null ? null : Math.max(0, (now.getTime() - since.getTime()) / 1_000);
}
