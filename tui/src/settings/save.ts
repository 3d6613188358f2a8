// Keeps in config.yaml what was chosen in the dashboard: the table's columns and order, the theme, the CPU scale, and
// views under a name. Only what differs from the file is touched.
import { YAMLMap, isMap, isSeq } from "yaml";
import type { Document } from "yaml";
import { DEFAULT_SORT, sortText } from "../store/columns.js";
import type { SavedView, Settings } from "../store/settings.js";
import type { State } from "../store/state.js";
import { editSettings, inOneLine } from "./write.js";

/** Writes the choices that differ; returns the settings they make and the names of what was kept. */
export function saveChoices(path: string, { ui, settings }: State): { settings: Settings; kept: string[] } {
  const kept: string[] = [];
  const changes: ((document: Document) => void)[] = [];
  const keep = (name: string, change: (document: Document) => void): void => {
    kept.push(name);
    changes.push(change);
  };
  const columns = ui.tableColumns;
  if (String(columns) !== String(settings.columns)) keep("columns", (document) => (columns === null ? document.delete("columns") : document.set("columns", inOneLine(document, columns))));
  if (sortText(ui.sort) !== sortText(settings.sort ?? DEFAULT_SORT)) keep("sort", (document) => document.set("sort", sortText(ui.sort)));
  if (ui.theme !== settings.themes[0]) keep("theme", (document) => document.set("theme", ui.theme));
  if (ui.cpuScale !== settings.cpuScale) keep("CPU scale", (document) => document.set("cpuScale", ui.cpuScale));
  if (changes.length > 0) editSettings(path, (document) => changes.forEach((change) => change(document)));
  const themes = [ui.theme, ...settings.themes.filter((name) => name !== ui.theme)];
  return { settings: { ...settings, columns, sort: ui.sort, themes, cpuScale: ui.cpuScale }, kept };
}

/** Adds a view, or puts it in the place of the one of its name. Returns the settings with it. */
export function saveView(path: string, view: SavedView, settings: Settings): Settings {
  editSettings(path, (document) => {
    const node = new YAMLMap<string, unknown>(document.schema);
    node.set("name", view.name);
    if (view.filter !== null) node.set("filter", view.filter);
    if (view.columns !== null) node.set("columns", inOneLine(document, view.columns));
    if (view.sort !== null) node.set("sort", sortText(view.sort));
    const list = document.get("views");
    if (!isSeq(list)) document.set("views", document.createNode([node]));
    else {
      const index = list.items.findIndex((item) => isMap(item) && item.get("name") === view.name);
      if (index === -1) list.add(node);
      else list.set(index, node);
    }
  });
  return { ...settings, views: [...settings.views.filter((one) => one.name !== view.name), view] };
}
