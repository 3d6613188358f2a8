// The launcher behind npm start, stop, status, doctor, test, check, bench and generate. Plain JavaScript on Node's own
// modules: it runs in a fresh clone, before anything is installed. The only reader of the environment.

/** The oldest Node with what the server and the client use. */
const NODE_MINIMUM = [20, 12];

/** Loaded on demand, so that an old Node gets a sentence instead of a syntax error. */
const COMMANDS = {
  start: async () => (await import("./start.mjs")).start,
  stop: async () => (await import("./stop.mjs")).stop,
  status: async () => (await import("./status.mjs")).status,
  doctor: async () => (await import("./doctor.mjs")).doctor,
  test: async () => (await import("./test.mjs")).test,
  check: async () => (await import("./check.mjs")).check,
  bench: async () => (await import("./bench.mjs")).bench,
  generate: async () => (await import("./generate.mjs")).generate,
};

/** What these do is told by the environment alone; a mistyped wish must not pass as granted. */
const WITHOUT_ARGUMENTS = new Set(["start", "status", "doctor"]);

/** @returns {Promise<number>} exit code */
async function main() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = NODE_MINIMUM;
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    process.stderr.write(`Node ${process.versions.node} is too old: QuetzalCore needs ${NODE_MINIMUM.join(".")} or newer.\n`);
    return 1;
  }
  if (process.platform !== "linux") {
    process.stderr.write(`QuetzalCore runs VMs with Linux's means and cannot run on ${process.platform}.\n`);
    return 1;
  }
  const [name = "", ...rest] = process.argv.slice(2);
  if (!(name in COMMANDS)) {
    process.stderr.write(`Usage: node tui/launch/main.mjs ${Object.keys(COMMANDS).join("|")}\n`);
    return 2;
  }
  const words = rest[0] === "--" ? rest.slice(1) : rest;
  if (WITHOUT_ARGUMENTS.has(name) && words[0] !== undefined) {
    process.stderr.write(`npm ${name === "start" ? "" : "run "}${name} does not know "${words[0]}": it takes no arguments.\n`);
    return 2;
  }
  const { stateDirFault } = await import("./paths.mjs");
  const stateFault = stateDirFault(process.env);
  if (stateFault) {
    process.stderr.write(`${stateFault}\n`);
    return 1;
  }
  // What root makes is looked at by the system users of QEMU and Postgres; secrets have folders of their own (0700).
  if (process.geteuid?.() === 0) process.umask(0o022);
  const { makeContext } = await import("./context.mjs");
  const context = makeContext(process.env, {
    uid: process.geteuid?.() ?? 0,
    isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["TERM"] !== "dumb",
    arguments: words,
  });
  const command = await COMMANDS[/** @type {keyof typeof COMMANDS} */ (name)]();
  return command(context);
}

// `npm run doctor | head` closes the pipe early: what nobody reads is not worth a stack.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  const { LaunchFault } = await import("./fault.mjs");
  const { faultOfFile } = await import("./writable.mjs");
  const fault = error instanceof LaunchFault ? error : faultOfFile(error);
  const text = fault ? fault.describe() : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`\n${text}\n`);
  process.exitCode = 1;
}
