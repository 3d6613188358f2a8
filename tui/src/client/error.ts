// The one error a client throws: what went wrong, in a sentence for people, and its kind for programs.

export type ClientErrorKind =
  /** No answer: refused, reset, timed out, or not a GraphQL server. */
  | "unreachable"
  /** The token is missing, wrong, revoked or expired. */
  | "unauthorised"
  /** The server answered with GraphQL errors. */
  | "graphql"
  /** The client was closed. */
  | "closed";

/** `ClientError.code` while the server runs without its database. */
export const DATABASE_AWAY = "DATABASE_UNAVAILABLE";

export class ClientError extends Error {
  readonly kind: ClientErrorKind;
  /** The server's `extensions.code`, e.g. "VM_NOT_FOUND"; undefined where it gave none. */
  readonly code: string | undefined;
  /** Where in an argument's text the fault is, in characters from 1; undefined where it is no matter of a place. */
  readonly column: number | undefined;
  /** Where in the document the fault is, of one that the server refused before it did anything; undefined for any other error. */
  readonly place: DocumentPlace | undefined;
  constructor(kind: ClientErrorKind, message: string, options?: ErrorOptions & { code?: string | undefined; column?: number | undefined; place?: DocumentPlace | undefined }) {
    super(message, options);
    this.name = "ClientError";
    this.kind = kind;
    this.code = options?.code;
    this.column = options?.column;
    this.place = options?.place;
  }
}

/** Both from 1. */
export interface DocumentPlace { readonly line: number; readonly column: number }

interface GraphqlErrorLike {
  readonly message: string;
  readonly locations?: readonly DocumentPlace[] | undefined;
  readonly path?: unknown;
  readonly extensions?: { readonly code?: unknown; readonly column?: unknown };
}

const UNAUTHORISED_CODES: readonly unknown[] = ["UNAUTHENTICATED", "UNAUTHORIZED", "UNAUTHORISED"];

/** The error for the `errors` of an answer. */
export function fromGraphqlErrors(errors: readonly GraphqlErrorLike[]): ClientError {
  const kind = errors.some((error) => UNAUTHORISED_CODES.includes(error.extensions?.code)) ? "unauthorised" : "graphql";
  const message = [...new Set(errors.map((error) => error.message))].join(" ");
  const code = errors.map((error) => error.extensions?.code).find((value) => typeof value === "string");
  const column = errors.map((error) => error.extensions?.column).find((value) => typeof value === "number");
  // Of what went wrong while it was carried out, the specification asks for the field's path.
  const place = errors.find((error) => error.path === undefined && error.locations?.[0] !== undefined)?.locations?.[0];
  return new ClientError(kind, message || "The server answered with an error that has no message.", { code, column, place });
}

/** The cause of a failed connection in a few words, e.g. "connection refused". */
export function connectionCause(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { code, message, reason, errors } = error as { code?: unknown; message?: unknown; reason?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return connectionCause(errors[0]);
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ECONNRESET" || code === "EPIPE") return "connection lost";
  if (code === "ENOTFOUND") return "unknown host name";
  if (typeof reason === "string" && reason !== "") return reason;
  if (typeof message === "string" && message !== "") return message;
  return typeof code === "number" ? `connection closed (${code})` : "connection lost";
}
