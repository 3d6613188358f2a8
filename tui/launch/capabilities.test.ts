// The table of npm run doctor knows every capability that the daemon tells of, and no other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CAPABILITY_GIVES, abilityFinding } from "./capabilities.mjs";

it("says of each of the daemon's capabilities what it gives", () => {
  const law = readFileSync(join(import.meta.dirname, "../../hypervisor/crates/host/src/capability_tests.rs"), "utf8");
  const names = [...(/const ALL: \[&str; \d+\] = \[([^\]]*)\]/.exec(law)?.[1] ?? "").matchAll(/"(\w+)"/g)].map((match) => match[1]);
  expect(names.length).toBeGreaterThan(10);
  expect([...CAPABILITY_GIVES.keys()].sort()).toEqual(names.sort());
});

it.each([
  [{ name: "bridge", available: false, reason: "needs CAP_NET_ADMIN", mend: "run quetzald as root" }, { isGood: false, text: "needs CAP_NET_ADMIN", gives: "guests in the host's own network, reachable from outside", mend: "run quetzald as root" }],
  [{ name: "ksm", available: false, reason: "there but off, and only root can turn it on", mend: "as root: echo 1 > /sys/kernel/mm/ksm/run" }, { isGood: false, text: "there but off, and only root can turn it on", gives: "one copy of the memory that several guests have in common", mend: "as root: echo 1 > /sys/kernel/mm/ksm/run" }],
  [{ name: "zswap", available: true, reason: "there but off: echo Y > /sys/module/zswap/parameters/enabled turns it on" }, { isGood: true, text: "there but off", gives: "a compressed cache before the swap device, so that more guests fit", mend: "echo Y > /sys/module/zswap/parameters/enabled" }],
  [{ name: "psi", available: true, reason: "" }, { isGood: true, text: "yes" }],
])("tells of $name what is missing, what it would give and how to get it", (capability, said) => {
  expect(abilityFinding(capability)).toEqual({ name: capability.name, ...said });
});
