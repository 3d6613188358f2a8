// What to do about a shortage of memory, in verbs of the product, sized by what was observed. Pure; knows no threshold of a
// cause.
import { mebibytes, percentText } from "../format.js";
import type { Remedy, VmFacts } from "../model.js";

/** What a guest should have left over its need, for its caches: twice the threshold below which it is short. */
const HEADROOM_RATIO = 0.2;
/** A guest that pages is given so much more at least, as the memory controller gives: its need cannot be seen while it pages. */
const LEAST_GROWTH_RATIO = 0.3;
/** Linux takes memory in blocks of this size, and modules have it. */
const BLOCK_BYTES = 128 * 1_048_576;

/** What a guest that uses so much should have; null: not known. */
export function needOf(usedBytes: number | null): number | null {
  return usedBytes === null ? null : usedBytes / (1 - HEADROOM_RATIO);
}

/** The guest has less than it works with. `needBytes` is what was seen that it needs; null: not known. */
export function guestMemoryRemedy(vm: VmFacts, needBytes: number | null): Remedy {
  const has = sizeOf(vm);
  const most = vm.room?.memoryMaxBytes ?? has;
  const short = "The guest has less memory than it works with: end what it does not need, or";
  const size = grown(has, most, needBytes);
  if (size !== null) {
    return {
      advice: `${short} plug more in while it runs, to ${mebibytes(size)} MiB instead of ${mebibytes(has)} (${percentText(size / has - 1)} more; it can have ${mebibytes(most)}).`,
      adviceCommand: `quetzal memory set ${vm.id} --size ${mebibytes(size)}M`,
    };
  }
  const why = vm.room === null ? "" : ` (none can be plugged in while it runs: it can have ${mebibytes(most)} MiB)`;
  return { advice: `${short} raise memory_mb in its definition and start it anew${why}.`, adviceCommand: `quetzal vm edit ${vm.id}` };
}

/** In whole blocks as far as they fit; null: there is no room. */
function grown(has: number, most: number, needBytes: number | null): number | null {
  if (most <= has) return null;
  const wanted = Math.max(needBytes ?? 0, has * (1 + LEAST_GROWTH_RATIO)) - has;
  const blocks = Math.min(Math.ceil(wanted / BLOCK_BYTES), Math.floor((most - has) / BLOCK_BYTES));
  return blocks === 0 ? most : has + blocks * BLOCK_BYTES;
}

/** The balloon took what the guest needs: `needBytes`; null: not known. */
export function balloonRemedy(vm: VmFacts, needBytes: number | null): Remedy {
  const has = sizeOf(vm);
  const back = "The balloon took more than the guest can spare: give it back, to";
  if (needBytes !== null && needBytes > has) {
    const size = grown(has, vm.room?.memoryMaxBytes ?? has, needBytes);
    const advice = `${back} ${mebibytes(has)} MiB (all that it has, which is still too little)`;
    if (size !== null) return { advice: `${advice}, and plug more in: the command does both.`, adviceCommand: `quetzal memory set ${vm.id} --size ${mebibytes(size)}M` };
    return { advice: `${advice}.`, adviceCommand: `quetzal memory set ${vm.id} --balloon ${mebibytes(has)}M` };
  }
  const target = mebibytes(needBytes ?? has);
  // Whom the controller moves keeps what it is given only above its floor, which is within its boot memory,
  // and which no definition may have above its own.
  const floor = vm.isControlled ? Math.min(target, mebibytes(Math.min(vm.memoryBytes, vm.definedMemoryBytes))) : null;
  return {
    advice: `${back} ${target} MiB${needBytes === null ? "" : ` (predicted: ${percentText(HEADROOM_RATIO)} available)`}${floor === null ? "" : "; the memory controller moves it, so a floor keeps it from taking that again"}.`,
    adviceCommand: `quetzal memory set ${vm.id} --balloon ${target}M${floor === null ? "" : ` --floor ${floor}M`}`,
  };
}

/** The host pages the VM's memory: what it lacks is with others. */
export function hostMemoryRemedy(): Remedy {
  return {
    advice: "The host reads this VM's memory back from swap: take memory from VMs that have plenty ('quetzal memory set' with a smaller --balloon, or --control on to have it done), share or compress more ('quetzal memory host'), or move a VM. The command lists what each guest has available.",
    adviceCommand: "quetzal memory ls --sort -guest.available",
  };
}

/** With what is plugged in. */
function sizeOf({ room, memoryBytes }: VmFacts): number {
  return room?.memoryTargetBytes ?? memoryBytes;
}
