// Owns when `npm run bench` may start: everything built, nothing of the person's own state in the way. What is measured
// is test/bench's business.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { BUILDS } from "./setup.mjs";
import { runSteps } from "./step.mjs";
import { packagesStep } from "./steps/packages.mjs";
import { usersStep } from "./steps/users.mjs";
import { testContext } from "./test.mjs";

/** @param {import("./context.mjs").Context} original @returns {Promise<number>} exit code */
export async function bench(original) {
  const context = testContext(original);
  await runSteps(context, [packagesStep, usersStep, ...BUILDS]);
  const program = [join(context.repoDir, "node_modules/tsx/dist/cli.mjs"), join(context.repoDir, "test/bench/main.ts"), ...context.arguments];
  const child = spawn(process.execPath, program, { cwd: context.repoDir, env: context.env, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
