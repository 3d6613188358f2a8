// A feed is what a subscription reads: a replay of its own for every reader, then a live part that all readers share.
// Positions only grow; a live item at or below the last replayed position has been seen already. Knows no GraphQL.

import { interruptible, streamOf } from "./streams.js";

/** Which part of a feed a reader wants. */
export type FeedPart = "replay" | "live" | "whole";

export interface Positioned<T> {
  readonly position: bigint;
  /** Readers that only want the latest keep one item a key. */
  readonly key: string;
  readonly value: T;
}

export interface Feed<T> {
  /** What there is now. */
  replay(): readonly Positioned<T>[];
  live(): AsyncGenerator<Positioned<T>, void, undefined>;
}

export function openFeed<T>(feed: Feed<T>, part: FeedPart): AsyncIterable<Positioned<T>> {
  switch (part) {
    case "replay":
      return streamOf(feed.replay());
    case "live":
      return feed.live();
    case "whole":
      return whole(feed);
  }
}

function whole<T>(feed: Feed<T>): AsyncGenerator<Positioned<T>, void, undefined> {
  // Subscribed before the replay is read, so that nothing falls between the two.
  const live = feed.live();
  return interruptible(replayThenLive(feed.replay(), live), () => void live.return());
}

async function* replayThenLive<T>(replay: readonly Positioned<T>[], live: AsyncIterable<Positioned<T>>): AsyncGenerator<Positioned<T>, void, undefined> {
  let seen = -1n;
  for (const item of replay) {
    seen = item.position;
    yield item;
  }
  for await (const item of live) if (item.position > seen) yield item;
}
