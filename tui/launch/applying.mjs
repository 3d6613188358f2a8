// Owns which definitions of vms/ a start applies: those of VMs that are not there, and those whose files were edited since
// a start last saw them. What people changed of a VM meanwhile stays, and is told. Powers nothing on.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { LaunchFault } from "./fault.mjs";
import { readStamp, writeStamp } from "./fingerprint.mjs";
import { printable } from "./progress.mjs";
import { hearQuetzal } from "./quetzal.mjs";

/** @typedef {import("./context.mjs").Context} Context */
/** @typedef {{id: string, file: string, action: "CREATED" | "CHANGED" | "UNCHANGED", changes: string[], restartRequired: boolean}} Judged what `quetzal apply -o json` says of one */
/** @typedef {Record<string, string>} Seen hash of a VM's files by its id, as a start last saw and settled them */

/** A sentence names so many of what differs; the rest is a number. */
const CHANGES_NAMED = 4;
/** Of one of them, in characters: a list of disks has no end. */
const CHANGE_LENGTH = 80;
/** A Postgres that died is started again by the server, which waits at most 5 s between two tries. */
export const PATIENCE = { patienceMs: 15_000 };

/**
 * @param {Context} context
 * @param {string} folder vms/ of the clone
 * @param {(sentence: string) => void} tell what was changed, and what was left although it differs
 * @returns {Promise<void>} rejects with what was refused; the rest is applied all the same
 */
export async function applyFolder(context, folder, tell) {
  const judged = await apply(context, [folder], "--dry-run");
  const seen = readSeen(context);
  // Before anything is applied: an edit that comes meanwhile is seen by the next start.
  const now = Object.fromEntries(judged.done.map(({ id, file }) => [id, hashOf(file)]));
  const due = judged.done.filter((one) => isDue(one, seen, now));
  const applied = due.length === 0 ? { done: [], refusal: undefined } : await apply(context, due.map(({ file }) => file));
  const left = judged.done.filter((one) => !due.includes(one));
  for (const one of applied.done) if (one.action !== "UNCHANGED") tell(printable(appliedText(context, one)));
  for (const one of left) if (one.action === "CHANGED") tell(printable(leftText(context, one)));
  // What was refused is tried again: it is not settled.
  const settled = Object.fromEntries([...left, ...applied.done].map(({ id }) => [id, now[id]]));
  writeStamp(seenPath(context), JSON.stringify({ ...seen, ...settled }));
  const refusal = judged.refusal ?? applied.refusal;
  if (refusal !== undefined) throw new LaunchFault(`quetzal apply ${folder} failed: ${refusal}`);
}

/** A known VM that differs from a file that nobody edited was changed by somebody. @param {Judged} one @param {Seen} seen @param {Seen} now */
function isDue({ id, action }, seen, now) {
  return action === "CREATED" || (action === "CHANGED" && seen[id] !== undefined && seen[id] !== now[id]);
}

/**
 * @param {Context} context
 * @param {string[]} paths
 * @param {string[]} options
 * @returns {Promise<{done: Judged[], refusal: string | undefined}>}
 */
async function apply(context, paths, ...options) {
  const { code, said, complaint } = await hearQuetzal(context, ["apply", ...options, "-o", "json", ...paths], PATIENCE);
  return { done: said.trim() === "" ? [] : JSON.parse(said), refusal: code === 0 ? undefined : refusalOf(complaint) || `it exited ${code}` };
}

/** Asked for JSON it refuses in JSON, a line, what it says besides standing before it. @param {string} complaint */
function refusalOf(complaint) {
  try {
    return `quetzal: ${JSON.parse(complaint.trimEnd().split("\n").at(-1) ?? "").error.message}`;
  } catch {
    return complaint.trim(); // it did not come as far as that
  }
}

/** @param {Context} context @param {Judged} judged */
function appliedText(context, { id, file, action, changes, restartRequired }) {
  const name = relative(context.repoDir, file);
  if (action === "CREATED") return `${id} was made from ${name}.`;
  return `${id} was changed, for ${name} was edited: ${named(changes)}.${restartRequired ? " It takes effect at its next start." : ""}`;
}

/** @param {Context} context @param {Judged} judged */
function leftText(context, { id, file, changes }) {
  const folder = relative(context.repoDir, dirname(file));
  return `${id} was changed since its file was applied, and stays so: 'quetzal apply ${folder}' puts the file's back (${named(changes)}).`;
}

/** @param {string[]} changes */
function named(changes) {
  const shown = changes.slice(0, CHANGES_NAMED).map((text) => (text.length > CHANGE_LENGTH ? `${text.slice(0, CHANGE_LENGTH - 1)}…` : text));
  const more = changes.length - shown.length;
  return `${shown.join("; ")}${more > 0 ? `; ${more} more` : ""}`;
}

/** Of everything that `quetzal apply` reads in a VM's folder. @param {string} file */
function hashOf(file) {
  const hash = createHash("sha256");
  for (const path of [file, join(dirname(file), "network.conf")]) hash.update(existsSync(path) ? readFileSync(path) : "").update("\0");
  return hash.digest("hex");
}

/** @param {Context} context */
const seenPath = ({ paths }) => join(paths.stateDir, "applied.json");

/** @param {Context} context @returns {Seen} */
function readSeen(context) {
  try {
    return JSON.parse(readStamp(seenPath(context)) ?? "{}");
  } catch {
    return {}; // torn: every VM is left as it is, and noted anew
  }
}
