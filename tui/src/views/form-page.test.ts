import { describe, expect, it } from "vitest";
import type { FormAction, FormJudgement } from "../store/form.js";
import { keyOf } from "../store/form.js";
import { reduce } from "../store/reduce.js";
import type { State } from "../store/state.js";
import { stateWith } from "../store/testing.js";
import { vmForm } from "../store/vm-form.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const SIZE = { columns: 80, rows: 24 };
const opened = reduce(stateWith([]), { type: "formOpen", form: vmForm() });
const after = (state: State, ...actions: FormAction[]): State => actions.reduce(reduce, state);
const judged = (state: State, judgement: FormJudgement): State => (state.ui.form === null ? state : after(state, { type: "formJudged", key: keyOf(state.ui.form), judgement }));
const lines = (state: State): string[] => Array.from({ length: SIZE.rows }, (_, y) => screen(state, SIZE, UNICODE).line(y));
const NO_ID: FormJudgement = { can: false, reason: "id: must have 1 to 64 characters", field: "id" };

describe("a form", () => {
  it("does not accuse a field that nobody has touched", () => {
    const shown = lines(judged(opened, NO_ID)).join("\n");
    expect(shown).toMatch(/── not filled in yet ─+ *\n Still to fill in: id\. /);
    expect(shown).not.toContain("▲");
  });

  it.each<[string, (state: State) => State]>([
    ["it was changed", (state) => after(state, { type: "formText", text: "x", caret: 1 }, { type: "formText", text: "", caret: 0 })],
    ["it was asked for", (state) => after(state, { type: "formWant" })],
  ])("says what is wrong with a field once %s", (_, touch) => {
    const shown = lines(judged(touch(opened), NO_ID));
    expect(shown.find((line) => /^ ▲ id /.test(line))).toBeDefined();
    expect(shown.join("\n")).toMatch(/── cannot be made yet ─+ *\n ▲ id: must have 1 to 64 characters/);
  });

  it("says at once what is about no field", () => {
    expect(lines(judged(opened, { can: false, reason: "The server is away.", field: null })).join("\n")).toContain("▲ The server is away.");
  });

  it("marks on both sides what has no room, and always shows the chosen feature whole", () => {
    const onFeatures = after(opened, { type: "formChoose", index: 9 });
    const features = (state: State): string => (lines(state).find((line) => line.includes("features ")) ?? "").slice(0, 46).trimEnd();
    expect(features(opened)).toMatch(/\+tps .*…$/);
    const names = ["tps", "compression", "ballooning", "hotplug", "kvm", "virtio"];
    names.forEach((name, index) => {
      const shown = features(after(onFeatures, ...Array.from({ length: index }, () => ({ type: "formTurn", by: 1 }) as const)));
      expect(shown).toMatch(new RegExp(`[+-]${name}( |$|…)`));
      expect(shown.endsWith("…"), shown).toBe(!shown.includes("virtio"));
      expect(/features +… /.test(shown), shown).toBe(!shown.includes("tps"));
    });
  });
});
