// For the database tests: real Postgres servers for one test run. The embedded one always; beside it Debian's, and the
// one of DATABASE_URL, where there are such. Everything lies in a folder of its own and is gone afterwards.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { temporaryFolder } from "../../../../test/support/temporary.js";
import type { DatabaseAddress } from "../client.js";
import { EmbeddedPostgres } from "../postgres/embedded.js";
import { externalDatabaseUrl } from "./config.js";
import { DebianPostgres } from "./debian.js";

export interface TestServer {
  /** For the names of tests. */
  readonly name: string;
  readonly address: DatabaseAddress;
}

declare module "vitest" {
  export interface ProvidedContext {
    postgresServers: TestServer[];
  }
}

/** vitest's hook of the "db" project: starts the servers, and returns how to end them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = temporaryFolder("everyone");
  const ends: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const end = async (): Promise<void> => {
    for (const step of ends.reverse()) await step();
  };
  try {
    const embedded = await EmbeddedPostgres.start({ stateDirectory: join(folder, "e"), runDirectory: join(folder, "e/run"), user: "quetzal-db" });
    ends.push(() => embedded.stop());
    const servers: TestServer[] = [{ name: "embedded", address: embedded.address }];
    const debian = await DebianPostgres.create(join(folder, "d"));
    if (debian === null) console.warn("Tests on Debian's Postgres are left out: install postgresql to have them.");
    else {
      ends.push(() => debian.stop());
      servers.push({ name: `Debian's ${debian.version}`, address: { kind: "url", url: debian.url } });
    }
    const url = externalDatabaseUrl();
    if (url !== null) servers.push({ name: "DATABASE_URL", address: { kind: "url", url } });
    project.provide("postgresServers", servers);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}
