// Owns finding the VMs that run, by the daemon's own notes and /proc: with the daemon and without it. Touches none.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./process.mjs";

/** @typedef {{id: string, pid: number, startedAt: string, log: string}} LivingVm startedAt: RFC 3339; log: what QEMU says */

/**
 * @param {import("../paths.mjs").Paths} paths
 * @returns {LivingVm[]} by id
 */
export function livingVms({ stateDir }) {
  const dir = join(stateDir, "hypervisor", "vms");
  if (!existsSync(dir)) return [];
  return readdirSync(dir).sort().flatMap((id) => {
    try {
      const { pid, start_time: startTime, started_at: startedAt } = JSON.parse(readFileSync(join(dir, id, "run.json"), "utf8"));
      if (!isAlive({ pid: Number(pid), startTime: String(startTime) })) return [];
      return [{ id, pid: Number(pid), startedAt: new Date(Number(startedAt)).toISOString(), log: join(dir, id, "qemu.log") }];
    } catch {
      return []; // no notes: it does not run
    }
  });
}
