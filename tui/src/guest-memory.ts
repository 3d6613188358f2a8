// What a guest uses of its memory, from what its driver and its QEMU say. Pure.

export interface GuestMemory {
  readonly memoryConfiguredBytes: number;
  /** Beyond the configured; null or left out: not known, and then nothing. */
  readonly pluggedBytes?: number | null;
  readonly balloonActualBytes: number | null;
  readonly guestTotalBytes: number | null;
  readonly guestAvailableBytes: number | null;
}

/**
 * Null while the guest has not said. Its total holds what is in the balloon as well: where a balloon deflates when memory
 * runs out, as QEMU is told here, Linux leaves its pages in the count.
 */
export function guestUsedBytes({ memoryConfiguredBytes, pluggedBytes, balloonActualBytes, guestTotalBytes, guestAvailableBytes }: GuestMemory): number | null {
  if (guestTotalBytes === null || guestAvailableBytes === null) return null;
  const inBalloon = balloonActualBytes === null ? 0 : Math.max(0, memoryConfiguredBytes + (pluggedBytes ?? 0) - balloonActualBytes);
  const used = guestTotalBytes - guestAvailableBytes;
  // A guest whose total leaves the balloon out would be said to use less than nothing.
  return Math.max(0, used >= inBalloon ? used - inBalloon : used);
}
