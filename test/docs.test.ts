// The documents say nothing that is not there: what proves a promise or guards an invariant exists, decisions are
// numbered once, links lead somewhere, and the changelog keeps its form.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { suites } from "./bench/suites/index.js";

const read = (path: string): string => readFileSync(path, "utf8");
const decisions = readdirSync("docs/adr").toSorted();
const documents = ["README.md", "CHANGELOG.md", ...["docs", "docs/adr"].flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".md")).map((name) => join(folder, name)))];

/** Whether a file is a test, or somewhere below a folder there is one: a file of tests, or Rust's in the source. */
function isTested(path: string): boolean {
  if (!existsSync(path)) return false;
  if (!statSync(path).isDirectory()) return /\.test\.ts$/.test(path) || (path.endsWith(".rs") && /#\[(tokio::)?test\b/.test(read(path)));
  return readdirSync(path, { recursive: true, encoding: "utf8" }).some((name) => /\.test\.ts$|tests?\.rs$|tests\/[^/]+\.rs$/.test(name));
}

/** What a proof names: benches after the word, tests by their path. */
function unproven(proof: string): string[] {
  const benches = [...proof.matchAll(/bench `(\w+)`/g)].map(([, name]) => name).filter((name) => !suites.some((suite) => suite.name === name));
  const paths = [...proof.matchAll(/`([\w./-]+\/[\w./-]+)`/g)].map(([, path = ""]) => path).filter((path) => !isTested(path));
  const isNamed = /bench `|`[\w.-]+\//.test(proof);
  return [...benches.map((name) => `no bench ${name}`), ...paths.map((path) => `no test at ${path}`), ...(isNamed ? [] : [`nothing named in: ${proof}`])];
}

describe("the specification", () => {
  const rows = [...read("docs/SPECIFICATION.md").matchAll(/^\| (.+?) \|(.*)\| (.+?) \|$/gm)].filter(([line]) => !/^\|( promise|---)/.test(line));

  it.each(rows.map(([, promise = "", , proof = ""]) => ({ promise, proof })))("names what proves: $promise", ({ proof }) => {
    expect(unproven(proof)).toEqual([]);
  });
});

describe("the architecture", () => {
  const text = read("docs/ARCHITECTURE.md");
  const invariants = [...text.slice(text.indexOf("## Invariants")).matchAll(/^(\d+)\. (.+?) — (.+)$/gm)];

  it("numbers its invariants once, in order", () => {
    expect(invariants.length).toBeGreaterThan(10);
    expect(invariants.map(([, number]) => Number(number))).toEqual(invariants.map((_, index) => index + 1));
  });

  it.each(invariants.map(([, , invariant = "", guard = ""]) => ({ invariant, guard })))("names what guards: $invariant", ({ guard }) => {
    expect(unproven(guard)).toEqual([]);
  });

  it("maps folders that are there", () => {
    const rows = [...text.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = ""]) => {
      const [first = "", ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);
      return [first, ...others.map((name) => join(dirname(first), name))];
    });
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter((path) => !path.includes("<") && !existsSync(path))).toEqual([]);
  });

  it("is a page to be read at once", () => {
    expect(text.split("\n").length).toBeLessThanOrEqual(200);
  });
});

it("decisions have a number each, in the file's name and in its title", () => {
  expect(decisions.map((name) => Number(name.slice(0, 3)))).toEqual(decisions.map((_, index) => index + 1));
  for (const name of decisions) expect(read(join("docs/adr", name))).toMatch(new RegExp(`^# ${name.slice(0, 3)}:? \\S`));
});

it.each(documents)("%s links to files that exist", (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = ""]) => join(dirname(path), target));
  expect(links.filter((target) => !existsSync(target))).toEqual([]);
});

it("the changelog has each kind of change once in a version, in its order, and says nothing twice", () => {
  for (const version of read("CHANGELOG.md").split(/^## /m).slice(1)) {
    const kinds = [...version.matchAll(/^### (.+)$/gm)].map(([, kind = ""]) => kind);
    expect(kinds).toEqual(["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"].filter((kind) => kinds.includes(kind)));
    const beginnings = [...version.matchAll(/^- (.{30,60}?)(?=[ ,;:.])/gm)].map(([, beginning = ""]) => beginning);
    expect(beginnings).toEqual([...new Set(beginnings)]);
  }
});
