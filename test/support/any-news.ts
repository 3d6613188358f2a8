// Whatever a server may tell a dashboard, well shaped and otherwise as bad as can be: news in any order, about VMs that
// come and go, with hostile texts and impossible figures. It knows what the store takes and nothing of who paints it.
import fc from "fast-check";
import { toRule } from "../../tui/src/feed/alert-rules.js";
import { toAlert } from "../../tui/src/feed/alerts.js";
import { toDiagnosis } from "../../tui/src/feed/why.js";
import { toDefinitionLines, toDetail, toEvent, toHost, toHostSample, toOperation, toSample, toVm } from "../../tui/src/feed/wire.js";
import type { Action } from "../../tui/src/store/actions.js";
import { keyOf } from "../../tui/src/store/form.js";
import { vmForm } from "../../tui/src/store/vm-form.js";
import type { PastFrame } from "../../tui/src/store/past.js";
import { paintable } from "../../tui/src/store/sanitize.js";
import { anyMemoryNews, anyMemoryThen } from "./any-memory.js";
import { HOSTILE_TEXTS } from "./hostile.js";
import { RECORDED_HOST, RECORDED_NOW, hostSample, recordedVms, vmSample } from "./recorded-fleet.js";

const IDS = ["web-1", "web-2", "db-old", "spare", "test-vm-001"] as const;
/** What a running VM measures. */
const MEASURED = recordedVms(1, RECORDED_NOW).map((vm) => vmSample(vm, RECORDED_NOW));
type Wire<Make extends (wire: never) => unknown> = Parameters<Make>[0];

export const anyText = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ unit: "binary", maxLength: 40 }), fc.constant(""));
const anyId = fc.constantFrom(...IDS);
const anyState = fc.constantFrom("DEFINED", "STARTING", "RUNNING", "PAUSED", "STOPPING", "STOPPED", "MIGRATING", "CRASHED");
const anyFigure = fc.oneof(fc.constant(null), fc.double(), fc.constantFrom(0, 1, -1, 1e300, 2 ** 63));
const anyTime = fc.integer({ min: -1000, max: 700 }).map((seconds) => new Date(RECORDED_NOW + seconds * 1000).toISOString());

const anyVm = fc.record({ id: anyId, name: anyText, state: anyState, text: anyText, generation: fc.nat(9), alive: fc.boolean() }).map(({ id, name, state, text, generation, alive }) => toVm({
  id, name, state, host: { id: "lab1" }, stateSince: new Date(RECORDED_NOW).toISOString(), generation: String(generation), startedAt: alive ? new Date(RECORDED_NOW).toISOString() : null, vcpus: 2, memoryBytes: 1 << 30, machine: text,
  accelerator: text, networkInUse: text, pid: null, protected: alive, autostart: alive, restartRequired: alive, labels: [{ key: text, value: name }], crash: state === "CRASHED" ? { cause: text } : null,
  verbs: (["START", "STOP", "FORCE_OFF", "RESET", "PAUSE", "RESUME", "DELETE", "CONSOLE"] as const).map((verb, index) => ({ verb, allowed: (generation + index) % 3 > 0, reason: text })),
}));
const anySample = fc.record({ id: anyId, time: anyTime, figures: fc.array(anyFigure, { minLength: 6, maxLength: 6 }) }).map(({ id, time, figures: [cpuRatio, rssBytes, guestTotalBytes, diskLatencySeconds, networkRxBytesPerSecond, stealRatio] }) => {
  return { ...MEASURED[0], vmId: id, time, cpuRatio, rssBytes, guestTotalBytes, diskLatencySeconds, networkRxBytesPerSecond, stealRatio } as unknown as Wire<typeof toSample> & Wire<typeof toDetail>;
});
const anyEvent = fc.record({ cursor: fc.nat(5000), time: anyTime, kind: anyText, id: fc.option(anyId), message: anyText, state: fc.option(anyState) }).map(({ cursor, time, kind, id, message, state }) => toEvent({
  cursor: String(cursor), time, kind, vmId: id, operationId: null, state, actor: message, message,
} as unknown as Wire<typeof toEvent>));
const anyOperation = fc.record({ id: fc.constantFrom("op-1", "op-2", "op-3"), vmId: anyId, time: anyTime, state: fc.constantFrom("RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"), text: anyText, progressRatio: anyFigure }).map(({ id, vmId, time, state, text, progressRatio }) => toOperation({
  id, kind: "START_VM", vmId, state, progressRatio, cancellable: state === "RUNNING", error: text, requestedBy: text, startedAt: time, endedAt: state === "RUNNING" ? null : time,
} as unknown as Wire<typeof toOperation>));

