// Which editor a person uses: $VISUAL, then $EDITOR, then what is there. Its words are split here and never given to a
// shell. It starts nothing.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;
export type Editor = { found: true; program: string; args: string[] } | { found: false; reason: string };

/** Tried in this order where neither variable is set: POSIX names the first, people who never chose know the second. */
const USUAL = ["vi", "nano"] as const;
const VARIABLES = ["VISUAL", "EDITOR"] as const;

/** Whether the person names an editor; what is there otherwise needs a terminal. */
export function namesEditor(environment: Environment): boolean {
  return VARIABLES.some((variable) => (environment[variable] ?? "").trim() !== "");
}

/** `isThere` says of a program's name whether the PATH has it. */
export function chooseEditor(environment: Environment, isThere: (program: string) => boolean = (program) => isOnPath(environment, program)): Editor {
  for (const variable of VARIABLES) {
    const text = environment[variable]?.trim() ?? "";
    if (text === "") continue;
    const [program, ...args] = splitCommand(text) ?? [];
    if (program === undefined) return { found: false, reason: `${variable} is ${JSON.stringify(text)}, whose quotes do not close: correct it.` };
    if (!program.includes("/") && !isThere(program)) return { found: false, reason: `${variable} is ${JSON.stringify(text)}, and ${program} is not on the PATH: install it, or set ${variable} to another editor.` };
    return { found: true, program, args };
  }
  const usual = USUAL.find(isThere);
  if (usual === undefined) return { found: false, reason: `There is no editor: neither VISUAL nor EDITOR is set, and neither ${USUAL.join(" nor ")} is on the PATH. Set EDITOR to the one to use.` };
  return { found: true, program: usual, args: [] };
}

const WORD = /(?:[^\s"'\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+/g;
const PIECE = /\\([^])|'([^']*)'|"((?:[^"\\]|\\[^])*)"|([^\s"'\\]+)/g;

/** Words as a shell would split them, and nothing else that a shell would do. Null where a quote does not close. */
export function splitCommand(text: string): string[] | null {
  if (text.replace(WORD, "").trim() !== "") return null;
  return (text.match(WORD) ?? []).map((word) =>
    word.replace(PIECE, (_, escaped: string | undefined, single: string | undefined, double: string | undefined, bare: string | undefined) =>
      escaped ?? single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? bare ?? ""));
}

function isOnPath(environment: Environment, program: string): boolean {
  return (environment["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}
