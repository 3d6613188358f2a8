// JSON as written in a file: parses it strictly and remembers where each field stands, so that a fault is named with
// its line and column. Knows no VM. Needed because JSON.parse tells no position and lets a repeated key pass.

export interface Position {
  /** Both count from 1; a column is a UTF-16 unit. */
  readonly line: number;
  readonly column: number;
}

/** The text is not JSON; `message` is a phrase, e.g. `expected ":" after the key "id"`. */
export class JsonFault extends Error {
  readonly position: Position;
  constructor(message: string, position: Position) {
    super(message);
    this.name = "JsonFault";
    this.position = position;
  }
}

export interface ParsedJson {
  readonly value: unknown;
  /** Where a field stands, e.g. of `disks[0].path`; of its nearest parent that is there, else of the whole. */
  positionOf(path: string): Position;
}

/** Deepest nesting: a definition needs five; a recursion must end. */
const MAX_DEPTH = 64;

export function parseJson(text: string): ParsedJson {
  const reader = new Reader(text);
  const value = reader.document();
  return {
    value,
    positionOf(path) {
      for (let part = path; part !== ""; part = parentOf(part)) {
        const offset = reader.offsets.get(part);
        if (offset !== undefined) return positionAt(text, offset);
      }
      return positionAt(text, reader.offsets.get("") ?? 0);
    },
  };
}

function parentOf(path: string): string {
  return path.replace(/(?:\.|^)[^.[\]]*$|\[\d+\]$/, "");
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}

class Reader {
  readonly offsets = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    if (this.#text.startsWith("\ufeff")) this.#at = 1;
    this.#blank();
    if (this.#at === this.#text.length) this.#fail("the file is empty");
    const value = this.#value("", 0);
    this.#blank();
    if (this.#at < this.#text.length) this.#fail(`${this.#seen()} after the end of the value`);
    return value;
  }

  #value(path: string, depth: number): unknown {
    if (!this.offsets.has(path)) this.offsets.set(path, this.#at);
    if (depth > MAX_DEPTH) this.#fail(`nested deeper than ${MAX_DEPTH} levels`);
    const char = this.#text[this.#at];
    if (char === "{") return this.#object(path, depth);
    if (char === "[") return this.#array(path, depth);
    if (char === '"') return this.#string();
    const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
    literal.lastIndex = this.#at;
    const match = literal.exec(this.#text);
    if (match === null) return this.#fail(`expected a value, found ${this.#seen()}`);
    this.#at += match[0].length;
    return JSON.parse(match[0]) as unknown;
  }

  #object(path: string, depth: number): unknown {
    const entries: [string, unknown][] = [];
    const seen = new Set<string>();
    this.#list("{", "}", () => {
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail(`expected a key in double quotes, found ${this.#seen()}`);
      const key = this.#string();
      if (seen.has(key)) this.#failAt(`the key "${key}" stands here a second time`, start);
      seen.add(key);
      const inner = path === "" ? key : `${path}.${key}`;
      this.offsets.set(inner, start);
      this.#blank();
      if (this.#text[this.#at] !== ":") this.#fail(`expected ":" after the key "${key}", found ${this.#seen()}`);
      this.#at += 1;
      this.#blank();
      entries.push([key, this.#value(inner, depth + 1)]);
    });
    // fromEntries defines own properties, so that a key such as __proto__ is only a key.
    return Object.fromEntries(entries);
  }

  #array(path: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.#list("[", "]", () => items.push(this.#value(`${path}[${items.length}]`, depth + 1)));
    return items;
  }

  #list(open: string, close: string, item: () => void): void {
    const start = this.#at;
    this.#at += open.length;
    this.#blank();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#blank();
      const char = this.#text[this.#at];
      if (char === undefined) this.#failAt(`this "${open}" is never closed`, start);
      if (char !== "," && char !== close) this.#fail(`expected "," or "${close}", found ${this.#seen()}`);
      this.#at += 1;
      if (char === close) return;
      this.#blank();
      if (this.#text[this.#at] === close) this.#fail(`a "," must not stand before "${close}"`);
    }
  }

  #string(): string {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === "\\") at += 1;
      else if (char === "\n") break;
      else if (char === '"') {
        this.#at = at + 1;
        return this.#decoded(start, at + 1);
      }
    }
    return this.#failAt("this string is not closed on its line", start);
  }

  #decoded(start: number, end: number): string {
    try {
      return JSON.parse(this.#text.slice(start, end)) as string;
    } catch {
      return this.#failAt("this string holds a control character or an escape that JSON does not know", start);
    }
  }

  #blank(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    if (this.#text.startsWith("//", this.#at) || this.#text.startsWith("/*", this.#at)) this.#fail("JSON knows no comments");
  }

  #seen(): string {
    const char = this.#text[this.#at];
    return char === undefined ? "the end of the file" : JSON.stringify(char);
  }

  #fail(message: string): never {
    return this.#failAt(message, this.#at);
  }

  #failAt(message: string, offset: number): never {
    throw new JsonFault(message, positionAt(this.#text, offset));
  }
}
