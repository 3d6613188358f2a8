// What every resolver is given: who asks, the services, and which part of a feed a subscription wants.
import type { AlertBoard } from "../alert/board.js";
import type { AlertService } from "../alert/service.js";
import type { AuditService } from "../audit/service.js";
import type { ConsoleService } from "../console/service.js";
import type { CpuService } from "../cpu/service.js";
import type { DiagnosisService } from "../diagnosis/service.js";
import type { EventService } from "../event/service.js";
import type { HostService } from "../host/service.js";
import type { MemoryService } from "../memory/service.js";
import type { MetricsService } from "../metrics/service.js";
import type { OperationService } from "../operation/service.js";
import type { PastService } from "../past/service.js";
import type { ServerStatus } from "../status.js";
import type { TokenService } from "../token/service.js";
import type { Viewer } from "../token/model.js";
import type { FilterMatches } from "../vm/filter/matches.js";
import type { VmService } from "../vm/service.js";
import type { UndoService } from "../vm/undo-service.js";
import type { FeedPart } from "../feed.js";

export interface Services {
  readonly vms: VmService;
  readonly filters: FilterMatches;
  readonly undo: UndoService;
  readonly hosts: HostService;
  readonly operations: OperationService;
  readonly events: EventService;
  readonly alerts: AlertService;
  readonly alertBoard: AlertBoard;
  readonly audit: AuditService;
  readonly memory: MemoryService;
  readonly cpu: CpuService;
  readonly metrics: MetricsService;
  readonly diagnoses: DiagnosisService;
  readonly past: PastService;
  readonly consoles: ConsoleService;
  readonly tokens: TokenService;
  readonly status: ServerStatus;
}

export interface GraphqlContext {
  readonly viewer: Viewer;
  readonly services: Services;
  /** Named in the log line of an unexpected error and in the error the client sees. */
  readonly requestId: string;
  /** Shared subscriptions open the live part once and each reader's replay apart; everybody else reads the whole. */
  readonly part: FeedPart;
}
