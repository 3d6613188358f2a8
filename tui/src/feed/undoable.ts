// What somebody asked for lately and could be undone, as the server knows it: for `quetzal undo`, and for a dashboard that
// was opened after it was done.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { Client } from "../client/client.js";
import { batchesOf } from "../store/batch.js";

/** Operations that are looked through for one's own: more than anybody remembers having asked for. */
const LOOKED_THROUGH = 50;

const CANDIDATES = graphql(`
  query UndoCandidates($first: Int!) {
    viewer { name }
    operations(first: $first) { nodes { id kind vmId requestedBy startedAt endedAt undo { text } } }
  }
`);

export type UndoCandidate = ResultOf<typeof CANDIDATES>["operations"]["nodes"][number];

export interface Undoable {
  /** Whose operations these are. */
  readonly viewer: string;
  /** The newest asked for as one of which any can be undone, newest first; empty: none can. */
  readonly batch: readonly UndoCandidate[];
  /** What was asked for after it and cannot be undone; empty: it is the newest. */
  readonly passedOver: readonly UndoCandidate[];
}

/** Throws a ClientError when nobody answers. */
export async function newestUndoable(client: Client, signal?: AbortSignal): Promise<Undoable> {
  const { viewer, operations } = await client.request(CANDIDATES, { first: LOOKED_THROUGH }, signal);
  const batches = batchesOf(operations.nodes.filter((operation) => operation.requestedBy === viewer.name));
  const index = batches.findIndex((batch) => batch.some(({ undo }) => undo !== null));
  return { viewer: viewer.name, batch: batches[index] ?? [], passedOver: index > 0 ? (batches[0] ?? []) : [] };
}
