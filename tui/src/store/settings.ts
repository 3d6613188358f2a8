// The person's settings as the dashboard takes them: every name known, every key without conflict. Made from config.yaml
// by settings/dashboard-settings.ts; plain values, so that the state can hold them.
import type { Command } from "../keys.js";
import type { CpuScale, UserCommand, WrittenFilter } from "../settings/model.js";
import type { ColumnId, Sort } from "./columns.js";

export interface SavedView {
  readonly name: string;
  /** Null leaves what is there. */
  readonly filter: string | null;
  readonly columns: readonly ColumnId[] | null;
  readonly sort: Sort | null;
}

export interface Settings {
  /** Keys that replace a command's own. */
  readonly keys: ReadonlyMap<Command, readonly string[]>;
  /** Null: as many as fit. */
  readonly columns: readonly ColumnId[] | null;
  readonly sort: Sort | null;
  readonly cpuScale: CpuScale;
  readonly mouse: boolean;
  readonly views: readonly SavedView[];
  readonly commands: readonly UserCommand[];
  /** Names of the themes that `T` goes through, the first one worn at the start. */
  readonly themes: readonly string[];
  /** Of views and commands, for the server to judge. */
  readonly filters: readonly WrittenFilter[];
}

export const DEFAULT_SETTINGS: Settings = { keys: new Map(), columns: null, sort: null, cpuScale: "core", mouse: false, views: [], commands: [], themes: ["dark"], filters: [] };
