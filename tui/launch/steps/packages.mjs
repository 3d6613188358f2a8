// Owns what must come from the system: Debian packages (installed by root, else named in one command) and Rust's cargo
// (never installed here: rustup belongs to its user).
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { daemonBinary, setupLog } from "../context.mjs";
import { LaunchFault } from "../fault.mjs";
import { runLogged } from "../run.mjs";

/** What each package is recognised by, and what it is for. */
export const SYSTEM_NEEDS = [
  { program: "qemu-system-x86_64", package: "qemu-system-x86", reason: "runs the VMs" },
  { program: "qemu-img", package: "qemu-utils", reason: "makes qcow2 disks" },
  { program: "ip", package: "iproute2", reason: "shows and joins bridges" },
  { program: "cc", package: "build-essential", reason: "links the daemon" },
];
/** What only tests and `npm run generate` need beside these. */
export const DEVELOPMENT_NEEDS = [
  { program: "protoc", package: "protobuf-compiler", reason: "generates the server's gRPC types" },
  { program: "zsh", package: "zsh", reason: "completion is tried in it" },
  { program: "fish", package: "fish", reason: "completion is tried in it" },
  { program: "groff", package: "groff-base", reason: "the manual page is set with it in a test" },
  { program: "tmux", package: "tmux", reason: "shows the dashboard in a test" },
  { program: "screen", package: "screen", reason: "shows the dashboard in a test" },
  { program: "cpio", package: "cpio", reason: "reads the guest image back in a test" },
  { program: "curl", package: "curl", reason: "runs the README's examples in a test" },
  { program: "openssl", package: "openssl", reason: "makes certificates for the tests of TLS" },
  { program: "initdb", package: "postgresql", reason: "is the Postgres of one's own that the database tests and stories run on as well" },
];
/** The oldest Rust that the daemon's crates accept. */
export const RUST_MINIMUM = [1, 90];
/** cargo answers its version at once; this only ends a hang. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Where programs of root live; the PATH of other users often lacks them. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];
/** Debian keeps the programs of each Postgres in a folder of its version, on nobody's PATH. */
const POSTGRES_ROOT = "/usr/lib/postgresql";

/** @typedef {import("../context.mjs").Context} Context */
/** @typedef {typeof SYSTEM_NEEDS} Needs */

/** @param {Needs} needs @returns {import("../step.mjs").Step} */
const packages = (needs) => ({
  title: "System packages",
  isDone: (context) => missingPackages(context, needs).length === 0 && !rustFault(context),
  async run(context, report) {
    const missing = missingPackages(context, needs);
    const rust = rustFault(context);
    const install = installCommand(missing);
    if (missing.length > 0 && (context.uid !== 0 || !findProgram("apt-get", context.env))) {
      const also = rust ? ` And: ${rust.message}` : "";
      throw new LaunchFault(`Missing on this machine: ${missing.join(", ")}.${also}`, { mend: `${rust ? "install a current Rust with rustup (https://rustup.rs) and " : ""}run this, then try again:\n    ${context.uid === 0 ? "" : "sudo "}${install}` });
    }
    if (rust) throw new LaunchFault(rust.message, { mend: rust.mend });
    const told = { title: "Installing system packages", mend: `see the log, mend apt, then try again; by hand it is: ${install}`, onLine: report };
    await runApt(context, RENEW_LISTS, told);
    await runApt(context, aptArguments(missing), told);
    return missing.join(", ");
  },
});

/** For running QuetzalCore. */
export const packagesStep = packages(SYSTEM_NEEDS);
/** For working on it. */
export const developmentPackagesStep = packages([...SYSTEM_NEEDS, ...DEVELOPMENT_NEEDS]);

/** What apt-get is told before packages are fetched whose lists may be old. */
export const RENEW_LISTS = ["update", "-q"];

/**
 * Root's apt-get, which asks nothing and is noted in the log of the set-up.
 *
 * @param {Context} context
 * @param {string[]} args
 * @param {{title: string, mend: string, onLine: (line: string) => void}} told
 */
export async function runApt(context, args, told) {
  const env = { ...context.env, DEBIAN_FRONTEND: "noninteractive" };
  await runLogged({ ...told, program: "apt-get", arguments: args, cwd: "/", env, log: setupLog(context) });
}

/** @param {Context} context @param {Needs} needs @returns {string[]} */
function missingPackages({ env }, needs) {
  return needs.filter((need) => !findProgram(need.program, env)).map((need) => need.package);
}

/**
 * Why Rust does not do and what would mend it, or undefined when it does or the daemon is built already.
 *
 * @param {Context} context
 * @returns {{message: string, mend: string} | undefined}
 */
export function rustFault(context) {
  const { env } = context;
  if (existsSync(daemonBinary(context))) return undefined;
  const mend = "install a current Rust with rustup (https://rustup.rs), then try again.";
  if (!findProgram("cargo", env)) return { message: "Rust's cargo is not on the PATH.", mend };
  const answer = execFileSync("cargo", ["--version"], { encoding: "utf8", env: { ...env }, timeout: ANSWER_TIMEOUT_MS });
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(answer) ?? []).slice(1).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = RUST_MINIMUM;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return { message: `cargo ${major}.${minor} is too old: the daemon needs ${RUST_MINIMUM.join(".")} or newer.`, mend };
}

/**
 * @param {string} name
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined} its path
 */
export function findProgram(name, env) {
  const folders = [...(env["PATH"] ?? "").split(":").filter(Boolean), ...SYSTEM_FOLDERS, ...postgresFolders()];
  return folders.map((dir) => join(dir, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const postgresFolders = () => (existsSync(POSTGRES_ROOT) ? readdirSync(POSTGRES_ROOT).map((version) => join(POSTGRES_ROOT, version, "bin")) : []);

/** @param {string[]} packages */
const aptArguments = (packages) => ["install", "-y", "--no-install-recommends", ...backportsOf(packages)];

/** @param {string[]} packages */
const installCommand = (packages) => `sh -c 'apt-get update && apt-get ${aptArguments(packages).join(" ")}'`;

/** QEMU comes from backports where the machine already uses them: newer is better, but the choice is its owner's. @param {string[]} packages */
function backportsOf(packages) {
  return usesBackports() ? packages.map((name) => (name.startsWith("qemu-") ? `${name}/bookworm-backports` : name)) : packages;
}

function usesBackports() {
  const dir = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...(existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : [])];
  return files.some((path) => existsSync(path) && /^[^#]*\bbookworm-backports\b/m.test(readFileSync(path, "utf8")));
}
