// The forms, the alerts page, the page of causes and an edit under way: what keys and answers do to their state.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alertLines, chosenLine, lineId } from "./alerts.js";
import type { AlertRule } from "./alerts.js";
import { FIELD_MAX_LENGTH, fieldOf, flagsOf, keyOf } from "./form.js";
import type { Form, FormAction } from "./form.js";
import type { Alert } from "./model.js";
import { reduce } from "./reduce.js";
import { roleRefusal } from "./rights.js";
import { ruleForm, ruleOf } from "./rule-form.js";
import { page } from "./select.js";
import type { State } from "./state.js";
import { NOW, stateWith, vm } from "./testing.js";
import { definitionLines, definitionOf, fieldOfPath, formFault, mebibytes, vmForm } from "./vm-form.js";
import { chosenCause, meantVm, whyWindow, windowOfWhy } from "./why.js";
import type { Diagnosis, Finding } from "./why.js";

const start = stateWith([vm({ id: "web-1" }), vm({ id: "web-2" })]);
const after = (state: State, ...actions: Parameters<typeof reduce>[1][]): State => actions.reduce(reduce, state);
const formOf = (state: State): Form => state.ui.form ?? expect.fail("no form is open");
const filled = (form: Form, values: Readonly<Record<string, string>>): Form =>
  ({ ...form, fields: form.fields.map((field) => (field.kind === "flags" ? field : { ...field, value: values[field.name] ?? field.value })) });

describe("a form", () => {
  const opened = after(start, { type: "formOpen", form: vmForm() });
  const judged = (state: State, can: boolean, field: string | null = null): State =>
    reduce(state, { type: "formJudged", key: keyOf(formOf(state)), judgement: can ? { can, effect: "Defines it." } : { can, reason: "No.", field } });

  it("steps over its fields and round its ends, and the wheel stops there", () => {
    expect(formOf(reduce(opened, { type: "formStep", by: -1 })).index).toBe(vmForm().fields.length - 1);
    expect(formOf(after(opened, { type: "move", by: -3 })).index).toBe(0);
    expect(formOf(after(opened, { type: "move", by: 99 })).index).toBe(vmForm().fields.length - 1);
    expect(formOf(after(opened, { type: "formChoose", index: 2 }))).toMatchObject({ index: 2, caret: "512M".length });
  });

  it("forgets what the server said of other values, and takes no late answer", () => {
    const late = keyOf(formOf(opened));
    const typed = reduce(judged(opened, true), { type: "formText", text: "a", caret: 1 });
    expect(formOf(typed).judgement).toBeNull();
    expect(formOf(reduce(typed, { type: "formJudged", key: late, judgement: { can: true, effect: "" } })).judgement).toBeNull();
    expect(formOf(judged(typed, true)).judgement).toEqual({ can: true, effect: "Defines it." });
  });

  it("leads to the field that is refused once it is asked for, and not while it is filled in", () => {
    expect(formOf(judged(opened, false, "vcpus")).index).toBe(0);
    const wanted = judged(reduce(opened, { type: "formWant" }), false, "vcpus");
    expect(formOf(wanted)).toMatchObject({ index: 3, phase: "filling" });
  });

  it("takes no typing while it is being made", () => {
    const making = after(opened, { type: "formWant" }, { type: "formMaking" });
    const tried = after(making, { type: "formText", text: "x", caret: 1 }, { type: "formTurn", by: 1 }, { type: "formToggle" }, { type: "formWant" });
    expect(formOf(tried)).toMatchObject({ phase: "making", fields: formOf(making).fields });
  });

  it("is there as it was left, another one is new, and made it is gone", () => {
    const left = after(opened, { type: "formText", text: "web-9", caret: 5 }, { type: "back" });
    expect(page(left)).toBe("overview");
    expect(fieldOf(formOf(reduce(left, { type: "formOpen", form: vmForm() })), "id")).toBe("web-9");
    expect(formOf(reduce(left, { type: "formOpen", form: ruleForm(null) })).kind).toBe("rule");
    const made = after(left, { type: "formOpen", form: vmForm() }, { type: "formMade" });
    expect([made.ui.form, page(made)]).toEqual([null, "overview"]);
  });

  it("turns choices, and flags one by one", () => {
    const at = (name: string): State => reduce(opened, { type: "formChoose", index: vmForm().fields.findIndex((field) => field.name === name) });
    expect(fieldOf(formOf(reduce(at("boot"), { type: "formTurn", by: -1 })), "boot")).toBe("disk");
    const flags = after(at("features"), { type: "formToggle" }, { type: "formTurn", by: 1 }, { type: "formToggle" });
    expect(flagsOf(formOf(flags), "features")).toEqual(["compression", "ballooning", "virtio"]);
  });

  it("holds whatever is done to it: a field is chosen, the cursor is in it, texts are bounded", () => {
    const action: fc.Arbitrary<FormAction> = fc.oneof(
      fc.record({ type: fc.constant("formStep" as const), by: fc.constantFrom(1 as const, -1 as const) }),
      fc.record({ type: fc.constant("formTurn" as const), by: fc.constantFrom(1 as const, -1 as const) }),
      fc.record({ type: fc.constant("formCaret" as const), to: fc.integer() }), fc.record({ type: fc.constant("formChoose" as const), index: fc.integer() }),
      fc.constantFrom({ type: "formToggle" as const }, { type: "formWant" as const }, { type: "formMaking" as const }),
      fc.record({ type: fc.constant("formText" as const), text: fc.string({ maxLength: 500 }), caret: fc.nat(600) }),
    );
    fc.assert(fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const form = formOf(after(opened, ...actions));
      const field = form.fields[form.index];
      expect(field).toBeDefined();
      const length = field?.kind === "text" ? field.value.length : 0;
      expect(form.caret).toBeGreaterThanOrEqual(0);
      expect(form.caret).toBeLessThanOrEqual(length);
      expect(length).toBeLessThanOrEqual(FIELD_MAX_LENGTH);
    }));
  });
});

