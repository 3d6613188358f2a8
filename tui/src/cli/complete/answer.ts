// `quetzal complete WORDS…`: what could stand for the last word, one a line with a tab and what it is. Shells call it at
// every Tab; whatever goes wrong is silence.
import type { Command } from "commander";
import type { CommandContext } from "../context.js";
import { sanitise } from "../../format.js";
import { TOPICS } from "../topics.js";
import { namesFor } from "./names.js";
import { commandsOf, optionsOf, spotOf } from "./words.js";
import type { Candidate, Spot } from "./words.js";

/** A person who pressed Tab notices a second. */
const PATIENCE_MS = 1_000;
/** Alone on a line: the shell completes files itself. */
export const FILES = ":files";

export async function printCandidates(context: CommandContext, program: Command, words: readonly string[]): Promise<void> {
  const spot = spotOf(program, words);
  const { place, typed, before } = spot;
  if (place.kind === "named" && ["path", "file"].includes(place.name)) return context.print(FILES);
  const found = await candidatesAt(context, program, spot).catch(() => []);
  const fitting = found.filter(({ text }) => text.startsWith(typed) && !/\s/.test(text.slice(typed.length)));
  for (const { text, about } of fitting) await context.print(`${before}${sanitise(text)}\t${sanitise(about)}`);
}

async function candidatesAt(context: CommandContext, program: Command, { place, typed, given }: Spot): Promise<readonly Candidate[]> {
  switch (place.kind) {
    case "command":
      return commandsOf(place.command);
    case "option":
      return optionsOf(program, place.command);
    case "choices":
      return place.choices.map((text) => ({ text, about: "" }));
    case "named":
      if (place.name === "topic") return [...commandsOf(program), ...TOPICS.map(({ name, title }) => ({ text: name, about: title }))];
      return namesFor(context, place, typed, given, AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]));
  }
}
