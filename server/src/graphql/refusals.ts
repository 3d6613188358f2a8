// Watches the root fields for calls that a role does not allow, wherever the service says so, and has them told: a
// resolver cannot forget it. Knows no noun.
import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLObjectType, type GraphQLSchema } from "graphql";
import { Forbidden } from "../errors.js";
import type { GraphqlContext } from "./context.js";
import { Refusal } from "./errors.js";

type Resolver = GraphQLFieldResolver<unknown, GraphqlContext, Record<string, unknown>>;

/** Changes the schema's resolvers in place and returns it. */
export function tellRefusals(schema: GraphQLSchema): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) if (root != null) watchFields(root);
  return schema;
}

function watchFields(root: GraphQLObjectType): void {
  for (const field of Object.values(root.getFields())) {
    const resolve = (field.resolve ?? defaultFieldResolver) as Resolver;
    const watched: Resolver = (source, args, context, info) => {
      const seen = <T>(answer: T): T => {
        const refused = forbiddenIn(answer);
        if (refused !== null) tell(refused, field.name, args, context);
        return answer;
      };
      const failed = (error: unknown): never => {
        if (error instanceof Forbidden) tell(error, field.name, args, context);
        throw error;
      };
      try {
        const answer: unknown = resolve(source, args, context, info);
        return answer instanceof Promise ? answer.then(seen, failed) : seen(answer);
      } catch (error) {
        return failed(error);
      }
    };
    field.resolve = watched as GraphQLFieldResolver<unknown, unknown>;
  }
}

/** The refusal in a result union, or the first in a list of them. */
function forbiddenIn(answer: unknown): Forbidden | null {
  if (answer instanceof Refusal) return answer.error instanceof Forbidden ? answer.error : null;
  const results: unknown = typeof answer === "object" && answer !== null && "results" in answer ? answer.results : undefined;
  return Array.isArray(results) ? results.map(forbiddenIn).find((refused) => refused !== null) ?? null : null;
}

function tell(refused: Forbidden, call: string, args: Record<string, unknown>, { viewer, services }: GraphqlContext): void {
  const input = fieldsOf(args["input"]);
  // What would have changed nothing was no attempt: front ends ask so to grey out keys.
  if (input["dryRun"] === true) return;
  // A client's text is taken for a VM only when there is such a VM.
  const named = [input["id"], input["vm"], fieldsOf(input["definition"])["id"], args["vm"]].find((id) => typeof id === "string");
  const vm = typeof named === "string" ? services.vms.get(named) : null;
  services.audit.attempts.callRefused({
    actor: viewer.name, role: viewer.role, requiredRole: refused.requiredRole, call, vmId: vm?.id ?? null, hostId: vm?.hostId ?? null,
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
