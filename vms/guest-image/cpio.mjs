// Owns the initramfs file format (cpio "newc"): a list of entries in, bytes out. Same entries, same bytes: owner, time
// and inode number of the builder's machine stay out. Knows nothing of what the entries are for.

/**
 * @typedef {object} Entry
 * @property {string} path       without a leading slash
 * @property {number} mode       file type and permission bits
 * @property {Buffer} content    a file's bytes or a link's target; empty for folders and devices
 * @property {number} [major]    of a device node
 * @property {number} [minor]    of a device node
 */

const TYPE = { folder: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000 };
const NOTHING = Buffer.alloc(0);

/** @param {string} path @returns {Entry} */
export const folder = (path) => ({ path, mode: TYPE.folder | 0o755, content: NOTHING });

/** @param {string} path @param {Buffer} content @param {number} permissions @returns {Entry} */
export const file = (path, content, permissions) => ({ path, mode: TYPE.file | permissions, content });

/** @param {string} path @param {string} target @returns {Entry} */
export const link = (path, target) => ({ path, mode: TYPE.link | 0o777, content: Buffer.from(target) });

/** @param {string} path @param {number} major @param {number} minor @returns {Entry} */
export const character = (path, major, minor) => ({ path, mode: TYPE.character | 0o600, content: NOTHING, major, minor });

/**
 * The archive, sorted by path, with the folders that the paths imply.
 *
 * @param {Entry[]} entries
 * @returns {Buffer}
 */
export function archive(entries) {
  const byPath = new Map(impliedFolders(entries).map((entry) => [entry.path, entry]));
  for (const entry of entries) byPath.set(entry.path, entry);
  const sorted = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts = sorted.flatMap((entry, index) => encode(entry, index + 1));
  parts.push(...encode({ path: "TRAILER!!!", mode: 0, content: NOTHING }, 0));
  return Buffer.concat(parts);
}

/** @param {Entry[]} entries @returns {Entry[]} */
function impliedFolders(entries) {
  const paths = new Set();
  for (const { path } of entries) {
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) paths.add(path.slice(0, slash));
  }
  return [...paths].map(folder);
}

/** @param {Entry} entry @param {number} inode @returns {Buffer[]} */
function encode(entry, inode) {
  const name = Buffer.from(`${entry.path}\0`);
  const fields = [inode, entry.mode, 0, 0, 1, 0, entry.content.length, 0, 0, entry.major ?? 0, entry.minor ?? 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return [padded(Buffer.concat([header, name])), padded(entry.content)];
}

/** The format aligns header and content to 4 bytes. @param {Buffer} bytes @returns {Buffer} */
function padded(bytes) {
  const missing = (4 - (bytes.length % 4)) % 4;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}
