// What is to be ended when a bench is interrupted: each suite's own things, beside the stacks that know themselves.
type Ending = () => Promise<void> | void;

const endings = new Set<Ending>();
let isOver = false;

/**
 * Ends something if the bench is interrupted before the returned function was called. To be given as soon as there is
 * something to end; after an interruption it is ended at once, and what would go on with it is stopped by an error.
 */
export function whenInterrupted(end: Ending): () => void {
  if (isOver) {
    void end();
    throw new Error("interrupted");
  }
  endings.add(end);
  return () => void endings.delete(end);
}

/** The newest first, as they may stand on the older ones. */
export async function endAll(): Promise<void> {
  isOver = true;
  for (const end of [...endings].reverse()) await end();
}
