import { describe, expect, it } from "vitest";
import { KeyDecoder } from "./input.js";

function keys(...chunks: string[]): string[] {
  const decoder = new KeyDecoder();
  const found = chunks.flatMap((chunk) => decoder.feed(chunk));
  return [...found, ...decoder.flush()].map((input) => (input.kind === "key" ? input.key : `paste:${input.text}`));
}

describe("KeyDecoder", () => {
  it.each([
    [["sS"], ["s", "S"]], [["\r\t\x7f"], ["enter", "tab", "backspace"]], [["\x1b[A\x1bOB"], ["up", "down"]], [["\x1b[5~\x1b[6~"], ["pageup", "pagedown"]],
    [["\x03\x1d"], ["C-c", "C-]"]], [["\x1b"], ["escape"]], [["\x1b", "[A"], ["up"]], [["\x1b[", "1~"], ["home"]], [["\x1bs"], ["escape", "s"]], [["\x1b[1;5A"], []], [["\x1b[?62;c"], []], [["ü"], ["ü"]],
  ])("reads %j as %j", (chunks, expected) => {
    expect(keys(...chunks)).toEqual(expected);
  });

  it("never takes pasted text for keys, wherever it is cut", () => {
    const whole = "\x1b[200~sSd\rq\x1b[201~j";
    for (let cut = 1; cut < whole.length; cut++) {
      const decoder = new KeyDecoder();
      const found = [...decoder.feed(whole.slice(0, cut)), ...decoder.feed(whole.slice(cut))];
      expect(found).toEqual([{ kind: "paste", text: "sSd\rq" }, { kind: "key", key: "j" }]);
    }
  });
});
