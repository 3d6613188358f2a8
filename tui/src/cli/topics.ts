// What is true of every command, in words: `quetzal help TOPIC` and the manual page say the same. Pure.
import { EXIT_MEANINGS } from "./exit.js";

export interface Topic {
  readonly name: string;
  readonly title: string;
  /** Paragraphs; within one, lines that begin with a blank stay as they are. */
  readonly paragraphs: readonly string[];
}

export const OUTPUT_TOPIC: Topic = {
  name: "output",
  title: "Output",
  paragraphs: [
    "-o chooses how an answer is printed: table for people, wide with more columns, json and yaml with all that is known, csv with base units (bytes, seconds, ratios 0 to 1; an empty field is unknown), name with one id a line for other commands.",
    "Lists take --columns with the names that head their csv, --sort with one of them (a dash before it turns the order; unknown comes last) and --no-headers. Neither changes what json and yaml hold.",
    "Answers go to standard output. Errors, notes, plans, questions and progress go to standard error; with -o json or yaml an error is one line of JSON, {\"error\": {\"code\", \"message\", \"exitCode\"}}, and nothing else is said. Colours and bars appear on a terminal only; NO_COLOR forbids colours.",
    "Names, labels and messages come from elsewhere: characters that drive a terminal are shown as ?, and escaped in json and yaml.",
  ],
};

export const SELECTORS_TOPIC: Topic = {
  name: "selectors",
  title: "Selectors",
  paragraphs: [
    "Verbs take VMs by id or name, or a selector, or --all. What a selector matches is what 'quetzal vm ls' lists with the same options; all of them must hold:",
    " -l tier=web,env                            labels, by key or key=value\n --filter 'state:running cpu>50 label=web'  the filter language of the dashboard's /\n --state running,paused\n --search web                               part of the id or name\n --host lab1",
    "The filter language: terms beside each other must all hold; or, not and parentheses; : = != > >= < <= and ~ for patterns such as name~web-*; units as in 50%, 1.5G, 20ms, 3h. Its fields: quetzal graphql '{ filterFields { name description example } }'.",
    "With several VMs a plan comes first: what is done to each, and what cannot be and why. One failure does not keep the others from their turn. --dry-run ends after the plan. What loses something asks on a terminal, and elsewhere needs -y.",
  ],
};

export const EXIT_TOPIC: Topic = {
  name: "exit-codes",
  title: "Exit codes",
  paragraphs: [EXIT_MEANINGS.map(([code, meaning]) => ` ${String(code).padStart(3)}  ${meaning}`).join("\n")],
};

export const TOPICS: readonly Topic[] = [EXIT_TOPIC, OUTPUT_TOPIC, SELECTORS_TOPIC];
