// What the server says when it cannot start: one sentence for whoever started it. Knows the words of the system alone.

/** What a person can mend about the state folder; anything else is told as it is. */
const MENDS: Readonly<Record<string, string>> = {
  EACCES: "give its folder to the user that the server runs as",
  EPERM: "give its folder to the user that the server runs as",
  EROFS: "mount its file system writable",
  ENOTDIR: "move the file away that lies where a folder shall be",
  ENOSPC: "make room on its file system",
};

export function startFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, message } = error as NodeJS.ErrnoException;
  const mend = code === undefined ? undefined : MENDS[code];
  if (path === undefined || mend === undefined) return message;
  return `${path} cannot be written (${message}): ${mend}, or set QUETZAL_STATE_DIR to a folder that it can write.`;
}
