// The filter language: what passes, what an error says, and the laws that hold for any text.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FilterNode } from "./ast.js";
import { matchesFilter, reasonsOf } from "./evaluate.js";
import { FILTER_FIELDS } from "./fields.js";
import { generatedGrammar } from "./generate.mjs";
import { FilterFault, matchesGlob, MAX_FILTER_CHARACTERS, parseFilter, readFilter } from "./parse.js";
import { printFilter } from "./print.js";
import { sampleOf, subjectOf } from "./testing.js";

const passes = (text: string, subject = subjectOf()) => matchesFilter(parseFilter(text), subject);
const fault = (text: string): FilterFault => {
  try {
    parseFilter(text);
  } catch (error) {
    if (error instanceof FilterFault) return error;
    throw error;
  }
  throw new Error(`${text} is a filter`);
};

describe("what passes", () => {
  it.each([
    "", "   ", "web", "WEB", "one", "\"web one\"", "running", "state:running", "state:run", "state=running", "state~r*", "state!=paused", "cpu>49", "cpu>=50%", "cpu<51", "cpu=50",
    "cpu > 49 and cpu <51", "memory>=256M", "memory=268435456", "memory<1G", "guest.available<60%", "guest.available>=50%", "guest.used>100m", "rss<1.5GiB", "balloon=100%",
    "disk.read>500k", "disk.read<=1M/s", "disk.latency>=4ms", "disk.latency<0.005s", "age>1h", "age<3h", "steal<5", "faults=0", "net.rx=1k", "net.drops<1/s", "vcpus=2", "throttled<1", "memory.floor=128M", "memory.floor<=50%", "memory.control:off", "memory.control!=on", "protected:no", "autostart:yes", "restart!=yes",
    "host=lab1", "host=host-1", "host:lab", "name~web*", "name~?eb*o?e", "name!=other", "id=web-1", "label=web", "label=tier", "label=tier=web", "label.tier=web", "label.tier~*", "label.app.example/role:front",
    "label.\"app.example/role\"=\"front end\"", "label.tier!=db", "label.missing!=x", "alert:no", "alert!=critical",
    "not db", "!db", "-db", "db or web", "(db or web) cpu>40", "not (db or cpu>60)", "not not web", "OR2 or web",
  ])("%s", (text) => expect(passes(text)).toBe(true));

  it.each([
    "db", "state:paused", "cpu>50", "not web", "-web", "web db", "db or cpu>60", "label.tier=db", "label.missing~*", "memory>256M", "guest.available<10%", "age>3h", "protected:yes", "alert:yes", "alert:memory", "host=other", "name=web",
  ])("not %s", (text) => expect(passes(text)).toBe(false));

  it("knows an unknown figure to meet no comparison, whichever way it is asked", () => {
    const off = subjectOf({ state: "STOPPED", sample: null });
    for (const text of ["cpu>0", "cpu<=0", "cpu=0", "cpu!=0", "guest.available<10%"]) expect(passes(text, off)).toBe(false);
    expect(passes("not cpu>0", off)).toBe(true);
  });

  it("finds the VMs that an alert fires on", () => {
    const subject = subjectOf({ alerts: [{ name: "Guest memory low", severity: "CRITICAL" }] });
    for (const text of ["alert:yes", "alert:critical", "alert:memory", "alert~guest*", "not alert:no", "alert!=warning"]) expect(passes(text, subject)).toBe(true);
    for (const text of ["alert:no", "alert:warning"]) expect(passes(text, subject)).toBe(false);
  });

  it("gives slack to what held before, in the direction of its operator and not beyond a negation", () => {
    const filter = parseFilter("cpu>50"), negated = parseFilter("not cpu<50");
    const at = (cpuRatio: number) => subjectOf({ sample: sampleOf({ cpuRatio }) });
    expect([0.51, 0.47, 0.44].map((cpu) => matchesFilter(filter, at(cpu), 0.1))).toEqual([true, true, false]);
    expect([0.51, 0.47, 0.44].map((cpu) => matchesFilter(negated, at(cpu), 0.1))).toEqual([true, true, false]);
    expect(matchesFilter(parseFilter("guest.available<10%"), subjectOf({ sample: sampleOf({ guestTotalBytes: 1_000, guestAvailableBytes: 105 }) }), 0.1)).toBe(true);
  });

  it("takes what the balloon holds for used by nobody, though it is in the guest's total", () => {
    const sample = sampleOf({ memoryConfiguredBytes: 120, balloonActualBytes: 90, guestTotalBytes: 110, guestAvailableBytes: 40 });
    expect(matchesFilter(parseFilter("guest.used=40"), subjectOf({ sample }), 0)).toBe(true);
  });

  it("tells what runs from what an edited definition gives, and takes shares of what runs", () => {
    const edited = subjectOf({ memoryBytes: 512, sample: sampleOf({ memoryConfiguredBytes: 256, balloonActualBytes: 192 }) });
    for (const text of ["memory=512", "memory.configured=256", "balloon=75%"]) expect(passes(text, edited)).toBe(true);
    expect(passes("memory.configured=512", subjectOf({ memoryBytes: 512, sample: null }))).toBe(true);
  });

  it("says by which figures", () => {
    expect(reasonsOf(parseFilter("state:running (cpu>40 or rss>1T) guest.available<60%"), subjectOf())).toEqual(["state running", "cpu 50.0% (>40)", "guest.available 120M (<60%)"]);
    expect(reasonsOf(parseFilter("disk.latency>1ms disk.read>1k age>5m faults>=0"), subjectOf())).toEqual(["disk.latency 4ms (>1ms)", "disk.read 1M/s (>1k)", "age 2h (>5m)", "faults 0/s (>=0)"]);
  });
});

