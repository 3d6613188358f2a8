// What the viewer's role allows, said before anything is asked: the server decides, and would say the same later.
import type { State } from "./state.js";

const ROLES = ["VIEWER", "OPERATOR", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

/** Why something that needs a role cannot be done; null when it can, or the role is not known yet. */
export function roleRefusal({ role, connection }: State, least: Role): string | null {
  if (connection.phase === "lost") return "The server is away; this works again when it is back.";
  const has = ROLES.findIndex((one) => one === role);
  return has === -1 || has >= ROLES.indexOf(least) ? null : `It needs the role ${least.toLowerCase()}; yours is ${ROLES[has]?.toLowerCase() ?? ""}.`;
}
