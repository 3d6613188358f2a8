// `quetzal token create|ls|revoke`. A secret is printed once, alone on standard output, so that a script can keep it.
import { graphql } from "../client/document.js";
import { formatAge, sanitise } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import { tableLines } from "./table.js";

const TOKENS = graphql(`query Tokens { tokens { id name role createdAt expiresAt lastUsedAt } }`);
const CREATE = graphql(`
  mutation CreateToken($input: CreateTokenInput!) {
    result: createToken(input: $input) {
      __typename
      ... on CreateTokenSuccess { secret token { id name role createdAt expiresAt } }
      ... on Error { message }
      ... on InvalidInput { field }
    }
  }
`);
const REVOKE = graphql(`
  mutation RevokeToken($id: ID!) {
    result: revokeToken(id: $id) {
      __typename
      ... on RevokeTokenSuccess { token { id name } }
      ... on Error { message }
    }
  }
`);

export const ROLES = ["viewer", "operator", "admin"] as const;
export type RoleName = (typeof ROLES)[number];
const ROLE_OF = { viewer: "VIEWER", operator: "OPERATOR", admin: "ADMIN" } as const;
const MS_PER_DAY = 86_400_000;

export async function listTokens(context: CommandContext): Promise<void> {
  const { tokens } = await context.client().request(TOKENS, {}, context.signal);
  if (context.format === "json") return printJson(context, tokens);
  const now = context.nowMs();
  const rows = tokens.map((token) => [
    token.id,
    sanitise(token.name),
    token.role.toLowerCase(),
    formatAge(token.createdAt, now),
    token.lastUsedAt === null ? "never" : `${formatAge(token.lastUsedAt, now)} ago`,
    token.expiresAt ?? "never",
  ]);
  await printLines(context, tableLines([{ title: "ID" }, { title: "NAME" }, { title: "ROLE" }, { title: "AGE", align: "right" }, { title: "USED", align: "right" }, { title: "EXPIRES" }], rows));
}

export async function createToken(context: CommandContext, name: string, options: { role: RoleName; days?: number }): Promise<void> {
  const expiresAt = options.days === undefined ? null : new Date(context.nowMs() + options.days * MS_PER_DAY).toISOString();
  const { result } = await context.client().request(CREATE, { input: { name, role: ROLE_OF[options.role], expiresAt } }, context.signal);
  if (result.__typename !== "CreateTokenSuccess") throw fromTypedError(result);
  if (context.format === "json") return printJson(context, { token: result.token, secret: result.secret });
  context.note(`Token ${sanitise(result.token.name)} (${options.role}), id ${result.token.id}. Its secret is not shown again:`);
  await context.print(result.secret);
}

export async function revokeToken(context: CommandContext, nameOrId: string): Promise<void> {
  const { tokens } = await context.client().request(TOKENS, {}, context.signal);
  const matches = tokens.filter((token) => token.id === nameOrId || token.name === nameOrId);
  const [match] = matches;
  if (match === undefined) throw new CommandError(EXIT.notFound, "TokenNotFound", `There is no token "${sanitise(nameOrId)}": 'quetzal token ls' lists them.`);
  if (matches.length > 1) throw new CommandError(EXIT.usage, "Ambiguous", `Several tokens are named "${sanitise(nameOrId)}": give an id from 'quetzal token ls'.`);
  const { result } = await context.client().request(REVOKE, { id: match.id }, context.signal);
  if (result.__typename !== "RevokeTokenSuccess") throw fromTypedError(result);
  if (context.format === "json") return printJson(context, result.token);
  await context.print(`${sanitise(result.token.name)}: revoked`);
}
