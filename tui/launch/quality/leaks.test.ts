// Laws of looking for what a test run left behind, as far as its files go.
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findLeaks, lookBefore } from "./leaks.mjs";

it("finds state folders, folders of Rust's tests and sockets, and nothing else that tools leave in the temporary folder", async () => {
  const tempDir = mkdtempSync(join(tmpdir(), "qz-"));
  const listener = createServer();
  try {
    for (const name of ["qz-state", ".tmpAbC123", "v8-compile-cache", "config"]) mkdirSync(join(tempDir, name));
    writeFileSync(join(tempDir, "qz-file"), "");
    await once(listener.listen(join(tempDir, "left.sock")), "listening");
    const left = await findLeaks(lookBefore(), { mark: "no run has this mark", tempDir });
    // Other tests of this host may make an interface or a group meanwhile.
    expect(left.filter((sentence) => sentence.includes(tempDir)).sort()).toEqual([`socket ${tempDir}/left.sock`, `state folder ${tempDir}/.tmpAbC123`, `state folder ${tempDir}/qz-state`]);
  } finally {
    listener.close();
    rmSync(tempDir, { recursive: true, force: true });
  }
});
