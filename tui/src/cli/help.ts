// `quetzal help`: a command's own help, or a topic.
import type { Command } from "commander";
import { wrapped } from "../wrap.js";
import { sanitise } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import { printLines } from "./output/print.js";
import { TOPICS } from "./topics.js";
import type { Topic } from "./topics.js";

/** As wide as the least terminal. */
const WIDTH = 80;

export async function printHelp(context: CommandContext, program: Command, words: readonly string[]): Promise<void> {
  const topic = TOPICS.find(({ name }) => words.length === 1 && name === words[0]);
  if (topic !== undefined) return printLines(context, topicLines(topic));
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) {
      throw new CommandError(EXIT.usage, "Usage", `There is no help on "${sanitise(words.join(" "))}": 'quetzal --help' lists the commands, and ${TOPICS.map(({ name }) => name).join(", ")} are topics.`);
    }
    command = next;
  }
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  await context.print(text.trimEnd());
}

export function topicLines({ title, paragraphs }: Topic): string[] {
  return [title, ...paragraphs.flatMap((paragraph) => ["", ...(paragraph.startsWith(" ") ? paragraph.split("\n") : wrapped(paragraph, WIDTH))])];
}
