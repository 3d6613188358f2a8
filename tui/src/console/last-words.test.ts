// Laws of leaving a console after the end of a pipe.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LastWords, LONGEST_MS, QUIET_MS } from "./last-words.js";

let left: number;
let words: LastWords;
beforeEach(() => {
  vi.useFakeTimers();
  left = 0;
  words = new LastWords(() => { left += 1; });
});
afterEach(() => {
  words[Symbol.dispose]();
  vi.useRealTimers();
});

it("leaves when the guest has been quiet for a while after the end of the input", () => {
  words.heard();
  words.inputEnded();
  vi.advanceTimersByTime(QUIET_MS - 1);
  words.heard();
  vi.advanceTimersByTime(QUIET_MS - 1);
  expect(left).toBe(0);
  vi.advanceTimersByTime(1);
  expect(left).toBe(1);
});

it("waits for the console to be attached before it takes silence for quiet", () => {
  words.inputEnded();
  vi.advanceTimersByTime(QUIET_MS * 2);
  expect(left).toBe(0);
  words.heard();
  vi.advanceTimersByTime(QUIET_MS);
  expect(left).toBe(1);
});

it("does not wait for ever for a guest that goes on talking", () => {
  words.inputEnded();
  for (let spent = 0; spent < LONGEST_MS; spent += QUIET_MS / 2) {
    words.heard();
    vi.advanceTimersByTime(QUIET_MS / 2);
  }
  expect(left).toBe(1);
});

it("stays as long as the input goes on", () => {
  words.heard();
  vi.advanceTimersByTime(LONGEST_MS * 2);
  expect(left).toBe(0);
});
