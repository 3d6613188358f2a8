// The dashboard's whole state and where it starts. Nothing here does I/O or reads a clock: `now` arrives by action.
import { NO_RULES } from "./alerts.js";
import type { AlertRules } from "./alerts.js";
import type { Bulk, Judgement } from "./bulk.js";
import type { ColumnId } from "./columns.js";
import type { DetailRings } from "./detail-rings.js";
import type { Editing } from "./editing.js";
import type { Form } from "./form.js";
import { NO_MATCHES } from "./filter.js";
import type { FilterMatches } from "./filter.js";
import { FIRST_MEMORY_ORDER, NO_MEMORY } from "./memory.js";
import type { Memory, MemoryOrder } from "./memory.js";
import type { Alert, ConsoleTail, Definition, Event, Host, HostFigure, HostSample, LogLine, Operation, Vm, VmDetail, VmFigure, VmRecord, VmSample, VmState } from "./model.js";
import { NO_PAST } from "./past.js";
import type { Past } from "./past.js";
import type { Ring } from "./ring.js";
import { DEFAULT_SETTINGS } from "./settings.js";
import type { Settings } from "./settings.js";
import type { FaultLine } from "./table-choice.js";
import type { TargetPrompt } from "./targets.js";
import type { Done } from "./undo.js";
import type { Why } from "./why.js";
import type { UserCommand } from "../user-commands.js";

/** Events kept for the events page and the status line; older ones are one query away. */
export const EVENTS_KEPT = 500;
/** Operations kept for the operations page. */
export const OPERATIONS_KEPT = 200;

export type Connection =
  | { phase: "connecting" }
  | { phase: "live" }
  | { phase: "lost"; since: number; reason: string };

/** Lines of the log kept: a day of a bad link. */
export const LOG_KEPT = 500;

export const PAGES = ["overview", "vm", "why", "alerts", "form", "edit", "hosts", "memory", "compare", "instants", "operations", "events", "plan", "log", "columns", "views", "help"] as const;
export type Page = (typeof PAGES)[number];
export const VM_TABS = ["graphs", "cpu", "memory", "disks", "net", "console", "events", "definition"] as const;
export type VmTab = (typeof VM_TABS)[number];
export const SORT_COLUMNS = ["name", "state", "cpu", "memory", "disk", "rx", "tx", "age"] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];
/** What 100 % of a VM's CPU is: one core, or all its vCPUs together. */
export type CpuScale = "core" | "vm";
/** What several VMs can be compared by, each on a graph of its own. */
export const COMPARED_FIGURES = ["cpu", "steal", "guestUsed", "rss", "diskRead", "diskWrite", "diskLatency", "netRx", "netTx"] as const satisfies readonly VmFigure[];
export type ComparedFigure = (typeof COMPARED_FIGURES)[number];
export type SortDirection = "ascending" | "descending";

/**
 * A line being typed. `confirm` and `delete` belong to the VM they name, whatever is selected meanwhile; their
 * judgement is null until the server has said that it can be done.
 */
export type Prompt =
  | { kind: "filter"; text: string }
  /** The palette; `user`: the person's own commands alone. */
  | { kind: "command"; text: string; index: number; scope: "all" | "user" }
  /** A command of the person's own that asks first. */
  | { kind: "run"; command: UserCommand; vmId: string | null; key: string }
  | { kind: "viewName"; text: string }
  | { kind: "delete"; text: string; vmId: string; judgement: Judgement | null }
  | { kind: "confirm"; verb: "FORCE_OFF" | "RESET"; vmId: string; key: string; judgement: Judgement | null }
  | TargetPrompt
  /** Edits the labels of the VMs it names. */
  | { kind: "labels"; text: string; vmIds: readonly string[] }
  /** Whether an operation shall be undone; the text says what that does, and what newer one cannot be, if any. */
  | { kind: "undo"; operationId: string; undoneVmId: string; text: string; passedOver: string | null }
  /** Whether the newest change of a host's memory settings shall be undone. */
  | { kind: "undoHost"; hostId: string; text: string; passedOver: string | null }
  /** Whether what the memory controller decided shall be undone; `at` null: the newest that can be. */
  | { kind: "undoDecision"; undoneVmId: string; at: number | null; text: string }
  /** Whether an alert rule shall be deleted; the effect says what that ends. */
  | { kind: "deleteRule"; ruleId: string; name: string; effect: string }
  /** Whether a VM that was just made shall be started. */
  | { kind: "startNew"; madeVmId: string; label: string }
  /** A phrase that must be typed in full before a plan is carried out. */
  | { kind: "typed"; text: string; expected: string };

