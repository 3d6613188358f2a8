// Owns the daemon's release build. Cargo itself knows best what to rebuild; the stamp only spares asking it when no
// source file has changed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { daemonBinary, setupLog } from "../context.mjs";
import { fingerprint, readStamp, writeStamp } from "../fingerprint.mjs";
import { runLogged } from "../run.mjs";

/** @typedef {import("../context.mjs").Context} Context */

/** @type {import("../step.mjs").Step} */
export const daemonStep = {
  title: "Daemon (Rust, release build)",
  isDone: (context) => existsSync(daemonBinary(context)) && readStamp(stampPath(context)) === sourcesOf(context),
  async run(context, report) {
    const before = sourcesOf(context);
    const total = lockedPackages(context);
    let compiled = 0;
    await runLogged({
      title: "Building the daemon",
      program: "cargo",
      arguments: ["build", "--release", "--locked", "--bin", "quetzald"],
      cwd: join(context.repoDir, "hypervisor"),
      env: { ...context.env, CARGO_TARGET_DIR: context.targetDir },
      log: setupLog(context),
      mend: "see the log; with rustup, 'rustup update' brings a current Rust. Then npm start again.",
      onLine: (line) => {
        const crate = /^\s*Compiling (\S+)/.exec(line)?.[1];
        report(crate ? `${++compiled} of at most ${total} crates: ${crate}` : line);
      },
    });
    // The state from before the build: a file saved meanwhile makes the next start build again.
    writeStamp(stampPath(context), before);
  },
};

/** @param {Context} context */
const stampPath = (context) => join(context.targetDir, "release", ".quetzal-sources");

/** @param {Context} context */
const sourcesOf = ({ repoDir }) => fingerprint([join(repoDir, "hypervisor")]);

/** @param {Context} context */
const lockedPackages = ({ repoDir }) => readFileSync(join(repoDir, "hypervisor", "Cargo.lock"), "utf8").split("[[package]]").length - 1;
