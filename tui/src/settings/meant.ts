// Which known name an unknown one was probably meant to be. Pure.

/** Names offered at most: more are no help. */
const OFFERED_MAX = 3;
/** Slips forgiven, as a share of the letters: one in a short word, two in seven. */
const FORGIVEN_SHARE = 0.3;

/** " (did you mean a or b?)", to stand behind what was said; empty where nothing is near. */
export function meant(name: string, known: readonly string[]): string {
  const forgiven = Math.max(1, Math.floor(name.length * FORGIVEN_SHARE));
  const near = known.map((one) => ({ one, slips: slipsBetween(name.toLowerCase(), one.toLowerCase()) })).filter(({ slips }) => slips <= forgiven).sort((a, b) => a.slips - b.slips);
  return near.length === 0 ? "" : ` (did you mean ${near.slice(0, OFFERED_MAX).map(({ one }) => one).join(" or ")}?)`;
}

/** Letters left out, put in, taken for another, or exchanged with their neighbour (optimal string alignment). */
export function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, x) => x);
  for (let y = 1; y <= a.length; y++) {
    const above = row;
    row = [y];
    for (let x = 1; x <= b.length; x++) {
      const isSame = a[y - 1] === b[x - 1];
      const isExchange = y > 1 && x > 1 && a[y - 1] === b[x - 2] && a[y - 2] === b[x - 1];
      const least = Math.min((row[x - 1] ?? 0) + 1, (above[x] ?? 0) + 1, (above[x - 1] ?? 0) + (isSame ? 0 : 1));
      row.push(isExchange ? Math.min(least, (before[x - 2] ?? 0) + 1) : least);
    }
    before = above;
  }
  return row[b.length] ?? 0;
}
