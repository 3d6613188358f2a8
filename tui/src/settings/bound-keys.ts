// Which of the wished keys can be had: two commands on one page must not share a key. The line that would take another's
// key is named and left out; the rest holds.
import type { Binding } from "../keys.js";
import { keyName } from "../keys.js";
import type { Page } from "../store/state.js";
import { meant } from "./meant.js";
import type { SettingsFault, UserCommand, WrittenSettings } from "./model.js";
import type { Placed } from "./model.js";

type Keys = Map<Binding["command"], readonly string[]>;

interface Claim { readonly name: string; readonly keys: readonly string[]; readonly pages: readonly Page[]; readonly line: number | null }

/** Pages on which a VM is chosen: where user commands can be pressed. */
const PAGES_WITH_VM: readonly Page[] = ["overview", "vm"];

export function boundKeys(
  wished: WrittenSettings["keys"], commands: readonly Placed<UserCommand>[], bindings: readonly Binding[],
): { keys: Keys; commands: UserCommand[]; faults: SettingsFault[] } {
  const faults: SettingsFault[] = [];
  let remaps = wished.flatMap(([{ value, line }, keys]) => {
    const binding = bindings.find((one) => one.command === value);
    if (binding === undefined) faults.push({ line, text: `There is no command "${value}"${meant(value, bindings.map((one) => one.command))}: docs/keys.md and '?' in the dashboard name them.` });
    return binding === undefined ? [] : [{ binding, keys, line }];
  });
  let keyed = commands.filter(({ value }) => value.key !== undefined);
  for (;;) {
    const taken = firstConflict(claimsOf(bindings, remaps, keyed));
    if (taken === null) break;
    const { loser, winner, key } = taken;
    faults.push({ line: loser.line ?? 1, text: `${loser.name} cannot have the key ${keyName(key)}: ${winner.name} has it. ${loser.name} keeps what it had.` });
    remaps = remaps.filter(({ line }) => line !== loser.line);
    keyed = keyed.filter(({ line }) => line !== loser.line);
  }
  const lost = new Set(commands.filter((one) => !keyed.includes(one)).map((one) => one.value));
  return {
    keys: new Map(remaps.map(({ binding, keys }) => [binding.command, keys])),
    commands: commands.map(({ value }) => (lost.has(value) ? { ...value, key: undefined } : value)),
    faults,
  };
}

/** Who wants which key: the key table's own first, then the file from its top. */
function claimsOf(bindings: readonly Binding[], remaps: readonly { binding: Binding; keys: readonly string[]; line: number }[], commands: readonly Placed<UserCommand>[]): Claim[] {
  const remapped = new Map(remaps.map((remap) => [remap.binding, remap]));
  const own: Claim[] = bindings.filter((binding) => !remapped.has(binding)).map(({ command, keys, pages }) => ({ name: command, keys, pages, line: null }));
  const wished = remaps.map(({ binding, keys, line }) => ({ name: binding.command, keys, pages: binding.pages, line }));
  const users = commands.map(({ value, line }) => ({ name: `the command "${value.name}"`, keys: value.key === undefined ? [] : [value.key], pages: PAGES_WITH_VM, line }));
  return [...own, ...wished, ...users];
}

/** The last line of the file that wants a key which an earlier claim has on a page of both. */
function firstConflict(claims: readonly Claim[]): { loser: Claim; winner: Claim; key: string } | null {
  for (let index = claims.length - 1; index > 0; index--) {
    const loser = claims[index];
    if (loser === undefined || loser.line === null) continue;
    for (const winner of claims.slice(0, index)) {
      const key = loser.keys.find((one) => winner.keys.includes(one));
      if (key !== undefined && winner.pages.some((page) => loser.pages.includes(page))) return { loser, winner, key };
    }
  }
  return null;
}
