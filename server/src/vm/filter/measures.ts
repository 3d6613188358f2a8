// Numbers as people write them in a filter: `50%`, `1.5G`, `20ms`, `3h`. Pure. Units are those of the dashboard: memory
// counts by 1024, what flows in a second by 1000.

export interface Measure {
  /** As filterFields names it; null: a plain count. */
  readonly unit: string | null;
  /** What an error says was expected. */
  readonly expected: string;
  /** What one of each unit is worth; "" is a number without a unit. In lower case. */
  readonly worth: Readonly<Record<string, number>>;
  readonly show: (value: number) => string;
}

const KIB = 1024;
const US = 1e-6;

export const COUNT: Measure = { unit: null, expected: "a number, e.g. 4", worth: { "": 1 }, show: (value) => String(value) };

/** A ratio, written as percent. */
export const PERCENT: Measure = {
  unit: "%", expected: "a number with or without %, e.g. 50 or 50%", worth: { "": 0.01, "%": 0.01 },
  show: (value) => `${digits(value * 100)}%`,
};

export const BYTES: Measure = {
  unit: "bytes", expected: "a size, e.g. 512M, 1.5G or 10%",
  worth: powers(KIB, ["", "b"], ["k", "kb", "kib"], ["m", "mb", "mib"], ["g", "gb", "gib"], ["t", "tb", "tib"]),
  show: (value) => scaled(value, KIB),
};

export const BYTES_PER_SECOND: Measure = {
  unit: "bytes/s", expected: "bytes a second, e.g. 500k or 1.5M/s",
  worth: withPerSecond(powers(1_000, ["", "b"], ["k", "kb"], ["m", "mb"], ["g", "gb"])),
  show: (value) => `${scaled(value, 1_000)}/s`,
};

export const PER_SECOND: Measure = {
  unit: "1/s", expected: "a number a second, e.g. 10 or 10/s", worth: withPerSecond(powers(1_000, [""], ["k"])), show: (value) => `${digits(value)}/s`,
};

/** Seconds. A number alone is refused: 20 would be milliseconds to one and seconds to another. */
export const DURATION: Measure = {
  unit: "time", expected: "a time with its unit (us, ms, s, m, h, d), e.g. 20ms or 3h",
  worth: { us: US, ms: 1_000 * US, s: 1, m: 60, h: 3_600, d: 86_400 },
  show: (value) => (value < 1 ? `${digits(value * 1_000)}ms` : value < 60 ? `${digits(value)}s` : value < 3_600 ? `${digits(value / 60)}m` : `${digits(value / 3_600)}h`),
};

/** A figure to compare with; a share of the whole where a size was given in percent. */
export interface Threshold {
  readonly value: number;
  readonly isShare: boolean;
}

const NUMBER = /^(\d{1,15}(?:\.\d{1,9})?)([a-z%/]{0,5})$/;

/** Null: not a number of this measure. `shares` says whether a percentage of the whole makes sense. */
export function parseThreshold(text: string, measure: Measure, shares: boolean): Threshold | null {
  const [, number, unit] = NUMBER.exec(text.toLowerCase()) ?? [];
  if (number === undefined || unit === undefined) return null;
  if (shares && unit === "%") return { value: Number(number) / 100, isShare: true };
  const worth = Object.hasOwn(measure.worth, unit) ? measure.worth[unit] : undefined;
  return worth === undefined ? null : { value: Number(number) * worth, isShare: false };
}

function powers(base: number, ...units: readonly (readonly string[])[]): Record<string, number> {
  return Object.fromEntries(units.flatMap((names, power) => names.map((name) => [name, base ** power])));
}

function withPerSecond(worth: Record<string, number>): Record<string, number> {
  return { ...worth, ...Object.fromEntries(Object.entries(worth).map(([name, value]) => [`${name}/s`, value])) };
}

function scaled(value: number, base: number): string {
  const units = ["", "K", "M", "G", "T"];
  let power = 0;
  let size = value;
  for (; size >= base && power < units.length - 1; power += 1) size /= base;
  return `${power === 0 ? String(Math.round(size)) : digits(size)}${units[power] ?? ""}`;
}

/** Three significant digits, without an exponent. */
function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : String(Number(value.toFixed(2)));
}
