// A second `npm start` in a terminal: from the command to a dashboard that shows the VM, with everything up already.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/process.js";
import { guestImagesDir, root } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { whenInterrupted } from "../endings.js";
import { figure } from "../figure.js";
import { type Suite, timed } from "../suite.js";

const ROUNDS = 8;
const TARGET_MS = 3000;
/** The launcher's first VM, as vms/ defines it. */
const FIRST_VM = "test-vm-001";

async function npm(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn("npm", args, { cwd: root, env, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`npm ${args.join(" ")} exited ${code}; ${env["QUETZAL_STATE_DIR"]}/logs tells more`);
}

async function firstFrameMs(env: NodeJS.ProcessEnv): Promise<number> {
  const begin = performance.now();
  await using terminal = new TerminalDriver("npm", ["start"], { cwd: root, env });
  await eventually("the dashboard's first frame", () => terminal.onAlternateScreen && terminal.screen().includes(FIRST_VM));
  const took = performance.now() - begin;
  terminal.send("q");
  await terminal.waitForExit();
  return took;
}

export const startup: Suite = {
  name: "startup",
  about: "a second npm start, from the command to the dashboard's first frame with the VM in it",
  async run(note) {
    const stateDir = mkdtempSync(join(tmpdir(), "qz-"));
    chmodSync(stateDir, 0o755);
    const env = { ...process.env, QUETZAL_STATE_DIR: stateDir, QUETZAL_LISTEN: "127.0.0.1:0" };
    const end = async (): Promise<void> => {
      await npm(["stop", "--", "--vms"], env);
      rmSync(stateDir, { recursive: true, force: true });
    };
    const hasEnded = whenInterrupted(end);
    try {
      // A fresh state folder needs the guest's image too, and building it would be the launcher's business.
      if (existsSync(guestImagesDir())) cpSync(guestImagesDir(), join(stateDir, "images"), { recursive: true });
      note("first npm start: sets up");
      await npm(["start"], env);
      return [figure("second npm start → dashboard's first frame", "ms", await timed(ROUNDS, () => firstFrameMs(env)), { atMost: TARGET_MS })];
    } finally {
      await end();
      hasEnded();
    }
  },
};
