// Where memory is: whatever guests and counters say, the parts are at least 0 and add up with the remainder.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostBreakdown, vmBreakdown } from "./breakdown.js";
import type { MemoryBreakdown } from "./model.js";

const MIB = 1_048_576;
const at = new Date(0);
/** Sizes that occur, and those that a guest could make up. */
const size = fc.oneof(fc.integer({ min: 0, max: 4_096 }).map((mib) => mib * MIB), fc.maxSafeInteger().map(Math.abs).map((bytes) => Math.floor(bytes / 64)));
const forged = fc.option(fc.oneof(size, fc.integer({ max: -1 })), { nil: null });

function sumOf({ parts, remainderBytes }: MemoryBreakdown): bigint {
  return parts.reduce((sum, { bytes }) => sum + BigInt(bytes), remainderBytes);
}
function mib(breakdown: MemoryBreakdown | null): Record<string, number> {
  return Object.fromEntries(breakdown?.parts.map(({ kind, bytes }) => [kind, bytes / MIB]) ?? []);
}
const ram = (mibs: { size: number; resident: number; shared?: number; swapped?: number; overhead?: number }) => ({
  sizeBytes: mibs.size * MIB, residentBytes: mibs.resident * MIB, sharedBytes: (mibs.shared ?? 0) * MIB, swappedBytes: (mibs.swapped ?? 0) * MIB, overheadBytes: (mibs.overhead ?? 0) * MIB,
});
const guest = { guestTotalBytes: 240 * MIB, guestFreeBytes: 100 * MIB, guestCacheBytes: 40 * MIB };
const calm = { time: at, memoryConfiguredBytes: 256 * MIB, pluggedBytes: null, balloonActualBytes: 256 * MIB, ...guest };

describe("vmBreakdown", () => {
  it("adds up with parts of at least 0 for whatever the guest says", () => {
    const facts = fc.record({
      time: fc.constant(at), memoryConfiguredBytes: size, pluggedBytes: fc.option(size, { nil: null }), balloonActualBytes: forged,
      guestTotalBytes: forged, guestFreeBytes: forged, guestCacheBytes: forged,
      guestRam: fc.record({ sizeBytes: size, residentBytes: size, sharedBytes: size, swappedBytes: size, overheadBytes: size }),
    });
    const host = fc.option(fc.record({ swapUsedBytes: fc.option(size, { nil: null }), compressedOriginalBytes: fc.option(size, { nil: null }) }), { nil: null });
    fc.assert(fc.property(facts, host, (sample, swap) => {
      const breakdown = vmBreakdown(sample, swap);
      if (breakdown === null) throw new Error("the kernel's figures are there");
      for (const { kind, bytes } of breakdown.parts) expect(bytes, kind).toBeGreaterThanOrEqual(0);
      expect(sumOf(breakdown)).toBe(BigInt(breakdown.totalBytes));
      // A lying guest moves bytes between parts and into the remainder, never out of what the kernel vouches for.
      expect(breakdown.remainderBytes).toBeGreaterThanOrEqual(0n);
    }));
  });

  it("divides what is resident by what the guest says", () => {
    const breakdown = vmBreakdown({ ...calm, guestRam: ram({ size: 256, resident: 190, shared: 40, swapped: 20, overhead: 30 }) }, { swapUsedBytes: 100 * MIB, compressedOriginalBytes: 50 * MIB });
    expect(breakdown?.totalBytes).toBe(286 * MIB);
    expect(mib(breakdown)).toEqual({ GUEST_USED: 100, GUEST_CACHE: 40, GUEST_FREE: 10, SHARED: 40, COMPRESSED: 10, SWAPPED: 10, BALLOONED: 0, REPORTED_FREE: 46, UNPLUGGED: 0, OVERHEAD: 30 });
    expect(breakdown?.remainderBytes).toBe(0n);
  });

  it("tells the balloon from what was never touched, and room to grow from both", () => {
    const breakdown = vmBreakdown({ ...calm, balloonActualBytes: 192 * MIB, pluggedBytes: 128 * MIB, memoryConfiguredBytes: 128 * MIB, guestRam: ram({ size: 512, resident: 150 }) }, null);
    expect(mib(breakdown)).toMatchObject({ BALLOONED: 64, UNPLUGGED: 256, REPORTED_FREE: 42, GUEST_USED: 36, GUEST_CACHE: 40 });
  });

  it("leaves what the guest does not explain to the remainder", () => {
    const silent = vmBreakdown({ ...calm, guestTotalBytes: null, guestFreeBytes: null, guestCacheBytes: null, guestRam: ram({ size: 256, resident: 200 }) }, null);
    expect(silent?.remainderBytes).toBe(BigInt(200 * MIB));
    expect(mib(vmBreakdown({ ...calm, guestTotalBytes: 2 ** 50, guestRam: ram({ size: 256, resident: 200 }) }, null))).toMatchObject({ GUEST_USED: 200, GUEST_CACHE: 0 });
  });

  it("is not known before the kernel's figures are", () => {
    expect(vmBreakdown({ ...calm, guestRam: null }, null)).toBeNull();
  });
});

describe("hostBreakdown", () => {
  const host = {
    time: at, memoryTotalBytes: 8_192 * MIB, memoryFreeBytes: 2_048 * MIB, memoryCachedBytes: 1_024 * MIB, memoryAnonymousBytes: 4_096 * MIB,
    memoryKernelBytes: 512 * MIB, ksmSharedBytes: 100 * MIB, compressedStoredBytes: 200 * MIB,
  };

  it("adds up with parts of at least 0", () => {
    const figure = fc.option(size, { nil: null });
    const facts = fc.record({
      time: fc.constant(at), memoryTotalBytes: size, memoryFreeBytes: size, memoryCachedBytes: size, memoryAnonymousBytes: size, memoryKernelBytes: size, ksmSharedBytes: figure, compressedStoredBytes: figure,
    });
    const vms = fc.array(fc.record({ guestRam: fc.option(fc.record({ sizeBytes: size, residentBytes: size, sharedBytes: size, swappedBytes: size, overheadBytes: size }), { nil: null }) }), { maxLength: 8 });
    fc.assert(fc.property(facts, vms, (sample, running) => {
      const breakdown = hostBreakdown(sample, running);
      if (breakdown === null) throw new Error("all figures are there");
      for (const { kind, bytes } of breakdown.parts) expect(bytes, kind).toBeGreaterThanOrEqual(0);
      expect(sumOf(breakdown)).toBe(BigInt(breakdown.totalBytes));
    }));
  });

  it("counts what VMs share once, and what they have alone with their QEMUs", () => {
    const breakdown = hostBreakdown(host, [{ guestRam: ram({ size: 256, resident: 190, shared: 40, overhead: 30 }) }, { guestRam: null }, { guestRam: ram({ size: 256, resident: 200, shared: 100, overhead: 20 }) }]);
    expect(mib(breakdown)).toEqual({ VMS: 300, SHARED: 100, COMPRESSED: 200, PAGE_CACHE: 1_024, KERNEL: 512, OTHER: 3_696, FREE: 2_048 });
    expect(breakdown?.remainderBytes).toBe(BigInt(312 * MIB));
  });

  it("is not known while the kernel's figures are not", () => {
    for (const unknown of ["memoryFreeBytes", "memoryCachedBytes", "memoryAnonymousBytes", "memoryKernelBytes"]) expect(hostBreakdown({ ...host, [unknown]: null }, [])).toBeNull();
  });
});
