// What the viewer's role allows, said before anything is asked: the server decides, and would say the same later.
import { SERVER_AWAY } from "./notices.js";
import { THE_PAST } from "./past.js";
import type { State } from "./state.js";

const ROLES = ["VIEWER", "OPERATOR", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

/** Why a change that needs a role cannot be made; null when it can, or the role is not known yet. */
export function roleRefusal({ role, connection, past }: State, least: Role): string | null {
  if (past.at !== null) return THE_PAST;
  if (connection.phase === "lost") return SERVER_AWAY;
  const has = ROLES.findIndex((one) => one === role);
  return has === -1 || has >= ROLES.indexOf(least) ? null : `It needs the role ${least.toLowerCase()}; yours is ${ROLES[has]?.toLowerCase() ?? ""}.`;
}
