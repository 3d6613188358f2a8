// One name for one thing: the filter language's fields, the columns of `quetzal vm ls` and the metrics of `quetzal metrics`.
import { describe, expect, it } from "vitest";
import { FILTER_FIELDS } from "../server/src/vm/filter/fields.js";
import { SHORT } from "../tui/src/cli/metrics.js";
import { MEMORY_LISTING } from "../tui/src/cli/memory/list.js";
import { VM_LISTING } from "../tui/src/cli/vm/columns.js";

const names = (columns: readonly { name: string; alias?: string }[]): string[] => columns.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
const FIELDS = FILTER_FIELDS.map(({ name }) => name);

/** What docs/cli.md says that only one side has. */
const COLUMNS_ALONE = ["disk", "accelerator", "labels"];
const FIELDS_ALONE = ["alert"];

describe("names", () => {
  it("of filter fields are columns of vm ls or memory ls", () => {
    const columns = new Set([...names(VM_LISTING.columns), ...names(MEMORY_LISTING.columns)]);
    expect(FIELDS.filter((name) => !columns.has(name))).toEqual(FIELDS_ALONE);
  });

  it("of columns of vm ls are filter fields", () => {
    expect(names(VM_LISTING.columns).filter((name) => !FIELDS.includes(name)).sort()).toEqual(COLUMNS_ALONE.toSorted());
  });

  it("of metrics are filter fields", () => {
    expect([...SHORT.keys()].filter((name) => !FIELDS.includes(name))).toEqual([]);
  });
});
