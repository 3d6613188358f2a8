// `quetzal vm label VM… key=value key-` and `quetzal vm protect|unprotect VM…`: small changes of definitions.
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { printLines, printValue } from "../output/print.js";
import { isForPrograms } from "../output/formats.js";
import type { Definition } from "../../edit/text.js";
import { sanitise } from "../../format.js";
import { editedLabels } from "../../store/labels.js";
import type { LabelEdit } from "../../store/labels.js";
import type { DeedOptions } from "./deed.js";
import { changeOf, readDefinition } from "./definition.js";
import { carryOut } from "./drive.js";
import { chooseVms } from "./select.js";
import type { Chosen } from "./select.js";

/** Words of `vm label`: "key=value" and "key-" change labels, everything else names VMs. */
export function readLabelWords(words: readonly string[]): { vms: string[]; change: LabelEdit } {
  const set = new Map<string, string>();
  const removed = new Set<string>();
  const vms: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals === 0) throw new CommandError(EXIT.usage, "Usage", `"${sanitise(word)}" has no key: give key=value to set a label, key- to take one away.`);
    if (equals > 0) set.set(word.slice(0, equals), word.slice(equals + 1));
    else if (word.length > 1 && word.endsWith("-")) removed.add(word.slice(0, -1));
    else vms.push(word);
  }
  const both = [...set.keys()].find((key) => removed.has(key));
  if (both !== undefined) throw new CommandError(EXIT.usage, "Usage", `The label ${sanitise(both)} is both set and taken away: say which.`);
  return { vms, change: { set, removed } };
}

function labelsOf(definition: Definition): Record<string, string> {
  const { labels } = definition as { labels?: Record<string, string> };
  return labels ?? {};
}

/** Without a change it shows the labels. */
export async function labelVms(context: CommandContext, words: readonly string[], chosen: Omit<Chosen, "vms">, options: DeedOptions): Promise<void> {
  const { vms, change } = readLabelWords(words);
  if (change.set.size + change.removed.size === 0) return showLabels(context, { ...chosen, vms });
  await carryOut(context, changeOf("label", (definition) => ({ ...definition, labels: editedLabels(labelsOf(definition), change) })), { ...chosen, vms }, options);
}

async function showLabels(context: CommandContext, chosen: Chosen): Promise<void> {
  const targets = await chooseVms(context, chosen);
  const vms = await Promise.all(targets.map(async ({ id }) => ({ id, labels: labelsOf((await readDefinition(context, id)).definition) })));
  if (isForPrograms(context.format)) return printValue(context, vms);
  const lines = vms.map(({ id, labels }) => `${sanitise(id)}: ${Object.entries(labels).map(([key, value]) => sanitise(`${key}=${value}`)).join(" ") || "no labels"}`);
  await printLines(context, context.format === "name" ? vms.map(({ id }) => sanitise(id)) : lines);
}

export async function protectVms(context: CommandContext, wanted: "protected" | "unprotected", chosen: Chosen, options: DeedOptions): Promise<void> {
  const words = wanted === "protected" ? "protect" : "unprotect";
  await carryOut(context, changeOf(words, (definition) => ({ ...definition, protected: wanted === "protected" })), chosen, options);
}
