// Owns `npm run check`: compilers, linters and formatting, without running a test.
import { join } from "node:path";
import { checkSuites, runSuite } from "./quality/suite.mjs";
import { runSteps } from "./step.mjs";
import { nodeModulesStep } from "./steps/node-modules.mjs";
import { prismaStep } from "./steps/prisma.mjs";
import { testContext } from "./test.mjs";

/** @param {import("./context.mjs").Context} original @returns {Promise<number>} exit code */
export async function check(original) {
  const context = testContext(original);
  await runSteps(context, [nodeModulesStep, prismaStep]);
  let failed = 0;
  for (const suite of checkSuites(context)) {
    failed += (await runSuite(suite, { env: context.env, log: join(context.paths.logsDir, "check.log") })).failed;
  }
  return failed === 0 ? 0 : 1;
}
