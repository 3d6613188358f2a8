import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sanitise } from "../../format.js";
import { UNPRINTABLE } from "../../width.js";
import { csvLine, csvLines, jsonText } from "./encode.js";
import { chosenColumns, sortedRows, tableOf } from "./listing.js";
import type { Listing } from "./listing.js";
import { tableLines } from "./table.js";
import { yamlText } from "./yaml.js";

interface Row { readonly id: string; readonly size: number | null; readonly note: string }
const LISTING: Listing<Row> = {
  name: ({ id }) => id,
  empty: "Nothing.",
  columns: [
    { name: "id", value: ({ id }) => id, cell: ({ id }) => sanitise(id) },
    { name: "size", align: "right", value: ({ size }) => size, cell: ({ size }) => (size === null ? "–" : `${size}K`), colour: ({ size }) => (size === null ? "grey" : undefined) },
    { name: "note", shown: "wide", value: ({ note }) => note, cell: ({ note }) => sanitise(note) },
    { name: "long", shown: (rows) => rows.some(({ id }) => id.length > 3), value: ({ id }) => id.length, cell: ({ id }) => String(id.length) },
  ],
};
const ROWS: readonly Row[] = [{ id: "b", size: 20, note: "x, \"y\"" }, { id: "a", size: null, note: "" }, { id: "c", size: 3, note: "two\nlines" }];
const SIGHT = { nowMs: 0, characters: "unicode" } as const;
const names = (flags: object, breadth: "narrow" | "wide" | "all", rows = ROWS): string[] => chosenColumns(LISTING, rows, flags, breadth).map(({ name }) => name);

describe("columns", () => {
  it.each([
    [{}, "narrow", ROWS, ["id", "size"]],
    [{}, "narrow", [{ id: "long-one", size: 1, note: "" }], ["id", "size", "long"]],
    [{}, "wide", ROWS, ["id", "size", "note", "long"]],
    [{}, "all", ROWS, ["id", "size", "note", "long"]],
    [{ columns: "note, id" }, "narrow", ROWS, ["note", "id"]],
  ] as const)("%j in a %s table", (flags, breadth, rows, expected) => {
    expect(names(flags, breadth, [...rows])).toEqual(expected);
  });

  it("are refused by name, with those that there are", () => {
    expect(() => names({ columns: "id,colour" }, "narrow")).toThrow('--columns names "colour", which is no column here: there are id, size, note, long.');
    expect(() => sortedRows(LISTING, ROWS, "-colour")).toThrow('--sort names "colour"');
  });

  it.each([[undefined, "bac"], ["id", "abc"], ["-id", "cba"], ["size", "cba"], ["-size", "bca"]])("sort by %s, unknown last both ways", (sort, order) => {
    expect(sortedRows(LISTING, ROWS, sort).map(({ id }) => id).join("")).toBe(order);
  });
});

describe("a table", () => {
  const table = (flags: object): string[] => tableOf(chosenColumns(LISTING, ROWS, flags, "narrow"), ROWS, SIGHT, flags, (colour, text) => `<${colour}>${text}</>`);

  it("paints padded cells and leaves titles out when told", () => {
    expect(table({})).toEqual(["ID  SIZE", "b    20K", "a   <grey>   –</>", "c     3K"]);
    expect(table({ headers: false })).toHaveLength(3);
  });

  it("keeps its columns when it goes on below itself", () => {
    const widths: number[] = [];
    const columns = [{ title: "ID" }, { title: "N" }];
    tableLines(columns, [["a-long-id", "1"]], undefined, widths);
    expect(tableLines(columns, [["b", "2"]], undefined, widths)[1]).toBe("b          2");
  });
});

describe("csv", () => {
  it("has titles and base units, an empty field for unknown, and quotes by RFC 4180", () => {
    expect(csvLines(chosenColumns(LISTING, ROWS, {}, "all"), ROWS, {})).toEqual(["id,size,note,long", 'b,20,"x, ""y""",1', "a,,,1", 'c,3,"two\nlines",1']);
    expect(csvLines(chosenColumns(LISTING, ROWS, {}, "all"), ROWS, { headers: false })).toHaveLength(3);
  });

  it.each([[[null, true, 0.5], ",true,0.5"], [[" blank "], '" blank "'], [["\x1b[31m"], "?[31m"]])("writes %j as %s", (values, line) => {
    expect(csvLine(values as (string | number | boolean | null)[])).toBe(line);
  });
});

const hostile = fc.string({ unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1, unit: "binary" }), fc.constantFrom("\x1b", "\x9b", "\u202e", "\u200b", "\u2028", "\x7f", "\n", '"', "\\")) });
/** What a terminal would act on, or hide. */
const RAW = new RegExp(`[${UNPRINTABLE}]`, "u");

describe("json and yaml", () => {
  it("lose nothing of any text and give no terminal anything to act on", () => {
    fc.assert(
      fc.property(fc.dictionary(hostile.filter((key) => key !== "__proto__"), fc.oneof(hostile, fc.integer(), fc.constant(null), fc.array(hostile))), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        const json = jsonText(plain, 0);
        expect(JSON.parse(json)).toEqual(plain);
        expect(json).not.toMatch(RAW);
        const yaml = yamlText(plain);
        expect(parse(yaml)).toEqual(plain);
        expect(yaml.replaceAll("\n", "")).not.toMatch(RAW);
      }),
    );
  });

  it("reads as people write it", () => {
    expect(yamlText([{ id: "web-1", labels: { tier: "web" }, latest: null }])).toBe("- id: web-1\n  labels:\n    tier: web\n  latest: null\n");
  });
});
