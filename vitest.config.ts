// Projects: unit (no process but its own), db (real Postgres), e2e (real guests; one at a time on a small machine).
import { defineConfig } from "vitest/config";

// Vite would take graphql's ES modules for our own files and Node its CommonJS ones for everybody else's: two instances.
const graphql = { graphql: "graphql/index.js" };

// Test files of "unit" and "db" share their worker's modules, for loading them is a third of what they cost: a file must leave
// process, clock and modules as it found them.
// Most tests wait: for programs in pseudo-terminals, for databases, for guests. More workers than a small machine has cores.
const WORKERS = 3;

// How long each file took last time, by which vitest begins with the longest: npm test keeps that outside of the clone.
const cacheDir = process.env["QUETZAL_TEST_CACHE"];

export default defineConfig({
  ...(cacheDir === undefined ? {} : { cacheDir }),
  test: {
    projects: [
      { resolve: { alias: graphql }, test: { name: "unit", include: ["server/**/*.test.ts", "tui/**/*.test.ts", "vms/**/*.test.ts", "test/*.test.ts", "test/{bench,contract,support}/**/*.test.ts"], exclude: ["**/*.db.test.ts", "**/node_modules/**"], globalSetup: ["test/support/programs.ts"], testTimeout: 30_000, isolate: false, maxWorkers: WORKERS, sequence: { groupOrder: 0 } } },
      { resolve: { alias: graphql }, test: { name: "db", include: ["{server,test}/**/*.db.test.ts"], globalSetup: ["server/src/db/testing/servers.ts", "test/support/database-seed.ts"], testTimeout: 60_000, hookTimeout: 120_000, isolate: false, maxWorkers: WORKERS, sequence: { groupOrder: 1 } } },
      { resolve: { alias: graphql }, test: { name: "e2e", include: ["test/e2e/**/*.test.ts", "test/chaos/**/*.test.ts"], globalSetup: ["test/support/programs.ts", "test/support/database-seed.ts"], testTimeout: 180_000, hookTimeout: 300_000, maxWorkers: WORKERS, sequence: { groupOrder: 2 } } },
    ],
  },
});