describe("what is no filter", () => {
  it.each([
    ["cpu>", 5, "a value", "the end"],
    ["web cpu>fifty", 9, "cpu expects a number", "fifty"],
    ["cpu>5G", 5, "%", "5G"],
    ["speed>5", 1, "no field \"speed\"", "Fields: name"],
    ["latency>5ms", 1, "Did you mean disk.latency?", "latency"],
    ["(web or db", 11, "expected )", "the end"],
    ["web)", 4, "the end of the filter", '")"'],
    ["or web", 1, "a word", '"o"'],
    ["web or", 7, "a word", "the end"],
    ["name=\"web", 6, "has no end", ""],
    ["state:stuck", 7, "one of defined, starting", "stuck"],
    ["state>running", 1, "compared with : = != ~", ""],
    ["cpu~5*", 1, "compared with > < >= <= = != :", "cpu>50"],
    ["disk.latency>20", 14, "a time with its unit", "20"],
    ["memory>-1", 8, "a size", "-1"],
    ["memory>lots", 8, "a size", "lots"],
    ["cpu>50<60", 7, "the end of the filter", '"<"'],
    ["protected:maybe", 11, "yes or no", "maybe"],
    ["ü𝄞 cpu>x", 8, "cpu expects", "x"],
    ["x".repeat(MAX_FILTER_CHARACTERS + 1), MAX_FILTER_CHARACTERS + 1, "at most 1000 characters", "shorten it"],
  ])("%s", (text, column, expected, found) => {
    const { message, column: named } = fault(text);
    expect(named).toBe(column);
    expect(message).toMatch(/^Column \d+: .*\.$/);
    expect(message).toContain(expected);
    expect(message).toContain(found);
  });
});

const word = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const name = fc.stringMatching(/^[a-z][a-z0-9.]{0,8}$/).filter((text) => !/^(and|or|not|label\..*)$/.test(text));
const comparison: fc.Arbitrary<FilterNode> = fc.record({
  kind: fc.constant("compare" as const), operator: fc.constantFrom(":", "=", "!=", ">", ">=", "<", "<=", "~" as const), value: word, offset: fc.constant(0), valueOffset: fc.constant(0),
  field: fc.constant("label"), key: fc.option(word),
}).chain((node) => (node.key === null ? name.map((field) => ({ ...node, field })) : fc.constant(node)));
const { node: tree } = fc.letrec<{ node: FilterNode }>((tie) => ({
  node: fc.oneof({ maxDepth: 5, depthSize: "small" },
    word.map((text): FilterNode => ({ kind: "word", text, offset: 0 })), comparison,
    tie("node").map((part): FilterNode => ({ kind: "not", part })),
    fc.record({ kind: fc.constantFrom("and" as const, "or" as const), parts: fc.array(tie("node"), { minLength: 2, maxLength: 4 }) })),
}));

