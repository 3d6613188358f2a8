// One question at a time, always the newest.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Latest } from "./latest.js";

describe("Latest", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function questions() {
    const asked: { key: string; signal: AbortSignal; answer: () => void }[] = [];
    const question = (key: string) => ({ key, ask: (signal: AbortSignal) => new Promise<void>((resolve) => {
      asked.push({ key, signal, answer: resolve });
      signal.addEventListener("abort", () => resolve());
    }) });
    return { asked, question, keys: () => asked.map((each) => each.key) };
  }
  const settle = () => vi.advanceTimersByTimeAsync(1);

  it("asks at once, then of all that was wanted meanwhile only the last", async () => {
    const { asked, question, keys } = questions();
    const latest = new Latest();
    for (const key of ["a", "b", "c"]) latest.want(question(key));
    expect(keys()).toEqual(["a"]);
    asked[0]?.answer();
    await settle();
    expect(keys()).toEqual(["a", "c"]);
  });

  it("asks the same once, until it is forgotten", async () => {
    const { asked, question, keys } = questions();
    const latest = new Latest();
    latest.want(question("a"));
    latest.want(question("a"));
    asked[0]?.answer();
    await settle();
    latest.want(question("a"));
    expect(keys()).toEqual(["a"]);
    latest.forget();
    latest.want(question("a"));
    expect(keys()).toEqual(["a", "a"]);
  });

  it("gives up an answer that takes long, for a newer question", async () => {
    const { asked, question, keys } = questions();
    const latest = new Latest();
    latest.want(question("slow"));
    await vi.advanceTimersByTimeAsync(200);
    latest.want(question("new"));
    await vi.advanceTimersByTimeAsync(90);
    expect(asked[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(keys()).toEqual(["slow", "new"]);
  });

  it("gives up what nobody wants any more, and asks it anew when it is wanted again", async () => {
    const { asked, question, keys } = questions();
    const latest = new Latest();
    latest.want(question("a"));
    latest.want(null);
    expect(asked[0]?.signal.aborted).toBe(true);
    latest.want(question("a"));
    await settle();
    expect(keys()).toEqual(["a", "a"]);
  });
});
