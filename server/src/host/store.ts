// Hosts as they are stored: the facts their daemons told last. Whether one is connected now is not known here.
import type { Db } from "../db/client.js";
import type { Host, Prisma } from "../db/generated/client.js";

export type { Host };

/** Whether a host can do something, and if not, why and what would give it. */
export interface Capability {
  readonly name: string;
  readonly available: boolean;
  /** Null when there is nothing to say. */
  readonly reason: string | null;
  /** Null when it is there or nothing can give it. */
  readonly mend: string | null;
}

/** What a daemon says about its host. */
export interface ObservedHost {
  readonly id: string;
  readonly name: string;
  readonly kernel: string;
  readonly cpuModel: string;
  readonly cpuCount: number;
  readonly memoryBytes: bigint;
  readonly daemonVersion: string;
  /** Empty when QEMU is not installed. */
  readonly qemuVersion: string;
  readonly stateDirectory: string;
  readonly bootedAt: Date | null;
  readonly daemonStartedAt: Date | null;
  readonly capabilities: readonly Capability[];
}

/** Stores what a daemon says of its host, making it when it is new. Its journal sequence stays. */
export async function observeHost(db: Db, observed: ObservedHost): Promise<Host> {
  const { id, capabilities, ...facts } = observed;
  const data = { ...facts, capabilities: capabilities as unknown as Prisma.InputJsonValue, lastSeenAt: new Date() };
  return db.host.upsert({ where: { id }, create: { id, ...data }, update: data });
}

/** Every host, by name. */
export async function listHosts(db: Db): Promise<Host[]> {
  return db.host.findMany({ orderBy: [{ name: "asc" }, { id: "asc" }] });
}

/** One host; null when none has this id. */
export async function findHost(db: Db, id: string): Promise<Host | null> {
  return db.host.findUnique({ where: { id } });
}

/** The last journal entry of this host that is stored: watch from here. 0 for a host that is new. */
export async function journalSequence(db: Db, hostId: string): Promise<bigint> {
  return (await db.host.findUnique({ where: { id: hostId }, select: { journalSequence: true } }))?.journalSequence ?? 0n;
}

/**
 * Forgets how far a host's journal was read, because its daemon lost its state and counts from 1 again (it says a
 * newest sequence below the stored one). Stored events lose their place in the old journal, and stay.
 */
export async function restartJournal(db: Db, hostId: string): Promise<void> {
  await db.$transaction([
    db.event.updateMany({ where: { hostId }, data: { hostSequence: null } }),
    db.host.updateMany({ where: { id: hostId }, data: { journalSequence: 0n } }),
  ]);
}

/** The stored capabilities, typed. */
export function capabilitiesOf(host: Host): readonly Capability[] {
  return host.capabilities as unknown as readonly Capability[];
}
