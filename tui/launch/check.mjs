// Owns `npm run check`: compilers, linters and formatting, without running a test.
import { runLanes } from "./quality/lanes.mjs";
import { checkSuites, logOf } from "./quality/suite.mjs";
import { runSteps } from "./step.mjs";
import { nodeModulesStep } from "./steps/node-modules.mjs";
import { prismaStep } from "./steps/prisma.mjs";
import { testContext } from "./test.mjs";

/** @param {import("./context.mjs").Context} original @returns {Promise<number>} exit code */
export async function check(original) {
  const context = testContext(original);
  await runSteps(context, [nodeModulesStep, prismaStep]);
  const { typescript, rust } = checkSuites(context);
  const { failed } = await runLanes([typescript, rust], { env: context.env, log: logOf(context) });
  return failed === 0 ? 0 : 1;
}
