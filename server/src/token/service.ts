// Tokens: who a secret speaks for (from memory, so that reads go on without the database), making and revoking.
import type { Attempts, LoginFault } from "../audit/attempts.js";
import type { Db } from "../db/client.js";
import { TokenNotFound } from "../errors.js";
import type { EventService } from "../event/service.js";
import type { Log } from "../log.js";
import * as store from "./store.js";
import type { TokenInfo } from "./store.js";
import { requireRole, type Role, type Viewer } from "./model.js";

/** `lastUsedAt` is kept to the minute. */
const USE_RECORDED_EVERY_MS = 60_000;

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt: Date | null;
}

export class TokenService {
  /** By the hash of the secret. This process is the only one that makes and revokes tokens. */
  readonly #known = new Map<string, TokenInfo>();
  /** Names of tokens that work no more, by the hash of the secret. */
  readonly #former = new Map<string, string>();
  readonly #recordedAt = new Map<string, number>();
  readonly #revoked = new Set<(tokenId: string) => void>();

  constructor(
    private readonly db: Db,
    private readonly events: EventService,
    private readonly attempts: Attempts,
    private readonly diary: Log,
  ) {}

  async load(): Promise<void> {
    this.#known.clear();
    for (const { secretHash, ...token } of await this.db.token.findMany()) this.#known.set(secretHash, token);
    this.#former.clear();
    for (const { secretHash, name } of await this.db.revokedToken.findMany()) this.#former.set(secretHash, name);
  }

  /** Null: unknown, revoked or expired, which is told with the address it came from. */
  authenticate(secret: string, from: string, now = new Date()): Viewer | null {
    const hash = store.hashSecret(secret);
    const token = this.#known.get(hash);
    if (token === undefined || store.isExpired(token, now)) {
      this.attempts.loginFailed(this.#fault(token, hash), from);
      return null;
    }
    this.#recordUse(token, secret, now);
    return { tokenId: token.id, name: token.name, role: token.role, expiresAt: token.expiresAt };
  }

  async list(viewer: Viewer): Promise<TokenInfo[]> {
    requireRole(viewer, "ADMIN", "Listing tokens");
    return store.listTokens(this.db);
  }

  async create(viewer: Viewer, input: NewToken): Promise<{ token: TokenInfo; secret: string }> {
    requireRole(viewer, "ADMIN", "Making a token");
    const made = await store.createToken(this.db, input);
    this.#known.set(store.hashSecret(made.secret), made.token);
    this.events.record({ kind: "TOKEN_CREATED", actor: viewer.name, message: `${viewer.name} made the token ${input.name} with the role ${input.role}.` });
    return made;
  }

  async revoke(viewer: Viewer, id: string): Promise<TokenInfo> {
    requireRole(viewer, "ADMIN", "Revoking a token");
    const token = await store.revokeToken(this.db, id);
    if (token === null) throw new TokenNotFound(id);
    for (const [hash, known] of this.#known) {
      if (known.id !== id) continue;
      this.#known.delete(hash);
      this.#former.set(hash, known.name);
    }
    this.events.record({ kind: "TOKEN_REVOKED", actor: viewer.name, message: `${viewer.name} revoked the token ${token.name}.` });
    for (const listener of this.#revoked) listener(id);
    return token;
  }

  /** Calls the listener with the id of each token that is revoked, for connections that it opened. */
  onRevoked(listener: (tokenId: string) => void): Disposable {
    this.#revoked.add(listener);
    return { [Symbol.dispose]: () => void this.#revoked.delete(listener) };
  }

  #fault(token: TokenInfo | undefined, hash: string): LoginFault {
    if (token !== undefined) return { reason: "expired", tokenName: token.name };
    const former = this.#former.get(hash);
    return former === undefined ? { reason: "unknown" } : { reason: "revoked", tokenName: former };
  }

  #recordUse(token: TokenInfo, secret: string, now: Date): void {
    const last = this.#recordedAt.get(token.id) ?? 0;
    if (now.getTime() - last < USE_RECORDED_EVERY_MS) return;
    this.#recordedAt.set(token.id, now.getTime());
    void store.authenticate(this.db, secret, now).catch((error: unknown) => this.diary.warn("a token's use could not be recorded", { token: token.name, error: String(error) }));
  }
}
