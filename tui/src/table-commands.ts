// What the keys of the columns and views pages do, and what of the table is kept in config.yaml.
import type { Command } from "./keys.js";
import type { Store } from "./feed/feed.js";
import type { Keeper } from "./keeper.js";
import { paintable } from "./store/sanitize.js";
import { page, selectedOperation, selectedVm } from "./store/select.js";
import type { SavedView } from "./store/settings.js";
import type { State } from "./store/state.js";
import { chosenLine, viewLines } from "./store/table-choice.js";
import { shownColumns } from "./views/choice-pages.js";

/** What a command does to the table or its views; undefined: it is none of ours. */
export function tableCommand(store: Store, keeper: Keeper, command: Command): (() => void) | undefined {
  const { dispatch } = store;
  const shown = () => shownColumns(store.state, store.state.ui.columns);
  const deeds: Partial<Record<Command, () => void>> = {
    columns: () => dispatch({ type: "open", page: "columns" }),
    views: () => dispatch({ type: "open", page: "views" }),
    toggleColumn: () => dispatch({ type: "toggleColumn", shown: shown() }),
    columnLeft: () => dispatch({ type: "shiftColumn", by: -1, shown: shown() }),
    columnRight: () => dispatch({ type: "shiftColumn", by: 1, shown: shown() }),
    copy: () => copyChosen(store, keeper),
    copyScreen: () => keeper.copyScreen(),
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

function copyChosen({ state, dispatch }: Store, keeper: Keeper): void {
  const operation = page(state) === "operations" ? selectedOperation(state) : null;
  const marked = [...state.ui.marks];
  const vm = selectedVm(state);
  if (operation !== null) keeper.copy(operation.id, `the operation's id ${operation.id}`);
  else if (marked.length > 0 && page(state) === "overview") keeper.copy(marked.join("\n"), `the ids of ${marked.length} marked VMs`);
  else if (vm !== null) keeper.copy(vm.id, `the id ${vm.id}`);
  else dispatch({ type: "notice", tone: "error", text: "copy: No VM is selected." });
}

/** The table as config.yaml has it. */
function withoutView({ settings }: State): SavedView {
  return { name: "", filter: "", columns: settings.columns, sort: settings.sort };
}

/** The table as it is now, under a name. */
export function presentView({ ui }: State, name: string): SavedView {
  return { name, filter: ui.filter === "" ? null : ui.filter, columns: ui.tableColumns, sort: ui.sort };
}
