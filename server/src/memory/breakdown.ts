// Where a VM's and a host's memory is: parts that, with the remainder, add up to what the kernel says. Pure. A guest's
// figures only divide what the kernel vouches for, so that a guest which lies is caught in the remainder.
import type { HostSample, VmSample } from "../metrics/model.js";
import { compressedShare } from "./compression.js";
import type { MemoryBreakdown, MemoryPart, MemoryPartKind } from "./model.js";

const SMAPS = "/proc/PID/smaps of QEMU";
const GUEST_OVER_SMAPS = "the guest's balloon driver, laid over what /proc/PID/smaps says is resident";
const MEMINFO = "/proc/meminfo";

/** Deals out an amount: each share is at least 0 and no more than what is left. */
class Left {
  constructor(private bytes: number) {}

  take(wanted: number | null): number {
    const taken = Math.max(0, Math.min(wanted ?? 0, this.bytes));
    this.bytes -= taken;
    return taken;
  }

  rest(): number {
    return this.take(this.bytes);
  }
}

type VmFacts = Pick<VmSample, "time" | "memoryConfiguredBytes" | "pluggedBytes" | "balloonActualBytes" | "guestRam" | "guestTotalBytes" | "guestFreeBytes" | "guestCacheBytes">;

/**
 * Of a VM: the memory mapped for its guest and what QEMU has besides. Null until the kernel's figures are there. `host` is
 * the newest sample of its host: what was paged out is compressed to the share that all of its swap is.
 */
export function vmBreakdown(sample: VmFacts, host: Pick<HostSample, "swapUsedBytes" | "compressedOriginalBytes"> | null): MemoryBreakdown | null {
  const { guestRam } = sample;
  if (guestRam === null) return null;
  const totalBytes = guestRam.sizeBytes + guestRam.overheadBytes;
  const resident = new Left(Math.min(guestRam.residentBytes, guestRam.sizeBytes));
  const shared = resident.take(guestRam.sharedBytes);
  const given = sample.memoryConfiguredBytes + (sample.pluggedBytes ?? 0);
  const inBalloon = inBalloonBytes(sample);
  const guest = [resident.take(guestUsed(sample, inBalloon)), resident.take(sample.guestCacheBytes), resident.take(sample.guestFreeBytes)] as const;
  const absent = new Left(guestRam.sizeBytes - Math.min(guestRam.residentBytes, guestRam.sizeBytes));
  const swapped = absent.take(guestRam.swappedBytes);
  const compressed = Math.round(swapped * compressedShare(host));
  const ballooned = absent.take(inBalloon);
  const unplugged = absent.take(guestRam.sizeBytes - given);
  return breakdown(sample.time, totalBytes, `${SMAPS}: guest memory mapped, and resident beside it`, [
    part("GUEST_USED", guest[0], "Resident, used by the guest's programs and kernel", GUEST_OVER_SMAPS),
    part("GUEST_CACHE", guest[1], "Resident, the guest's page cache", GUEST_OVER_SMAPS),
    part("GUEST_FREE", guest[2], "Resident, though the guest uses it for nothing: a balloon would free it", GUEST_OVER_SMAPS),
    part("SHARED", shared, "Merged with like pages of this or other VMs", `${SMAPS}, /proc/PID/ksm_stat`),
    part("COMPRESSED", compressed, "Paged out to compressed memory, before compression", `${SMAPS}, by the share of the host's swap that is compressed`),
    part("SWAPPED", swapped - compressed, "Paged out to disk", SMAPS),
    part("BALLOONED", ballooned, "Taken by the balloon", "query-balloon of QEMU"),
    part("REPORTED_FREE", absent.rest(), "Not backed by memory: never touched, or given back by the guest as free", SMAPS),
    part("UNPLUGGED", unplugged, "Mapped for the guest to grow into, not plugged in", "QEMU's memory devices"),
    part("OVERHEAD", guestRam.overheadBytes, "QEMU's own: its code, devices, buffers and translated code", SMAPS),
  ]);
}

/**
 * What the guest counts neither as free nor as cache; null when it has not said. Its total holds what is in the balloon
 * as well: where a balloon deflates when memory runs out, as QEMU is told here, Linux leaves its pages in the count.
 */
function guestUsed({ guestTotalBytes, guestFreeBytes, guestCacheBytes }: VmFacts, inBalloonBytes: number): number | null {
  return guestTotalBytes === null || guestFreeBytes === null ? null : guestTotalBytes - guestFreeBytes - (guestCacheBytes ?? 0) - inBalloonBytes;
}

/** Memory of the guest that its balloon holds; 0 before QEMU has told. */
export function inBalloonBytes({ memoryConfiguredBytes, pluggedBytes, balloonActualBytes }: Pick<VmSample, "memoryConfiguredBytes" | "pluggedBytes" | "balloonActualBytes">): number {
  return balloonActualBytes === null ? 0 : Math.max(0, memoryConfiguredBytes + (pluggedBytes ?? 0) - balloonActualBytes);
}

type HostFacts = Pick<HostSample,
  "time" | "memoryTotalBytes" | "memoryFreeBytes" | "memoryCachedBytes" | "memoryAnonymousBytes" | "memoryKernelBytes" | "ksmSharedBytes" | "compressedStoredBytes">;

/** Of a host: all of its memory. Null where the kernel's figures are not all there. */
export function hostBreakdown(host: HostFacts, vms: readonly Pick<VmSample, "guestRam">[]): MemoryBreakdown | null {
  const { memoryFreeBytes, memoryCachedBytes, memoryAnonymousBytes, memoryKernelBytes } = host;
  if (memoryFreeBytes === null || memoryCachedBytes === null || memoryAnonymousBytes === null || memoryKernelBytes === null) return null;
  const anonymous = new Left(memoryAnonymousBytes);
  const shared = anonymous.take(host.ksmSharedBytes);
  const ofVms = vms.reduce((sum, { guestRam }) => sum + (guestRam === null ? 0 : Math.max(0, guestRam.residentBytes - guestRam.sharedBytes) + guestRam.overheadBytes), 0);
  const private_ = anonymous.take(ofVms);
  return breakdown(host.time, host.memoryTotalBytes, `MemTotal of ${MEMINFO}`, [
    part("VMS", private_, "VMs: their guests' memory that is theirs alone, and QEMU", `${SMAPS}, summed over VMs`),
    part("SHARED", shared, "Pages that several mappings share after merging", "/sys/kernel/mm/ksm/pages_shared"),
    part("COMPRESSED", host.compressedStoredBytes ?? 0, "What was paged out, compressed", "zram's mm_stat, zswap's pool"),
    part("PAGE_CACHE", memoryCachedBytes, "Files kept in memory, given up when needed", `Cached of ${MEMINFO}`),
    part("KERNEL", memoryKernelBytes, "The kernel itself: slab, page tables, stacks", MEMINFO),
    part("OTHER", anonymous.rest(), "Other processes", `AnonPages of ${MEMINFO}, less VMs and shared pages`),
    part("FREE", memoryFreeBytes, "Used for nothing", `MemFree of ${MEMINFO}`),
  ]);
}

function part(kind: MemoryPartKind, bytes: number, description: string, source: string): MemoryPart {
  return { kind, bytes: Math.max(0, bytes), description: `${description}.`, source };
}

function breakdown(at: Date, totalBytes: number, source: string, parts: readonly MemoryPart[]): MemoryBreakdown {
  const explained = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return { at, totalBytes, source, parts, remainderBytes: BigInt(totalBytes) - BigInt(explained) };
}
