// What is known of a VM beside its history: as it runs, where it does, else as it is defined. Pure; knows no rule.
import { cpuPolicy } from "../cpu/policy.js";
import { memoryPolicy } from "../memory/policy.js";
import type { VmSample } from "../metrics/model.js";
import type { Vm } from "../vm/model.js";
import { isAlive } from "../vm/verbs.js";
import type { VmFacts } from "./model.js";

type Running = Pick<VmSample, "memoryConfiguredBytes">;

/** Of its newest sample, null: none, only what QEMU was started with is taken, for which history has no figure of its own. */
export function factsOf(vm: Vm, sample: Running | null, hostCpus: number | null): VmFacts {
  const features = vm.definition["features"];
  const disks = vm.definition["disks"];
  const { limitPercent, weight, pins } = cpuPolicy(vm.definition);
  return {
    id: vm.id, hostId: vm.hostId, name: vm.name, vcpus: vm.vcpus, memoryBytes: (isAlive(vm.state) ? sample?.memoryConfiguredBytes : undefined) ?? vm.memoryBytes, definedMemoryBytes: vm.memoryBytes,
    hasBalloon: Array.isArray(features) && features.includes("ballooning"),
    hasDisks: Array.isArray(disks) && disks.length > 0,
    network: networkOf(vm), pid: vm.pid,
    pausedSince: vm.state === "PAUSED" ? vm.stateSince : null,
    room: vm.room, limitPercent, weight, isPinned: pins.length > 0, isControlled: memoryPolicy(vm.definition).control === "ON", hostCpus,
  };
}

/** How it is really attached, as far as is known; a VM that does not run is judged by its definition. */
function networkOf(vm: Vm): VmFacts["network"] {
  const defined = (vm.definition["network"] as { readonly mode?: unknown } | undefined)?.mode;
  const mode = vm.networkInUse ?? (typeof defined === "string" ? defined : "user");
  if (mode.startsWith("none")) return "none";
  return mode.startsWith("user") ? "user" : "counted";
}
