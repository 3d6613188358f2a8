// What a change of a definition is called: where it changed one thing that people have a verb for, that verb. Pure.
import type { PutKind } from "../operation/kinds.js";
import type { VmDefinition } from "./model.js";

/** Fields with a verb of their own. */
const VERBS: Readonly<Partial<Record<string, PutKind>>> = { labels: "SET_VM_LABELS", cpu_policy: "SET_VM_CPU_POLICY", memory_policy: "SET_VM_MEMORY_POLICY" };

/** Both with defaults filled in; `before` null: there was none. */
export function putKind(before: VmDefinition | null, after: VmDefinition): PutKind {
  if (before === null) return "PUT_VM";
  const [changed, ...others] = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  if (changed === undefined || others.length > 0) return "PUT_VM";
  if (changed === "protected") return after["protected"] === true ? "PROTECT_VM" : "UNPROTECT_VM";
  return VERBS[changed] ?? "PUT_VM";
}
