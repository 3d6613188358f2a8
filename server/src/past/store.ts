// The SQL of the past: versions and moments of VMs. Rows are written by the event log, with the events that tell of them.
import type { Db } from "../db/client.js";
import type { RecordedVm } from "../event/log.js";
import type { VmDefinition, VmState } from "../vm/model.js";
import type { PastLife, VmVersion } from "./model.js";

/** Moments are kept as long as the metrics of the coarsest step, and a day more for whoever asks for the oldest. */
export const MOMENT_RETENTION_DAYS = 31;
/** Versions of a VM that is long gone are kept as long as events. */
export const VERSION_RETENTION_DAYS = 90;
/** Definitions kept of one VM: an edit an hour for a month; the oldest go first. */
export const VERSIONS_PER_VM = 750;

interface LifeRow {
  vmId: string; hostId: string; generation: bigint; definition: VmDefinition; running: VmDefinition | null; endedAt: Date | null;
  state: VmState | null; stateSince: Date | null; startedAt: Date | null; accelerator: string | null; networkInUse: string | null;
  pid: number | null; restartRequired: boolean | null; crashCause: string | null;
}

/** Every VM that was defined at this instant, by id. */
export async function livesAt(db: Db, at: Date): Promise<PastLife[]> {
  const rows = await db.$queryRaw<LifeRow[]>`
    SELECT life.vm_id AS "vmId", life.host_id AS "hostId", life.generation, life.definition, running.definition AS running, ended.time AS "endedAt",
           moment.state::text, moment.state_since AS "stateSince", moment.started_at AS "startedAt", moment.accelerator,
           moment.network_in_use AS "networkInUse", moment.pid, moment.restart_required AS "restartRequired", moment.crash_cause AS "crashCause"
    FROM (SELECT DISTINCT vm_id FROM vm_versions WHERE time <= ${at}) AS known
    CROSS JOIN LATERAL (
      SELECT * FROM vm_versions WHERE vm_id = known.vm_id AND time <= ${at} ORDER BY time DESC, id DESC LIMIT 1
    ) AS life
    LEFT JOIN LATERAL (
      SELECT time FROM vm_versions WHERE vm_id = known.vm_id AND time > ${at} AND definition IS NULL ORDER BY time, id LIMIT 1
    ) AS ended ON true
    LEFT JOIN LATERAL (
      SELECT * FROM vm_moments WHERE vm_id = known.vm_id AND time <= ${at} ORDER BY time DESC, id DESC LIMIT 1
    ) AS moment ON true
    -- A start takes the definition as it is when it begins; QEMU is there a little later.
    LEFT JOIN LATERAL (
      SELECT definition FROM vm_versions WHERE moment.restart_required AND vm_id = known.vm_id AND time <= coalesce(
        (SELECT max(state_since) FROM vm_moments WHERE vm_id = known.vm_id AND time <= moment.started_at AND state = 'STARTING'), moment.started_at)
      ORDER BY time DESC, id DESC LIMIT 1
    ) AS running ON true
    WHERE life.definition IS NOT NULL
    ORDER BY life.vm_id`;
  return rows.map(({ vmId, hostId, generation, definition, running, endedAt, state, stateSince, restartRequired, ...observed }) => ({
    vmId, hostId, generation, definition, running, endedAt,
    moment: state === null || stateSince === null ? null : { state, stateSince, restartRequired: restartRequired === true, ...observed },
  }));
}

/** When the oldest version was made; null: none is kept. */
export async function oldestVersion(db: Db): Promise<Date | null> {
  return (await db.vmVersion.aggregate({ _min: { time: true } }))._min.time;
}

/** Definitions of a VM's present or last life, newest first. */
export async function versionsOf(db: Db, vmId: string, first: number): Promise<VmVersion[]> {
  return db.$queryRaw<VmVersion[]>`
    SELECT vm_id AS "vmId", generation, time, definition, actor FROM vm_versions
    WHERE vm_id = ${vmId} AND definition IS NOT NULL
      AND id > coalesce((SELECT max(id) FROM vm_versions AS gone WHERE gone.vm_id = ${vmId} AND gone.definition IS NULL
                         AND EXISTS (SELECT FROM vm_versions AS later WHERE later.vm_id = ${vmId} AND later.id > gone.id)), 0)
    ORDER BY id DESC LIMIT ${first}`;
}

