// Writes server/schema.graphql from the code; `npm run generate` runs it, and a test compares.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { printContract } from "./schema.js";

writeFileSync(fileURLToPath(new URL("../../schema.graphql", import.meta.url)), printContract());
