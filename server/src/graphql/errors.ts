// Expected errors as GraphQL types, and the two ways they reach a client: as a union's member, or as an error with a code.
import { GraphQLError } from "graphql";
import * as errors from "../errors.js";
import { ExpectedError } from "../errors.js";
import { builder } from "./builder.js";
import { OperationStateEnum, RoleEnum, VmStateEnum } from "./enums.js";

const MESSAGE = "One sentence for people: what, where and the mend.";

/** A definition's field path, or null when no field is at fault. */
const FIELD = "Path of the field at fault, e.g. disks[0].path; null when none is.";

const ErrorInterface = builder.interfaceRef<ExpectedError>("Error").implement({
  description: MESSAGE,
  fields: (t) => ({ message: t.exposeString("message", { description: MESSAGE }) }),
});
const plain = <T extends ExpectedError>(type: new (message: string) => T, name: string, description: string) =>
  builder.objectType(type, { name, description, interfaces: [ErrorInterface], isTypeOf: (value) => value instanceof type });
const withField = <T extends ExpectedError & { readonly field: string | null }>(
  type: new (message: string, field: string | null) => T, name: string, description: string,
) =>
  builder.objectRef<ExpectedError & { readonly field: string | null }>(name).implement({
    description, interfaces: [ErrorInterface], isTypeOf: (value) => value instanceof type,
    fields: (t) => ({ field: t.exposeString("field", { nullable: true, description: FIELD }) }),
  });
const withId = (type: abstract new (...args: never[]) => ExpectedError, name: string, description: string, id: string) =>
  builder.objectRef<ExpectedError & { readonly id: string }>(name).implement({
    description, interfaces: [ErrorInterface], isTypeOf: (value) => value instanceof type,
    fields: (t) => ({ id: t.exposeID("id", { description: id }) }),
  });
withId(errors.VmNotFound, "VmNotFound", "No VM has this id.", "The id that was asked for.");
withId(errors.VmExists, "VmExists", "Another VM already has this id, or this name.", "The id that is taken.");
withId(errors.OperationNotFound, "OperationNotFound", "No operation has this id.", "The id that was asked for.");
withId(errors.TokenNotFound, "TokenNotFound", "No token has this id.", "The id that was asked for.");
withField(errors.InvalidSpec, "InvalidSpec", "The definition breaks a rule.");
withField(errors.InsufficientResources, "InsufficientResources", "The host has not enough memory, disk or CPUs.");
withField(errors.StorageFault, "StorageFault", "A file that the definition names is missing, unreadable or outside its pool.");
withField(errors.InvalidInput, "InvalidInput", "An argument breaks a rule.");
plain(errors.Unsupported, "Unsupported", "The host cannot do this; the message says what would give it.");
plain(errors.LaunchFailed, "LaunchFailed", "QEMU could not be started; the message holds its last words.");
plain(errors.VmProtected, "VmProtected", "The VM is protected against deletion and forced power-off.");
plain(errors.DatabaseUnavailable, "DatabaseUnavailable", "The database cannot be reached; nothing was done.");
builder.objectType(errors.InvalidVmState, {
  name: "InvalidVmState", description: "The verb is not legal in the VM's present state.", interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof errors.InvalidVmState,
  fields: (t) => ({ state: t.field({ type: VmStateEnum, description: "The state it is in.", resolve: (e) => e.state }) }),
});
builder.objectType(errors.Forbidden, {
  name: "Forbidden", description: "The viewer's role does not allow this.", interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof errors.Forbidden,
  fields: (t) => ({ requiredRole: t.field({ type: RoleEnum, description: "The least role that may.", resolve: (e) => e.requiredRole }) }),
});
builder.objectType(errors.ConsoleBusy, {
  name: "ConsoleBusy", description: "The console has another writer.", interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof errors.ConsoleBusy,
  fields: (t) => ({ writer: t.exposeString("writer", { description: "Session that holds the pen; empty when it could not be told." }) }),
});
builder.objectType(errors.NotCancellable, {
  name: "NotCancellable", description: "The operation has ended, or is of a kind that cannot be cancelled.", interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof errors.NotCancellable,
  fields: (t) => ({ state: t.field({ type: OperationStateEnum, description: "The state it is in.", resolve: (e) => e.state }) }),
});
builder.objectType(errors.HostUnreachable, {
  name: "HostUnreachable", description: "The host's daemon cannot be reached.", interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof errors.HostUnreachable,
  fields: (t) => ({ hostId: t.exposeID("hostId", { description: "The host in question." }) }),
});

/** The GraphQL error of an expected error where no union can carry it: in queries and subscriptions. */
export function toGraphqlError(error: ExpectedError): GraphQLError {
  const code = error.kind.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return new GraphQLError(error.message, { extensions: { code } });
}

/** Runs a service call whose expected errors are members of the field's union. */
export async function answer<T>(call: () => Promise<T> | T): Promise<T | ExpectedError> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ExpectedError) return error;
    throw error;
  }
}
