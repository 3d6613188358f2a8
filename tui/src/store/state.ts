// The dashboard's whole state and where it starts. Nothing here does I/O or reads a clock: `now` arrives by action.
import type { Definition, Event, Host, HostFigure, HostSample, Operation, Vm, VmDetail, VmFigure, VmSample } from "./model.js";
import type { ColumnId } from "./columns.js";
import type { Ring } from "./ring.js";
import { DEFAULT_SETTINGS } from "./settings.js";
import type { Settings } from "./settings.js";

/** Events kept for the events page and the status line; older ones are one query away. */
export const EVENTS_KEPT = 500;
/** Operations kept for the operations page. */
export const OPERATIONS_KEPT = 200;

export type Connection =
  | { phase: "connecting" }
  | { phase: "live" }
  | { phase: "lost"; since: number; reason: string };

export type Page = "overview" | "vm" | "operations" | "events" | "help";
export const VM_TABS = ["graphs", "cpu", "disks", "net", "events", "operations", "definition"] as const;
export type VmTab = (typeof VM_TABS)[number];
export const SORT_COLUMNS = ["name", "state", "cpu", "memory", "disk", "rx", "tx", "age"] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];
export type SortDirection = "ascending" | "descending";

/** A line being typed. `confirm` and `delete` belong to the VM they name, whatever is selected meanwhile. */
export type Prompt =
  | { kind: "filter"; text: string }
  | { kind: "command"; text: string; index: number }
  | { kind: "delete"; text: string; vmId: string }
  | { kind: "confirm"; verb: "FORCE_OFF" | "RESET"; vmId: string; key: string };

/** The newest thing worth saying above the keys: an error of ours or the answer to a key. */
export interface Notice { tone: "info" | "error"; text: string; at: number }

export type ConsoleView = "split" | "full";

export interface Ui {
  pages: Page[];
  tab: VmTab;
  /** The VM under the cursor; kept by id, so that a new order moves the row and not the choice. */
  selectedVmId: string | null;
  sort: { column: SortColumn; direction: SortDirection };
  filter: string;
  /** Columns of the table; null: as many as fit. */
  columns: readonly ColumnId[] | null;
  /** Name of the theme worn. */
  theme: string;
  prompt: Prompt | null;
  notice: Notice | null;
  /** Rows between the header and the last lines, as the screen is now. */
  bodyRows: number;
  /** First row shown of each scrolling page. */
  scroll: Partial<Record<string, number>>;
  selectedOperationId: string | null;
  console: { vmId: string; view: ConsoleView } | null;
}

export interface State {
  now: number;
  /** The person's own, from config.yaml. */
  settings: Settings;
  /** Server clock minus ours in milliseconds, so that ages survive a skewed client. */
  clockSkewMs: number;
  connection: Connection;
  role: string | null;
  databaseConnected: boolean;
  hosts: Host[];
  hostSamples: ReadonlyMap<string, HostSample>;
  hostRings: Map<string, Record<HostFigure, Ring>>;
  vms: ReadonlyMap<string, Vm>;
  /** False until the first full list has come: an empty table is then "not known" and not "none". */
  vmsKnown: boolean;
  samples: Map<string, VmSample>;
  details: ReadonlyMap<string, VmDetail>;
  rings: Map<string, Record<VmFigure, Ring>>;
  definition: Definition | null;
  events: Event[];
  newestCursor: bigint | null;
  operations: Operation[];
  ui: Ui;
}

export function initialState(now: number, settings: Settings = DEFAULT_SETTINGS): State {
  return {
    now,
    settings,
    clockSkewMs: 0,
    connection: { phase: "connecting" },
    role: null,
    databaseConnected: true,
    hosts: [],
    hostSamples: new Map(),
    hostRings: new Map(),
    vms: new Map(),
    vmsKnown: false,
    samples: new Map(),
    details: new Map(),
    rings: new Map(),
    definition: null,
    events: [],
    newestCursor: null,
    operations: [],
    ui: {
      pages: ["overview"],
      tab: "graphs",
      selectedVmId: null,
      sort: settings.sort ?? { column: "cpu", direction: "descending" },
      filter: "",
      columns: settings.columns,
      theme: settings.themes[0] ?? "dark",
      prompt: null,
      notice: null,
      bodyRows: 20,
      scroll: {},
      selectedOperationId: null,
      console: null,
    },
  };
}
