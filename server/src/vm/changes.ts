// The difference between two definitions, one line a field, for people. Pure.
import type { VmDefinition } from "./model.js";

/** A list of changes is read by people; beyond this many lines the rest is counted. */
const MAX_LINES = 200;
/** A longer value is cut. */
const MAX_VALUE_CHARACTERS = 80;

/** E.g. "memory_mb: 1024 → 2048"; empty when nothing differs. A definition that is new lists nothing but itself. */
export function definitionChanges(before: VmDefinition | null, after: VmDefinition): string[] {
  const lines: string[] = [];
  compare("", before ?? {}, after, lines);
  return lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES), `… and ${lines.length - MAX_LINES} more`];
}

function compare(path: string, before: unknown, after: unknown, lines: string[]): void {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    for (const key of keys) compare(path === "" ? key : `${path}.${key}`, before[key], after[key], lines);
  } else if (isList(before) && isList(after) && [...before, ...after].some(isRecord)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compare(`${path}[${index}]`, before[index], after[index], lines);
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    lines.push(`${path}: ${show(before)} → ${show(after)}`);
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(value);
  return text.length <= MAX_VALUE_CHARACTERS ? text : `${text.slice(0, MAX_VALUE_CHARACTERS - 1)}…`;
}
