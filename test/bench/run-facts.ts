// What a run of the bench was of and on, so that its figures can be named later: commit, time, host. Knows no suite.
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { describeLibvirt, findLibvirt } from "./libvirt/presence.js";

/** The commit that is checked out; null outside of a git checkout. */
export interface Checkout { readonly commit: string; readonly date: string; readonly changedFiles: number }

export interface RunFacts {
  readonly begun: Date;
  readonly checkout: Checkout | null;
  readonly cpuCount: number;
  readonly cpuModel: string;
  readonly memoryGibibytes: number;
  /** Of the last minute: a host that was not at rest makes other figures. */
  readonly load: number;
  readonly kernel: string;
  readonly node: string;
  readonly qemu: string;
  readonly libvirt: string;
}

/** Characters of a commit's name that are shown: enough for any repository of this size. */
const SHOWN_COMMIT_CHARACTERS = 12;

export function readRunFacts(repository: string): RunFacts {
  return {
    begun: new Date(),
    checkout: readCheckout(repository),
    cpuCount: cpus().length,
    cpuModel: cpus()[0]?.model ?? "CPU of unknown model",
    memoryGibibytes: totalmem() / 2 ** 30,
    load: loadavg()[0] ?? 0,
    kernel: release(),
    node: process.version,
    qemu: said("qemu-system-x86_64", ["--version"])?.split("\n")[0] ?? "no qemu-system-x86_64",
    libvirt: describeLibvirt(findLibvirt()),
  };
}

/** The commit and how many files differ from it, those that git does not know included. */
export function readCheckout(repository: string): Checkout | null {
  const [commit, date] = said("git", ["-C", repository, "log", "-1", "--format=%H %cI"])?.trim().split(" ") ?? [];
  const changed = said("git", ["-C", repository, "status", "--porcelain"]);
  if (commit === undefined || date === undefined || changed === null) return null;
  return { commit, date, changedFiles: changed.split("\n").filter((line) => line !== "").length };
}

/** The lines that a run begins with. */
export function describeRun(facts: RunFacts): string[] {
  const { begun, checkout, cpuCount, cpuModel, memoryGibibytes, load, kernel, node, qemu, libvirt } = facts;
  const of = checkout === null
    ? "no git checkout, so of an unknown commit"
    : `commit ${checkout.commit.slice(0, SHOWN_COMMIT_CHARACTERS)} of ${checkout.date}, ${checkout.changedFiles === 0 ? "tree clean" : `tree dirty: ${checkout.changedFiles} ${checkout.changedFiles === 1 ? "file" : "files"} changed`}`;
  return [
    `run: ${begun.toISOString().slice(0, 19)}Z, ${of}`,
    `host: ${cpuCount} × ${cpuModel}, ${memoryGibibytes.toFixed(1)} GiB, load ${load.toFixed(2)}, Linux ${kernel}, Node ${node}, ${qemu}`,
    libvirt,
  ];
}

/** What a program printed; null where it is missing or failed. */
function said(program: string, args: readonly string[]): string | null {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}
