// Takes out of a guest's output what could reach past the screen: OSC, DCS, APC, PM and SOS control strings, which set
// titles, write the clipboard or make the terminal type answers. Colours, cursor moves and the like pass.
//
//     text ──ESC──▶ escape ──] P _ ^ X──▶ string ──BEL, ESC \, CAN, SUB──▶ text
//                     └──anything else──▶ text        (C1 forms, C2 90/98/9D/9E/9F in UTF-8, likewise)

const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const BACKSLASH = 0x5c;
/** First byte of the two that encode C1 controls in UTF-8. */
const C1_LEAD = 0xc2;
const C1_STRING_TERMINATOR = 0x9c;
/** ] OSC, P DCS, _ APC, ^ PM, X SOS. */
const INTRODUCERS: ReadonlySet<number> = new Set([0x5d, 0x50, 0x5f, 0x5e, 0x58]);
const C1_INTRODUCERS: ReadonlySet<number> = new Set([0x9d, 0x90, 0x9f, 0x9e, 0x98]);
/** A string that goes on beyond this was never meant as one (noise on the line): text is shown again. */
const MAX_STRING_BYTES = 4_096;

type State = "text" | "escape" | "c1" | "string" | "string escape" | "string c1";

/** A filter with a memory, for sequences may be cut anywhere between two chunks. */
export class ControlStringFilter {
  #state: State = "text";
  #stringBytes = 0;
  #kept: number[] = [];

  filter(bytes: Uint8Array): Uint8Array {
    if (this.#state === "text" && !bytes.includes(ESC) && !bytes.includes(C1_LEAD)) return bytes;
    this.#kept = [];
    for (const byte of bytes) this.#state = this.#step(byte);
    return Uint8Array.from(this.#kept);
  }

  #step(byte: number): State {
    switch (this.#state) {
      case "text":
        return this.#text(byte);
      case "escape":
        if (INTRODUCERS.has(byte)) return this.#open();
        this.#kept.push(ESC);
        return this.#text(byte);
      case "c1":
        if (C1_INTRODUCERS.has(byte)) return this.#open();
        this.#kept.push(C1_LEAD);
        return this.#text(byte);
      case "string":
        return this.#inString(byte);
      case "string escape":
        if (byte === BACKSLASH) return "text";
        if (INTRODUCERS.has(byte)) return this.#open();
        // An ESC that does not close the string aborts it and begins a sequence of its own.
        this.#kept.push(ESC);
        return this.#text(byte);
      case "string c1":
        return byte === C1_STRING_TERMINATOR ? "text" : this.#inString(byte);
    }
  }

  #text(byte: number): State {
    if (byte === ESC) return "escape";
    if (byte === C1_LEAD) return "c1";
    this.#kept.push(byte);
    return "text";
  }

  #open(): State {
    this.#stringBytes = 0;
    return "string";
  }

  #inString(byte: number): State {
    this.#stringBytes += 1;
    if (byte === BEL || byte === CAN || byte === SUB || this.#stringBytes > MAX_STRING_BYTES) return "text";
    if (byte === ESC) return "string escape";
    return byte === C1_LEAD ? "string c1" : "string";
  }
}
