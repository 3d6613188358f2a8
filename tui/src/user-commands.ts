// Commands of the person's own, from the configuration: an argument list whose placeholders become facts of a VM. Never
// a shell: a fact stays inside the one argument it stands in. It starts nothing itself.

import type { UserCommand as WrittenCommand } from "./settings/model.js";

/** As config.yaml gives it. Where its key is one of the dashboard's own, the dashboard wins. */
export type UserCommand = Pick<WrittenCommand, "name"> & { readonly run: readonly string[] } & Partial<Pick<WrittenCommand, "key" | "where" | "confirm">>;

export interface CommandFacts {
  /** The VM's id; null where none is chosen. */
  vm: string | null;
  name: string | null;
  host: string | null;
  /** Where the server is. */
  url: string | null;
}

export type CommandLine = { ready: true; program: string; args: string[] } | { ready: false; reason: string };

const PLACEHOLDER = /\{(vm|name|host|url)\}/g;

const MISSING: Readonly<Record<keyof CommandFacts, string>> = {
  vm: "no VM is chosen", name: "no VM is chosen", host: "the VM's host is not known", url: "the server's address is not known",
};

/**
 * The program and its arguments for a VM. Refused where a fact is missing, and where one that begins an argument begins
 * with a dash: a VM's name must not become an option of somebody's program.
 */
export function commandLine(command: UserCommand, facts: CommandFacts): CommandLine {
  const refusals: string[] = [];
  const filled = command.run.map((argument) => argument.replace(PLACEHOLDER, (whole, field: keyof CommandFacts, at: number) => {
    const fact = facts[field];
    if (fact === null) refusals.push(`${whole} in its arguments: ${MISSING[field]}.`);
    else if (at === 0 && fact.startsWith("-")) refusals.push(`${whole} is "${fact}" here, which the program would take for an option: use {vm}, or put it behind other text.`);
    return fact ?? "";
  }));
  const [program, ...args] = filled;
  if (refusals[0] !== undefined) return { ready: false, reason: refusals[0] };
  if (program === undefined || program === "") return { ready: false, reason: "It names no program: set run in the configuration." };
  return { ready: true, program, args };
}

/** Whether it is about a VM at all. */
export function needsVm(command: UserCommand): boolean {
  return command.where !== undefined || command.run.some((argument) => /\{(vm|name|host)\}/.test(argument));
}
