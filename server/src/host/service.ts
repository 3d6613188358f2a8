// Hosts: what they are, whether they are connected, and the way to their daemons. Knows no GraphQL.
import { HostUnreachable, InvalidInput, Unsupported } from "../errors.js";
import type { DaemonClient } from "../hypervisor/client.js";
import { faultReason, isUnknownCall, isUnreachable } from "../hypervisor/fault.js";
import type { Host, HostFacts } from "./model.js";

/** The id under which a host is spoken of that has never been reached. */
const UNKNOWN_HOST = "local";

/**
 * How far a connected host's journal is known. `replaying`: what happened before the connection is still being told.
 * `unstored`: all was heard, but the database is away and will be told later. `stored`: the event log has it all.
 */
export type JournalState = "replaying" | "unstored" | "stored";

interface Entry {
  host: Host;
  client: DaemonClient | null;
  journal: JournalState;
}

export class HostService {
  readonly #hosts = new Map<string, Entry>();
  /** Why the configured daemon could not be reached, while no host is known. */
  #neverReached = "it has not answered yet";

  /** Takes a host from the database, before its daemon has been reached. */
  remember(facts: HostFacts): void {
    if (this.#hosts.has(facts.id)) return;
    this.#hosts.set(facts.id, { client: null, journal: "replaying", host: { ...facts, connected: false, connectedSince: null, connectionError: "its daemon has not answered yet" } });
  }

  connected(facts: HostFacts, client: DaemonClient): void {
    this.#hosts.set(facts.id, { client, journal: "replaying", host: { ...facts, connected: true, connectedSince: new Date(), connectionError: null } });
  }

  /** Null: the host whose daemon was never reached. True when it was connected until now. */
  disconnected(id: string | null, reason: string): boolean {
    this.#neverReached = reason;
    const entry = id === null ? undefined : this.#hosts.get(id);
    if (entry === undefined) {
      for (const known of this.#hosts.values()) if (known.client === null) known.host = { ...known.host, connectionError: reason };
      return false;
    }
    const wasConnected = entry.host.connected;
    entry.client = null;
    entry.host = { ...entry.host, connected: false, connectionError: reason, connectedSince: wasConnected ? new Date() : entry.host.connectedSince };
    return wasConnected;
  }

  list(): Host[] {
    return [...this.#hosts.values()].map(({ host }) => host).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(id: string): Host | null {
    return this.#hosts.get(id)?.host ?? null;
  }

  /** For VMs, which always have a host. */
  expect(id: string): Host {
    const host = this.get(id);
    if (host === null) throw new Error(`a VM names host ${id}, which is not known`);
    return host;
  }

  isConnected(id: string): boolean {
    return this.#hosts.get(id)?.host.connected === true;
  }

  heardJournal(id: string, state: JournalState): void {
    const entry = this.#hosts.get(id);
    if (entry !== undefined) entry.journal = state;
  }

  /** Whether what is seen of the host is the present, and not what a journal still to be told has led to. */
  isFollowed(id: string): boolean {
    return this.isConnected(id) && this.#hosts.get(id)?.journal !== "replaying";
  }

  /** True while entries of the journal will come into the event log that are older than now. */
  hasJournalToStore(id: string): boolean {
    return this.isConnected(id) && this.#hosts.get(id)?.journal !== "stored";
  }

  /** The host a new VM goes to; null: the only one. */
  choose(id: string | null): string {
    if (id !== null) {
      if (!this.#hosts.has(id)) throw new InvalidInput(`No host has the id "${id}"; the hosts query lists them.`, "hostId");
      return id;
    }
    const [only, another] = this.#hosts.keys();
    if (another !== undefined) throw new InvalidInput("There are several hosts; say which one with hostId.", "hostId");
    if (only === undefined) throw this.unreachable(UNKNOWN_HOST, this.#neverReached);
    return only;
  }

  /** Calls a connected host's daemon; a broken line becomes HostUnreachable, a call that it does not know Unsupported. */
  async call<T>(id: string, call: (client: DaemonClient) => Promise<T>): Promise<T> {
    const client = this.client(id);
    try {
      return await call(client);
    } catch (error) {
      if (isUnreachable(error)) throw this.unreachable(id, faultReason(error));
      if (isUnknownCall(error)) throw new Unsupported(`The daemon of host ${this.nameOf(id)} is older than this server and cannot do this; run the same version of both.`);
      throw error;
    }
  }

  /** The error of a host that does not answer. */
  unreachable(id: string, cause: string): HostUnreachable {
    return new HostUnreachable(id, this.nameOf(id), cause);
  }

  /** What people know a host by; its id where it is not known. */
  nameOf(id: string): string {
    return this.get(id)?.name ?? id;
  }

  client(id: string): DaemonClient {
    const entry = this.#hosts.get(id);
    if (entry?.client == null) throw this.unreachable(id, entry?.host.connectionError ?? this.#neverReached);
    return entry.client;
  }
}
