// The state in memory and the one way to change it. It says when something changed, and to nobody in particular what.
import type { Action } from "../store/actions.js";
import { reduce } from "../store/reduce.js";
import type { Settings } from "../store/settings.js";
import { initialState } from "../store/state.js";
import type { State } from "../store/state.js";
import type { Store } from "./feed.js";

export class MemoryStore implements Store {
  state: State;
  constructor(now: number, private readonly changed: () => void, settings?: Settings) {
    this.state = initialState(now, settings);
  }
  readonly dispatch = (action: Action): void => {
    const before = this.state;
    this.state = reduce(this.state, action);
    if (this.state !== before) this.changed();
  };
}
