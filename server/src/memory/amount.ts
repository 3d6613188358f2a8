// Amounts of memory in sentences. Pure.
const MIB = 1_048_576;
const GIB = 1_024 * MIB;

/** 512 MiB, 1.5 GiB: as people say it. */
export function amount(bytes: number): string {
  const size = Math.abs(bytes);
  if (size < MIB) return size === 0 ? "0 MiB" : "less than 1 MiB";
  return size < GIB ? `${Math.round(size / MIB)} MiB` : `${(size / GIB).toFixed(1)} GiB`;
}
