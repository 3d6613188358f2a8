import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsOf } from "../width.js";
import { noticeLines, shortPath } from "./notice-lines.js";

const PATH = "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/long-name-of-a-project/quetzal-edit-AbCdEf/web-1.yaml";

describe("a notice's lines", () => {
  it("keep the end of the person's path and the reason at 80 columns", () => {
    expect(noticeLines(`What was written is kept in ${PATH}. web-1: refused`, 78, 2, "…")).toEqual(["What was written is kept in", "/var/folders/zz/zyx…/quetzal-edit-AbCdEf/web-1.yaml. web-1: refused"]);
    expect(noticeLines("What was written is kept in /tmp/quetzal-edit-AbCdEf/web-1.yaml. web-1: Line 6: vcpus: too many for lab1", 78, 2, "…")).toEqual([
      "What was written is kept in /tmp/quetzal-edit-AbCdEf/web-1.yaml. web-1: Line", "6: vcpus: too many for lab1",
    ]);
  });

  it("keep the file's name and the end of its folder for the longest name of a VM", () => {
    const name = `${"n".repeat(64)}.yaml`;
    expect(noticeLines(`What was written is kept in /tmp/quetzal-edit-AbCdEf/${name}. x: refused`, 78, 2, "…")[1]).toMatch(new RegExp(`AbCdEf/${name}`));
  });

  it("are one where it fits", () => expect(noticeLines("start: It is running.", 78, 2, "…")).toEqual(["start: It is running."]));

  it("are never wider or more than there is room for", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "/", " ", "漢", "."), maxLength: 300 }), fc.integer({ min: 20, max: 100 }), (text, width) => {
      const lines = noticeLines(text, width, 2, "…");
      expect(lines.length).toBeLessThanOrEqual(2);
      for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(width);
    }));
  });
});

describe("a path", () => {
  it.each([
    [200, PATH], [60, "/var/fol…/quetzal-edit-AbCdEf/web-1.yaml"], [34, "…/quetzal-edit-AbCdEf/web-1.yaml"], [22, "…AbCdEf/web-1.yaml"],
  ])("in %i cells keeps its end", (width, shown) => expect(shortPath(PATH, width, "…")).toBe(shown));
});
