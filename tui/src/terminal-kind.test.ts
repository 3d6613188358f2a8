import { describe, expect, it } from "vitest";
import { backgroundOf, charactersOf, colourDepth, whyNoPicture } from "./terminal-kind.js";

describe("what a terminal shows", () => {
  it.each([
    [{ TERM: "xterm-256color" }, 256, "256"],
    [{ TERM: "xterm-256color", COLORTERM: "truecolor" }, 256, "true"],
    [{ TERM: "xterm-256color", COLORTERM: "24bit" }, undefined, "true"],
    [{ TERM: "xterm-direct" }, 16_777_216, "true"],
    [{ TERM: "xterm-kitty" }, undefined, "true"],
    [{ TERM: "xterm" }, 8, "16"],
    [{ TERM: "linux", COLORTERM: "truecolor" }, 8, "16"],
    [{ TERM: "screen", COLORTERM: "truecolor", STY: "1.pts" }, 8, "16"],
    [{ TERM: "screen-256color", COLORTERM: "truecolor", STY: "1.pts" }, 256, "256"],
    [{ TERM: "tmux-256color", COLORTERM: "truecolor", TMUX: "/t" }, 256, "true"],
    [{ TERM: "tmux-256color", TMUX: "/t" }, 256, "256"],
    [{ TERM: "vt100" }, -1, "none"],
    [{ TERM: "vt220", COLORTERM: "truecolor" }, undefined, "none"],
    [{ TERM: "xterm-mono" }, -1, "none"],
    [{ TERM: "unheard-of" }, -1, "none"],
    [{ TERM: "dumb" }, undefined, "none"],
    [{}, undefined, "16"],
    [{ TERM: "xterm-256color", NO_COLOR: "1" }, 256, "none"],
    [{ TERM: "xterm-256color", NO_COLOR: "" }, 256, "256"],
  ])("in %j with %s colours in terminfo is %s deep", (env, terminfo, depth) => expect(colourDepth(env, "auto", terminfo)).toBe(depth));

  it("follows --color before NO_COLOR", () => {
    expect(colourDepth({ TERM: "xterm-256color", NO_COLOR: "1" }, "always")).toBe("256");
    expect(colourDepth({ TERM: "vt100" }, "always")).toBe("16");
    expect(colourDepth({ TERM: "xterm-256color", COLORTERM: "truecolor" }, "never")).toBe("none");
  });

  it.each([
    [{ LC_ALL: "C.UTF-8" }, "unicode"], [{ LANG: "de_DE.utf8" }, "unicode"], [{}, "unicode"], [{ LC_ALL: "C", LANG: "C.UTF-8" }, "ascii"], [{ LANG: "de_DE.ISO-8859-1" }, "ascii"],
    [{ LANG: "C.UTF-8", TERM: "linux" }, "ascii"], [{ LANG: "C.UTF-8", TERM: "vt100" }, "ascii"], [{ LANG: "C.UTF-8", TERM: "vt220" }, "ascii"], [{ LANG: "C.UTF-8", TERM: "screen" }, "unicode"],
  ])("in %j shows %s", (env, characters) => expect(charactersOf(env)).toBe(characters));

  it.each([["0;15", "light"], ["0;default;15", "light"], ["0;7", "light"], ["15;0", "dark"], ["7;8", "dark"], ["", "dark"], ["nonsense", "dark"]])("with COLORFGBG=%j has a %s background", (value, background) => expect(backgroundOf({ COLORFGBG: value })).toBe(background));

  it("refuses what cannot place a cursor, with a sentence", () => {
    expect(whyNoPicture("dumb")).toMatch(/TERM=dumb\) cannot place a cursor.*'quetzal top --plain'/);
    expect(["vt100", "linux", "xterm", "screen", "tmux-256color"].map(whyNoPicture)).toEqual([null, null, null, null, null]);
  });
});
