// Roles and the viewer. Pure.
import { Forbidden } from "../errors.js";

/** Each role includes the ones before it. */
export const ROLES = ["VIEWER", "OPERATOR", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

/** Whom a request's token speaks for. */
export interface Viewer {
  readonly tokenId: string;
  readonly name: string;
  readonly role: Role;
  /** Null: the token does not expire. */
  readonly expiresAt: Date | null;
}

export function hasRole(viewer: Viewer, role: Role): boolean {
  return ROLES.indexOf(viewer.role) >= ROLES.indexOf(role);
}

/** Throws Forbidden with `what` as the sentence's subject, e.g. "Starting a VM". */
export function requireRole(viewer: Viewer, role: Role, what: string): void {
  if (!hasRole(viewer, role)) throw new Forbidden(role, what);
}
