// Guards the direction of the arrows between the tiers: tui → schema.graphql ← server → proto ← hypervisor.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

interface Rule {
  readonly name: string;
  readonly reason: string;
  readonly files: RegExp;
  readonly forbids: (target: string) => boolean;
}

const importPattern = /(?:from\s+|import\s*\(\s*|import\s+)["']([^"']+)["']/g;

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "generated", "target"].includes(entry.name) ? [] : filesBelow(path);
    return /\.(ts|mjs|js)$/.test(entry.name) ? [path] : [];
  });
}

/** Imports of a file: packages by name, files of ours by their path from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(importPattern)].map((match) => {
    const target = match[1] ?? "";
    return target.startsWith(".") ? relative(root, resolve(root, dirname(file), target)) : target;
  });
}

const inTier = (tier: string) => (target: string) => target.startsWith(`${tier}/`);
const isNot = (check: (target: string) => boolean, ...allowed: RegExp[]) => (target: string) =>
  check(target) && !allowed.some((pattern) => pattern.test(target));

const rules: readonly Rule[] = [
  { name: "the dashboard knows of the server only its schema", reason: "a client of ours may do nothing that any GraphQL client cannot", files: /^tui\/src\/(?!.*\.test\.)/, forbids: isNot(inTier("server"), /^server\/schema\.graphql$/) },
  { name: "the server knows no client", reason: "the arrow points from the client to the schema", files: /^server\//, forbids: isNot((target) => inTier("tui")(target) || /^blessed|^node-pty/.test(target)) },
  { name: "only widgets import blessed", reason: "views are functions of state, tested without a terminal", files: /^tui\/(?!src\/widgets\/)(?!.*\.test\.)/, forbids: (target) => /^blessed/.test(target) },
  { name: "the store and the views do no I/O", reason: "what a screen shows must follow from its state alone", files: /^tui\/src\/(store|views)\/(?!.*\.test\.)/, forbids: (target) => /^node:|^ws$|^graphql-ws$/.test(target) || target.startsWith("tui/src/client/connection") },
  { name: "services know no GraphQL", reason: "rules are tested without a schema", files: /^server\/src\/[^/]+\/service\.ts$/, forbids: (target) => /^(graphql|graphql-yoga|@pothos)/.test(target) },
  { name: "the launcher runs before npm has installed anything", reason: "npm start is the first command on a fresh machine (the step that bundles comes after npm ci)", files: /^tui\/launch\/(?!.*\.test\.)(?!steps\/bundles\.mjs)/, forbids: (target) => !target.startsWith("node:") && !/^(tui\/launch|vms|server\/src\/db\/generate\.mjs)/.test(target) },
];

const files = ["server", "tui"].flatMap((tier) => filesBelow(tier));

describe("architecture", () => {
  it.each(rules)("$name", ({ reason, files: pattern, forbids }) => {
    const subjects = files.filter((file) => pattern.test(file));
    const broken = subjects.flatMap((file) => importsOf(file).filter(forbids).map((target) => `${file} imports ${target}: ${reason}`));
    expect(broken).toEqual([]);
  });

  it("reads the environment in config files only", () => {
    const readers = files.filter((file) => !/config\.ts$|^tui\/launch\/|\.test\.ts$/.test(file) && readFileSync(join(root, file), "utf8").includes("process.env"));
    expect(readers).toEqual([]);
  });

  it("has tests make their folders in the temporary folder of the run, where the search for what is left behind looks", () => {
    // The folder of the run itself is made by the launcher.
    const judged = [...files, ...filesBelow("test"), ...filesBelow("vms")].filter((file) => file !== "tui/launch/test.mjs");
    const elsewhere = judged.filter((file) => /mkdtemp(?:Sync)?\(["'`]\/tmp|["'`]\/tmp\/qz/.test(readFileSync(join(root, file), "utf8")));
    expect(elsewhere).toEqual([]);
  });

  it("finds files to judge, so that the rules above cannot pass on nothing", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(statSync(join(root, "server/schema.graphql")).size).toBeGreaterThan(1000);
  });

  it.each([["hypervisor/crates/qmp", /quetzal-(vm|host|api)|tonic/], ["hypervisor/crates/host", /quetzal-(vm|qmp|api)|tonic/], ["hypervisor/crates/vm", /quetzal-api|tonic/]])(
    "%s does not depend on what stands above it",
    (crate, forbidden) => {
      const manifest = readFileSync(join(root, crate, "Cargo.toml"), "utf8");
      expect(manifest.split("\n").filter((line) => forbidden.test(line))).toEqual([]);
    },
  );
});
