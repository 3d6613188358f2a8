// Expected errors as GraphQL types, and the two ways they reach a client: as a union's member, or as an error with a code.
import { GraphQLError } from "graphql";
import { asExpected, InvalidInput, type ExpectedError } from "../errors.js";
import type { OperationState } from "../operation/store.js";
import type { Role } from "../token/model.js";
import type { VmState } from "../vm/model.js";
import { builder, type BuilderTypes, type ObjectRef } from "./builder.js";
import { OperationStateEnum, RoleEnum, VmStateEnum } from "./enums.js";

/** Carries an expected error as a value: graphql would throw an Error that a resolver returns. */
export class Refusal {
  constructor(readonly error: ExpectedError) {}
}

const MESSAGE = "One sentence for people: what, where and the mend.";

/** A definition's field path, or null when no field is at fault. */
const FIELD = "Path of the field at fault, e.g. disks[0].path; null when none is.";

const ErrorInterface = builder.interfaceRef<Refusal>("Error").implement({
  description: MESSAGE,
  fields: (t) => ({ message: t.string({ description: MESSAGE, resolve: ({ error }) => error.message }) }),
});
/** What expected errors have besides their message; which of it, their type says. */
interface ErrorFacts {
  readonly id: string;
  readonly field: string | null;
  readonly column: number | null;
  readonly state: VmState;
  readonly operationState: OperationState;
  readonly requiredRole: Role;
  readonly writer: string;
  readonly hostId: string;
  readonly generation: bigint;
}
function fact<K extends keyof ErrorFacts>(refusal: Refusal, name: K, property: string = name): ErrorFacts[K] {
  return (refusal.error as unknown as Record<string, ErrorFacts[K]>)[property] as ErrorFacts[K];
}

/** Unions and their members speak of expected errors as such; a field knows which one it belongs to by its type. */
const plain = (name: string, description: string) => builder.objectRef<Refusal>(name).implement({ description, interfaces: [ErrorInterface] });
const withField = (name: string, description: string) =>
  builder.objectRef<Refusal>(name).implement({
    description, interfaces: [ErrorInterface],
    fields: (t) => ({ field: t.string({ nullable: true, description: FIELD, resolve: (refusal) => fact(refusal, "field") }) }),
  });
const withId = (name: string, description: string, id: string) =>
  builder.objectRef<Refusal>(name).implement({
    description, interfaces: [ErrorInterface],
    fields: (t) => ({ id: t.id({ description: id, resolve: (refusal) => fact(refusal, "id") }) }),
  });

/** Every expected error's type, by its name. */
export const errorRefs = {
  VmNotFound: withId("VmNotFound", "No VM has this id.", "The id that was asked for."),
  VmExists: withId("VmExists", "Another VM already has this id, or this name.", "The id that is taken."),
  OperationNotFound: withId("OperationNotFound", "No operation has this id.", "The id that was asked for."),
  TokenNotFound: withId("TokenNotFound", "No token has this id.", "The id that was asked for."),
  AlertRuleNotFound: withId("AlertRuleNotFound", "No alert rule has this id.", "The id that was asked for."),
  InvalidSpec: withField("InvalidSpec", "The definition breaks a rule."),
  InsufficientResources: withField("InsufficientResources", "The host has not enough memory, disk or CPUs."),
  StorageFault: withField("StorageFault", "A file that the definition names is missing, unreadable or outside its pool."),
  InvalidInput: builder.objectRef<Refusal>("InvalidInput").implement({
    description: "An argument breaks a rule.", interfaces: [ErrorInterface],
    fields: (t) => ({
      field: t.string({ nullable: true, description: FIELD, resolve: (refusal) => fact(refusal, "field") }),
      column: t.int({ nullable: true, description: "Where in the text of that field, in characters from 1; null when it is no matter of a place.", resolve: (refusal) => fact(refusal, "column") }),
    }),
  }),
  Unsupported: plain("Unsupported", "The host cannot do this; the message says what would give it."),
  LaunchFailed: plain("LaunchFailed", "QEMU could not be started; the message holds its last words."),
  VmProtected: plain("VmProtected", "The VM is protected against deletion and forced power-off."),
  NotUndoable: plain("NotUndoable", "The operation cannot be undone; the message says why."),
  DatabaseUnavailable: plain("DatabaseUnavailable", "The database cannot be reached; nothing was done."),
  InvalidVmState: builder.objectRef<Refusal>("InvalidVmState").implement({
    description: "The verb is not legal in the VM's present state.", interfaces: [ErrorInterface],
    fields: (t) => ({ state: t.field({ type: VmStateEnum, description: "The state it is in.", resolve: (refusal) => fact(refusal, "state") }) }),
  }),
  VmChanged: builder.objectRef<Refusal>("VmChanged").implement({
    description: "The VM's definition was changed since the generation that the caller knows.", interfaces: [ErrorInterface],
    fields: (t) => ({
      id: t.id({ description: "The VM.", resolve: (refusal) => fact(refusal, "id") }),
      generation: t.field({ type: "BigInt", description: "The generation that it is at now.", resolve: (refusal) => fact(refusal, "generation") }),
    }),
  }),
  Forbidden: builder.objectRef<Refusal>("Forbidden").implement({
    description: "The viewer's role does not allow this.", interfaces: [ErrorInterface],
    fields: (t) => ({ requiredRole: t.field({ type: RoleEnum, description: "The least role that may.", resolve: (refusal) => fact(refusal, "requiredRole") }) }),
  }),
  ConsoleBusy: builder.objectRef<Refusal>("ConsoleBusy").implement({
    description: "The console has another writer.", interfaces: [ErrorInterface],
    fields: (t) => ({ writer: t.string({ resolve: (refusal) => fact(refusal, "writer"), description: "Session that holds the pen; empty when it could not be told." }) }),
  }),
  NotCancellable: builder.objectRef<Refusal>("NotCancellable").implement({
    description: "The operation has ended, or is of a kind that cannot be cancelled.", interfaces: [ErrorInterface],
    fields: (t) => ({ state: t.field({ type: OperationStateEnum, description: "The state it is in.", resolve: (refusal) => fact(refusal, "operationState", "state") }) }),
  }),
  HostUnreachable: builder.objectRef<Refusal>("HostUnreachable").implement({
    description: "The host's daemon cannot be reached.", interfaces: [ErrorInterface],
    fields: (t) => ({ hostId: t.id({ resolve: (refusal) => fact(refusal, "hostId"), description: "The host in question." }) }),
  }),
};
export type ErrorName = keyof typeof errorRefs;

/** A mutation's result: its success, or one of the expected errors it names. */
export function resultUnion<T extends object>(name: string, description: string, success: ObjectRef<BuilderTypes, T>, errorNames: readonly ErrorName[]) {
  return builder.unionType(name, {
    description,
    types: [success, ...errorNames.map((error) => errorRefs[error])],
    resolveType: (value) => (value instanceof Refusal ? value.error.kind : success.name),
  });
}

/** The GraphQL error of an expected error where no union can carry it: in queries and subscriptions. */
export function toGraphqlError(error: ExpectedError): GraphQLError {
  const code = error.kind.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  const place = error instanceof InvalidInput && error.column !== null ? { field: error.field, column: error.column } : {};
  return new GraphQLError(error.message, { extensions: { code, ...place } });
}

/** Runs a service call whose expected errors are members of the field's union. */
export async function answer<T>(call: () => Promise<T> | T): Promise<T | Refusal> {
  try {
    return await call();
  } catch (error) {
    const expected = asExpected(error);
    if (expected !== null) return new Refusal(expected);
    throw error;
  }
}
