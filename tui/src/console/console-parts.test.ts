import { describe, expect, it } from "vitest";
import { ControlStringFilter } from "./control-strings.js";
import { ConsoleInput, MAX_CALL_BYTES, MAX_CALLS_UNDER_WAY } from "./input.js";
import type { InputAnswer, InputCall } from "./input.js";
import { OutputPosition } from "./output.js";

const chunk = (offset: number, text: string): { offset: number; data: string } => ({ offset, data: Buffer.from(text).toString("base64") });
const textOf = (items: ReturnType<OutputPosition["accept"]>): string =>
  items.map((item) => (item.kind === "bytes" ? Buffer.from(item.bytes).toString() : item.kind === "skipped" ? `<${item.bytes} lost>` : `<${item.kind}>`)).join("");

describe("output position", () => {
  it("starts wherever the first chunk stands", () => {
    const position = new OutputPosition();
    expect(textOf(position.accept(chunk(1000, "abc")))).toBe("abc");
    expect(position.next).toBe(1003);
  });

  it.each([
    ["the next byte", 3, "def", "def"],
    ["an overlap", 1, "bcdef", "def"],
    ["only what is known", 1, "bc", ""],
    ["a gap", 5, "f", "<2 lost>f"],
    ["a new run of the VM", 0, "Linux", "<restarted>Linux"],
  ])("goes on after %s", (_, offset, data, shown) => {
    const position = new OutputPosition();
    position.accept(chunk(0, "abc"));
    expect(textOf(position.accept(chunk(offset, data)))).toBe(shown);
  });
});

describe("control strings", () => {
  const filtered = (...parts: string[]): string => {
    const filter = new ControlStringFilter();
    return Buffer.concat(parts.map((part) => filter.filter(Buffer.from(part)))).toString();
  };

  it.each([
    ["plain text and UTF-8", "añb日\r\n", "añb日\r\n"],
    ["colours and cursor moves", "\x1b[31mred\x1b[0m\x1b[2J\x1bM", "\x1b[31mred\x1b[0m\x1b[2J\x1bM"],
    ["a title", "a\x1b]0;evil\x07b", "ab"],
    ["a clipboard write", "a\x1b]52;c;ZXZpbA==\x1b\\b", "ab"],
    ["DCS, APC, PM and SOS", "\x1bPq\x1b\\1\x1b_x\x1b\\2\x1b^y\x1b\\3\x1bXz\x1b\\4", "1234"],
    ["C1 forms in UTF-8", "a\u009d0;evil\u009cb", "ab"],
    ["a string aborted by another sequence", "\x1b]0;x\x1b[1mB", "\x1b[1mB"],
    ["ESC ESC ]", "\x1b\x1b]0;x\x07y", "\x1by"],
  ])("treats %s", (_, text, shown) => {
    expect(filtered(text)).toBe(shown);
    expect(filtered(...text.split("").map(String)), "cut between all characters").toBe(shown);
  });

  it("shows text again after a string that never ends", () => {
    expect(filtered(`\x1b]${"x".repeat(10_000)}end`)).toMatch(/end$/);
  });
});

class Link {
  readonly calls: InputCall[] = [];
  readonly log: string[] = [];
  readonly #answers: ((answer: InputAnswer) => void)[] = [];
  readonly input = new ConsoleInput(
    (call) => {
      this.calls.push(call);
      return new Promise((resolve) => this.#answers.push(resolve));
    },
    {
      busy: (writer) => this.log.push(`busy ${writer}`),
      accepted: () => this.log.push("accepted"),
      failed: (error) => this.log.push(`failed ${error.message}`),
      flow: (wish) => this.log.push(wish),
    },
  );
  async answer(answer: InputAnswer): Promise<void> {
    this.#answers.shift()?.(answer);
    await new Promise((resolve) => setImmediate(resolve));
  }
  accept(): Promise<void> {
    return this.answer({ __typename: "ConsoleInputAccepted", sequence: 0 });
  }
  get text(): string {
    return this.calls.map((call) => Buffer.from(call.bytes).toString()).join("");
  }
}

describe("console input", () => {
  it("sends every key at once and in order, without waiting for answers", () => {
    const link = new Link();
    for (const key of "nproc") link.input.write(Buffer.from(key));
    expect(link.calls.map((call) => [call.sequence, Buffer.from(call.bytes).toString()])).toEqual([[1, "n"], [2, "p"], [3, "r"], [4, "o"], [5, "c"]]);
  });

  it("gathers what comes while enough is under way, and loses no byte", async () => {
    const link = new Link();
    const typed = Array.from({ length: 100 }, (_, i) => `${i} `);
    for (const text of typed) link.input.write(Buffer.from(text));
    expect(link.calls).toHaveLength(MAX_CALLS_UNDER_WAY);
    while (link.text !== typed.join("")) await link.accept();
    expect(link.calls).toHaveLength(MAX_CALLS_UNDER_WAY + 1);
  });

  it("cuts a paste into calls of the size that the API takes, and slows its source", async () => {
    const link = new Link();
    link.input.write(Buffer.alloc(40 * MAX_CALL_BYTES, "x"));
    expect(Math.max(...link.calls.map((call) => call.bytes.length))).toBe(MAX_CALL_BYTES);
    expect(link.log).toEqual(["pause"]);
    for (let i = 0; i < 40; i++) await link.accept();
    expect(link.text).toHaveLength(40 * MAX_CALL_BYTES);
    expect(link.log).toContain("resume");
    await link.input.drained();
  });

  it("says who writes, drops what is typed meanwhile, and takes the pen when asked", async () => {
    const link = new Link();
    link.input.write(Buffer.from("a"));
    await link.answer({ __typename: "ConsoleBusy", message: "busy", writer: "bob" });
    link.input.write(Buffer.from("lost"));
    expect([link.input.pen, link.log]).toEqual(["theirs", ["busy bob"]]);
    link.input.take();
    await link.accept();
    link.input.write(Buffer.from("b"));
    expect(link.calls.map((call) => [call.takeOver, Buffer.from(call.bytes).toString()])).toEqual([[false, "a"], [true, ""], [false, "b"]]);
    expect(link.input.pen).toBe("ours");
  });

  it("tells of any other refusal", async () => {
    const link = new Link();
    link.input.write(Buffer.from("a"));
    await link.answer({ __typename: "Forbidden", message: "Writing needs the role OPERATOR." });
    expect(link.log).toEqual(["failed Writing needs the role OPERATOR."]);
  });
});
