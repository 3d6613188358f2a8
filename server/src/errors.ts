// Expected errors: what a caller can act on, one class each, named as in the GraphQL schema. Knows no GraphQL.
import * as database from "./db/errors.js";
import { IdempotencyKeyReused, InvalidCursor, type OperationState } from "./operation/store.js";
import { InvalidRange } from "./metrics/steps.js";
import { InvalidToken } from "./token/store.js";
import type { Role } from "./token/model.js";
import { FilterFault } from "./vm/filter/parse.js";
import type { VmState } from "./vm/model.js";

export abstract class ExpectedError extends Error {
  /** The GraphQL type that carries it. */
  abstract readonly kind: string;
}

export class VmNotFound extends ExpectedError {
  readonly kind = "VmNotFound";
  constructor(readonly id: string, message = `No VM has the id "${id}"; list them with \`quetzal vm ls\`.`) {
    super(message);
  }
}
export class VmExists extends ExpectedError {
  readonly kind = "VmExists";
  constructor(readonly id: string, message: string) {
    super(message);
  }
}
export class InvalidVmState extends ExpectedError {
  readonly kind = "InvalidVmState";
  constructor(readonly state: VmState, message: string) {
    super(message);
  }
}
export class InvalidSpec extends ExpectedError {
  readonly kind = "InvalidSpec";
  constructor(message: string, readonly field: string | null) {
    super(message);
  }
}
export class InsufficientResources extends ExpectedError {
  readonly kind = "InsufficientResources";
  constructor(message: string, readonly field: string | null) {
    super(message);
  }
}
export class Unsupported extends ExpectedError {
  readonly kind = "Unsupported";
}
export class LaunchFailed extends ExpectedError {
  readonly kind = "LaunchFailed";
}
export class StorageFault extends ExpectedError {
  readonly kind = "StorageFault";
  constructor(message: string, readonly field: string | null) {
    super(message);
  }
}
export class VmProtected extends ExpectedError {
  readonly kind = "VmProtected";
}
export class Forbidden extends ExpectedError {
  readonly kind = "Forbidden";
  constructor(readonly requiredRole: Role, what: string) {
    super(`${what} needs the role ${requiredRole}; ask an administrator for a token with it.`);
  }
}
export class InvalidInput extends ExpectedError {
  readonly kind = "InvalidInput";
  constructor(
    message: string,
    readonly field: string | null,
    /** Where in the text of the field, from 1; null: no place in it is at fault. */
    readonly column: number | null = null,
  ) {
    super(message);
  }
}
export class ConsoleBusy extends ExpectedError {
  readonly kind = "ConsoleBusy";
  constructor(readonly writer: string, message: string) {
    super(message);
  }
}
export class OperationNotFound extends ExpectedError {
  readonly kind = "OperationNotFound";
  constructor(readonly id: string) {
    super(`No operation has the id "${id}".`);
  }
}
export class NotUndoable extends ExpectedError {
  readonly kind = "NotUndoable";
}
/** Somebody else was faster: the definition is not the one that the caller knew. */
export class VmChanged extends ExpectedError {
  readonly kind = "VmChanged";
  constructor(readonly id: string, readonly generation: bigint) {
    super(`The definition of ${id} was changed by somebody else meanwhile (it is at generation ${generation}); read it again, and put the change on top of that.`);
  }
}
export class NotCancellable extends ExpectedError {
  readonly kind = "NotCancellable";
  constructor(readonly state: OperationState, message: string) {
    super(message);
  }
}
export class TokenNotFound extends ExpectedError {
  readonly kind = "TokenNotFound";
  constructor(readonly id: string) {
    super(`No token has the id "${id}".`);
  }
}
export class AlertRuleNotFound extends ExpectedError {
  readonly kind = "AlertRuleNotFound";
  constructor(readonly id: string) {
    super(`No alert rule has the id "${id}"; list them with \`quetzal alert rules\`.`);
  }
}
export class HostUnreachable extends ExpectedError {
  readonly kind = "HostUnreachable";
  /** `hostName` is what people know it by. */
  constructor(readonly hostId: string, hostName: string, cause: string) {
    super(`The daemon of host ${hostName} cannot be reached: ${cause}. Start quetzald there (\`npm start\`) and try again.`);
  }
}
export class DatabaseUnavailable extends ExpectedError {
  readonly kind = "DatabaseUnavailable";
  constructor() {
    super("The database cannot be reached, so nothing was done; try again when it is back (the VMs run on).");
  }
}

/** The expected error that a failure of ours stands for, stores' own errors included; null: it is unexpected. */
export function asExpected(error: unknown): ExpectedError | null {
  if (error instanceof ExpectedError) return error;
  if (error instanceof database.DatabaseUnavailable) return new DatabaseUnavailable();
  if (error instanceof IdempotencyKeyReused || error instanceof InvalidCursor || error instanceof InvalidToken || error instanceof InvalidRange) {
    return new InvalidInput(error.message, error.field);
  }
  if (error instanceof FilterFault) return new InvalidInput(error.message, "where", error.column);
  return null;
}
