// Tells transport faults from our own mistakes, and puts them into a few words.
import { ClientError, Status } from "nice-grpc";

const UNREACHABLE = new Set([Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.CANCELLED, Status.UNKNOWN, Status.INTERNAL]);

/** Whether the daemon was not reached or went away; anything else it answered is a mistake of ours. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof ClientError) return UNREACHABLE.has(error.code);
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

/** Whether the daemon does not know the call at all: it is older than this server. */
export function isUnknownCall(error: unknown): boolean {
  return error instanceof ClientError && error.code === Status.UNIMPLEMENTED;
}

export function faultReason(error: unknown): string {
  if (error instanceof ClientError) {
    if (/ENOENT/.test(error.details)) return "its socket does not exist";
    // gRPC's own words for a line that is down and not tried again yet say nothing to people.
    if (/ECONNREFUSED|No connection established|Failed to connect/.test(error.details)) return "nobody listens on its socket";
    if (/EACCES/.test(error.details)) return "its socket belongs to another user";
    if (error.code === Status.DEADLINE_EXCEEDED) return "it did not answer in time";
    return error.details === "" ? Status[error.code] : error.details;
  }
  if (error instanceof Error) return error.name === "TimeoutError" || error.name === "AbortError" ? "it did not answer in time" : error.message;
  return String(error);
}
