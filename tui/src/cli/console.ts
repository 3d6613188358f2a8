// `quetzal console VM`: checks that there is a console to show, attaches, and says how it ended.
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { attachConsole } from "../console/attach.js";
import { sanitise } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import { vmNotFound } from "./vm/definition.js";
import { namedVm } from "./vm/select.js";
import type { VmState } from "./vm/state.js";

export const PORTS = ["ttyS0", "hvc0"] as const;

export interface ConsoleOptions {
  readonly port: (typeof PORTS)[number];
  readonly readOnly?: boolean;
  readonly take?: boolean;
}

/** States in which QEMU, and with it the port, exists. */
const WITH_CONSOLE: readonly VmState[] = ["STARTING", "RUNNING", "PAUSED", "STOPPING", "MIGRATING"];

export async function openConsole(context: CommandContext, name: string, options: ConsoleOptions): Promise<void> {
  const client = context.client();
  const { id, state } = await namedVm(context, name);
  if (state === null) throw vmNotFound(name);
  if (!WITH_CONSOLE.includes(state)) {
    throw new CommandError(EXIT.refused, "InvalidVmState", `${sanitise(id)} is ${state.toLowerCase()} and has no console: 'quetzal vm start ${sanitise(id)}' starts it.`);
  }
  if (process.stdin.isTTY) notice(`${sanitise(id)} ${options.port}: Ctrl-] leaves`);
  const end = await attachConsole({
    client,
    vm: id,
    port: options.port,
    session: sessionName(),
    access: options.readOnly ? "read" : "write",
    pen: options.take ? "take" : "when free",
    input: process.stdin,
    output: process.stdout,
    notice,
    signal: context.signal,
  });
  if (end.kind === "closed") notice(`${sanitise(id)} has ended: ${sanitise(end.reason)}`);
  else if (process.stdin.isTTY) notice(`left ${sanitise(id)}`);
}

let noticesShown = 0;

/** Beside the guest's output, on lines of its own; a raw terminal wants the carriage return said. */
function notice(sentence: string): void {
  const isFirst = noticesShown++ === 0;
  if (!process.stdin.isTTY) process.stderr.write(`quetzal: ${sentence}\n`);
  else if (process.stdin.isRaw) process.stderr.write(`\r\n[quetzal: ${sentence}]\r\n`);
  else process.stderr.write(`${isFirst ? "" : "\n"}[quetzal: ${sentence}]\n`);
}

/** Random bytes that tell apart the sessions of one person, as hex. */
const SESSION_RANDOM_BYTES = 3;
/** Longest session name that the server takes. */
const MAX_SESSION_CHARACTERS = 64;

/** Says to others who writes, e.g. "3f9a2c:anna@lab1": printable ASCII without spaces. */
function sessionName(): string {
  const name = `${randomBytes(SESSION_RANDOM_BYTES).toString("hex")}:${userName()}@${hostname()}`;
  return name.replace(/[^\x21-\x7e]/g, "?").slice(0, MAX_SESSION_CHARACTERS);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in the user database.
    return `uid${process.getuid?.() ?? ""}`;
  }
}
