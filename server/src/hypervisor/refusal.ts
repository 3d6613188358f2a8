// The one table from a daemon's refusal to an expected error. Pure.
import * as errors from "../errors.js";
import type { ExpectedError } from "../errors.js";
import type { OperationState } from "../operation/store.js";
import type { VmState } from "../vm/model.js";
import { RefusalCode, type Refusal } from "./generated/quetzal/v1/refusal.js";

/** What the caller knows and the refusal does not say. */
export interface RefusalFacts {
  readonly vmId: string;
  readonly state: VmState;
  readonly operationState?: OperationState;
  readonly writer?: string;
}

export function refusalError(refusal: Refusal, facts: RefusalFacts): ExpectedError {
  const { message } = refusal;
  const field = refusal.field === "" ? null : refusal.field;
  switch (refusal.code) {
    case RefusalCode.REFUSAL_CODE_VM_NOT_FOUND:
      return new errors.VmNotFound(facts.vmId, message);
    case RefusalCode.REFUSAL_CODE_VM_EXISTS:
      return new errors.VmExists(facts.vmId, message);
    case RefusalCode.REFUSAL_CODE_INVALID_STATE:
      return new errors.InvalidVmState(facts.state, message);
    case RefusalCode.REFUSAL_CODE_INVALID_SPEC:
      return new errors.InvalidSpec(message, field);
    case RefusalCode.REFUSAL_CODE_INSUFFICIENT_RESOURCES:
      return new errors.InsufficientResources(message, field);
    case RefusalCode.REFUSAL_CODE_LAUNCH_FAILED:
      return new errors.LaunchFailed(message);
    case RefusalCode.REFUSAL_CODE_STORAGE:
      return new errors.StorageFault(message, field);
    case RefusalCode.REFUSAL_CODE_CONSOLE_BUSY:
      return new errors.ConsoleBusy(facts.writer ?? "", message);
    case RefusalCode.REFUSAL_CODE_NOT_CANCELLABLE:
      return new errors.NotCancellable(facts.operationState ?? "RUNNING", message);
    case RefusalCode.REFUSAL_CODE_PROTECTED:
      return new errors.VmProtected(message);
    case RefusalCode.REFUSAL_CODE_OUT_OF_RANGE:
      // Of a request, which the API names in its own way.
      return new errors.InvalidInput(message, field?.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) ?? null);
    case RefusalCode.REFUSAL_CODE_UNSUPPORTED:
    case RefusalCode.REFUSAL_CODE_UNSPECIFIED:
    case RefusalCode.UNRECOGNIZED:
      return new errors.Unsupported(message);
  }
}
