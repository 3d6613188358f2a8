import { describe, expect, it } from "vitest";
import { KeyDecoder, withoutReports } from "./input.js";

function keys(...chunks: string[]): string[] {
  const decoder = new KeyDecoder();
  const found = chunks.flatMap((chunk) => decoder.feed(chunk));
  return [...found, ...decoder.flush()].map((input) => (input.kind === "key" ? input.key : input.kind === "paste" ? `paste:${input.text}` : input.kind === "mouse" ? `${input.button} ${input.x},${input.y}` : input.kind));
}

describe("KeyDecoder", () => {
  it.each([
    [["sS"], ["s", "S"]], [["\r\t\x7f"], ["enter", "tab", "backspace"]], [["\x1b[A\x1bOB"], ["up", "down"]], [["\x1b[5~\x1b[6~"], ["pageup", "pagedown"]],
    [["\x03\x1d"], ["C-c", "C-]"]], [["\x1b"], ["escape"]], [["\x1b", "[A"], ["up"]], [["\x1b[", "1~"], ["home"]], [["\x1bs"], ["escape", "s"]], [["\x1b[1;5A"], []], [["\x1b[?62;c"], []], [["ü"], ["ü"]],
  ])("reads %j as %j", (chunks, expected) => {
    expect(keys(...chunks)).toEqual(expected);
  });

  it.each([
    [["\x1b[<0;10;5M\x1b[<0;10;5m"], ["left 9,4"]], [["\x1b[<64;1;1M", "\x1b[<65;300;2M"], ["wheelUp 0,0", "wheelDown 299,1"]], [["\x1b[<4;2;2M"], ["left 1,1"]], [["\x1b[<2;2;2M"], []],
    [["\x1b[<0;1", "0;5Mq"], ["left 9,4", "q"]], [["\x1b[0n"], ["answer"]], [["\x1b[3n"], []], [["\x1b[<0;99999999;1M"], []],
  ])("reads the reports %j as %j", (chunks, expected) => {
    expect(keys(...chunks)).toEqual(expected);
  });

  it("keeps reports from a console's guest", () => {
    expect(withoutReports("a\x1b[0nb\x1b[<64;1;1Mc\x1b[<0;1;1m\x1b[A")).toEqual({ keys: "abc\x1b[A", reports: [{ kind: "answer" }, { kind: "mouse", button: "wheelUp", x: 0, y: 0 }] });
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
