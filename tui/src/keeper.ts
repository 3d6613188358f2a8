// What the dashboard keeps for the person outside of itself: choices and views in config.yaml, texts in the clipboard of
// the terminal. It says in a notice what it did, or why not.
import { CLIPBOARD_MAX_BYTES, clipboardSequence } from "./clipboard.js";
import type { Store } from "./feed/feed.js";
import { paintable } from "./store/sanitize.js";
import type { SavedView, Settings } from "./store/settings.js";

export interface Keeper {
  /** Writes what differs from the file into it. */
  keepChoices(): void;
  keepView(view: SavedView): void;
  /** To the clipboard of the person's terminal; `what` names it in the notice. */
  copy(text: string, what: string): void;
  copyScreen(): void;
}

export interface KeeperPort {
  readonly store: Store;
  readonly settingsPath: string;
  readonly multiplexer: "terminal" | "tmux" | "screen";
  /** The text of the picture shown. */
  readonly screenText: () => string;
  /** A sequence for the terminal itself. */
  readonly send: (sequence: string) => void;
}

type Saver = typeof import("./settings/save.js");

export function createKeeper({ store, settingsPath, multiplexer, screenText, send }: KeeperPort): Keeper {
  const say = (tone: "info" | "error", text: string): void => store.dispatch({ type: "notice", tone, text: paintable(text) });
  // The YAML library is loaded by whoever writes, and by nobody else.
  const write = (change: (saver: Saver) => { settings: Settings; said: string }): void => {
    import("./settings/save.js").then(change).then(
      ({ settings, said }) => {
        store.dispatch({ type: "settings", settings });
        say("info", said);
      },
      (error: unknown) => say("error", error instanceof Error ? error.message : String(error)),
    );
  };
  const copy: Keeper["copy"] = (text, what) => {
    const sequence = clipboardSequence(text, multiplexer);
    if (sequence === null) say("error", `${what} was not copied: it is longer than the ${CLIPBOARD_MAX_BYTES} bytes that terminals take.`);
    else {
      send(sequence);
      say("info", `Copied ${what}, where the terminal takes OSC 52.`);
    }
  };
  return {
    keepChoices: () => write(({ saveChoices }) => {
      const { settings, kept } = saveChoices(settingsPath, store.state);
      return { settings, said: kept.length === 0 ? "Nothing differs from config.yaml." : `Written to config.yaml: ${kept.join(", ")}.` };
    }),
    keepView: (view) => write(({ saveView }) => ({ settings: saveView(settingsPath, view, store.state.settings), said: `View ${view.name} written to config.yaml.` })),
    copy,
    copyScreen: () => copy(screenText(), "the text of the screen"),
  };
}
