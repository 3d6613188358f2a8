// Which operations were asked for as one: the same verb on several VMs, one right after the other. Operations do not name
// the command or plan that they came from; their times do. Pure.

export interface Batchable { readonly kind: string; readonly vmId: string; readonly startedAt: string; readonly endedAt: string | null }

/** Between two operations of one command or plan: the way to the server and back, on a bad line. */
export const BATCH_GAP_MS = 2_000;

/** Somebody's operations, newest first, those asked for as one together and in the same order. */
export function batchesOf<Operation extends Batchable>(operations: readonly Operation[]): Operation[][] {
  const batches: Operation[][] = [];
  for (const operation of operations) {
    const batch = batches.at(-1);
    if (batch !== undefined && belongs(batch, operation)) batch.push(operation);
    else batches.push([operation]);
  }
  return batches;
}

/** A plan asks for the next when another has ended, a command does not wait. One VM twice is two wishes. */
function belongs(batch: readonly Batchable[], older: Batchable): boolean {
  if (batch.some(({ kind, vmId }) => kind !== older.kind || vmId === older.vmId)) return false;
  const moments = [older.startedAt, older.endedAt].flatMap((time) => (time === null ? [] : [Date.parse(time)]));
  return batch.some(({ startedAt }) => moments.some((moment) => Math.abs(Date.parse(startedAt) - moment) <= BATCH_GAP_MS));
}
