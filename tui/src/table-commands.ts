// What the keys of the columns and views pages do, and what of the table is kept in config.yaml.
import type { Command } from "./keys.js";
import type { Store } from "./feed/feed.js";
import { paintable } from "./store/sanitize.js";
import { page } from "./store/select.js";
import type { SavedView } from "./store/settings.js";
import type { State } from "./store/state.js";
import { chosenLine, viewLines } from "./store/table-choice.js";

export interface SettingsKeeper {
  /** Writes what differs from the file into it. */
  keepChoices(): void;
  keepView(view: SavedView): void;
}

/** What a command does to the table or its views; undefined: it is none of ours. */
export function tableCommand(store: Store, keeper: SettingsKeeper, command: Command): (() => void) | undefined {
  const { dispatch } = store;
  const deeds: Partial<Record<Command, () => void>> = {
    columns: () => dispatch({ type: "open", page: "columns" }),
    views: () => dispatch({ type: "open", page: "views" }),
    toggleColumn: () => dispatch({ type: "toggleColumn" }),
    columnLeft: () => dispatch({ type: "shiftColumn", by: -1 }),
    columnRight: () => dispatch({ type: "shiftColumn", by: 1 }),
    wearView: () => wearView(store),
    keepChoices: () => (page(store.state) === "views" ? dispatch({ type: "prompt", prompt: { kind: "viewName", text: "" } }) : keeper.keepChoices()),
  };
  return deeds[command];
}

function wearView({ state, dispatch }: Store): void {
  const view = chosenLine(state, viewLines(state)) ?? withoutView(state);
  dispatch({ type: "wearView", view });
  dispatch({ type: "back" });
  dispatch({ type: "notice", tone: "info", text: view.name === "" ? "The table without a view." : `View: ${paintable(view.name)}.` });
}

/** The table as config.yaml has it. */
function withoutView({ settings }: State): SavedView {
  return { name: "", filter: "", columns: settings.columns, sort: settings.sort };
}

/** The table as it is now, under a name. */
export function presentView({ ui }: State, name: string): SavedView {
  return { name, filter: ui.filter === "" ? null : ui.filter, columns: ui.tableColumns, sort: ui.sort };
}
