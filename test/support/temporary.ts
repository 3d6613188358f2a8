// Folders of tests. All lie in the temporary folder of the run (TMPDIR), where the search for what a run left behind looks.
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whom it must let in: Postgres and QEMU of a test that is root run as users of their own. */
export type Visitors = "owner" | "everyone";

/** The path is short, for sockets lie below it. Who makes it removes it. */
export function temporaryFolder(visitors: Visitors = "owner", prefix = "qz-"): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  if (visitors === "everyone") chmodSync(folder, 0o755);
  return folder;
}
