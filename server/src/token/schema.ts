// The viewer, the server and tokens in GraphQL.
import { builder } from "../graphql/builder.js";
import { RoleEnum } from "../graphql/enums.js";
import { answer, resultUnion } from "../graphql/errors.js";
import type { ServerStatus } from "../status.js";
import type { TokenInfo } from "./store.js";
import type { Viewer } from "./model.js";

const ViewerRef = builder.objectRef<Viewer>("Viewer").implement({
  description: "Who the request's token speaks for.",
  fields: (t) => ({
    name: t.exposeString("name", { description: 'The token\'s name, e.g. "local".' }),
    role: t.expose("role", { type: RoleEnum, description: "What the token may do." }),
  }),
});

const ServerInfoRef = builder.objectRef<ServerStatus>("ServerInfo").implement({
  description: "The server itself.",
  fields: (t) => ({
    version: t.exposeString("version", { description: "Version of the server." }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When the server came up." }),
    databaseConnected: t.boolean({
      description: "Whether the database answers. While false, what is shown is from memory and changes are refused.",
      resolve: (status) => status.databaseConnected(),
    }),
    now: t.field({ type: "DateTime", description: "The server's clock.", resolve: () => new Date() }),
  }),
});

const TokenRef = builder.objectRef<TokenInfo>("Token").implement({
  description: "A token, without its secret.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Names the token for revokeToken." }),
    name: t.exposeString("name", { description: "Its name; operations and events are signed with it." }),
    role: t.expose("role", { type: RoleEnum, description: "What it may do." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", nullable: true, description: "When it stops working; null when it does not expire." }),
    lastUsedAt: t.expose("lastUsedAt", { type: "DateTime", nullable: true, description: "When it was last used, to the minute; null when it never was." }),
  }),
});

const CreateTokenSuccessRef = builder.objectRef<{ token: TokenInfo; secret: string }>("CreateTokenSuccess").implement({
  description: "The token was made.",
  fields: (t) => ({
    token: t.expose("token", { type: TokenRef, description: "The new token." }),
    secret: t.exposeString("secret", { description: "Give it as `Authorization: Bearer SECRET`. It is not stored and not shown again." }),
  }),
});
const RevokeTokenSuccessRef = builder.objectRef<{ token: TokenInfo }>("RevokeTokenSuccess").implement({
  description: "The token was revoked; connections that it opened are closed.",
  fields: (t) => ({ token: t.expose("token", { type: TokenRef, description: "The token as it was." }) }),
});

const CreateTokenResult = resultUnion("CreateTokenResult", "What came of createToken.", CreateTokenSuccessRef, ["InvalidInput", "Forbidden", "DatabaseUnavailable"]);
const RevokeTokenResult = resultUnion("RevokeTokenResult", "What came of revokeToken.", RevokeTokenSuccessRef, ["TokenNotFound", "Forbidden", "DatabaseUnavailable"]);

const CreateTokenInput = builder.inputType("CreateTokenInput", {
  description: "A token to make.",
  fields: (t) => ({
    name: t.string({ required: true, description: "1 to 64 characters: letters, digits, dot, dash, underscore." }),
    role: t.field({ type: RoleEnum, required: true, description: "What it may do." }),
    expiresAt: t.field({ type: "DateTime", description: "When it stops working; null: it does not expire." }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({ type: ViewerRef, description: "Who the request's token speaks for.", resolve: (_, __, ctx) => ctx.viewer }),
  server: t.field({ type: ServerInfoRef, description: "The server itself.", resolve: (_, __, ctx) => ctx.services.status }),
  tokens: t.field({
    type: [TokenRef], description: "Tokens, without their secrets. Needs the role ADMIN.",
    resolve: (_, __, ctx) => ctx.services.tokens.list(ctx.viewer),
  }),
}));

builder.mutationFields((t) => ({
  createToken: t.field({
    type: CreateTokenResult, description: "Make a token; its secret is shown this once. Needs the role ADMIN.",
    args: { input: t.arg({ type: CreateTokenInput, required: true, description: "The token to make." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.tokens.create(ctx.viewer, { ...input, expiresAt: input.expiresAt ?? null })),
  }),
  revokeToken: t.field({
    type: RevokeTokenResult, description: "Revoke a token at once. Needs the role ADMIN.",
    args: { id: t.arg.id({ required: true, description: "The token's id." }) },
    resolve: (_, { id }, ctx) => answer(async () => ({ token: await ctx.services.tokens.revoke(ctx.viewer, id) })),
  }),
}));
