// Contract 1 as the server reads it is what the .proto files say now.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { protocArguments } from "../../tui/launch/generate.mjs";

const root = resolve(import.meta.dirname, "../..");
const committed = join(root, "server/src/hypervisor/generated");

/** protoc's own version stands in a comment and differs between machines. */
const withoutVersion = (text: string) => text.replace(/^\/\/ {3}protoc .*\n/m, "");
const typescriptBelow = (dir: string) => readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).sort();

it("finds the committed gRPC types as the .proto files generate them (else: npm run generate)", () => {
  const out = mkdtempSync(join(tmpdir(), "qz-"));
  try {
    execFileSync("protoc", protocArguments(root, out));
    expect(typescriptBelow(committed)).toEqual(typescriptBelow(out));
    for (const name of typescriptBelow(out)) {
      expect(withoutVersion(readFileSync(join(committed, name), "utf8")), name).toBe(withoutVersion(readFileSync(join(out, name), "utf8")));
    }
  } finally {
    rmSync(out, { recursive: true });
  }
});
