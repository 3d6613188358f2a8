import { describe, expect, it } from "vitest";
import { controllerForm, controllerOf } from "./controller-form.js";
import { keyOf } from "./form.js";
import type { Form } from "./form.js";
import type { HostMemorySettings } from "./memory.js";
import { reduce } from "./reduce.js";
import { stateWith } from "./testing.js";

const SETTINGS = { controller: { enabled: true, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 0.5 } } as HostMemorySettings;
const opened = () => reduce(stateWith([]), { type: "formOpen", form: controllerForm({ id: "h", name: "lab1" }, SETTINGS) });

function filled(values: Readonly<Record<string, string>>): Form {
  const form = controllerForm({ id: "h", name: "lab1" }, SETTINGS);
  return { ...form, fields: form.fields.map((field) => (field.kind === "flags" ? field : { ...field, value: values[field.name] ?? field.value })), edited: new Set(Object.keys(values)) };
}

describe("the form of a memory controller", () => {
  it("begins with what is set, and asks for nothing that was not touched", () => {
    const { form } = opened().ui;
    expect(form?.fields.map(({ value }) => value)).toEqual(["on", "6", "4", "2", "0.5", "75"]);
    expect(controllerOf(filled({}))).toEqual({ fits: false, reason: "Nothing is changed yet.", field: "enabled" });
  });

  it.each([
    [{ enabled: "off" }, { enabled: false }], [{ highPercent: " 8 % ", softPercent: "5.5" }, { highPercent: 8, softPercent: 5.5 }], [{ lowPercent: "1" }, { lowPercent: 1 }],
  ])("%j means %j", (values, change) => {
    expect(controllerOf(filled(values))).toEqual({ fits: true, change });
  });

  it.each(["", "much", "-1", "1e1", "0x8", "5,5", "1000", "\u0666"])("%j is no percentage, and never asked about", (text) => {
    expect(controllerOf(filled({ hardPercent: text }))).toMatchObject({ fits: false, field: "hardPercent" });
  });

  it("is judged anew where a value was changed and changed back before anybody looked", () => {
    const typed = reduce(reduce(opened(), { type: "formChoose", index: 1 }), { type: "formText", text: "7", caret: 1 });
    const again = reduce(reduce(typed, { type: "formText", text: "", caret: 0 }), { type: "formText", text: "7", caret: 1 });
    expect(again.ui.form?.fields).toEqual(typed.ui.form?.fields);
    expect([typed, again].map(({ ui: { form } }) => (form === null ? "" : keyOf(form)))).not.toEqual([expect.anything(), typed.ui.form === null ? "" : keyOf(typed.ui.form)]);
  });

  it("is begun anew where it was only looked at, and kept where something was typed", () => {
    const other: HostMemorySettings = { ...SETTINGS, controller: { ...SETTINGS.controller, highPercent: 9 } };
    const form = controllerForm({ id: "h", name: "lab1" }, other);
    expect(reduce(reduce(opened(), { type: "back" }), { type: "formOpen", form }).ui.form?.fields[1]?.value).toBe("9");
    const typed = reduce(reduce(opened(), { type: "formChoose", index: 1 }), { type: "formText", text: "7", caret: 1 });
    expect(reduce(reduce(typed, { type: "back" }), { type: "formOpen", form }).ui.form?.fields[1]?.value).toBe("7");
  });
});
