// `quetzal token create|ls|revoke`. A secret is printed once, alone on standard output, so that a script can keep it.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { formatAge, sanitise } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import type { ListFlags, Listing } from "./output/listing.js";
import { printList, printRecord } from "./output/print.js";

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

type ListedToken = ResultOf<typeof TOKENS>["tokens"][number];

export const TOKEN_LISTING: Listing<ListedToken> = {
  name: ({ id }) => id,
  empty: "There is no token.",
  columns: [
    { name: "id", value: ({ id }) => id, cell: ({ id }) => id },
    { name: "name", value: ({ name }) => name, cell: ({ name }) => sanitise(name) },
    { name: "role", value: ({ role }) => role.toLowerCase(), cell: ({ role }) => role.toLowerCase() },
    { name: "age", align: "right", value: ({ createdAt }) => createdAt, cell: ({ createdAt }, { nowMs }) => formatAge(createdAt, nowMs) },
    { name: "used", align: "right", value: ({ lastUsedAt }) => lastUsedAt, cell: ({ lastUsedAt }, { nowMs }) => (lastUsedAt === null ? "never" : `${formatAge(lastUsedAt, nowMs)} ago`) },
    { name: "expires", value: ({ expiresAt }) => expiresAt, cell: ({ expiresAt }) => expiresAt ?? "never" },
  ],
};

export async function listTokens(context: CommandContext, flags: ListFlags): Promise<void> {
  const { tokens } = await context.client().request(TOKENS, {}, context.signal);
  await printList(context, TOKEN_LISTING, tokens, flags);
}

export async function createToken(context: CommandContext, name: string, options: { role: RoleName; days?: number }): Promise<void> {
  const expiresAt = options.days === undefined ? null : new Date(context.nowMs() + options.days * MS_PER_DAY).toISOString();
  const { result } = await context.client().request(CREATE, { input: { name, role: ROLE_OF[options.role], expiresAt } }, context.signal);
  if (result.__typename !== "CreateTokenSuccess") throw fromTypedError(result);
  const { token, secret } = result;
  context.note(`Token ${sanitise(token.name)} (${options.role}), id ${token.id}. Its secret is not shown again:`);
  await printRecord(context, { token, secret }, { name: secret, lines: () => [secret] });
}

export async function revokeToken(context: CommandContext, nameOrId: string): Promise<void> {
  const { tokens } = await context.client().request(TOKENS, {}, context.signal);
  const matches = tokens.filter((token) => token.id === nameOrId || token.name === nameOrId);
  const [match] = matches;
  if (match === undefined) throw new CommandError(EXIT.notFound, "TokenNotFound", `There is no token "${sanitise(nameOrId)}": 'quetzal token ls' lists them.`);
  if (matches.length > 1) throw new CommandError(EXIT.usage, "Ambiguous", `Several tokens are named "${sanitise(nameOrId)}": give an id from 'quetzal token ls'.`);
  const { result } = await context.client().request(REVOKE, { id: match.id }, context.signal);
  if (result.__typename !== "RevokeTokenSuccess") throw fromTypedError(result);
  const { token } = result;
  await printRecord(context, token, { name: token.id, lines: () => [`${sanitise(token.name)}: revoked`] });
}
