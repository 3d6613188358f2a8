import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/support/temporary.js";
import { DatabaseRefused, DatabaseUnavailable } from "../errors.js";
import type { HealthState } from "../health.js";
import { openServerDatabase, type OpenOptions, type OpenedDatabase } from "../open.js";
import { MIGRATIONS } from "../testing/suite.js";
import { EmbeddedPostgres } from "./embedded.js";
import { findUser } from "./owner.js";
import { isAlive } from "./postmaster.js";

let folder: string;
let options: OpenOptions;
beforeEach(() => {
  folder = temporaryFolder("everyone");
  options = { url: null, stateDirectory: folder, runDirectory: join(folder, "run"), postgresUser: "quetzal-db", migrationsDirectory: MIGRATIONS, onClose: "keepPostgres" };
});
afterEach(async () => {
  await (await startAgain()).stop();
  await rm(folder, { recursive: true, force: true });
});

function startAgain(): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ stateDirectory: folder, runDirectory: join(folder, "run"), user: "quetzal-db" });
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It never came to this: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("the embedded Postgres", () => {
  it("is made once, then started, adopted while it runs, and keeps what is in it", async () => {
    const first = await openServerDatabase(options);
    expect([first.postgres?.outcome, first.migrated.length > 0]).toEqual(["created", true]);
    await first.db.token.create({ data: { id: "t", name: "kept", role: "VIEWER", secretHash: "x" } });
    await first[Symbol.asyncDispose]();
    const second = await openServerDatabase({ ...options, onClose: "stopPostgres" });
    expect([second.postgres?.outcome, second.postgres?.pid, second.migrated]).toEqual(["adopted", first.postgres?.pid, []]);
    await second[Symbol.asyncDispose]();
    expect(await isAlive(first.postgres?.pid ?? 0)).toBe(false);
    const third = await openServerDatabase({ ...options, onClose: "stopPostgres" });
    expect(third.postgres?.outcome).toBe("started");
    expect(await third.db.token.findUnique({ where: { name: "kept" } })).not.toBeNull();
    await third[Symbol.asyncDispose]();
  });

  it("opens no port, and its socket lets only its owner in", async () => {
    const postgres = await startAgain();
    const inodes = await socketInodes(postgres.pid);
    for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
      const lines = (await readFile(table, "utf8").catch(() => "")).split("\n");
      expect(lines.filter((line) => inodes.has(line.trim().split(/\s+/)[9] ?? "-"))).toEqual([]);
    }
    expect(await readFile(`/proc/${postgres.pid}/status`, "utf8")).not.toMatch(/^Uid:\s+0\s/m);
  });

  it("killed, is started again by itself; queries fail clearly meanwhile and work afterwards", async () => {
    const opened = await openServerDatabase(options);
    const states: HealthState[] = [];
    opened.health.onChange((state) => states.push(state));
    await opened.db.token.create({ data: { id: "t", name: "kept", role: "VIEWER", secretHash: "x" } });
    process.kill(opened.postgres?.pid ?? 0, "SIGKILL");
    await expect(failure(opened)).resolves.toBeInstanceOf(DatabaseUnavailable);
    await until(() => opened.health.state.connected, "connected again");
    expect(await opened.db.token.findUnique({ where: { name: "kept" } })).not.toBeNull();
    expect(states.map((state) => state.connected)).toEqual([false, true]);
    await opened[Symbol.asyncDispose]();
  });

  it("left behind half-made by an interrupted first start, is made anew", async () => {
    await mkdir(join(folder, "postgres/data.new"), { recursive: true });
    await writeFile(join(folder, "postgres/data.new/PG_VERSION"), "18");
    expect((await startAgain()).outcome).toBe("created");
  });

  it("of another major version is refused with the mend", async () => {
    const postgres = await startAgain();
    await postgres.stop();
    const versionFile = join(folder, "postgres/data/PG_VERSION");
    const version = await readFile(versionFile, "utf8");
    await writeFile(versionFile, "11\n");
    await expect(startAgain()).rejects.toThrow(/was made by Postgres 11, and this version brings Postgres \d+: install/);
    await writeFile(versionFile, version);
  });

  it("that cannot start says why, in Postgres' own words", async () => {
    const postgres = await startAgain();
    await postgres.stop();
    const config = join(folder, "postgres/data/postgresql.conf");
    const good = await readFile(config, "utf8");
    await writeFile(config, `${good}\nno_such_setting = 1\n`);
    await expect(startAgain()).rejects.toThrow(/Postgres did not start: .*postgresql\.conf.* contains errors/);
    await writeFile(config, good);
  });

  it("is refused where its socket's path would be too long", async () => {
    const runDirectory = join(folder, "x".repeat(100));
    const start = EmbeddedPostgres.start({ stateDirectory: folder, runDirectory, user: "quetzal-db" });
    await expect(start).rejects.toBeInstanceOf(DatabaseRefused);
    await expect(start).rejects.toThrow(/longer path than Linux allows/);
  });

  it.runIf(process.getuid?.() === 0)("names the folder its user cannot enter", async () => {
    const closed = join(folder, "closed");
    await mkdir(closed, { mode: 0o700 });
    const start = EmbeddedPostgres.start({ stateDirectory: join(closed, "s"), runDirectory: join(folder, "r"), user: "quetzal-db" });
    await expect(start).rejects.toThrow(new RegExp(`cannot enter ${closed}: .*chmod o\\+x ${closed}`));
  });
});

it("a user's line is found by its name alone", () => {
  expect(findUser("root:x:0:0::/:/bin/sh\nquetzal-db2:x:5:6::/:/bin/sh\nquetzal-db:x:7:8::/:/bin/sh", "quetzal-db")).toEqual({ name: "quetzal-db", uid: 7, gid: 8 });
  expect(findUser("root:x:0:0::/:/bin/sh", "quetzal-db")).toBeNull();
});

/** The error of the first query that fails. */
async function failure(opened: OpenedDatabase): Promise<unknown> {
  for (;;) {
    try {
      await opened.db.token.count();
    } catch (error) {
      return error;
    }
  }
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const { readdir, readlink } = await import("node:fs/promises");
  const links = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
