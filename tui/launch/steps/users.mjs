// Owns the two system users: QEMU and Postgres never run as root. Where the launcher is not root, everything runs as
// the person who started it and there is nothing to do.
import { readFileSync } from "node:fs";
import { setupLog } from "../context.mjs";
import { runLogged } from "../run.mjs";

/** QEMU's processes belong to this user. */
export const QEMU_USER = "quetzal-qemu";
/** The embedded Postgres belongs to this user; Postgres refuses root. */
export const DATABASE_USER = "quetzal-db";

/** @type {import("../step.mjs").Step} */
export const usersStep = {
  title: "System users",
  isDone: (context) => context.uid !== 0 || missingUsers().length === 0,
  async run(context) {
    const missing = missingUsers();
    for (const user of missing) {
      await runLogged({
        title: `Creating the system user ${user}`,
        program: "useradd",
        arguments: ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", user],
        cwd: "/",
        env: context.env,
        log: setupLog(context),
        mend: "create the user by hand (useradd --system), then npm start again.",
      });
    }
    return missing.join(", ");
  },
};

function missingUsers() {
  const known = new Set(readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":")[0]));
  return [QEMU_USER, DATABASE_USER].filter((user) => !known.has(user));
}
