// What the recorded server answers on single pages: why a VM is slow, the alert rules, and what a definition would
// change. Made up, the same each time; the shapes are the schema's.
import { FilterFault, parseFilter } from "../../server/src/vm/filter/parse.js";
import type { RecordedVm } from "./recorded-fleet.js";

type Payload = Record<string, unknown>;

const figure = (text: string, source: string): Payload => ({ name: "", value: null, threshold: 0, unit: "ratio", shareBeyond: null, source, text });
const finding = (kind: string, title: string, evidence: readonly Payload[], more: Payload = {}): Payload => ({ kind, title, score: 0, evidence, advice: null, adviceCommand: null, neighbour: null, ...more });
const USE = "USE method (B. Gregg): a resource used above its limit saturates.";
const RULED_OUT = [
  ["BALLOON", "memory balloon", "memory available in the guest 41 % (below 10 % counts); what was taken, if anything, is not missed"], ["HOST_MEMORY", "host memory pressure", "major faults of the QEMU process 0.00/s (above 10.0/s counts)"],
  ["DISK_LATENCY", "disk latency", "time of a read or write 1.20 ms (above 20.0 ms counts)"], ["DISK_QUEUE", "disk queue", "reads and writes under way 0.02 (above 4.00 counts)"],
  ["HOST_IO", "host I/O pressure", "time in which some task of the host waited for I/O 2.0 % (above 20 % counts); this VM's disk was not slow with them"], ["NETWORK_DROPS", "network drops", "packets dropped 0.00/s (above 1.00/s counts)"],
] as const;

/** One VM is slow by a neighbour and by itself; one that is off cannot be judged; the others are fine. */
export function recordedDiagnosis(vm: RecordedVm | undefined, neighbour: Payload | null, id: string, now: number): Payload {
  if (vm === undefined) return { __typename: "VmNotFound", id, message: `There is no VM ${id}.` };
  const at = (agoMs: number): string => new Date(now - agoMs).toISOString();
  const base = { __typename: "VmDiagnosis", vm: { id: vm.id, name: vm.name }, from: at(600_000), to: at(0), stepSeconds: 1, slowFrom: null, slowTo: null, causes: [], notKnown: [], ruledOut: RULED_OUT.map(([kind, title, text]) => finding(kind, title, [figure(text, USE)])) };
  if (vm.startedAt === null) {
    return { ...base, ruledOut: [], verdict: "UNKNOWN", confidence: null, summary: `${vm.name} did not run in this window.`, notKnown: [finding("STEAL", "steal", [figure("it did not run", USE)])] };
  }
  if (vm.id !== "build-runner") return { ...base, verdict: "FINE", confidence: "HIGH", summary: `Nothing was found that slows ${vm.name}.` };
  return {
    ...base, verdict: "SLOW", confidence: "HIGH", slowFrom: at(95_000), slowTo: at(5_000), summary: `${vm.name} was slow.`,
    causes: [
      finding("NEIGHBOUR_CPU", "neighbour (CPU)", [figure("test-vm-001 used 0.92 cores while build-runner had to wait for a CPU, 0.12 cores while this VM was calm", "CPU of each other VM of the host while this one waited, less its CPU while this one did not; 1 is one core.")], {
        score: 0.7, neighbour, advice: "test-vm-001 took it: a limit of 60 % of a core leaves the others 0.32 cores of the 0.92 cores that it used, where this VM waited for 0.28 cores; or give it a smaller weight, or move one of the two to another host.", adviceCommand: "quetzal cpu set test-vm-001 --limit 60%",
      }),
      finding("STEAL", "steal", [figure("time ready to run without a CPU 14 % (above 5.0 % counts), for 41 % of the time it ran", `Run delay of the vCPU threads. ${USE}`)], { score: 0.5, advice: "It was ready to run and the host's CPUs were taken: stop or move other work of the host, give this VM a greater weight, or the busiest VMs a smaller one or a limit ('quetzal cpu set').", adviceCommand: "quetzal cpu ls --sort -cpu" }),
      finding("GUEST_CPU", "guest CPU", [figure("use of its vCPUs 96 % (above 90 % counts), for 38 % of the time it ran", `CPU time of the QEMU process over its vCPUs. ${USE}`)], { score: 0.2, advice: "The guest uses all the vCPUs it has: look inside for what computes, or give it 4 instead of 2, while it runs (it can have 4).", adviceCommand: `quetzal cpu set ${vm.id} --vcpus 4` }),
    ],
    notKnown: [finding("THROTTLING", "CPU quota", [figure("Whether a CPU quota holds it back cannot be told: the host has no cpu controller.", "cpu.stat")])],
  };
}

interface Rule { id: string; name: string; where: string; forSeconds: number; severity: string; enabled: boolean; updatedAt: string; updatedBy: string }
type RuleInput = Omit<Rule, "id" | "updatedAt" | "updatedBy"> & { id?: string | null; dryRun: boolean };

