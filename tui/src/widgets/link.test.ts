import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Link, QUESTION } from "./link.js";

describe("the link to the terminal", () => {
  let ready: number;
  let link: Link;
  beforeEach(() => {
    vi.useFakeTimers();
    ready = 0;
    link = new Link(() => ready++);
  });
  afterEach(() => vi.useRealTimers());

  it("asks after a kilobyte, and not behind every number", () => {
    expect([link.sent(400), link.sent(400), link.sent(400), link.sent(10)]).toEqual(["", "", QUESTION, ""]);
  });

  it("never waits for a terminal that does not answer", () => {
    for (let frame = 0; frame < 50; frame++) {
      link.sent(3_000);
      expect(link.mayTake()).toBe(true);
    }
  });

  it("holds frames while four kilobytes are unanswered, and says when the next may go", () => {
    link.sent(2_000);
    link.answered();
    for (let frame = 0; frame < 3; frame++) expect(link.sent(2_500)).toBe(QUESTION);
    expect(link.mayTake()).toBe(false);
    link.answered();
    expect(ready).toBe(0);
    link.answered();
    expect([ready, link.mayTake()]).toEqual([1, true]);
  });

  it("does not wait for an answer to what it has not asked", () => {
    link.sent(2_000);
    link.sent(6_000);
    link.answered();
    expect(link.mayTake()).toBe(true);
  });

  it("paints on when an answer is lost", () => {
    link.sent(2_000);
    link.answered();
    link.sent(9_000);
    expect(link.mayTake()).toBe(false);
    vi.advanceTimersByTime(8_000);
    expect([ready, link.mayTake()]).toEqual([1, true]);
  });

  it("is not moved by an answer to nobody's question", () => {
    link.answered();
    link.sent(9_000);
    expect(link.mayTake()).toBe(true);
  });

  it("waits at the end for the answer on its way, and not for ever", async () => {
    let isQuiet = false;
    link.sent(2_000);
    link.answered();
    link.sent(2_000);
    void link.quiet().then(() => (isQuiet = true));
    await vi.advanceTimersByTimeAsync(100);
    expect(isQuiet).toBe(false);
    link.answered();
    await vi.advanceTimersByTimeAsync(0);
    expect(isQuiet).toBe(true);
    link.sent(2_000);
    isQuiet = false;
    void link.quiet().then(() => (isQuiet = true));
    await vi.advanceTimersByTimeAsync(700);
    expect(isQuiet).toBe(true);
  });
});
