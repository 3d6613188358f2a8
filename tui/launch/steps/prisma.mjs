// Owns when the Prisma client is generated; how is server/src/db/generate.mjs's business.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, readStamp, writeStamp } from "../fingerprint.mjs";

/** @typedef {import("../context.mjs").Context} Context */

/** @type {import("../step.mjs").Step} */
export const prismaStep = {
  title: "Prisma client",
  isDone: (context) => existsSync(join(context.repoDir, "server/src/db/generated/client.ts")) && readStamp(stampPath(context)) === inputsOf(context),
  async run(context) {
    const before = inputsOf(context);
    const { generatePrismaClient } = await import("../../../server/src/db/generate.mjs");
    await generatePrismaClient({ packageRoot: context.repoDir });
    writeStamp(stampPath(context), before);
  },
};

/** @param {Context} context */
const stampPath = ({ distDir }) => join(distDir, ".prisma-inputs");

/** @param {Context} context */
const inputsOf = ({ repoDir }) => fingerprint(["prisma/schema.prisma", "node_modules/prisma/package.json"].map((name) => join(repoDir, name)));
