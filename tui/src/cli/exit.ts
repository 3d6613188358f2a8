// Exit codes, and which error leads to which. Programs rely on these numbers: they are part of the interface.
import { ClientError } from "../client/error.js";
import { sanitise } from "../format.js";
import { isOwnFault } from "../own-fault.js";

export const EXIT = {
  ok: 0,
  /** It was tried and failed. */
  failed: 1,
  /** Unknown command or option, or an input (definition, query) that breaks a rule. */
  usage: 2,
  notFound: 3,
  /** Refused as things are now: wrong state, protected, busy, no room, not supported by the host. */
  refused: 4,
  /** The server, its database or the host's daemon cannot be reached. */
  unreachable: 5,
  /** No valid token, or its role does not suffice. */
  forbidden: 6,
  /** Asked of several: some of it was done and some was not. */
  partial: 7,
  /** Not done within --timeout; what was accepted goes on. */
  timeout: 8,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code tells a script: the help, the manual page and docs/cli.md are made of this. */
export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.ok, "it was done"],
  [EXIT.failed, "it was tried and failed"],
  [EXIT.usage, "wrong usage, or an input (definition, filter, query) that breaks a rule; nothing was done"],
  [EXIT.notFound, "what it is about does not exist, or the selector of a verb matches nothing; a list that is empty is 0"],
  [EXIT.refused, "refused as things are now: wrong state, protected, changed meanwhile, no room, not confirmed"],
  [EXIT.unreachable, "out of reach: the server, its database or the host's daemon"],
  [EXIT.forbidden, "no valid token, or its role does not suffice"],
  [EXIT.partial, "asked of several: some of it was done and some was not"],
  [EXIT.timeout, "not done within --timeout; what was accepted goes on"],
  [129, "ended by SIGHUP"],
  [130, "ended by SIGINT (Ctrl-C)"],
  [143, "ended by SIGTERM"],
];

/** A command's failure: one sentence, an exit code, and for programs a code and the field at fault. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly field: string | undefined;
  constructor(exitCode: ExitCode, code: string, message: string, field?: string) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.code = code;
    this.field = field;
  }
}

/** Nobody foresaw it: a mistake in this program. The cause is for a report, not for whoever reads the screen. */
export class OwnFault extends CommandError {
  constructor(cause: unknown) {
    super(EXIT.failed, "Internal", "This is a fault of quetzal itself, not of what was asked.");
    this.name = "OwnFault";
    this.cause = cause;
  }
}

const EXIT_OF_TYPE: Readonly<Record<string, ExitCode>> = {
  VmNotFound: EXIT.notFound,
  OperationNotFound: EXIT.notFound,
  TokenNotFound: EXIT.notFound,
  AlertRuleNotFound: EXIT.notFound,
  InvalidSpec: EXIT.usage,
  InvalidInput: EXIT.usage,
  VmExists: EXIT.refused,
  VmChanged: EXIT.refused,
  NotConfirmed: EXIT.refused,
  NotUndoable: EXIT.refused,
  InvalidVmState: EXIT.refused,
  InsufficientResources: EXIT.refused,
  Unsupported: EXIT.refused,
  VmProtected: EXIT.refused,
  ConsoleBusy: EXIT.refused,
  NotCancellable: EXIT.refused,
  LaunchFailed: EXIT.failed,
  StorageFault: EXIT.failed,
  Forbidden: EXIT.forbidden,
  HostUnreachable: EXIT.unreachable,
  DatabaseUnavailable: EXIT.unreachable,
};

/** A member of a result union that is an error, as every document of the command line selects it. */
export interface TypedError {
  readonly __typename: string;
  readonly message: string;
  readonly field?: string | null;
}

export function fromTypedError(error: TypedError): CommandError {
  return new CommandError(EXIT_OF_TYPE[error.__typename] ?? EXIT.failed, error.__typename, error.message, error.field ?? undefined);
}

/** Where no union can carry it, the server gives the type's name as an error code: VmNotFound is VM_NOT_FOUND. */
const TYPE_OF_CODE: ReadonlyMap<string, string> = new Map(
  Object.keys(EXIT_OF_TYPE).map((type) => [type.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase(), type]),
);

const CODE_OF_KIND = {
  unreachable: { exitCode: EXIT.unreachable, code: "ServerUnreachable" },
  unauthorised: { exitCode: EXIT.forbidden, code: "Unauthorised" },
  graphql: { exitCode: EXIT.failed, code: "GraphQLError" },
  closed: { exitCode: EXIT.failed, code: "Closed" },
} as const;

/** Any error as the failure of a command. */
export function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof ClientError) {
    const type = error.code === undefined ? undefined : TYPE_OF_CODE.get(error.code);
    if (type !== undefined) return fromTypedError({ __typename: type, message: error.message });
    const { exitCode, code } = CODE_OF_KIND[error.kind];
    return new CommandError(exitCode, code, error.message);
  }
  if (isOwnFault(error)) return new OwnFault(error);
  return new CommandError(EXIT.failed, "Failed", error instanceof Error ? error.message : String(error));
}

/** A sentence about a text, the text, and a mark below the place, in characters from 1. */
export function markedFault(message: string, text: string, column: number): string {
  return `${message}\n  ${sanitise(text)}\n  ${" ".repeat(Math.max(0, column - 1))}^`;
}
