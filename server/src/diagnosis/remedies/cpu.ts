// What to do about a shortage of CPU, in verbs of the product, sized by what was observed. Pure; knows no threshold of a
// cause.
import { clockText, coresText } from "../format.js";
import type { Neighbour, Remedy, VmFacts } from "../model.js";

/** Limits are advised in steps of so many percent of a core, which is also the least a VM can have. */
const LIMIT_STEP_PERCENT = 5;
/** Of a limit that is raised, so much stays unused by what was asked for. */
const SPARE_RATIO = 0.2;
/** A limit this near to all of its vCPUs holds back nothing but bursts: then none is needed. */
const NEARLY_ALL_RATIO = 0.9;
/** Nobody is advised to take more than this from a neighbour at once. */
const MOST_TAKEN_RATIO = 0.5;
/** vCPUs are advised by doubling: how many more a guest would use cannot be seen while it uses all. */
const VCPU_FACTOR = 2;

/**
 * The VM's own limit stopped it. `demandCores` is what it used and was stopped for, in cores; null: not known. Where that
 * is less than the limit, its bursts use the limit up, of which the mean says nothing.
 */
export function ownLimitRemedy(vm: VmFacts, limitPercent: number, demandCores: number | null): Remedy {
  const wanted = demandCores === null ? null : Math.ceil((demandCores * 100) / (1 - SPARE_RATIO) / LIMIT_STEP_PERCENT) * LIMIT_STEP_PERCENT;
  const most = Math.min(vcpusOf(vm), vm.hostCpus ?? Infinity) * 100;
  const stops = `Its own limit of ${limitPercent} % of a core (cpu_policy.limit_percent) stops this VM again and again:`;
  if (wanted !== null && wanted > limitPercent && wanted < most * NEARLY_ALL_RATIO) {
    return {
      advice: `${stops} raise it to ${wanted} %, which covers the ${coresText(demandCores ?? 0)} that it used or was stopped for with a fifth to spare, or lift it with --limit none. The command raises it at once, and for good.`,
      adviceCommand: `quetzal cpu set ${vm.id} --limit ${wanted}%`,
    };
  }
  const why = wanted === null || wanted <= limitPercent ? "" : `, for it would use ${Math.min(wanted, most)} % and more`;
  return { advice: `${stops} lift it${why}, or give the VM less to do. The command lifts it at once, and for good.`, adviceCommand: `quetzal cpu set ${vm.id} --limit none` };
}

/**
 * A quota that the definition does not ask for, as it is now. `limitPercent` is the VM's own, which was not used up; null:
 * it has none. What is over may have been a limit of its own that was lifted since.
 */
export function foreignQuotaRemedy({ pid }: VmFacts, limitPercent: number | null, overSince: number | null): Remedy {
  const own = limitPercent === null ? "its definition sets no limit" : `its own limit of ${limitPercent} % was not used up`;
  const groups = pid === null ? "" : " The command shows which group it is in.";
  if (overSince !== null) {
    return {
      advice: `It is over since ${clockText(overSince)} UTC, and now ${limitPercent === null ? "its definition sets no limit" : `its limit is ${limitPercent} % of a core`}: nothing is to be done unless it comes back.${groups}`,
      adviceCommand: pid === null ? null : `cat /proc/${pid}/cgroup`,
    };
  }
  return {
    advice: `A CPU quota of a control group that is not its own stops this VM again and again (${own}): raise or lift the quota (cpu.cfs_quota_us or cpu.max) there, or give the VM less to do.${groups}`,
    adviceCommand: pid === null ? null : `cat /proc/${pid}/cgroup`,
  };
}

/** Something else of the host took the CPUs, or the VM may use only some of them. */
export function stealRemedy({ id, isPinned }: VmFacts): Remedy {
  if (isPinned) return { advice: "It was ready to run and the CPUs that it is kept to were taken: let it run on others as well. The command lifts its pins.", adviceCommand: `quetzal cpu set ${id} --pin none` };
  return {
    advice: "It was ready to run and the host's CPUs were taken: stop or move other work of the host, give this VM a greater weight, or the busiest VMs a smaller one or a limit ('quetzal cpu set'). The command shows who uses the CPUs, and with which weight.",
    adviceCommand: "quetzal cpu ls --sort -cpu",
  };
}

/** Used while this VM waited, in cores, and how long this VM waited, in cores too. */
export interface Taken {
  readonly usedCores: number;
  readonly waitedCores: number;
}

/** A neighbour took the CPU: an equal weight where it has a greater one, for that costs nothing while nobody waits; else a limit. */
export function neighbourCpuRemedy(vm: VmFacts, hog: Neighbour, { usedCores, waitedCores }: Taken, hasCpuController: boolean): Remedy {
  const took = `${hog.name} took it`;
  if (!hasCpuController) return { advice: `${took}: give it fewer vCPUs, or move one of the two to another host; this host has no cpu controller to share by.`, adviceCommand: `quetzal vm edit ${hog.id}` };
  if (hog.weight > vm.weight) {
    return {
      advice: `${took} by its weight of ${hog.weight} beside ${vm.weight} of this VM: give both the same, which takes nothing from it while nobody waits; or give it a limit, or move one of the two to another host.`,
      adviceCommand: `quetzal cpu set ${hog.id} --weight ${vm.weight}`,
    };
  }
  const left = Math.max(usedCores - waitedCores, usedCores * (1 - MOST_TAKEN_RATIO));
  const limit = Math.max(Math.floor((left * 100) / LIMIT_STEP_PERCENT), 1) * LIMIT_STEP_PERCENT;
  const freed = Math.max(usedCores - limit / 100, 0);
  return {
    advice: `${took}: a limit of ${limit} % of a core leaves the others ${coresText(freed)} of the ${coresText(usedCores)} that it used, where this VM waited for ${coresText(waitedCores)}; or give it a smaller weight, or move one of the two to another host.`,
    adviceCommand: `quetzal cpu set ${hog.id} --limit ${limit}%`,
  };
}

/** It uses all the vCPUs it has. More than the host has CPUs would only wait for one another. */
export function guestCpuRemedy(vm: VmFacts): Remedy {
  const has = vcpusOf(vm);
  const most = Math.min(vm.room?.vcpusMax ?? has, vm.hostCpus ?? Infinity);
  const all = `The guest uses all the vCPUs it has: look inside for what computes, or`;
  if (has < most) {
    const count = Math.min(has * VCPU_FACTOR, most);
    return { advice: `${all} give it ${count} instead of ${has}, while it runs (it can have ${vm.room?.vcpusMax ?? has}).`, adviceCommand: `quetzal cpu set ${vm.id} --vcpus ${count}` };
  }
  if (vm.hostCpus !== null && has >= vm.hostCpus) return { advice: `${all} move it to a host with more CPUs: its ${has} are all that this one has. The command shows the host.`, adviceCommand: `quetzal host show ${vm.hostId}` };
  const why = vm.room === null ? "" : ` (none can be added while it runs: it can have ${vm.room.vcpusMax})`;
  return { advice: `${all} raise vcpus in its definition and start it anew${why}.`, adviceCommand: `quetzal vm edit ${vm.id}` };
}

/** What the guest is to use now: as it was asked for, else what it boots with. */
function vcpusOf({ room, vcpus }: VmFacts): number {
  return room?.vcpusTarget ?? vcpus;
}
