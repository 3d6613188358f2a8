import { expect, it } from "vitest";
import { TerminalDriver } from "../support/terminal.js";
import { echoTimes } from "./lines.js";
import { screenLine, typedAtPrompt } from "./screen-line.js";

it.each([
  ["an empty prompt", "boot\n/ # ", ""],
  ["an empty prompt without its blank", "/ #", ""],
  ["what was typed", "/ # x", "x"],
  ["the newest of several prompts", "/ # ls\nbin dev\n/ # xx", "xx"],
  ["a prompt in a folder below", "~/a # x", "x"],
  ["a prompt with rows below it, as in a pane", "/ # x\n\n ─────\n c console  # no prompt", "x"],
  ["no prompt", "boot\n", undefined],
])("reads %s", (_, screen, typed) => { expect(typedAtPrompt(screen)).toBe(typed); });

it("measures a terminal that echoes", async () => {
  await using terminal = new TerminalDriver("sh", ["-c", "printf 'boot\\r\\n/ # '; exec cat"]);
  await terminal.waitFor("/ #");
  using line = screenLine(terminal);
  const times = await echoTimes(line, { keys: 5, warmUp: 1, pauseMs: 1 });
  expect(times).toHaveLength(5);
  for (const time of times) expect(time).toBeGreaterThan(0);
});
