// What every command that puts a definition asks of the answer.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { WATCHED_OPERATION } from "../wait.js";

export const PUT_RESULT = graphql(`
  fragment PutResult on PutVmResult {
    __typename
    ... on PutVmSuccess {
      vm { id name state restartRequired }
      action
      changes
      effect
      operation { ...WatchedOperation }
    }
    ... on Error { message }
    ... on InvalidSpec { field }
    ... on InsufficientResources { field }
    ... on StorageFault { field }
    ... on InvalidInput { field }
  }
`, [WATCHED_OPERATION]);

export type PutResult = ResultOf<typeof PUT_RESULT>;
export type Put = Extract<PutResult, { __typename: "PutVmSuccess" }>;
