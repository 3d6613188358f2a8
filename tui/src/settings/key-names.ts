// How a key is written in config.yaml and how input.ts names it. Pure.

const NAMED = [
  "up", "down", "left", "right", "enter", "escape", "backspace", "tab", "S-tab", "pageup", "pagedown", "home", "end", "delete", "f12",
] as const;
const ALSO: Readonly<Record<string, string>> = { space: " ", esc: "escape", pgup: "pageup", pgdn: "pagedown", del: "delete", return: "enter", "shift-tab": "S-tab" };

export const KEY_EXPECTED = 'a key: one character, Ctrl-x, space, or one of enter, tab, escape, backspace, up, down, left, right, pageup, pagedown, home, end, delete, f12';

/** A key as input.ts names it, from what a person writes: `S`, `Ctrl-x` or `C-x`, `PgUp`, `space`. Undefined: no key. */
export function keyFrom(text: string): string | undefined {
  if (/^[^\p{C}\s]$/u.test(text)) return text;
  const lower = text.toLowerCase();
  const control = /^(?:ctrl|c)[-+]([a-z\\\]^_@])$/.exec(lower)?.[1];
  if (control !== undefined) return `C-${control}`;
  return ALSO[lower] ?? NAMED.find((name) => name.toLowerCase() === lower);
}
