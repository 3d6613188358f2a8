// Sizes as people type them: 512M, 20G, 1.5T. Pure.

const MIB_OF_UNIT = { M: 1, G: 1024, T: 1024 * 1024 } as const;

/** MiB of a size; undefined where it is none, or no whole number of them. */
export function mibOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,7}(?:\.\d{1,3})?)([MGT])(?:i?B)?$/i.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const mib = Number(count) * MIB_OF_UNIT[unit.toUpperCase() as keyof typeof MIB_OF_UNIT];
  return Number.isInteger(mib) && mib >= 1 ? mib : undefined;
}
