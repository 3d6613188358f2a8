// Keys that ask why a VM is slow and that follow the answer: whether they can be done now, and what they do. It draws
// nothing and asks nobody: the feed asks for what the page shows.
import { queryText } from "./feed/why.js";
import type { Store } from "./feed/feed.js";
import type { Command } from "./keys.js";
import { chosenCause, meantVm, windowOfWhy } from "./store/why.js";
import type { State } from "./store/state.js";

const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  why: (state) => (meantVm(state) === null ? "No VM is selected." : null),
  whyAgain: ({ connection }) => (connection.phase === "lost" ? "The server is away; it is asked again when it is back." : null),
  whyGraphs: (state) => (meantVm(state) === null ? "The VM is gone." : null),
  neighbour: (state) => {
    const neighbour = chosenCause(state)?.neighbour ?? null;
    if (neighbour === null) return "The chosen cause is no neighbour's doing.";
    return state.vms.has(neighbour.id) ? null : `${neighbour.label} is gone.`;
  },
};

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForWhy(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store) => void>> = {
  why: ({ state, dispatch }) => {
    const vm = meantVm(state);
    if (vm !== null) dispatch({ type: "whyOpen", vmId: vm.id });
  },
  whyAgain: ({ dispatch }) => dispatch({ type: "whyAgain" }),
  whyGraphs: ({ state, dispatch }) => {
    const vm = meantVm(state);
    if (vm !== null) dispatch({ type: "lookAt", vmId: vm.id });
  },
  whyQuery: ({ state, dispatch }) => {
    const { why } = state.ui;
    if (why !== null) dispatch({ type: "whyQuery", query: why.query === null ? queryText(why.vmId, windowOfWhy(state, why)) : null });
  },
  neighbour: ({ state, dispatch }) => {
    const neighbour = chosenCause(state)?.neighbour ?? null;
    if (neighbour !== null) dispatch({ type: "lookAt", vmId: neighbour.id });
  },
};

/** Does a command of this file; false when it is none. */
export function performWhy(store: Store, command: Command): boolean {
  const perform = PERFORMS[command];
  perform?.(store);
  return perform !== undefined;
}
