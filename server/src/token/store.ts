// Tokens: made, checked, listed and revoked. Only their SHA-256 is stored; a secret has 256 random bits, so a slow hash
// would protect nothing and cost every request. Knows nothing of HTTP or GraphQL.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Db } from "../db/client.js";
import type { Role, Token } from "../db/generated/client.js";

export type { Role, Token };

/** Marks our secrets, so that scanners for leaked keys can find them. */
export const TOKEN_PREFIX = "qz_";
const SECRET_BYTES = 32;
const NAME_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** As long as events: then the name of a revoked token is all that is left of it anyway. */
export const REVOKED_RETENTION_DAYS = 90;
/** The name of the machine's own token; tokens/local.ts looks after it. */
export const LOCAL_TOKEN_NAME = "local";

/** Tokens without their secrets' hashes: what may be shown. */
export type TokenInfo = Omit<Token, "secretHash">;

/** The input breaks a rule; `field` names it. */
export class InvalidToken extends Error {
  override readonly name = "InvalidToken";

  constructor(readonly field: "name" | "expiresAt", message: string) {
    super(message);
  }
}

export interface NewToken {
  /** 1 to 64 characters: letters, digits, dot, dash, underscore. Unique. */
  readonly name: string;
  readonly role: Role;
  /** Null: it does not expire. */
  readonly expiresAt: Date | null;
}

const PUBLIC_FIELDS = { id: true, name: true, role: true, createdAt: true, expiresAt: true, lastUsedAt: true } as const;

/** Makes a token and returns its secret, which is stored nowhere. Throws InvalidToken. */
export async function createToken(db: Db, input: NewToken, now = new Date()): Promise<{ token: TokenInfo; secret: string }> {
  if (!NAME_PATTERN.test(input.name)) throw new InvalidToken("name", "A token's name has 1 to 64 characters: letters, digits, dot, dash or underscore.");
  if (input.expiresAt !== null && input.expiresAt <= now) throw new InvalidToken("expiresAt", "expiresAt lies in the past; give a later instant or null.");
  const secret = newSecret();
  const made = await db.token.createManyAndReturn({
    data: [{ id: randomUUID(), ...input, secretHash: hashSecret(secret) }], skipDuplicates: true, select: PUBLIC_FIELDS,
  });
  const token = made[0];
  if (token === undefined) throw new InvalidToken("name", `A token named ${input.name} exists already; choose another name or revoke that one first.`);
  return { token, secret };
}

/**
 * The token of a secret; null when it is unknown, revoked or expired. Records its use to the minute, so that a busy
 * client costs one write a minute.
 */
export async function authenticate(db: Db, secret: string, now = new Date()): Promise<TokenInfo | null> {
  if (!secret.startsWith(TOKEN_PREFIX)) return null;
  const token = await db.token.findUnique({ where: { secretHash: hashSecret(secret) }, select: PUBLIC_FIELDS });
  if (token === null || isExpired(token, now)) return null;
  const minute = new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS);
  if (token.lastUsedAt !== null && token.lastUsedAt >= minute) return token;
  await db.token.updateMany({ where: { id: token.id }, data: { lastUsedAt: minute } });
  return { ...token, lastUsedAt: minute };
}

/** Whether a token that was valid has run out; for connections that outlive their token. */
export function isExpired(token: Pick<TokenInfo, "expiresAt">, now = new Date()): boolean {
  return token.expiresAt !== null && token.expiresAt <= now;
}

/** Every token, by name. */
export async function listTokens(db: Db): Promise<TokenInfo[]> {
  return db.token.findMany({ select: PUBLIC_FIELDS, orderBy: { name: "asc" } });
}

/** One token; null when it was revoked or never was. */
export async function findToken(db: Db, id: string): Promise<TokenInfo | null> {
  return db.token.findUnique({ where: { id }, select: PUBLIC_FIELDS });
}

/** Revokes a token at once; null when none has this id. */
export async function revokeToken(db: Db, id: string): Promise<TokenInfo | null> {
  const token = await findToken(db, id);
  if (token === null) return null;
  const revoked = await db.$executeRaw`
    WITH gone AS (DELETE FROM tokens WHERE id = ${id} RETURNING secret_hash, name)
    INSERT INTO revoked_tokens (secret_hash, name) SELECT secret_hash, name FROM gone`;
  return revoked > 0 ? token : null;
}

/** Forgets revoked tokens whose revocation is older than the events that tell of it; returns how many. */
export async function trimRevokedTokens(db: Db, now = new Date()): Promise<number> {
  const before = new Date(now.getTime() - REVOKED_RETENTION_DAYS * DAY_MS);
  return (await db.revokedToken.deleteMany({ where: { revokedAt: { lt: before } } })).count;
}

export function newSecret(): string {
  return TOKEN_PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
}

export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