/** The definition that a VM had at a generation; null when none of that time is kept. */
export async function definitionAt(db: Db, vmId: string, generation: bigint): Promise<VmDefinition | null> {
  const row = await db.vmVersion.findFirst({ where: { vmId, generation: { lte: generation } }, orderBy: { id: "desc" }, select: { definition: true } });
  return (row?.definition ?? null) as VmDefinition | null;
}

/** The two newest versions of a VM, newest first: which operation made the newest, and what was before it (null: nothing). */
export async function newestVersions(db: Db, vmId: string): Promise<{ operationId: string | null; definition: VmDefinition | null }[]> {
  const rows = await db.vmVersion.findMany({ where: { vmId }, orderBy: { id: "desc" }, take: 2, select: { operationId: true, definition: true } });
  return rows as { operationId: string | null; definition: VmDefinition | null }[];
}

export type ListedVm = RecordedVm & { readonly id: string };

/**
 * Brings the past of a host's VMs up to what its daemon listed, once its journal has been replayed: what that never told
 * (it was trimmed before it was read) is noted as of the list. What happened since the list is left alone.
 */
export async function noteListed(db: Db, hostId: string, listed: readonly ListedVm[], at: Date): Promise<void> {
  const rows = JSON.stringify(listed.map(({ crash, generation, ...vm }) => ({ ...vm, generation: generation.toString(), crash_cause: crash?.cause ?? null })));
  await db.$executeRaw`
    WITH listed AS (
      SELECT * FROM jsonb_to_recordset(${rows}::jsonb) AS vm (
        id text, definition jsonb, generation bigint, state vm_state, "stateSince" timestamptz, "startedAt" timestamptz, accelerator text,
        "networkInUse" text, pid integer, "restartRequired" boolean, crash_cause text)
    ), newest AS (
      SELECT DISTINCT ON (vm_id) vm_id, host_id, generation, definition, time FROM vm_versions ORDER BY vm_id, id DESC
    ), versions AS (
      INSERT INTO vm_versions (vm_id, host_id, generation, time, definition)
      SELECT coalesce(listed.id, newest.vm_id), ${hostId}, coalesce(listed.generation, newest.generation), ${at}, listed.definition
      FROM listed FULL JOIN newest ON newest.vm_id = listed.id
      WHERE (newest.time IS NULL OR newest.time <= ${at}) AND CASE WHEN listed.id IS NULL THEN newest.host_id = ${hostId} AND newest.definition IS NOT NULL
                 ELSE newest.definition IS DISTINCT FROM listed.definition END
    )
    INSERT INTO vm_moments (vm_id, time, state, state_since, started_at, accelerator, network_in_use, pid, restart_required, crash_cause)
    SELECT listed.id, ${at}, listed.state, "stateSince", "startedAt", accelerator, "networkInUse", pid, "restartRequired", crash_cause
    FROM listed LEFT JOIN LATERAL (SELECT state, time FROM vm_moments WHERE vm_id = listed.id ORDER BY time DESC, id DESC LIMIT 1) AS newest ON true
    WHERE (newest.time IS NULL OR newest.time <= ${at}) AND newest.state IS DISTINCT FROM listed.state`;
}

/** Forgets what is older than is kept; what was true at the oldest kept instant stays. Returns how many rows went. */
export async function trimPast(db: Db, now = new Date()): Promise<number> {
  const days = (count: number): Date => new Date(now.getTime() - count * 86_400_000);
  const moments = await db.$executeRaw`
    DELETE FROM vm_moments AS old WHERE time < ${days(MOMENT_RETENTION_DAYS)}
      AND EXISTS (SELECT FROM vm_moments AS next WHERE next.vm_id = old.vm_id AND next.time <= ${days(MOMENT_RETENTION_DAYS)} AND (next.time, next.id) > (old.time, old.id))`;
  const versions = await db.$executeRaw`
    DELETE FROM vm_versions AS old WHERE EXISTS (
      SELECT FROM vm_versions AS gone WHERE gone.vm_id = old.vm_id AND gone.id >= old.id AND gone.definition IS NULL AND gone.time < ${days(VERSION_RETENTION_DAYS)}
    ) OR id <= (SELECT id FROM vm_versions AS kept WHERE kept.vm_id = old.vm_id ORDER BY id DESC OFFSET ${VERSIONS_PER_VM} LIMIT 1)`;
  return moments + versions;
}
