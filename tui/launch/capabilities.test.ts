// The table of npm run doctor knows every capability that the daemon tells of, and no other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CAPABILITY_GIVES } from "./capabilities.mjs";

it("says of each of the daemon's capabilities what it gives", () => {
  const law = readFileSync(join(import.meta.dirname, "../../hypervisor/crates/host/src/capability_tests.rs"), "utf8");
  const names = [...(/const ALL: \[&str; \d+\] = \[([^\]]*)\]/.exec(law)?.[1] ?? "").matchAll(/"(\w+)"/g)].map((match) => match[1]);
  expect(names.length).toBeGreaterThan(10);
  expect([...CAPABILITY_GIVES.keys()].sort()).toEqual(names.sort());
});