function withoutPlaces(node: FilterNode | null): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (/[oO]ffset$/.test(key) ? 0 : value)));
}

describe("any text", () => {
  it("parses to what it was printed from", () => {
    fc.assert(fc.property(tree, (node) => {
      const text = printFilter(node);
      fc.pre(text.length <= MAX_FILTER_CHARACTERS);
      expect(withoutPlaces(readFilter(text))).toEqual(withoutPlaces(node));
    }), { numRuns: 500 });
  });

  const pieces = fc.array(fc.oneof(fc.constantFrom(...FILTER_FIELDS.map((field) => field.name), ...'():=!<>~-"\\* \t\n'.split(""), " or ", " and ", " not ", ">=", "label.", "50%", "1.5G", "20ms", "yes"), word), { maxLength: 40 });
  it("is a filter, or a fault with a column within it", () => {
    fc.assert(fc.property(pieces, (parts) => {
      const text = parts.join("");
      try {
        matchesFilter(parseFilter(text), subjectOf());
      } catch (error) {
        expect(error).toBeInstanceOf(FilterFault);
        const { column } = error as FilterFault;
        expect(column >= 1 && column <= text.length + 1).toBe(true);
      }
    }), { numRuns: 2_000 });
  });

  it.each(["(", "not ", "-", "(a or ", "\"", "a:", "((a)", "a b or ", "!(", "label.", "cpu>5 "])("is read however deep or long: %s", (part) => {
    const text = part.repeat(MAX_FILTER_CHARACTERS).slice(0, MAX_FILTER_CHARACTERS);
    try {
      parseFilter(text);
    } catch (error) {
      expect(error).toBeInstanceOf(FilterFault);
    }
  });
});

describe("a pattern", () => {
  it("means what the regular expression of it means", () => {
    const small = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    fc.assert(fc.property(small, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 }), (pattern, text) => {
      const expected = new RegExp(`^${pattern.replace(/\*/g, ".*").replace(/\?/g, ".")}$`).test(text);
      expect(matchesGlob(pattern, text)).toBe(expected);
    }), { numRuns: 2_000 });
  });

  it("ends soon where a regular expression would not", () => {
    expect(matchesGlob("*a".repeat(300), "a".repeat(299) + "b")).toBe(false);
  });
});

const DOCUMENT = `# The filter language

One language for the dashboard's \`/\`, \`quetzal vm ls --filter\`, \`vms(filter: {where})\`, \`vmsMatching\` and alert rules:
\`state:running cpu>50 label=web\`. Conditions that stand side by side must all hold; \`or\`, \`not\` (also \`!\` and \`-\`) and
parentheses join them otherwise. A bare word is part of a name or id, or a state in full. What has spaces or signs goes
into double quotes.

- Texts: \`:\` contains, \`=\` is, \`!=\` is not, \`~\` fits a pattern with \`*\` and \`?\`; in any case of letters.
- Numbers: \`> >= < <= = !=\`, with units: \`50%\`, \`1.5G\`, \`500k/s\`, \`20ms\`, \`3h\`. A size may be a share: \`guest.available<10%\`.
- What is not known meets no comparison.
- A wrong text is answered with the column and what was expected.

`;

describe("the table of fields", () => {
  it("has an example of each that parses and names it", () => {
    for (const field of FILTER_FIELDS) {
      expect(parseFilter(field.example)).not.toBeNull();
      expect(field.example.startsWith(field.name)).toBe(true);
    }
    expect(new Set(FILTER_FIELDS.map((field) => field.name)).size).toBe(FILTER_FIELDS.length);
  });

  it("is what docs/filter.md tells", async () => {
    const rows = FILTER_FIELDS.map((field) => `| \`${field.name}\` | ${field.kind === "number" ? (field.measure.unit ?? "number") : field.kind === "boolean" ? "yes, no" : "text"} | ${field.description} | \`${field.example}\` |`);
    await expect(`${DOCUMENT}| field | values | meaning | example |\n|---|---|---|---|\n${rows.join("\n")}\n`).toMatchFileSnapshot("../../../../docs/filter.md");
  });

  it("is read by the parser that the committed grammar gives", () => {
    expect(readFileSync(new URL("generated/grammar.js", import.meta.url), "utf8")).toBe(generatedGrammar());
  });
});