/** The newest thing worth saying above the keys: an error of ours or the answer to a key. */
export interface Notice {
  tone: "info" | "error";
  text: string;
  at: number;
  /** The VM that refused, and its state then; it is over with that state. Absent: of no VM, or no refusal. */
  of?: { vmId: string; state: VmState } | undefined;
}

export type ConsoleView = "split" | "full";

export interface Ui {
  pages: Page[];
  tab: VmTab;
  /** The VM under the cursor; kept by id, so that a new order moves the row and not the choice. */
  selectedVmId: string | null;
  /** Marked VMs by id: what a verb of the overview is meant for while there are any. */
  marks: ReadonlySet<string>;
  /** The row marked last, from which a range starts. */
  markAnchor: string | null;
  /** What this dashboard has done, the newest first, for the undo key. */
  done: readonly Done[];
  /** Ids of the palette's entries used lately, the newest first. */
  recent: readonly string[];
  /** One verb on several VMs, from its plan to its summary. */
  bulk: Bulk | null;
  /** What was asked about a slow VM, while its page is open. */
  why: Why | null;
  /** The form that is filled in, or was left half filled in. */
  form: Form | null;
  /** What is asked about an edit under way. */
  editing: Editing | null;
  /** The chosen line of the alerts page. */
  chosenAlert: string | null;
  sort: { column: SortColumn; direction: SortDirection };
  /** The order of the memory page. */
  memoryOrder: MemoryOrder;
  filter: string;
  /** Columns of the table; null: as many as fit. */
  tableColumns: readonly ColumnId[] | null;
  /** The line under the cursor on the pages where columns and views are chosen. */
  choice: number;
  /** Name of the theme worn. */
  theme: string;
  cpuScale: CpuScale;
  compared: ComparedFigure;
  prompt: Prompt | null;
  notice: Notice | null;
  /** The newest event when a key was pressed last: warnings up to it were seen. */
  seenCursor: bigint | null;
  /** Rows between the header and the last lines, as the screen is now. */
  bodyRows: number;
  /** Cells of a row of the screen, as it is now. */
  columns: number;
  /** Lines of the help page while it is open: how many a key needs depends on what can be done now. */
  helpLines: number;
  /** First row shown of each scrolling page. */
  scroll: Partial<Record<string, number>>;
  /** The chosen row of each page of lists, by id; none: the first, which is the newest. */
  chosenRows: Partial<Record<Page, string | undefined>>;
  /** First line shown of the chosen row, where that is longer than its place. */
  readFrom: number;
  selectedHostId: string | null;
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
  /** Second by second figures of the parts of the VM whose page is open. */
  detailRings: DetailRings | null;
  rings: Map<string, Record<VmFigure, Ring>>;
  vmRecord: VmRecord | null;
  consoleTail: ConsoleTail | null;
  log: readonly LogLine[];
  definition: Definition | null;
  /** Asked for while a page shows it. */
  memory: Memory;
  /** What fires now, the oldest first. */
  alerts: readonly Alert[];
  /** What is looked for, while the page of alerts is open. */
  alertRules: AlertRules;
  /** What the server finds for the filter that is typed. */
  matches: FilterMatches;
  events: Event[];
  newestCursor: bigint | null;
  operations: Operation[];
  past: Past;
  /** Wrong lines of config.yaml known of so far, in their order. */
  settingsFaults: readonly FaultLine[];
  /** From the configuration; none where it has none. */
  userCommands: readonly UserCommand[];
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
    detailRings: null,
    rings: new Map(),
    vmRecord: null,
    consoleTail: null,
    log: [],
    definition: null,
    memory: NO_MEMORY,
    alerts: [],
    alertRules: NO_RULES,
    matches: NO_MATCHES,
    events: [],
    newestCursor: null,
    operations: [],
    past: NO_PAST,
    settingsFaults: [],
    userCommands: settings.commands,
    ui: {
      pages: ["overview"],
      tab: "graphs",
      selectedVmId: null,
      sort: settings.sort ?? { column: "cpu", direction: "descending" },
      memoryOrder: FIRST_MEMORY_ORDER,
      filter: "",
      tableColumns: settings.columns,
      choice: 0,
      theme: settings.themes[0] ?? "dark",
      cpuScale: settings.cpuScale,
      marks: new Set(),
      markAnchor: null,
      done: [],
      recent: [],
      bulk: null,
      why: null,
      form: null,
      editing: null,
      chosenAlert: null,
      compared: "cpu",
      prompt: null,
      notice: null,
      seenCursor: null,
      bodyRows: 20,
      columns: 80,
      helpLines: 0,
      scroll: {},
      chosenRows: {},
      readFrom: 0,
      selectedHostId: null,
      console: null,
    },
  };
}
