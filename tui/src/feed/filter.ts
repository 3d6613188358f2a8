// Follows the filter that is typed: the server is asked anew for each text, and the answer to the last one is let go. It
// knows nothing of the language.
import { graphql } from "../client/document.js";
import { paintable } from "../store/sanitize.js";
import type { Follow, Store } from "./feed.js";

const MATCHING = graphql(`subscription DashboardMatching($where: String!) { vmsMatching(where: $where) { ids error errorColumn } }`);

export class FilterFeed implements Disposable {
  private where = "";
  private stop: AbortController | null = null;

  constructor(
    private readonly follow: Follow,
    private readonly store: Store,
  ) {}

  lookedAt(): void {
    const where = this.store.state.ui.filter;
    if (where === this.where) return;
    this.stop?.abort();
    this.where = where;
    this.stop = null;
    if (where === "") return;
    this.stop = new AbortController();
    this.follow(MATCHING, () => ({ where }), ({ vmsMatching: { ids, error, errorColumn } }) => {
      this.store.dispatch({ type: "matches", where, ids, fault: error === null ? null : { text: paintable(error), column: errorColumn ?? 1 } });
    }, this.stop.signal);
  }

  [Symbol.dispose](): void {
    this.stop?.abort();
  }
}
