// Identical subscriptions of viewers with the same rights share one source, one execution and one serialised payload.
// Every reader gets a replay of its own first; the last one to leave closes the source. Knows no transport.
import { getOperationAST, Kind, print, type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from "graphql";
import { ReaderTooSlow } from "../broadcast.js";
import type { Positioned } from "../feed.js";
import { interruptible } from "../streams.js";
import { contextOf, executed, isAsyncIterable, type Executor } from "./execute.js";

/** Payloads that a reader of everything may fall behind; beyond them it is let go and subscribes again. */
const MAX_PAYLOADS_BEHIND = 2_048;

/** "latest": a slow reader gets the newest item of each key. "all": it gets every item or is let go. */
export type SharingPolicy = "latest" | "all";

/** A result that has been serialised once for all its readers. */
export class PreparedResult implements ExecutionResult {
  readonly data = null;
  readonly #payload: Buffer;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  get payload(): Buffer {
    return this.#payload;
  }
}

interface Frame {
  readonly position: bigint;
  readonly key: string;
  readonly result: PreparedResult;
}

class FrameReader {
  readonly #frames = new Map<string | bigint, Frame>();
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(private readonly policy: SharingPolicy) {}

  push(frame: Frame): void {
    // After the first frame that is left out, any other would hide the hole.
    if (this.#ended) return;
    if (this.#frames.size >= MAX_PAYLOADS_BEHIND) { this.end(new ReaderTooSlow(MAX_PAYLOADS_BEHIND)); return; }
    this.#frames.set(this.policy === "latest" ? frame.key : frame.position, frame);
    this.#wake?.();
  }

  end(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake?.();
  }

  async *frames(): AsyncGenerator<Frame, void, undefined> {
    for (;;) {
      for (const [key, frame] of this.#frames) {
        this.#frames.delete(key);
        yield frame;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      if (this.#frames.size > 0) continue;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}

class Live {
  readonly readers = new Set<FrameReader>();
  /** Readers on their way in: the source must not be closed under them. */
  joining = 0;
  readonly opened: Promise<ExecutionResult | null>;
  #source: AsyncIterator<unknown> | undefined;

  constructor(args: ExecutionArgs, private readonly executor: Executor, private readonly onClosed: () => void) {
    this.opened = this.#open({ ...args, contextValue: { ...contextOf(args), part: "live" } });
  }

  leave(reader: FrameReader): void {
    this.readers.delete(reader);
    this.closeIfUnused();
  }

  closeIfUnused(): void {
    if (this.readers.size > 0 || this.joining > 0) return;
    this.onClosed();
    void this.#source?.return?.();
  }

  async #open(args: ExecutionArgs): Promise<ExecutionResult | null> {
    const source = await this.executor.open(args);
    if (!isAsyncIterable(source)) return source;
    this.#source = source[Symbol.asyncIterator]();
    void this.#pump(this.#source, args);
    return null;
  }

  async #pump(source: AsyncIterator<unknown>, args: ExecutionArgs): Promise<void> {
    let failure: Error | undefined;
    try {
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        const { position, key } = next.value as Positioned<unknown>;
        const running = this.executor.execute({ ...args, rootValue: next.value });
        const result = running instanceof Promise ? await running : running;
        const frame = { position, key, result: new PreparedResult(Buffer.from(JSON.stringify(result))) };
        for (const reader of this.readers) reader.push(frame);
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    this.onClosed();
    for (const reader of this.readers) reader.end(failure);
  }
}

export class SharedSubscriptions {
  readonly #live = new Map<string, Live>();
  readonly #texts = new WeakMap<DocumentNode, string>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly executor: Executor,
  ) {}

  get sourceCount(): number {
    return this.#live.size;
  }

  /** Null: the operation is not of a kind that can be shared. */
  policy(args: ExecutionArgs): SharingPolicy | null {
    const selections = getOperationAST(args.document, args.operationName)?.selectionSet.selections ?? [];
    const [only] = selections;
    if (selections.length !== 1 || only?.kind !== Kind.FIELD) return null;
    const shared = this.schema.getSubscriptionType()?.getFields()[only.name.value]?.extensions["shared"];
    return shared === "latest" || shared === "all" ? shared : null;
  }

  async subscribe(args: ExecutionArgs, policy: SharingPolicy): Promise<AsyncGenerator<ExecutionResult, void, undefined> | ExecutionResult> {
    const key = this.#key(args);
    let live = this.#live.get(key);
    if (live === undefined) {
      const made: Live = new Live(args, this.executor, () => {
        if (this.#live.get(key) === made) this.#live.delete(key);
      });
      this.#live.set(key, (live = made));
    }
    live.joining += 1;
    const refused = await live.opened.finally(() => (live.joining -= 1));
    if (refused !== null) {
      live.closeIfUnused();
      return refused;
    }
    const reader = new FrameReader(policy);
    live.readers.add(reader);
    const leave = () => {
      live.leave(reader);
      reader.end();
    };
    return interruptible(this.#read(args, reader, leave), leave);
  }

  /** The reader's own replay, then the shared frames that it has not seen in it. */
  async *#read(args: ExecutionArgs, reader: FrameReader, leave: () => void): AsyncGenerator<ExecutionResult, void, undefined> {
    try {
      let seen = -1n;
      const own = { ...args, contextValue: { ...contextOf(args), part: "replay" } };
      const replay = await this.executor.open(own);
      if (!isAsyncIterable(replay)) {
        yield replay;
        return;
      }
      const noted = notePositions(replay, (position) => (seen = position));
      yield* executed(noted, own, this.executor.execute, (error) => this.executor.present(error, contextOf(args).requestId));
      for await (const frame of reader.frames()) if (frame.position > seen) yield frame.result;
    } catch (error) {
      throw this.executor.present(error, contextOf(args).requestId);
    } finally {
      leave();
    }
  }

  /** What a viewer sees depends on the role and nothing else of it; so does the key. */
  #key(args: ExecutionArgs): string {
    let text = this.#texts.get(args.document);
    if (text === undefined) this.#texts.set(args.document, (text = print(args.document)));
    return JSON.stringify([contextOf(args).viewer.role, args.operationName ?? null, args.variableValues ?? {}, text]);
  }
}

async function* notePositions(items: AsyncIterable<unknown>, note: (position: bigint) => void): AsyncGenerator<unknown, void, undefined> {
  for await (const item of items) {
    note((item as Positioned<unknown>).position);
    yield item;
  }
}
