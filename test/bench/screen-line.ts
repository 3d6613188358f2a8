// A guest's shell as a person has it: in a terminal, where `quetzal console` or the dashboard's pane shows it. What is typed
// goes in as keys, and what counts as come back is what is painted.
import type { TerminalDriver } from "../support/terminal.js";
import type { Line } from "./lines.js";

/** What is typed at the newest prompt of the bundled guest's root shell; undefined while the screen shows none. */
export function typedAtPrompt(screen: string): string | undefined {
  const newest = screen.split("\n").map((row) => /^\S* #(?: (.*))?$/.exec(row)).findLast((match) => match !== null);
  return newest === undefined ? undefined : (newest[1] ?? "").trimEnd();
}

/** The screen must show the prompt already. Tells each change of what is typed there, once it is painted. */
export function screenLine(screen: TerminalDriver): Line & Disposable {
  let listener: (text: string) => void = () => undefined;
  let shown = typedAtPrompt(screen.screen());
  const drawn = screen.onDrawn(() => {
    const now = typedAtPrompt(screen.screen());
    if (now === undefined || now === shown) return;
    shown = now;
    listener(now);
  });
  return {
    send: (text) => screen.send(text),
    onText: (given) => { listener = given; },
    [Symbol.dispose]: () => drawn[Symbol.dispose](),
  };
}
