// Puts the nouns' types together into the executable schema, and prints it.
import { type GraphQLSchema, printSchema } from "graphql";
import { builder } from "./builder.js";
import "./scalars.js";
import "./errors.js";
import { tellRefusals } from "./refusals.js";
import "../host/schema.js";
import "../vm/schema.js";
import "../vm/mutations.js";
import "../vm/filter/schema.js";
import "../memory/schema.js";
import "../memory/mutations.js";
import "../cpu/schema.js";
import "../operation/schema.js";
import "../audit/schema.js";
import "../event/schema.js";
import "../alert/schema.js";
import "../metrics/schema.js";
import "../metrics/vcpu-schema.js";
import "../diagnosis/schema.js";
import "../past/schema.js";
import "../console/schema.js";
import "../token/schema.js";

builder.queryType({ description: "What can be read. Reads of observed state are answered from memory; history, operations and events from the database." });
builder.mutationType({ description: "What can be done. Every accepted mutation is written to the events with who asked; of a console, who took its pen, not what is typed." });
builder.subscriptionType({ description: "What can be followed: over WebSocket (graphql-transport-ws) or server-sent events." });

export const schema: GraphQLSchema = tellRefusals(builder.toSchema({ sortSchema: false }));

/** The contract as server/schema.graphql holds it. */
export function printContract(): string {
  return `# Printed from server/src by \`npm run generate\`; edit the sources, not this file.\n\n${printSchema(schema)}\n`;
}
