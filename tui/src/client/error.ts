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

export class ClientError extends Error {
  readonly kind: ClientErrorKind;
  /** The server's `extensions.code`, e.g. "VM_NOT_FOUND"; undefined where it gave none. */
  readonly code: string | undefined;
  /** Where in an argument's text the fault is, in characters from 1; undefined where it is no matter of a place. */
  readonly column: number | undefined;
  constructor(kind: ClientErrorKind, message: string, options?: ErrorOptions & { code?: string | undefined; column?: number | undefined }) {
    super(message, options);
    this.name = "ClientError";
    this.kind = kind;
    this.code = options?.code;
    this.column = options?.column;
  }
}

interface GraphqlErrorLike {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown; readonly column?: unknown };
}

const UNAUTHORISED_CODES: readonly unknown[] = ["UNAUTHENTICATED", "UNAUTHORIZED", "UNAUTHORISED"];

/** The error for the `errors` of an answer. */
export function fromGraphqlErrors(errors: readonly GraphqlErrorLike[]): ClientError {
  const kind = errors.some((error) => UNAUTHORISED_CODES.includes(error.extensions?.code)) ? "unauthorised" : "graphql";
  const message = [...new Set(errors.map((error) => error.message))].join(" ");
  const code = errors.map((error) => error.extensions?.code).find((value) => typeof value === "string");
  const column = errors.map((error) => error.extensions?.column).find((value) => typeof value === "number");
  return new ClientError(kind, message || "The server answered with an error that has no message.", { code, column });
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
