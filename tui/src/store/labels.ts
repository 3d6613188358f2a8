// The line that edits labels: `key=value key2=value -key3`. Pure; it knows what a line means, not how it is typed.

export interface LabelEdit { set: ReadonlyMap<string, string>; removed: ReadonlySet<string> }
export type ParsedLabels = { fits: true; edit: LabelEdit } | { fits: false; reason: string };

/** A word each, so neither key nor value can hold a space; the last word about a key wins. */
export function parseLabels(text: string): ParsedLabels {
  const set = new Map<string, string>();
  const removed = new Set<string>();
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const equals = word.indexOf("=");
    if (equals > 0 && !word.startsWith("-")) {
      const key = word.slice(0, equals);
      set.set(key, word.slice(equals + 1));
      removed.delete(key);
    } else if (word.startsWith("-") && word.length > 1 && equals === -1) {
      removed.add(word.slice(1));
      set.delete(word.slice(1));
    } else return { fits: false, reason: `"${word}" is neither key=value nor -key.` };
  }
  if (set.size === 0 && removed.size === 0) return { fits: false, reason: "Write key=value to set a label, -key to take one away." };
  return { fits: true, edit: { set, removed } };
}

/** The labels after an edit, by key; they are free words, so none is judged here. */
export function editedLabels(before: Readonly<Record<string, string>>, { set, removed }: LabelEdit): Record<string, string> {
  return Object.fromEntries([...Object.entries(before).filter(([key]) => !removed.has(key) && !set.has(key)), ...set]);
}
