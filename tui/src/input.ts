// Bytes from the keyboard as keys: printed characters, named keys, and pastes kept apart from typing, so that a pasted
// text is never taken for commands. Pure but for its own unfinished sequence; it knows no command.

export interface MouseInput { kind: "mouse"; button: "left" | "wheelUp" | "wheelDown"; x: number; y: number }
/** `answer`: the terminal's answer to the status question, which is nobody's typing. */
export type Input = { kind: "key"; key: string } | { kind: "paste"; text: string } | MouseInput | { kind: "answer" };

/** A lone Esc is told from the start of a sequence by the silence after it. */
export const ESCAPE_WAIT_MS = 25;
/** Longest paste kept, in characters: nothing that can be typed into is longer. */
const PASTE_MAX_LENGTH = 4_096;

const PASTE_START = "\x1b[200~";
const PASTE_END = "\x1b[201~";
const NAMED: Readonly<Record<string, string>> = {
  A: "up", B: "down", C: "right", D: "left", H: "home", F: "end", Z: "S-tab",
  "1~": "home", "3~": "delete", "4~": "end", "5~": "pageup", "6~": "pagedown", "7~": "home", "8~": "end", "24~": "f12",
};
// A control sequence (CSI or SS3) in full: parameters, then its final byte.
const SEQUENCE = /^\x1b(?:\[[0-9;?<=>]*[ -/]*[@-~]|O[ -~])/;
// The beginning of one that may still grow.
const UNFINISHED = /^\x1b(?:\[[0-9;?<=>]*[ -/]*|O)?$/;

export class KeyDecoder {
  private pending = "";
  private paste: string | null = null;

  /** Keys of a chunk; a sequence cut in two waits for its rest. */
  feed(chunk: string): Input[] {
    const found: Input[] = [];
    this.pending += chunk;
    while (this.pending !== "") {
      if (this.paste !== null) {
        if (!this.takePaste(found)) break;
      } else if (!this.takeKey(found)) break;
    }
    return found;
  }

  /** Whether an Esc waits for the rest of its sequence. */
  get isWaiting(): boolean {
    return this.pending !== "" && this.paste === null;
  }

  /** The wait is over: what stands alone is an Esc. */
  flush(): Input[] {
    if (!this.isWaiting) return [];
    const rest = this.pending.slice(1);
    this.pending = "";
    return [{ kind: "key", key: "escape" }, ...(rest === "" ? [] : this.feed(rest))];
  }

  private takePaste(found: Input[]): boolean {
    const end = this.pending.indexOf(PASTE_END);
    // The end mark itself may arrive in two pieces: its possible beginning is kept back.
    const upTo = end === -1 ? Math.max(0, this.pending.length - PASTE_END.length) : end;
    this.paste = ((this.paste ?? "") + this.pending.slice(0, upTo)).slice(0, PASTE_MAX_LENGTH);
    this.pending = end === -1 ? this.pending.slice(upTo) : this.pending.slice(end + PASTE_END.length);
    if (end === -1) return false;
    found.push({ kind: "paste", text: this.paste });
    this.paste = null;
    return true;
  }

  private takeKey(found: Input[]): boolean {
    const text = this.pending;
    if (text.startsWith(PASTE_START)) {
      this.pending = text.slice(PASTE_START.length);
      this.paste = "";
      return true;
    }
    if (text.startsWith("\x1b")) return this.takeEscape(found);
    const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
    this.pending = text.slice(char.length);
    found.push({ kind: "key", key: plainKey(char) });
    return true;
  }

  private takeEscape(found: Input[]): boolean {
    const sequence = SEQUENCE.exec(this.pending)?.[0];
    if (sequence !== undefined) {
      this.pending = this.pending.slice(sequence.length);
      // A sequence that names no key (an answer of the terminal, a modifier we do not use) is dropped.
      const name = NAMED[sequence.slice(2)];
      if (name !== undefined) found.push({ kind: "key", key: name });
      else found.push(...told(sequence));
      return true;
    }
    if (UNFINISHED.test(this.pending)) return false;
    // Esc and a key in one chunk: a slow line has gathered them. Alt, which looks the same, is bound to nothing.
    this.pending = this.pending.slice(1);
    found.push({ kind: "key", key: "escape" });
    return true;
  }
}

const STATUS_ANSWER = "\x1b[0n";
/** SGR mouse report: button, column and row from 1; M is a press, m a release. */
const MOUSE_REPORT = /^\x1b\[<(\d{1,4});(\d{1,5});(\d{1,5})M$/;
/** Modifiers are bits 4, 8 and 16 of the button: a click is a click with any of them. */
const BUTTONS: Readonly<Record<number, MouseInput["button"]>> = { 0: "left", 64: "wheelUp", 65: "wheelDown" };
const MODIFIERS = 4 | 8 | 16;

/** What a sequence tells that is no key. */
function told(sequence: string): Input[] {
  if (sequence === STATUS_ANSWER) return [{ kind: "answer" }];
  const [, button, x, y] = MOUSE_REPORT.exec(sequence) ?? [];
  const known = button === undefined ? undefined : BUTTONS[Number(button) & ~MODIFIERS];
  return known === undefined ? [] : [{ kind: "mouse", button: known, x: Number(x) - 1, y: Number(y) - 1 }];
}

/** Text as it came, without answers and mouse reports: what a console's guest may see of it. */
export function withoutReports(chunk: string): { keys: string; reports: Input[] } {
  const reports: Input[] = [];
  const keys = chunk.replace(/\x1b\[(?:0n|<\d{1,4};\d{1,5};\d{1,5}[Mm])/g, (sequence) => {
    reports.push(...told(sequence));
    return "";
  });
  return { keys, reports };
}

function plainKey(char: string): string {
  switch (char) {
    case "\r":
    case "\n":
      return "enter";
    case "\t":
      return "tab";
    case "\x7f":
    case "\b":
      return "backspace";
    default:
      return char < " " ? controlKey(char.codePointAt(0) ?? 0) : char;
  }
}

/** Ctrl with a letter gives 1 to 26; the few above stand for @ [ \\ ] ^ _ themselves. */
function controlKey(code: number): string {
  return `C-${String.fromCharCode(code >= 1 && code <= 26 ? code + 0x60 : code + 0x40)}`;
}
