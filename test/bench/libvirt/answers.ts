// What virsh prints, taken apart, so that a figure is of an answer that was whole. Pure.

/** Statistics of each domain by name, as `virsh domstats` prints them: `key=value` lines under a `Domain: 'NAME'`. */
export function parseDomstats(text: string): Map<string, Map<string, string>> {
  const domains = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    const name = /^Domain: '(.*)'$/.exec(line)?.[1];
    if (name !== undefined) {
      current = new Map();
      domains.set(name, current);
      continue;
    }
    const [, key, value] = /^ {2}([^=\s]+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    if (current === undefined) throw new Error(`virsh domstats printed ${key} before any domain's name`);
    current.set(key, value);
  }
  return domains;
}

/** Names and states of `virsh -q list --all`, whose rows are ` ID  NAME  STATE` without a heading. */
export function parseList(text: string): Map<string, string> {
  const rows = text.split("\n").map((line) => /^ *(?:-|\d+) +(\S+) +(\S.*?) *$/.exec(line));
  return new Map(rows.filter((row) => row !== null).map(([, name = "", state = ""]) => [name, state]));
}
