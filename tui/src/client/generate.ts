// Turns server/schema.graphql into the types that documents are checked against. Run by `npm run generate`; a test
// compares its output with the committed file. Not part of the bundle.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { minifyIntrospection, outputIntrospectionFile } from "gql.tada/internal";
import { buildSchema, introspectionFromSchema } from "graphql";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const SCHEMA_PATH = join(root, "server", "schema.graphql");
export const SCHEMA_TYPES_PATH = join(root, "tui", "src", "client", "generated", "schema-types.ts");

/** The text of generated/schema-types.ts for a schema in SDL. */
export function schemaTypes(sdl: string): string {
  const introspection = minifyIntrospection(introspectionFromSchema(buildSchema(sdl)));
  const printed = outputIntrospectionFile(introspection, { fileType: ".d.ts", shouldPreprocess: true });
  // The tail registers the schema globally; documents name it explicitly instead.
  const tail = printed.indexOf("import * as gqlTada");
  return tail === -1 ? printed : printed.slice(0, tail).trimEnd() + "\n";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dirname(SCHEMA_TYPES_PATH), { recursive: true });
  writeFileSync(SCHEMA_TYPES_PATH, schemaTypes(readFileSync(SCHEMA_PATH, "utf8")));
}
