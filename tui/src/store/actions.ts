// Everything that can happen to the state: news from the server (data) and the person's wishes (view).
import type { MatchesAction } from "./filter.js";
import type {
  Alert, ConsoleTail, Definition, Event, Host, HostFigure, HostSample, Operation, Vm, VmDetail, VmFigure, VmRecord, VmSample,
} from "./model.js";
import type { AlertAction } from "./alerts.js";
import type { EditingAction } from "./editing.js";
import type { FormAction } from "./form.js";
import type { WhyAction } from "./why.js";
import type { BulkAction } from "./bulk.js";
import type { ConfirmAction } from "./confirm.js";
import type { UndoAction } from "./undo.js";
import type { MarkAction } from "./marks.js";
import type { MemoryAction } from "./memory.js";
import type { PastAction } from "./past.js";
import type { TableAction } from "./table-choice.js";
import type { TargetAction } from "./targets.js";
import type { UserCommand } from "../user-commands.js";
import type { Connection, ConsoleView, Page, Prompt, SortColumn, VmTab } from "./state.js";

/** History of some figures: for each, instants and values of the same length. */
export type HistoryOf<Figure extends string> = Partial<Record<Figure, { times: number[]; values: (number | null)[] }>>;

export type DataAction =
  | { type: "tick"; now: number }
  | { type: "connection"; connection: Connection }
  | { type: "welcomed"; role: string; clockSkewMs: number; databaseConnected: boolean; hosts: Host[]; hostSamples: HostSample[] }
  | { type: "health"; databaseConnected: boolean; hosts: Host[] }
  | { type: "vmsListed"; vms: Vm[]; samples: VmSample[] }
  | { type: "vmChanged"; id: string; vm: Vm | null; sample: VmSample | null }
  | { type: "samples"; samples: VmSample[] }
  | { type: "hostSample"; sample: HostSample }
  | { type: "detail"; vmId: string; detail: VmDetail }
  /** By the names that detail-rings.ts has for parts. */
  | { type: "partHistory"; vmId: string; history: HistoryOf<string> }
  | { type: "vmRecord"; record: VmRecord | null }
  | { type: "consoleTail"; tail: ConsoleTail | null }
  | { type: "vmHistory"; vmId: string; history: HistoryOf<VmFigure> }
  | { type: "hostHistory"; hostId: string; history: HistoryOf<HostFigure> }
  | { type: "events"; events: Event[]; newestCursor: bigint | null }
  | MatchesAction
  | { type: "alerts"; alerts: Alert[] }
  | { type: "operations"; operations: Operation[] }
  | { type: "definition"; definition: Definition };

export type ViewAction =
  | { type: "move"; by: number }
  | { type: "sized"; bodyRows: number; columns: number; helpLines?: number }
  | { type: "moveTo"; edge: "first" | "last" }
  | { type: "enter" }
  | { type: "back" }
  | { type: "open"; page: Page }
  /** The page of one VM, whatever the filter shows. */
  | { type: "goTo"; vmId: string }
  /** The row of one VM, where the filter shows it. */
  | { type: "choose"; vmId: string }
  | { type: "tab"; tab: VmTab }
  | { type: "nextTab" }
  | { type: "readOn"; by: 1 | -1 }
  | { type: "cpuScale" }
  | { type: "compareStep"; step: 1 | -1 }
  | { type: "sortBy"; column: SortColumn }
  | { type: "sortStep"; step: 1 | -1 }
  | { type: "sortReverse" }
  | { type: "nextTheme" }
  | TableAction
  | { type: "prompt"; prompt: Prompt | null }
  | { type: "promptText"; text: string }
  | { type: "promptIndex"; index: number }
  | { type: "found"; id: string }
  | { type: "userCommands"; commands: readonly UserCommand[] }
  | { type: "filter"; text: string }
  /** `vmId`: a refusal of this VM, which is over when it is in another state. */
  | { type: "notice"; tone: "info" | "error"; text: string; vmId?: string | undefined }
  | { type: "clearNotice" }
  | { type: "console"; console: { vmId: string; view: ConsoleView } | null };

export type Action = DataAction | ViewAction | MarkAction | PastAction | BulkAction | ConfirmAction | UndoAction | MemoryAction | TargetAction | WhyAction | AlertAction | FormAction | EditingAction;