/** An answer about the past: of the instant asked for, or of another that was asked for before. */
const anyPastFrame = fc.record({ time: anyTime, vms: fc.uniqueArray(anyVm, { selector: (vm) => vm.id, maxLength: 5 }), samples: fc.array(anySample, { maxLength: 5 }), events: fc.array(anyEvent, { maxLength: 5 }), operations: fc.array(anyOperation, { maxLength: 3 }), where: anyText, found: fc.option(fc.subarray([...IDS])), definition: anyText, memory: anyMemoryThen(anyText), detail: fc.option(anySample) }).map(({ time, vms, samples, events, operations, where, found, definition, memory: { memory, one }, detail }): PastFrame => ({
  at: Date.parse(time), clock: Date.parse(time), stepSeconds: 60, where: paintable(where), found: found === null ? null : new Set(found), vms: new Map(vms.map((vm) => [vm.id, vm])),
  samples: new Map(samples.map((sample) => [sample.vmId, toSample(sample)])), hostSamples: new Map([[RECORDED_HOST.id, toHostSample(hostSample(RECORDED_NOW) as unknown as Wire<typeof toHostSample>)]]),
  definitions: new Map(vms.map((vm) => [vm.id, toDefinitionLines({ [definition]: definition })])), events, operations, memory,
  one: one === null || detail === null ? one : { ...one, detail: toDetail(detail), allDisks: toDetail(detail).disks[0] ?? null },
}));

const anyFinding = fc.record({ kind: fc.constantFrom("STEAL", "BALLOON", "NEIGHBOUR_CPU"), title: anyText, text: anyText, neighbour: fc.option(anyId), count: fc.nat(2) }).map(({ kind, title, text, neighbour, count }) => ({
  kind, title, score: 1, evidence: Array.from({ length: count }, () => ({ text, source: title })), advice: text, adviceCommand: text, neighbour: neighbour === null ? null : { id: neighbour, name: text },
}));
const anyDiagnosis = fc.record({ from: anyTime, to: anyTime, verdict: fc.constantFrom("SLOW", "FINE", "UNKNOWN"), summary: anyText, causes: fc.array(anyFinding, { maxLength: 4 }), others: fc.array(anyFinding, { maxLength: 2 }) })
  .map(({ from, to, verdict, summary, causes, others }) => toDiagnosis({ from, to, verdict, summary, slowFrom: from, slowTo: null, confidence: "HIGH", causes, ruledOut: others, notKnown: others } as unknown as Wire<typeof toDiagnosis>));

/** What single pages are told: causes, rules, the judgement of a form, the question of an edit. */
const anyPageNews: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ vmId: anyId, diagnosis: anyDiagnosis }).map((found): Action => ({ type: "whyFound", ...found })),
  fc.record({ vmId: anyId, reason: anyText.map(paintable) }).map((fault): Action => ({ type: "whyFault", ...fault })),
  fc.array(fc.record({ id: fc.constantFrom("r-1", "r-2", "r-3"), text: anyText, enabled: fc.boolean() }), { maxLength: 3 }).map((rules): Action => ({
    type: "alertRules", rules: rules.map(({ id, text, enabled }) => toRule({ id, name: text, where: text, forSeconds: 60, severity: "WARNING", enabled, updatedBy: text })),
  })),
  anyText.map((reason): Action => ({ type: "alertRulesFault", reason: paintable(reason) })),
  anyText.map((effect): Action => ({ type: "formJudged", key: keyOf(vmForm()), judgement: { can: true, effect: paintable(effect) } })),
  fc.record({ reason: anyText.map(paintable), field: fc.constantFrom("id", "labels", "where", "gone", null) }).map((refused): Action => ({ type: "formRefused", judgement: { can: false, ...refused } })),
  fc.constantFrom<Action>({ type: "formMade" }, { type: "editOver" }),
  fc.record({ vmId: anyId, lines: fc.array(anyText.map(paintable), { maxLength: 30 }), effect: anyText.map(paintable) }).map(({ vmId, lines, effect }): Action => ({ type: "editAsk", editing: { vmId, question: { kind: "save", changes: lines, effect } } })),
  fc.record({ vmId: anyId, reasons: fc.array(anyText.map(paintable), { maxLength: 3 }) }).map(({ vmId, reasons }): Action => ({ type: "editAsk", editing: { vmId, question: { kind: "again", reasons } } })),
);