/** The rules, as the real server keeps them: judged by the same language, by name. */
export class RecordedRules {
  private rules: Rule[];
  constructor(private readonly time: string, private readonly changed: (message: string) => void, private readonly matchesNow: (where: string) => number) {
    const rule = (id: string, name: string, where: string, forSeconds: number, severity: string): Rule => ({ id, name, where, forSeconds, severity, enabled: id !== "steal", updatedAt: time, updatedBy: "QuetzalCore" });
    this.rules = [rule("crashed", "Crashed", "state:crashed", 0, "CRITICAL"), rule("disk-latency", "Disk latency", "disk.latency>50ms", 60, "WARNING"), rule("memory-low", "Guest memory low", "guest.available<10%", 60, "WARNING"), rule("steal", "Steal", "steal>20%", 60, "WARNING")];
  }

  list = (): Rule[] => [...this.rules].sort((a, b) => (a.name < b.name ? -1 : 1));

  put({ id, dryRun, ...input }: RuleInput): Payload {
    const fault = this.fault(id ?? null, input);
    if (fault !== null) return { __typename: "InvalidInput", ...fault };
    const rule: Rule = { ...input, id: id ?? input.name.toLowerCase().replace(/[^a-z0-9]+/g, "-"), updatedAt: this.time, updatedBy: "local" };
    if (!dryRun) {
      this.rules = [...this.rules.filter((one) => one.id !== rule.id), rule];
      this.changed(`local set the alert rule ${rule.name}.`);
    }
    return { __typename: "PutAlertRuleSuccess", rule, matchesNow: this.matchesNow(rule.where) };
  }

  delete({ id, dryRun }: { id: string; dryRun: boolean }): Payload {
    const rule = this.rules.find((one) => one.id === id);
    if (rule === undefined) return { __typename: "AlertRuleNotFound", id, message: `There is no alert rule ${id}.` };
    if (!dryRun) {
      this.rules = this.rules.filter((one) => one !== rule);
      this.changed(`local deleted the alert rule ${rule.name}.`);
    }
    return { __typename: "DeleteAlertRuleSuccess", rule, alertsCleared: id === "crashed" ? 1 : 0 };
  }

  private fault(id: string | null, { name, where }: Pick<Rule, "name" | "where">): Payload | null {
    if (where === "") return { message: "where is empty: write a condition, e.g. guest.available<10%.", field: "where", column: 1 };
    if (this.rules.some((one) => one.name === name && one.id !== id)) return { message: `Another rule is named ${name}.`, field: "name", column: null };
    try {
      parseFilter(where);
      return null;
    } catch (error) {
      if (error instanceof FilterFault) return { message: error.message, field: "where", column: error.column };
      throw error;
    }
  }
}

export interface RecordedDefinition { id: string; name?: string; memory_mb: number; vcpus: number; protected?: boolean; labels?: Record<string, string> }

/** Why a definition is refused, or what putting it changes. */
export function recordedPut(definition: RecordedDefinition, vm: RecordedVm | undefined, isNewOnly: boolean): Payload & { changes?: readonly string[] } {
  const { id, memory_mb: memory, vcpus } = definition;
  const invalid = (field: string, message: string): Payload => ({ __typename: "InvalidSpec", field, message });
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) return invalid("id", `id ${JSON.stringify(id)}: write 1 to 64 characters a-z, 0-9, dot, dash, underscore, the first a letter or digit.`);
  if (!(memory >= 32)) return invalid("memory_mb", `memory_mb is ${JSON.stringify(memory)}: a VM has at least 32 MiB.`);
  if (!(vcpus >= 1)) return invalid("vcpus", `vcpus is ${JSON.stringify(vcpus)}: a VM has 1 to 64.`);
  if (vm === undefined) return { __typename: "PutVmSuccess", action: "CREATED", changes: [`id: (none) → "${id}"`], effect: `Defines ${definition.name ?? id}; it is not started.` };
  if (isNewOnly) return { __typename: "VmExists", id, message: `There is a VM ${id} already: give this one another id.` };
  const labelsOf = (labels: Record<string, string> | readonly { key: string; value: string }[] = {}): string => JSON.stringify(Array.isArray(labels) ? Object.fromEntries((labels as { key: string; value: string }[]).map(({ key, value }) => [key, value])) : labels);
  const compared: readonly (readonly [string, unknown, unknown])[] = [
    ["memory_mb", vm.memoryBytes / 1024 ** 2, memory], ["vcpus", vm.vcpus, vcpus], ["protected", vm.protected, definition.protected === true], ["labels", labelsOf(vm.labels), labelsOf(definition.labels)],
  ];
  const changes = compared.filter(([, before, after]) => before !== after).map(([field, before, after]) => `${field}: ${String(before)} → ${String(after)}`);
  const when = vm.startedAt === null ? "at its next start" : "when it has been stopped and started again; until then it runs on as it is";
  return { __typename: "PutVmSuccess", action: changes.length === 0 ? "UNCHANGED" : "CHANGED", changes, effect: `Changes ${changes.length === 1 ? "one field" : `${changes.length} fields`} of ${vm.name}, in effect ${when}.` };
}
