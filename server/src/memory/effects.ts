// What a change of a running VM's memory or vCPUs would bring, predicted from its newest sample, as one sentence for
// people. Pure.
import type { VmSample } from "../metrics/model.js";
import type { Vm } from "../vm/model.js";
import { amount } from "./amount.js";

/** Under this share of its memory available a guest begins to reclaim and to fault. */
const TIGHT_RATIO = 0.1;

type Named = Pick<Vm, "name" | "memoryBytes" | "room" | "vcpus">;
type Facts = Pick<VmSample, "balloonActualBytes" | "pluggedBytes" | "guestRam" | "guestFreeBytes" | "guestAvailableBytes" | "memoryConfiguredBytes">;

/** Bytes that the guest has now: its balloon's word, else what was asked for. */
function hasNow(vm: Named, sample: Facts | null): number {
  return sample?.balloonActualBytes ?? vm.room?.balloonTargetBytes ?? vm.memoryBytes;
}

/**
 * E.g. "Leaves the guest of web-1 512 MiB (now 1.0 GiB); about 300 MiB come free on the host." Free pages of a guest that
 * it has never touched free nothing, so what comes free is less than what is taken.
 */
export function balloonEffect(vm: Named, targetBytes: number, sample: Facts | null): string {
  const now = hasNow(vm, sample);
  const asked = vm.room?.balloonTargetBytes ?? now;
  if (targetBytes === now && asked !== now) return `Leaves the guest of ${vm.name} the ${amount(now)} that it has; it is on its way to ${amount(asked)}.`;
  if (targetBytes === now) return `Changes nothing: the guest of ${vm.name} has ${amount(now)} already.`;
  if (targetBytes > now) return `Gives the guest of ${vm.name} ${amount(targetBytes - now)} back: ${amount(targetBytes)} in all (now ${amount(now)}).`;
  return `Leaves the guest of ${vm.name} ${amount(targetBytes)} (now ${amount(now)})${freedWords(now - targetBytes, sample)}${tightWords(now - targetBytes, targetBytes, sample)}.`;
}

/** Of the pages that a balloon takes, as many are resident as of all that the guest has free. */
export function freedByBalloon(takenBytes: number, sample: Pick<VmSample, "guestRam" | "guestFreeBytes" | "balloonActualBytes">): number | null {
  const { guestRam, guestFreeBytes, balloonActualBytes } = sample;
  if (guestRam === null || balloonActualBytes === null) return null;
  const resident = Math.max(0, guestRam.residentBytes - guestRam.sharedBytes);
  if (guestFreeBytes === null || guestFreeBytes <= 0) return Math.min(takenBytes, Math.max(0, resident - (balloonActualBytes - takenBytes)));
  const free = Math.min(guestFreeBytes, balloonActualBytes);
  if (free <= 0) return 0;
  const residentFree = Math.max(0, resident - (balloonActualBytes - free));
  const ofFree = Math.min(takenBytes, free) * Math.min(1, residentFree / free);
  return Math.min(resident, ofFree + Math.max(0, takenBytes - free));
}

function freedWords(takenBytes: number, sample: Facts | null): string {
  const freed = sample === null ? null : freedByBalloon(takenBytes, sample);
  return freed === null ? "" : `; about ${amount(freed)} come free on the host`;
}

function tightWords(takenBytes: number, leftBytes: number, sample: Facts | null): string {
  if (sample?.guestAvailableBytes == null) return "";
  const available = sample.guestAvailableBytes - takenBytes;
  if (available >= leftBytes * TIGHT_RATIO) return "";
  return available <= 0 ? "; that is more than the guest has available: it will swap, or kill programs" : `; only ${amount(available)} stay available in the guest`;
}

export function resizeEffect(vm: Named, targetBytes: number, sample: Facts | null): string {
  const asked = vm.room?.memoryTargetBytes ?? vm.memoryBytes;
  const now = sample?.pluggedBytes == null ? asked : sample.memoryConfiguredBytes + sample.pluggedBytes;
  if (targetBytes === now) return `Changes nothing: the guest of ${vm.name} has ${amount(now)} plugged in already.`;
  if (targetBytes > now) return `Plugs ${amount(targetBytes - now)} into the guest of ${vm.name}: ${amount(targetBytes)} in all (now ${amount(now)}); the host backs it as the guest touches it.`;
  return `Takes ${amount(now - targetBytes)} out of the guest of ${vm.name}: ${amount(targetBytes)} stay (now ${amount(now)}); it stops short where the guest cannot give it up.`;
}

export function pageOutEffect(vm: Named, bytes: number | null, sample: Facts | null): string {
  const resident = sample?.guestRam?.residentBytes ?? null;
  const most = bytes === null ? resident : resident === null ? bytes : Math.min(bytes, resident);
  const what = most === null ? "the memory" : `up to ${amount(most)} of the memory`;
  return `Pages ${what} of ${vm.name} out to the host's swap; what its guest needs again comes back with a delay.`;
}

export function vcpusEffect(vm: Named, count: number, sample: Pick<VmSample, "vcpusPresent"> | null): string {
  const now = vm.room?.vcpusTarget ?? sample?.vcpusPresent ?? vm.vcpus;
  if (count === now) return `Changes nothing: ${vm.name} has ${vcpus(now)} already.`;
  const until = "until it is powered off";
  return count > now ? `Gives ${vm.name} ${vcpus(count)} (now ${now}), ${until}.` : `Leaves ${vm.name} ${vcpus(count)} (now ${now}), ${until}; the guest must let go of the others.`;
}

function vcpus(count: number): string {
  return count === 1 ? "1 vCPU" : `${count} vCPUs`;
}
