import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compressedShare, hostCompression, vmCompression } from "./compression.js";

const MIB = 1_048_576;
const HOST = { swapUsedBytes: 300 * MIB, compressedOriginalBytes: 300 * MIB, compressedStoredBytes: 100 * MIB, refaultsPerSecond: 7 };

describe("what compression holds and costs", () => {
  it("is of a host what its kernel counts, with its ratio", () => {
    expect(hostCompression(HOST)).toEqual({ originalBytes: 300 * MIB, storedBytes: 100 * MIB, ratio: 3, refaultsPerSecond: 7 });
    expect(hostCompression({ ...HOST, compressedOriginalBytes: 0 })).toMatchObject({ ratio: null });
    expect(hostCompression({ ...HOST, compressedStoredBytes: null })).toBeNull();
  });

  it("is of a VM its part of the host's, by the host's ratio, and its own refaults", () => {
    expect(vmCompression({ swapBytes: 30 * MIB, majorFaultsPerSecond: 2 }, HOST)).toEqual({ originalBytes: 30 * MIB, storedBytes: 10 * MIB, ratio: 3, refaultsPerSecond: 2 });
    // Half of what is swapped out lies on a disk.
    expect(vmCompression({ swapBytes: 30 * MIB, majorFaultsPerSecond: null }, { ...HOST, swapUsedBytes: 600 * MIB })).toEqual({ originalBytes: 15 * MIB, storedBytes: 5 * MIB, ratio: 3, refaultsPerSecond: null });
    expect(vmCompression({ swapBytes: 0, majorFaultsPerSecond: 0 }, HOST)).toEqual({ originalBytes: 0, storedBytes: 0, ratio: null, refaultsPerSecond: 0 });
  });

  it("is unknown without the kernel's figures", () => {
    expect(vmCompression({ swapBytes: null, majorFaultsPerSecond: 1 }, HOST)).toBeNull();
    expect(vmCompression({ swapBytes: 1, majorFaultsPerSecond: 1 }, null)).toBeNull();
    expect(vmCompression({ swapBytes: 1, majorFaultsPerSecond: 1 }, { ...HOST, compressedOriginalBytes: null })).toBeNull();
    expect(compressedShare(null)).toBe(0);
  });

  it("of VMs that hold no more than the host does is no more than the host's", () => {
    const size = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(fc.property(fc.array(size, { maxLength: 6 }), size, size, size, (swaps, disk, stored, more) => {
      const compressed = swaps.reduce((sum, bytes) => sum + bytes, 0) + more;
      const host = { swapUsedBytes: compressed + disk, compressedOriginalBytes: compressed, compressedStoredBytes: stored, refaultsPerSecond: 0 };
      const held = swaps.map((swapBytes) => vmCompression({ swapBytes, majorFaultsPerSecond: 0 }, host)?.storedBytes ?? NaN);
      // Each is rounded to whole bytes.
      expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(stored + swaps.length);
    }));
  });
});
