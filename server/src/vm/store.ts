// VMs as they are stored: what is wanted of them, and the daemon's last words about them. Knows nothing of GraphQL.
import type { Db } from "../db/client.js";
import type { PowerWish, Vm, VmState } from "../db/generated/client.js";

export type { PowerWish, Vm, VmState };

/** A definition as vms/vm.schema.json describes it, defaults filled in by the daemon. */
export type VmDefinition = { readonly [field: string]: unknown };

/** Why a VM crashed, as the daemon told it. */
export interface CrashReport {
  readonly cause: string;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly stderrTail: string;
  readonly consoleTail: string;
}

/** What the daemon says about one VM at one moment. */
export interface ObservedVm {
  readonly id: string;
  readonly definition: VmDefinition;
  readonly state: VmState;
  readonly stateSince: Date;
  /** Grows with every change; an older observation never replaces a newer one. */
  readonly generation: bigint;
  readonly startedAt: Date | null;
  readonly accelerator: string | null;
  readonly networkInUse: string | null;
  readonly qemuVersion: string | null;
  readonly pid: number | null;
  readonly restartRequired: boolean;
  readonly crash: CrashReport | null;
}

/** Stores observations, making VMs that are new to the database; older generations than the stored are passed over. */
export async function observeVms(db: Db, hostId: string, observed: readonly ObservedVm[]): Promise<void> {
  if (observed.length === 0) return;
  const rows = observed.map((vm) => ({
    id: vm.id, name: textField(vm.definition, "name") ?? vm.id, definition: vm.definition,
    protected: vm.definition["protected"] === true, autostart: vm.definition["autostart"] === true,
    state: vm.state, state_since: vm.stateSince.toISOString(), generation: vm.generation.toString(),
    started_at: vm.startedAt?.toISOString() ?? null, accelerator: vm.accelerator, network_in_use: vm.networkInUse,
    qemu_version: vm.qemuVersion, pid: vm.pid, restart_required: vm.restartRequired, crash: vm.crash,
  }));
  await db.$executeRaw`
    INSERT INTO vms (id, host_id, name, definition, protected, autostart, state, state_since, generation, started_at,
                     accelerator, network_in_use, qemu_version, pid, restart_required, crash, observed_at)
    SELECT id, ${hostId}, name, definition, protected, autostart, state, state_since, generation, started_at,
           accelerator, network_in_use, qemu_version, pid, restart_required, nullif(crash, 'null'::jsonb), now()
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS vm (
      id text, name text, definition jsonb, protected boolean, autostart boolean, state vm_state, state_since timestamptz,
      generation bigint, started_at timestamptz, accelerator text, network_in_use text, qemu_version text, pid integer,
      restart_required boolean, crash jsonb)
    ON CONFLICT (id) DO UPDATE SET
      host_id = excluded.host_id, name = excluded.name, definition = excluded.definition, protected = excluded.protected,
      autostart = excluded.autostart, state = excluded.state, state_since = excluded.state_since,
      generation = excluded.generation, started_at = excluded.started_at, accelerator = excluded.accelerator,
      network_in_use = excluded.network_in_use, qemu_version = excluded.qemu_version, pid = excluded.pid,
      restart_required = excluded.restart_required, crash = excluded.crash, observed_at = excluded.observed_at
    WHERE vms.generation <= excluded.generation OR vms.host_id <> excluded.host_id`;
}

/** Stores that somebody wants the VM on or off. Nothing happens when it is not there. */
export async function setPowerWish(db: Db, id: string, wish: PowerWish): Promise<void> {
  await db.vm.updateMany({ where: { id }, data: { powerWish: wish } });
}

/** Forgets a VM; its events, operations stay. True when it was there. */
export async function removeVm(db: Db, id: string): Promise<boolean> {
  return (await db.vm.deleteMany({ where: { id } })).count > 0;
}

/** Forgets the VMs of a host that its daemon does not list any more; returns their ids. */
export async function removeVmsNotIn(db: Db, hostId: string, listed: readonly string[]): Promise<string[]> {
  const gone = await db.$queryRaw<{ id: string }[]>`
    DELETE FROM vms WHERE host_id = ${hostId} AND id <> ALL (${[...listed]}::text[]) RETURNING id`;
  return gone.map((row) => row.id);
}

/** One VM; null when none has this id. */
export async function findVm(db: Db, id: string): Promise<Vm | null> {
  return db.vm.findUnique({ where: { id } });
}

/** Every VM (of one host), by name and then id. */
export async function listVms(db: Db, hostId?: string): Promise<Vm[]> {
  return db.vm.findMany({ where: hostId === undefined ? {} : { hostId }, orderBy: [{ name: "asc" }, { id: "asc" }] });
}

/** The stored crash report, typed. */
export function crashOf(vm: Vm): CrashReport | null {
  return vm.crash === null ? null : (vm.crash as unknown as CrashReport);
}

/** The stored definition, typed. */
export function definitionOf(vm: Vm): VmDefinition {
  return vm.definition as unknown as VmDefinition;
}

function textField(definition: VmDefinition, field: string): string | null {
  const value = definition[field];
  return typeof value === "string" ? value : null;
}