describe("the form of a VM", () => {
  it("means a definition, without what was left empty", () => {
    expect(definitionOf(filled(vmForm(), { id: " web-9 ", memory_mb: "1.5G", vcpus: "2", disk: "20G", labels: "tier=web", autostart: "yes" }))).toEqual({
      id: "web-9", memory_mb: 1536, vcpus: 2, boot: { kernel: "quetzal-guest/vmlinuz", initrd: "quetzal-guest/initrd.img", cmdline: "console=ttyS0 quiet" },
      disks: [{ name: "vda", path: "disk.img", size_gb: 20 }], network: { mode: "user" }, features: ["tps", "ballooning", "virtio"], labels: { tier: "web" }, autostart: true,
    });
    expect(definitionOf(filled(vmForm(), { id: "a", boot: "disk", image: "debian.qcow2", mode: "bridge", bridge: "br0" }))).toMatchObject({
      disks: [{ name: "vda", path: "disk.img", image: "debian.qcow2" }], network: { mode: "bridge", bridge: "br0" },
    });
  });

  it.each([["512", 512], ["512M", 512], ["2g", 2048], ["1.5 GiB", 1536], ["1T", 1048576], ["half", "half"], ["0.3M", "0.3M"], ["", ""]])("reads %j as %j: what is no size travels as it was typed", (text, size) => {
    expect(mebibytes(text)).toBe(size);
  });

  it.each([["memory_mb", "memory_mb"], ["disks[0].image", "image"], ["disks[0].size_gb", "disk"], ["network.bridge", "bridge"], ["network.mode", "mode"], ["boot.kernel", "boot"], ["cpu_quota", null], [null, null]])("leads a refusal of %j to the field %j", (path, field) => {
    expect(fieldOfPath(vmForm(), path)).toBe(field);
  });

  it("judges only labels itself, for they are written in a way of their own", () => {
    expect(formFault(filled(vmForm(), { labels: "" }))).toBeNull();
    expect(formFault(filled(vmForm(), { labels: "a=b" }))).toBeNull();
    expect(formFault(filled(vmForm(), { labels: "-a" }))).toMatchObject({ field: "labels" });
    expect(formFault(filled(vmForm(), { labels: "a b=" }))).toMatchObject({ field: "labels" });
  });

  it("tells what would be sent, a line a value", () => {
    expect(definitionLines(filled(vmForm(), { id: "a", disk: "512M" }))).toEqual(expect.arrayContaining(["id: a", "memory_mb: 512", "disks[0].size_mb: 512", "features: tps, ballooning, virtio"]));
  });
});

