// What was tried and not allowed: verbs beyond a role, and tokens that do not work. Each is an event at once; the same
// again is counted, and told as one event a while later, so that nobody can push history out by knocking.
// Knows no GraphQL and no HTTP.
import type { EventService } from "../event/service.js";
import type { EventKind } from "../event/log.js";
import type { Role } from "../token/model.js";

/** The same attempt again is told this much later, with how often: a broken client asks every few seconds for days. */
export const REPEAT_WINDOW_MS = 600_000;
/** Different attempts told apart within a window; what comes beyond is counted together. 50,000 events a week at worst. */
export const MAX_TOLD_APART = 50;

/** Why a token did not let its bearer in. */
export type LoginFault = { readonly reason: "unknown" } | { readonly reason: "revoked" | "expired"; readonly tokenName: string };

export interface RefusedCall {
  readonly actor: string;
  readonly role: Role;
  readonly requiredRole: Role;
  /** Name of the mutation or query. */
  readonly call: string;
  /** The VM it was meant for; null when it was meant for none that exists. */
  readonly vmId: string | null;
  readonly hostId: string | null;
}

interface Attempt {
  readonly kind: EventKind;
  readonly actor: string | null;
  readonly vmId: string | null;
  readonly hostId: string | null;
  /** A sentence without its full stop. */
  readonly sentence: string;
}

interface Window {
  readonly attempt: Attempt;
  repeats: number;
  timer: NodeJS.Timeout;
}

const FAULT_WORDS = { revoked: "was revoked", expired: "has expired" } as const;

export class Attempts implements Disposable {
  readonly #windows = new Map<string, Window>();

  constructor(private readonly events: Pick<EventService, "record">) {}

  /** `from` is the address that showed the token. */
  loginFailed(fault: LoginFault, from: string): void {
    const actor = fault.reason === "unknown" ? null : fault.tokenName;
    const cause = fault.reason === "unknown" ? "its token is unknown" : `the token ${fault.tokenName} ${FAULT_WORDS[fault.reason]}`;
    this.#tell(`LOGIN_FAILED ${fault.reason} ${actor ?? ""} ${from}`, {
      kind: "LOGIN_FAILED", actor, vmId: null, hostId: null, sentence: `A login from ${from} was refused: ${cause}`,
    });
  }

  callRefused({ actor, role, requiredRole, call, vmId, hostId }: RefusedCall): void {
    const target = vmId === null ? "" : ` of ${vmId}`;
    this.#tell(`ACCESS_REFUSED ${actor} ${call} ${vmId ?? ""}`, {
      kind: "ACCESS_REFUSED", actor, vmId, hostId, sentence: `${call}${target} was refused to ${actor} (${role}): it needs the role ${requiredRole}`,
    });
  }

  /** Tells what has been counted and not told yet. */
  [Symbol.dispose](): void {
    for (const window of this.#windows.values()) {
      clearTimeout(window.timer);
      this.#tellRepeats(window);
    }
    this.#windows.clear();
  }

  #tell(key: string, attempt: Attempt): void {
    const window = this.#windows.get(key);
    if (window !== undefined) window.repeats += 1;
    else if (this.#windows.size < MAX_TOLD_APART) this.#open(key, attempt);
    else {
      const { kind } = attempt;
      const others = this.#windows.get(kind);
      if (others !== undefined) others.repeats += 1;
      else this.#open(kind, { kind, actor: null, vmId: null, hostId: null, sentence: OTHERS[kind === "LOGIN_FAILED" ? "logins" : "calls"] });
    }
  }

  #open(key: string, attempt: Attempt): void {
    this.#record(attempt, ".");
    this.#windows.set(key, { attempt, repeats: 0, timer: this.#closesLater(key) });
  }

  #closesLater(key: string): NodeJS.Timeout {
    const timer = setTimeout(() => this.#close(key), REPEAT_WINDOW_MS);
    timer.unref();
    return timer;
  }

  /** While it goes on, one event a window tells how often; a quiet window ends it. */
  #close(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    if (window.repeats === 0) { this.#windows.delete(key); return; }
    this.#tellRepeats(window);
    window.timer = this.#closesLater(key);
  }

  #tellRepeats(window: Window): void {
    if (window.repeats > 0) this.#record(window.attempt, `, ${window.repeats} more ${window.repeats === 1 ? "time" : "times"}.`);
    window.repeats = 0;
  }

  #record({ kind, actor, vmId, hostId, sentence }: Attempt, end: string): void {
    this.events.record({ kind, actor, vmId, hostId, message: sentence + end });
  }
}

const OTHERS = {
  logins: "Logins were refused in more ways than are told apart",
  calls: "Calls were refused in more ways than are told apart",
} as const;
