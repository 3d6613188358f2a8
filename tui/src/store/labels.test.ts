import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editedLabels, parseLabels } from "./labels.js";

const edit = (before: Record<string, string>, text: string): Record<string, string> | string => {
  const parsed = parseLabels(text);
  return parsed.fits ? editedLabels(before, parsed.edit) : parsed.reason;
};

describe("a line of labels", () => {
  it.each([
    [{}, "tier=web", { tier: "web" }],
    [{ tier: "web", old: "1" }, "tier=db -old new=x", { tier: "db", new: "x" }],
    [{ a: "1" }, "a=", { a: "" }],
    [{}, "url=a=b", { url: "a=b" }],
    [{ a: "1" }, "a=2 -a", {}],
    [{ a: "1" }, "-a a=2", { a: "2" }],
    [{ a: "1" }, "-missing", { a: "1" }],
  ])("turns %j by %j into %j", (before, text, after) => expect(edit(before, text)).toEqual(after));

  it.each([["web", '"web" is neither'], ["=web", '"=web" is neither'], ["-a=b", '"-a=b" is neither'], ["-", '"-" is neither'], ["", "Write key=value"], ["   ", "Write key=value"]])("says of %j what is wrong", (text, reason) => {
    expect(edit({}, text)).toContain(reason);
  });

  const key = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
  const labels = fc.dictionary(key, fc.stringMatching(/^[a-z0-9]{0,6}$/), { maxKeys: 6 });
  it("sets and takes away what it says, and touches nothing else", () => {
    fc.assert(fc.property(labels, labels, fc.uniqueArray(key, { maxLength: 4 }), (before, set, removed) => {
      const kept = removed.filter((one) => !(one in set));
      const words = [...Object.entries(set).map(([name, value]) => `${name}=${value}`), ...kept.map((name) => `-${name}`)];
      fc.pre(words.length > 0);
      const expected = { ...Object.fromEntries(Object.entries(before).filter(([name]) => !kept.includes(name))), ...set };
      expect(edit({ ...before }, words.join(" "))).toEqual(expected);
    }));
  });
});