const RULE: AlertRule = { id: "busy", name: "Busy", where: "cpu>90", forSeconds: 30, severity: "CRITICAL", enabled: false, updatedBy: "ana" };

describe("the form of a rule", () => {
  it("means the rule it was opened with, unless something is changed", () => {
    expect(ruleOf(ruleForm(RULE))).toEqual({ fits: true, input: { id: "busy", name: "Busy", where: "cpu>90", forSeconds: 30, severity: "CRITICAL", enabled: false } });
  });

  it("takes the condition for the name where none is given, and no text for seconds", () => {
    expect(ruleOf(filled(ruleForm(null), { where: "label=web" }))).toMatchObject({ fits: true, input: { id: null, name: "label=web", enabled: true } });
    // Neither a condition nor a name: the condition is what is missing.
    expect(ruleOf(ruleForm(null))).toMatchObject({ fits: false, field: "where" });
    for (const forSeconds of ["", "soon", "-1", "1.5"]) expect(ruleOf(filled(ruleForm(null), { forSeconds }))).toMatchObject({ fits: false, field: "forSeconds" });
  });
});

describe("the alerts page", () => {
  const alert = (id: string, severity: Alert["severity"], since: number): Alert => ({ id, vmId: "web-1", since, message: "m", ruleId: "busy", ruleName: "Busy", severity, where: "cpu>90", forSeconds: 30 });
  const shown = after(start, { type: "open", page: "alerts" }, { type: "alerts", alerts: [alert("late", "WARNING", NOW), alert("early", "WARNING", NOW - 5), alert("bad", "CRITICAL", NOW)] }, { type: "alertRules", rules: [RULE] });

  it("lists what is critical first, then what fires longest, then rules", () => {
    expect(alertLines(shown).map(lineId)).toEqual(["alert bad", "alert early", "alert late", "rule busy"]);
  });

  it("keeps the chosen line while others come and go above it", () => {
    const chosen = after(shown, { type: "move", by: 2 }, { type: "alerts", alerts: [alert("late", "WARNING", NOW)] });
    expect(chosenLine(chosen)).toMatchObject({ kind: "alert", alert: { id: "late" } });
    const gone = reduce(chosen, { type: "alerts", alerts: [] });
    expect(chosenLine(gone)).toMatchObject({ kind: "rule" });
    expect(chosenLine(after(start, { type: "move", by: 1 }))).toBeNull();
  });

  it("says why rules are missing, and keeps those it knows", () => {
    const fault = reduce(shown, { type: "alertRulesFault", reason: "The server is away." });
    expect(fault.alertRules).toEqual({ list: [RULE], fault: "The server is away." });
    expect(reduce(fault, { type: "alertRules", rules: [] }).alertRules).toEqual({ list: [], fault: null });
  });

  it("means the VM of the chosen alert, and none for a rule", () => {
    expect(meantVm(shown)?.id).toBe("web-1");
    expect(meantVm(after(shown, { type: "moveTo", edge: "last" }))).toBeNull();
  });
});

