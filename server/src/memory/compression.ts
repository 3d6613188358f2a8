// What compression holds and costs, of a host and of each VM. The kernel counts what is stored for the whole host; a VM's
// part of it is by that ratio. Pure.
import type { HostSample, VmSample } from "../metrics/model.js";
import type { MemoryCompression } from "./model.js";

type OfSwap = Pick<HostSample, "swapUsedBytes" | "compressedOriginalBytes">;
type HostFacts = OfSwap & Pick<HostSample, "compressedStoredBytes" | "refaultsPerSecond">;

/** What of the host's swap the compressed kind holds, 0 to 1; of nothing, 0. */
export function compressedShare(host: OfSwap | null): number {
  if (host?.compressedOriginalBytes == null || host.swapUsedBytes === null || host.swapUsedBytes <= 0) return 0;
  return Math.min(1, Math.max(0, host.compressedOriginalBytes / host.swapUsedBytes));
}

/** Null on a host without zram and zswap. */
export function hostCompression(host: HostFacts): MemoryCompression | null {
  if (host.compressedOriginalBytes === null || host.compressedStoredBytes === null) return null;
  return compression(host.compressedOriginalBytes, host.compressedStoredBytes, host.refaultsPerSecond);
}

/** Null until the kernel's figures of QEMU are there, and on a host without zram and zswap. */
export function vmCompression(sample: Pick<VmSample, "swapBytes" | "majorFaultsPerSecond">, host: HostFacts | null): MemoryCompression | null {
  const whole = host === null ? null : hostCompression(host);
  if (whole === null || sample.swapBytes === null) return null;
  const originalBytes = Math.round(sample.swapBytes * compressedShare(host));
  const storedBytes = whole.originalBytes <= 0 ? 0 : Math.round((originalBytes * whole.storedBytes) / whole.originalBytes);
  return compression(originalBytes, storedBytes, sample.majorFaultsPerSecond);
}

function compression(originalBytes: number, storedBytes: number, refaultsPerSecond: number | null): MemoryCompression {
  return { originalBytes, storedBytes, ratio: originalBytes <= 0 || storedBytes <= 0 ? null : originalBytes / storedBytes, refaultsPerSecond };
}
