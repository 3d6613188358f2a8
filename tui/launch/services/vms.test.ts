// Laws of finding the VMs that run, with a process of our own in the place of a QEMU.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/support/temporary.js";
import { resolvePaths } from "../paths.mjs";
import { identify } from "./process.mjs";
import { livingVms } from "./vms.mjs";

let stateDir: string;
beforeEach(() => { stateDir = temporaryFolder(); });
afterEach(() => rmSync(stateDir, { recursive: true }));

const living = (): ReturnType<typeof livingVms> => livingVms(resolvePaths({ QUETZAL_STATE_DIR: stateDir }, 1000));
function note(id: string, notes: string): void {
  const folder = join(stateDir, "hypervisor/vms", id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "run.json"), notes);
}

it("finds none where no daemon has run", () => {
  expect(living()).toEqual([]);
});

it("tells of each that lives since when, its process and its log, and passes over the others", () => {
  const { pid, startTime } = identify(process.pid) ?? { pid: 0, startTime: "" };
  note("b-lives", JSON.stringify({ pid, start_time: Number(startTime), started_at: 1_700_000_000_000 }));
  note("a-stranger", JSON.stringify({ pid, start_time: Number(startTime) + 1, started_at: 1_700_000_000_000 }));
  note("c-torn", "{");
  expect(living()).toEqual([{ id: "b-lives", pid, startedAt: "2023-11-14T22:13:20.000Z", log: join(stateDir, "hypervisor/vms/b-lives/qemu.log") }]);
});
