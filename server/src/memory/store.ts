// Changes of hosts' memory settings that can be undone, as they are stored, newest first. Knows no rule.
import type { Db } from "../db/client.js";
import type { Prisma } from "../db/generated/client.js";
import type { ChangedParts, HostMemoryChanged } from "./host-undo.js";

/** Changes kept of one host: more than anybody takes back one by one. */
const KEPT_PER_HOST = 50;

export async function rememberHostChange(db: Db, { hostId, actor, before, after }: Omit<HostMemoryChanged, "id"> & { readonly hostId: string }): Promise<void> {
  const json = (parts: ChangedParts): Prisma.InputJsonValue => parts as unknown as Prisma.InputJsonValue;
  await db.hostMemoryChange.create({ data: { hostId, actor, before: json(before), after: json(after) } });
  const oldest = await db.hostMemoryChange.findFirst({ where: { hostId }, orderBy: { id: "desc" }, skip: KEPT_PER_HOST, select: { id: true } });
  if (oldest !== null) await db.hostMemoryChange.deleteMany({ where: { hostId, id: { lte: oldest.id } } });
}

/** Null: none is kept. */
export async function newestHostChange(db: Db, hostId: string): Promise<HostMemoryChanged | null> {
  const row = await db.hostMemoryChange.findFirst({ where: { hostId }, orderBy: { id: "desc" } });
  // As written above: nobody else writes this table.
  return row === null ? null : { id: row.id, actor: row.actor, before: row.before as unknown as ChangedParts, after: row.after as unknown as ChangedParts };
}

export async function forgetHostChange(db: Db, id: bigint): Promise<void> {
  await db.hostMemoryChange.deleteMany({ where: { id } });
}
