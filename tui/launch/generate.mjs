// Owns `npm run generate`: everything committed that a program writes, in the order of the contracts. A test compares
// each with what the code would print now.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setupLog } from "./context.mjs";
import { runLogged } from "./run.mjs";
import { runSteps } from "./step.mjs";
import { nodeModulesStep } from "./steps/node-modules.mjs";
import { developmentPackagesStep } from "./steps/packages.mjs";
import { prismaStep } from "./steps/prisma.mjs";

/** @typedef {import("./context.mjs").Context} Context */
/** @typedef {import("./step.mjs").Step} Step */

/** How ts-proto writes what the gRPC client reads: 64-bit values as bigint, a oneof as a tagged union, services for nice-grpc. */
const TS_PROTO_OPTIONS = "outputServices=nice-grpc,outputServices=generic-definitions,forceLong=bigint,oneof=unions-value,esModuleInterop=true,importSuffix=.js,env=node";
const PROTO_NOUNS = ["console", "memory", "cpu", "event", "host", "metrics", "refusal", "vm"];

/** @param {Context} context @returns {Promise<number>} exit code */
export async function generate(context) {
  await runSteps(context, [
    developmentPackagesStep,
    nodeModulesStep,
    prismaStep,
    always("gRPC types of the server", generateProto),
    always("vms/vm.schema.json and the golden command lines", generateGolden),
    always("Parser of the filter language", (own) => runTypeScript(own, "server/src/vm/filter/generate.mjs")),
    always("server/schema.graphql", (own) => runTypeScript(own, "server/src/graphql/print.ts")),
    always("Types of the client's documents", (own) => runTypeScript(own, "tui/src/client/generate.ts")),
    always("docs/keys.md, docs/filter.md, docs/quetzal.1 and the golden screens", (own) => runNode(own, "vitest/vitest.mjs", ["run", "--project", "unit", "tui/src", "server/src/vm/filter", "--update"])),
  ]);
  return 0;
}

/** @param {string} title @param {(context: Context) => Promise<void>} run @returns {Step} */
const always = (title, run) => ({ title, isDone: () => false, run });

/** @param {Context} context */
async function generateProto(context) {
  const out = join(context.repoDir, "server/src/hypervisor/generated");
  mkdirSync(out, { recursive: true });
  await runLogged({
    title: "Generating the gRPC types",
    program: "protoc",
    arguments: protocArguments(context.repoDir, out),
    cwd: context.repoDir,
    env: context.env,
    log: setupLog(context),
    mend: "mend the .proto named above.",
  });
}

/**
 * @param {string} repoDir
 * @param {string} out an existing folder
 * @returns {string[]}
 */
export function protocArguments(repoDir, out) {
  const proto = join(repoDir, "hypervisor/proto");
  return [
    `--plugin=${join(repoDir, "node_modules/.bin/protoc-gen-ts_proto")}`, `--ts_proto_out=${out}`, `--ts_proto_opt=${TS_PROTO_OPTIONS}`,
    `--proto_path=${proto}`, ...PROTO_NOUNS.map((noun) => join(proto, `quetzal/v1/${noun}.proto`)),
  ];
}

/** The golden test of the crate writes what it would compare. @param {Context} context */
async function generateGolden(context) {
  await runLogged({
    title: "Writing the golden files of the VM crate",
    program: "cargo",
    arguments: ["test", "--locked", "--package", "quetzal-vm", "--test", "golden"],
    cwd: join(context.repoDir, "hypervisor"),
    env: { ...context.env, CARGO_TARGET_DIR: context.targetDir, UPDATE_GOLDEN: "1" },
    log: setupLog(context),
    mend: "see the log.",
  });
}

/** @param {Context} context @param {string} file */
const runTypeScript = (context, file) => runNode(context, "tsx/dist/cli.mjs", [file]);

/** @param {Context} context @param {string} tool in node_modules @param {string[]} args */
async function runNode(context, tool, args) {
  await runLogged({
    title: `Running ${tool} ${args.join(" ")}`,
    program: process.execPath,
    arguments: [join(context.repoDir, "node_modules", tool), ...args],
    cwd: context.repoDir,
    env: context.env,
    log: setupLog(context),
    mend: "see the log.",
  });
}
