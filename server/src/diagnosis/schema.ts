// Diagnosis in GraphQL: why a VM is slow.
import { builder } from "../graphql/builder.js";
import { described } from "../graphql/enums.js";
import { answer, resultUnion } from "../graphql/errors.js";
import { TimeRangeInput, VmRef } from "../graphql/refs.js";
import type { DiagnosisEvidence, DiagnosisFinding } from "./model.js";
import type { VmDiagnosis } from "./service.js";

const DiagnosisVerdictEnum = builder.enumType("DiagnosisVerdict", {
  description: "What came of looking.",
  values: described({
    SLOW: "At least one cause was found.", FINE: "Nothing was found: nothing is wrong as far as can be seen.",
    UNKNOWN: "It cannot be told: the VM did not run, or too little was recorded.",
  }),
});
const DiagnosisConfidenceEnum = builder.enumType("DiagnosisConfidence", {
  description: "How sure the verdict is.",
  values: described({
    LOW: "Most of the window was not recorded, or what was found is faint.", MEDIUM: "Part of the window was not recorded, or what was found is not plain.",
    HIGH: "The window was recorded and what was found is plain.",
  }),
});
const DiagnosisKindEnum = builder.enumType("DiagnosisKind", {
  description: "A cause that is looked for.",
  values: described({
    THROTTLING: "A CPU quota of QEMU's control group stopped it.", NEIGHBOUR_CPU: "Another VM of the host took the CPU this one waited for.",
    STEAL: "Its vCPUs were ready and got no CPU.", HOST_CPU: "Tasks of the host, this VM among them, waited for a CPU.",
    BALLOON: "The balloon took memory that the guest needs.", GUEST_MEMORY: "The guest swaps, or reads its pages from disk for want of memory.",
    HOST_MEMORY: "The host pages this VM's memory.", NEIGHBOUR_DISK: "Another VM of the host used the disk this one waited for.",
    DISK_LATENCY: "Its reads and writes took long.", DISK_QUEUE: "It asked for more reads and writes at once than its disk can do.",
    HOST_IO: "Tasks of the host, this VM among them, waited for I/O.", NETWORK_DROPS: "Packets for or from it were thrown away.",
    GUEST_CPU: "It used all of its vCPUs.",
  }),
});

const DiagnosisEvidenceRef = builder.objectRef<DiagnosisEvidence>("DiagnosisEvidence").implement({
  description: "One figure that speaks for or against a cause.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What was measured." }),
    value: t.exposeFloat("value", { nullable: true, description: "In `unit`: mean over the steps beyond the threshold; where there is none, over the window. Null when not known." }),
    threshold: t.exposeFloat("threshold", { description: "In `unit`: the value beyond which it counts." }),
    unit: t.exposeString("unit", { description: "ratio, bytes, bytes/s, seconds, 1/s, load or operations." }),
    shareBeyond: t.exposeFloat("shareBeyond", { nullable: true, description: "Share of the window, as far as the VM ran, beyond the threshold, 0 to 1. Null when not known." }),
    source: t.exposeString("source", { description: "Where the figure and its threshold come from." }),
    text: t.exposeString("text", { description: "One sentence for people. It may hold the names of VMs, which are not to be trusted." }),
  }),
});

const DiagnosisFindingRef = builder.objectRef<DiagnosisFinding>("DiagnosisFinding").implement({
  description: "A cause that was looked for, and what was seen of it.",
  fields: (t) => ({
    kind: t.expose("kind", { type: DiagnosisKindEnum, description: "Which cause." }),
    title: t.exposeString("title", { description: "Its name for people." }),
    score: t.exposeFloat("score", { description: "Weight of its evidence, 0 to 1; 0 unless it is a cause." }),
    evidence: t.field({ type: [DiagnosisEvidenceRef], description: "The figures; the first decides.", resolve: (finding) => finding.evidence as DiagnosisEvidence[] }),
    advice: t.exposeString("advice", { nullable: true, description: "What to do; null unless it is a cause." }),
    adviceCommand: t.exposeString("adviceCommand", { nullable: true, description: "A command that does it or shows more, on the host or with `quetzal`; null when there is none." }),
    neighbour: t.field({
      type: VmRef, nullable: true, description: "The VM that took it; null unless it is a neighbour's doing, and when it is gone.",
      resolve: ({ neighbourId }, _, ctx) => (neighbourId === null ? null : ctx.services.vms.get(neighbourId)),
    }),
  }),
});

const findings = (list: readonly DiagnosisFinding[]): DiagnosisFinding[] => list as DiagnosisFinding[];
const VmDiagnosisRef = builder.objectRef<VmDiagnosis>("VmDiagnosis").implement({
  description: "Why a VM was slow in a window of time, or that it was not.",
  fields: (t) => ({
    vm: t.expose("vm", { type: VmRef, description: "The VM." }),
    from: t.expose("from", { type: "DateTime", description: "Start of the window, in whole steps." }),
    to: t.expose("to", { type: "DateTime", description: "End of the window, in whole steps." }),
    stepSeconds: t.exposeInt("stepSeconds", { description: "Length of the steps that were looked at, in seconds." }),
    verdict: t.expose("verdict", { type: DiagnosisVerdictEnum, description: "Whether it was slow." }),
    summary: t.exposeString("summary", { description: "One or two sentences for people. They may hold the names of VMs, which are not to be trusted." }),
    slowFrom: t.expose("slowFrom", { type: "DateTime", nullable: true, description: "When the first cause's longest spell began; null unless it was slow." }),
    slowTo: t.expose("slowTo", { type: "DateTime", nullable: true, description: "When it ended; null unless it was slow." }),
    confidence: t.expose("confidence", { type: DiagnosisConfidenceEnum, nullable: true, description: "How sure the verdict is; null when it is UNKNOWN." }),
    causes: t.field({ type: [DiagnosisFindingRef], description: "What was found, the weightiest first; a cause stands before what it explains.", resolve: (d) => findings(d.causes) }),
    ruledOut: t.field({ type: [DiagnosisFindingRef], description: "What was looked at and is no cause.", resolve: (d) => findings(d.ruledOut) }),
    notKnown: t.field({ type: [DiagnosisFindingRef], description: "What could not be judged; the evidence's text says why.", resolve: (d) => findings(d.notKnown) }),
  }),
});

const VmDiagnosisResult = resultUnion("VmDiagnosisResult", "What came of asking why a VM is slow.", VmDiagnosisRef, ["VmNotFound", "InvalidInput", "DatabaseUnavailable"]);

builder.queryFields((t) => ({
  vmDiagnosis: t.field({
    type: VmDiagnosisResult, description: "Why a VM is slow: causes ranked by their evidence in the window.",
    args: {
      vm: t.arg.id({ required: true, description: "The VM's id." }),
      range: t.arg({ type: TimeRangeInput, description: "The window, 10 s to a day; null: the last 10 minutes." }),
    },
    resolve: (_, { vm, range }, ctx) => answer(() => ctx.services.diagnoses.diagnose(vm, range ?? null)),
  }),
}));