export const anyNews: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: anyPageNews },
  { weight: 4, arbitrary: anyMemoryNews(anyText) },
  fc.record({ vms: fc.uniqueArray(anyVm, { selector: (vm) => vm.id, maxLength: 5 }), samples: fc.array(anySample, { maxLength: 3 }) }).map(({ vms, samples }): Action => ({ type: "vmsListed", vms, samples: samples.map(toSample) })),
  fc.record({ id: anyId, vm: fc.option(anyVm) }).map(({ id, vm }): Action => ({ type: "vmChanged", id: vm?.id ?? id, vm, sample: null })),
  fc.array(anySample, { maxLength: 5 }).map((samples): Action => ({ type: "samples", samples: samples.map(toSample) })),
  anySample.map((sample): Action => ({ type: "detail", vmId: sample.vmId, detail: toDetail(sample) })),
  fc.array(anyEvent, { maxLength: 4 }).map((events): Action => ({ type: "events", events, newestCursor: null })),
  fc.array(anyOperation, { maxLength: 3 }).map((operations): Action => ({ type: "operations", operations })),
  fc.record({ name: anyText, connected: fc.boolean(), text: anyText }).map(({ name, connected, text }): Action => ({
    type: "welcomed", role: "ADMIN", clockSkewMs: 0, databaseConnected: connected,
    hosts: [toHost({ ...RECORDED_HOST, name, connected, connectionError: text, cpuModel: text, capabilities: [{ name: "kvm", available: connected, reason: text, mend: text }] })],
    hostSamples: [toHostSample(hostSample(RECORDED_NOW) as unknown as Wire<typeof toHostSample>)],
  })),
  anyPastFrame.map((frame): Action => ({ type: "pastFrame", frame })),
  fc.record({ first: anyPastFrame, second: anyPastFrame }).map((frames): Action => ({ type: "comparedFrames", ...frames })),
  anyText.map((reason): Action => ({ type: "pastTrouble", at: RECORDED_NOW, reason: paintable(reason) })),
  fc.array(fc.record({ id: fc.nat(3), vmId: anyId, time: anyTime, text: anyText, severity: fc.constantFrom("WARNING" as const, "CRITICAL" as const) }), { maxLength: 3 }).map((alerts): Action => ({
    type: "alerts", alerts: alerts.map(({ id, vmId, time, text, severity }) => toAlert({ id: `alert-${id}`, vmId, since: time, message: text, rule: { id: `rule-${id}`, name: text, severity, where: text, forSeconds: 60 } })),
  })),
  fc.constantFrom<Action>({ type: "connection", connection: { phase: "live" } }, { type: "connection", connection: { phase: "connecting" } }),
  anyText.map((text): Action => ({ type: "connection", connection: { phase: "lost", since: RECORDED_NOW - 5_000, reason: paintable(text) } })),
  fc.record({ where: anyText, ids: fc.subarray([...IDS]), fault: anyText }).map(({ where, ids, fault }): Action => ({ type: "matches", where, ids, fault: fault === "" ? null : { text: paintable(fault), column: 3 } })),
  fc.record({ vmId: anyId, lines: fc.array(anyText.map(paintable), { maxLength: 30 }) }).map(({ vmId, lines }): Action => ({ type: "consoleTail", tail: { vmId, lines, closed: lines[0] ?? null } })),
  fc.record({ vmId: anyId, definition: fc.dictionary(anyText, anyText, { maxKeys: 5 }) }).map(({ vmId, definition }): Action => ({ type: "definition", definition: { vmId, lines: toDefinitionLines(definition) } })),
  fc.record({ vmId: anyId, verb: fc.constantFrom("FORCE_OFF" as const, "RESET" as const, "DELETE" as const), can: fc.boolean(), text: anyText.map(paintable) }).map(({ vmId, verb, can, text }): Action => ({ type: "judged", verb, vmId, judgement: can ? { can, effect: text } : { can, reason: text } })),
  fc.record({ vmId: anyId, can: fc.boolean(), text: anyText.map(paintable) }).map(({ vmId, can, text }): Action => ({ type: "bulkJudged", vmId, judgement: can ? { can, effect: text } : { can, reason: text } })),
  fc.record({ vmId: anyId, step: fc.constantFrom("asked" as const, "running" as const, "succeeded" as const, "failed" as const), reason: anyText.map(paintable) }).map(({ vmId, step, reason }): Action => ({ type: "bulkItem", vmId, change: { step, reason } })),
);

/** What a dashboard hears first: the whole list. */
export const firstNews: fc.Arbitrary<Action> = fc.uniqueArray(anyVm, { selector: (vm) => vm.id, minLength: IDS.length, maxLength: IDS.length }).map((vms) => ({ type: "vmsListed", vms, samples: [] }));