describe("the page of causes", () => {
  const cause = (kind: string, neighbour: Finding["neighbour"] = null): Finding => ({ kind, title: kind, evidence: [], advice: null, adviceCommand: null, neighbour });
  const diagnosis = (...kinds: string[]): Diagnosis => ({ from: NOW - 600_000, to: NOW, verdict: "SLOW", summary: "", slowFrom: null, slowTo: null, confidence: null, causes: kinds.map((kind) => cause(kind)), ruledOut: [], notKnown: [] });
  const opened = reduce(start, { type: "whyOpen", vmId: "web-2" });
  const found = (state: State, ...kinds: string[]): State => reduce(state, { type: "whyFound", vmId: "web-2", diagnosis: diagnosis(...kinds) });

  it("keeps the chosen cause when the ranking changes, and takes no answer for another VM", () => {
    const chosen = reduce(found(opened, "STEAL", "BALLOON"), { type: "move", by: 1 });
    expect(chosenCause(found(chosen, "BALLOON", "STEAL"))?.kind).toBe("BALLOON");
    expect(reduce(opened, { type: "whyFound", vmId: "web-1", diagnosis: diagnosis("STEAL") }).ui.why?.found).toBeNull();
  });

  it("moves past the causes to what follows them, and no further", () => {
    const end = reduce(found(opened, "STEAL", "BALLOON"), { type: "moveTo", edge: "last" });
    expect([end.ui.why?.index, chosenCause(end)]).toEqual([2, null]);
  });

  it("keeps what was found when asking again fails", () => {
    const failed = reduce(found(opened, "STEAL"), { type: "whyFault", vmId: "web-2", reason: "away" });
    expect(failed.ui.why).toMatchObject({ fault: "away", found: { causes: [{ kind: "STEAL" }] } });
    expect(found(failed, "STEAL").ui.why?.fault).toBeNull();
  });

  it("opens the graphs over itself, and Esc comes back", () => {
    const graphs = reduce(opened, { type: "lookAt", vmId: "web-1" });
    expect([page(graphs), graphs.ui.selectedVmId, page(reduce(graphs, { type: "back" }))]).toEqual(["vm", "web-1", "why"]);
    expect(page(reduce(opened, { type: "lookAt", vmId: "gone" }))).toBe("why");
  });

  it("asks about the last ten minutes, the span that was chosen, or the instant that is shown", () => {
    expect([whyWindow(opened), windowOfWhy(opened, { found: null })]).toEqual([{ at: null, spanMs: 600_000 }, { from: NOW - 600_000, to: NOW }]);
    const zoomed = after(opened, { type: "zoom", by: 1 }, { type: "zoom", by: 1 });
    expect(whyWindow(zoomed).spanMs).toBe(1_800_000);
    const past = reduce(zoomed, { type: "scrub", steps: -6 });
    expect(windowOfWhy(past, { found: null })).toEqual({ from: NOW - 60_000 - 1_800_000, to: NOW - 60_000 });
    expect(whyWindow(Array.from({ length: 20 }).reduce<State>((state) => reduce(state, { type: "zoom", by: 1 }), opened)).spanMs).toBe(86_400_000);
  });
});

describe("an edit under way", () => {
  it("asks on a page of its own, which goes with the question", () => {
    const asked = reduce(start, { type: "editAsk", editing: { vmId: "web-1", question: { kind: "again", reasons: ["Line 3"] } } });
    expect(page(asked)).toBe("edit");
    const over = reduce(asked, { type: "editOver" });
    expect([page(over), over.ui.editing]).toEqual(["overview", null]);
  });
});

describe("rights", () => {
  const as = (role: State["role"]): State => ({ ...start, role });
  it.each([
    ["VIEWER", "OPERATOR", "It needs the role operator; yours is viewer."], ["OPERATOR", "ADMIN", "It needs the role admin; yours is operator."], ["OPERATOR", "OPERATOR", null], ["ADMIN", "OPERATOR", null], [null, "ADMIN", null],
  ] as const)("of %s for what needs %s are said before asking", (role, least, refusal) => expect(roleRefusal(as(role), least)).toBe(refusal));

  it("change nothing in the past, nor while the server is away", () => {
    expect(roleRefusal(reduce(as("ADMIN"), { type: "scrub", steps: -5 }), "VIEWER")).toContain("This is the past");
    expect(roleRefusal(reduce(as("ADMIN"), { type: "connection", connection: { phase: "lost", since: NOW, reason: "" } }), "VIEWER")).toContain("away");
  });
});
