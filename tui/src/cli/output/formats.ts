// The ways in which an answer can be printed, and which of them each kind of command knows. Pure.

export const OUTPUT_FORMATS = ["table", "wide", "json", "yaml", "name", "csv"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What `-o` takes, by what a command prints. */
export const PRINTS = {
  /** Rows of the same kind. */
  list: OUTPUT_FORMATS,
  /** One thing in full. */
  record: ["table", "json", "yaml", "name"],
  /** What came of doing something. */
  outcome: ["table", "json", "yaml", "name"],
  /** Rows as they come, without an end: each on a line of its own. */
  stream: ["table", "json", "csv"],
  /** Figures over time. */
  series: ["table", "json", "yaml", "csv"],
  /** A value of any shape. */
  value: ["json", "yaml"],
  /** Text that is the same for people and programs. */
  text: ["table"],
} as const satisfies Record<string, readonly OutputFormat[]>;

export type Prints = keyof typeof PRINTS;

/** Whether programs read it: then nothing is said beside it, and errors are JSON. */
export function isForPrograms(format: OutputFormat): boolean {
  return format === "json" || format === "yaml";
}
