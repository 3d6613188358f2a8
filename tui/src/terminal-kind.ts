// What a terminal can show, from what the environment and terminfo say of it. Pure tables; it opens no terminal.

export type ColourDepth = "none" | "16" | "256" | "true";
/** --color: "auto" asks the terminal. */
export type ColourWish = "auto" | "always" | "never";
export type Characters = "unicode" | "ascii";

type Environment = Readonly<Record<string, string | undefined>>;

/** Kinds that cannot place a cursor: no picture can be painted on them. */
const WITHOUT_CURSOR = /^(dumb|unknown|network|hardcopy|tty33|dialup|patch)$/;
/** Terminals of hardware, and what imitates them: no colour. */
const WITHOUT_COLOUR = /^(vt\d+|vt52|ansi-m|xterm-mono)/;
/** Kinds whose font or character set has little beyond ASCII: the kernel's console, and terminals of hardware. */
const WITHOUT_UNICODE = /^(linux|vt\d+|ansi|cons25|pcansi|xterm-mono)/;
/** Emulators that show any colour, whatever their terminfo entry says or where there is none. */
const TRUE_COLOUR = /-direct$|^(xterm-)?(kitty|ghostty)$|^(alacritty|foot|wezterm|contour)/;

/** Why no picture can be painted on it, or null when one can. */
export function whyNoPicture(terminal: string): string | null {
  if (!WITHOUT_CURSOR.test(terminal)) return null;
  return `This terminal (TERM=${terminal}) cannot place a cursor, so the dashboard cannot be painted on it: 'quetzal top --plain' says the same in lines, or set TERM to what it is, such as vt100.`;
}

/**
 * Colours it shows. `terminfoColours` is what its description says (0 or less: none), undefined where nobody has looked.
 * NO_COLOR forbids them (no-color.org) unless --color asks for them.
 */
export function colourDepth(env: Environment, wish: ColourWish, terminfoColours?: number): ColourDepth {
  if (wish === "never" || (wish === "auto" && env["NO_COLOR"])) return "none";
  const able = ableDepth(env, terminfoColours);
  return able === "none" && wish === "always" ? "16" : able;
}

function ableDepth(env: Environment, terminfoColours: number | undefined): ColourDepth {
  const terminal = env["TERM"] || "xterm";
  if (WITHOUT_COLOUR.test(terminal) || WITHOUT_CURSOR.test(terminal)) return "none";
  if (TRUE_COLOUR.test(terminal)) return "true";
  // The kernel's console and GNU screen pass on what COLORTERM said of the terminal outside, and cannot do it themselves.
  const speaksForItself = terminal !== "linux" && !env["STY"] && !/^screen($|\.|-16|-bce)/.test(terminal);
  if (speaksForItself && /^(truecolor|24bit)$/i.test(env["COLORTERM"] ?? "")) return "true";
  if (terminal.includes("256color") || (terminfoColours ?? 0) >= 256) return "256";
  return terminfoColours === undefined || terminfoColours >= 8 ? "16" : "none";
}

/** Whether more than ASCII can be shown. POSIX: the first of these three that is set decides the locale; none set is the C locale, though terminals of today read UTF-8. */
export function charactersOf(env: Environment): Characters {
  if (WITHOUT_UNICODE.test(env["TERM"] ?? "")) return "ascii";
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" || /utf-?8/i.test(locale) ? "unicode" : "ascii";
}

/** Light where the terminal says so: COLORFGBG is "foreground;background", of which 7 and 9 to 15 are light. */
export function backgroundOf(env: Environment): "light" | "dark" {
  const background = /(?:^|;)(\d+)$/.exec(env["COLORFGBG"] ?? "")?.[1];
  return background !== undefined && (Number(background) === 7 || Number(background) > 8) ? "light" : "dark";
}
