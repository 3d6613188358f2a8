// What is paged out to compressed memory, as words for people. Pure.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatBytes } from "../../format.js";

export const COMPRESSION = graphql(`fragment CliCompression on MemoryCompression { originalBytes storedBytes ratio refaultsPerSecond }`);

/** "90M in 30M (3.0:1); 2.1 pages a second fetched back". */
export function compressionWords({ originalBytes, storedBytes, ratio, refaultsPerSecond }: ResultOf<typeof COMPRESSION>): string {
  const held = ratio === null ? formatBytes(originalBytes) : `${formatBytes(originalBytes)} in ${formatBytes(storedBytes)} (${ratio.toFixed(1)}:1)`;
  return `${held}; ${refaultsPerSecond === null ? UNKNOWN : refaultsPerSecond.toFixed(1)} pages a second fetched back`;
}
