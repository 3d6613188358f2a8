// What config.yaml's names mean to the dashboard: commands, columns, orders, themes. A name that is not known is a fault
// with its line, as in parse.ts. `quetzal config check` asks the same.
import { BINDINGS } from "../keys.js";
import { COLUMN_IDS, columnFrom, sortFrom } from "../store/columns.js";
import type { ColumnId, Sort } from "../store/columns.js";
import type { SavedView, Settings } from "../store/settings.js";
import { SORT_COLUMNS } from "../store/state.js";
import { ROLES } from "../views/frame.js";
import type { Role } from "../views/frame.js";
import { PALETTES, ownPalette, paletteFor } from "../views/palettes.js";
import type { Palette } from "../views/palettes.js";
import { boundKeys } from "./bound-keys.js";
import { meant } from "./meant.js";
import type { Placed, SettingsFault, SettingsFile, WrittenFilter, WrittenSettings } from "./model.js";

export interface DashboardSettings {
  readonly settings: Settings;
  /** In the order of `settings.themes`. */
  readonly palettes: readonly [Palette, ...Palette[]];
  /** All of the file, in the order of its lines. */
  readonly faults: readonly SettingsFault[];
}

export function dashboardSettings({ written, faults: earlier }: Pick<SettingsFile, "written" | "faults">, background: "light" | "dark"): DashboardSettings {
  const faults = [...earlier];
  const { keys, commands, faults: keyFaults } = boundKeys(written.keys, written.commands.map(({ value, line }) => ({ value: { ...value, where: value.where?.value }, line })), BINDINGS);
  faults.push(...keyFaults);
  const palettes = palettesOf(written, background, faults);
  const settings: Settings = {
    keys, commands,
    columns: columnsOf(written.columns, faults),
    sort: sortOf(written.sort, faults),
    cpuScale: written.cpuScale,
    mouse: written.mouse,
    views: written.views.map((view): SavedView => ({ name: view.name, filter: view.filter?.value ?? null, columns: columnsOf(view.columns, faults), sort: sortOf(view.sort, faults) })),
    themes: palettes.map((palette) => palette.name),
    filters: filtersOf(written),
  };
  return { settings, palettes, faults: faults.sort((a, b) => a.line - b.line) };
}

function filtersOf({ views, commands }: WrittenSettings): readonly WrittenFilter[] {
  const placed = [...views.map(({ name, filter }) => ({ of: "view" as const, name, filter })), ...commands.map(({ value: { name, where } }) => ({ of: "command" as const, name, filter: where }))];
  return placed.flatMap(({ of, name, filter }) => (filter ? [{ of, name, text: filter.value, line: filter.line }] : []));
}

function columnsOf(names: readonly Placed<string>[] | null, faults: SettingsFault[]): readonly ColumnId[] | null {
  if (names === null) return null;
  const found = new Set<ColumnId>();
  for (const { value, line } of names) {
    const id = columnFrom(value);
    if (id === undefined) faults.push({ line, text: `There is no column "${value}"${meant(value, COLUMN_IDS)}: there are ${COLUMN_IDS.join(", ")}.` });
    else found.add(id);
  }
  return found.size === 0 ? null : [...found];
}

function sortOf(written: Placed<string> | null, faults: SettingsFault[]): Sort | null {
  if (written === null) return null;
  const sort = sortFrom(written.value);
  if (sort === undefined) faults.push({ line: written.line, text: `There is no order "${written.value}": sort by ${SORT_COLUMNS.join(", ")}; a "-" before it starts with the highest, a "+" with the lowest.` });
  return sort ?? null;
}

/** The theme of the person's choice first, then the others. */
function palettesOf(written: WrittenSettings, background: "light" | "dark", faults: SettingsFault[]): readonly [Palette, ...Palette[]] {
  const all = [...PALETTES];
  for (const theme of written.themes) {
    const base = theme.base === null ? paletteFor(background) : named(all, theme.base, faults);
    const changed = new Map<Role, string>();
    for (const [role, colour] of theme.colours) {
      const known = ROLES.find((one) => one === role.value);
      if (known === undefined) faults.push({ line: role.line, text: `There is no role "${role.value}": there are ${ROLES.join(", ")}.` });
      else changed.set(known, colour);
    }
    all.push(ownPalette(theme.name, base ?? paletteFor(background), changed));
  }
  const automatic = written.theme === null || written.theme.value === "auto";
  const first = (automatic ? null : named(all, written.theme, faults)) ?? paletteFor(background);
  return [first, ...all.filter((palette) => palette !== first)];
}

function named(all: readonly Palette[], name: Placed<string>, faults: SettingsFault[]): Palette | null {
  const found = all.find((palette) => palette.name === name.value);
  if (found === undefined) faults.push({ line: name.line, text: `There is no theme "${name.value}"${meant(name.value, all.map((palette) => palette.name))}: there are auto, ${all.map((palette) => palette.name).join(", ")}.` });
  return found ?? null;
}
