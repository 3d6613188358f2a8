// Which keys of the page of causes lead to what a cause's advice asks for, by the names they have in the settings. A
// function of the state.
import { bindingsOf, keyName } from "../keys.js";
import type { Command } from "../keys.js";
import { advisedTarget, advisesPolicy } from "../store/advice.js";
import type { State } from "../store/state.js";
import type { TargetKind } from "../store/targets.js";
import type { Finding } from "../store/why.js";

type Way = readonly [Command, string];

const EDIT = (field: string): Way => ["editDefinition", `edit its definition (${field})`];
const HOST: Way = ["hosts", "the host"];
const TARGETS: Readonly<Partial<Record<TargetKind, readonly [Command, string]>>> = { balloon: ["balloonTarget", "balloon"], memorySize: ["memorySize", "memory size"], vcpus: ["vcpuCount", "vCPUs"] };

/** Where the advice sets nothing that has a key of its own. */
const OF_KIND: Readonly<Partial<Record<string, readonly Way[]>>> = {
  GUEST_CPU: [EDIT("vcpus")], GUEST_MEMORY: [EDIT("memory_mb")], BALLOON: [["balloonTarget", "balloon"]], DISK_QUEUE: [EDIT("disks")],
  HOST_CPU: [HOST], HOST_IO: [HOST], STEAL: [HOST, EDIT("cpu_policy.weight")], HOST_MEMORY: [["memory", "where memory is, and who has plenty"], HOST],
};
/** What of the definition a policy's command sets. */
const POLICY_OF_KIND: Readonly<Partial<Record<string, string>>> = { THROTTLING: "cpu_policy.limit_percent", STEAL: "cpu_policy.pins", BALLOON: "memory_policy.floor_mb" };
/** What can be done on the page of a neighbour. */
const OF_NEIGHBOUR: Readonly<Partial<Record<string, Way>>> = {
  NEIGHBOUR_CPU: ["editDefinition", "edits its weight and limit (cpu_policy)"], NEIGHBOUR_DISK: ["pause", "pauses it"],
};

/** One line, or none. */
export function whyKeys(state: State, cause: Finding): string[] {
  const { kind, neighbour } = cause;
  if (neighbour !== null) {
    const there = OF_NEIGHBOUR[kind];
    return [`${keyOf(state, "neighbour")} to ${neighbour.label}${there === undefined ? "" : `, where ${told(state, there)}`}`];
  }
  const ways = waysOf(cause);
  return ways.length === 0 ? [] : [ways.map((way) => told(state, way)).join(", ")];
}

function waysOf(cause: Finding): readonly Way[] {
  const target = advisedTarget(cause);
  const [command, name] = (target === null ? undefined : TARGETS[target.what]) ?? [];
  const set: Way[] = target === null || command === undefined || name === undefined ? [] : [[command, `${name} (${target.text})`]];
  const field = advisesPolicy(cause) ? POLICY_OF_KIND[cause.kind] : undefined;
  const ways = [...set, ...(field === undefined ? [] : [EDIT(field)])];
  return ways.length > 0 ? ways : (OF_KIND[cause.kind] ?? []);
}

function told(state: State, [command, text]: Way): string {
  return `${keyOf(state, command)} ${text}`;
}

function keyOf(state: State, command: Command): string {
  return keyName(bindingsOf(state).find((binding) => binding.command === command)?.keys[0] ?? "");
}
