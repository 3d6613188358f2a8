// What the caller is told of a request's body that is no GraphQL request: one sentence with the mend, not what a library
// threw. Knows no schema.
import { GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";

/** Whatever kind of answer the client takes: nothing of GraphQL was reached. */
const BAD_REQUEST = 400;
const EXAMPLE = '{"query": "{ vms { nodes { id state } } }"}';

/** Rewords the refusals of the parsers that yoga brings; their code stays. */
export function bodyFaults(): Plugin {
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (requestParser === undefined) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request);
        } catch (error) {
          throw error instanceof GraphQLError && error.extensions["code"] === "BAD_REQUEST" ? reworded(error) : error;
        }
      });
    },
  };
}

function reworded(error: GraphQLError): GraphQLError {
  const { originalError, code } = error.extensions;
  // Only what could not be read at all carries the error of the one who tried.
  const what = originalError === undefined ? error.message.replace(/\.?$/, "") : "The request's body is not valid JSON";
  return new GraphQLError(`${what}: send an object such as ${EXAMPLE}.`, { extensions: { code, http: { status: BAD_REQUEST } } });
}
