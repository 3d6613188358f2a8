// config.yaml's text as settings: each entry is judged by itself, a wrong one is named with its line and left out. What
// names mean (commands, columns, themes) is judged where they are known, in dashboard-settings.ts.
import { meant } from "./meant.js";
import { KEY_EXPECTED, keyFrom } from "./key-names.js";
import { COMMAND_PLACEHOLDERS, LOCAL_CONTEXT, NOTHING_WRITTEN } from "./model.js";
import type { Placed, ServerContext, SettingsFault, WrittenCommand, WrittenSettings, WrittenTheme, WrittenView } from "./model.js";
import { Nodes, TEXT, YES_OR_NO, oneOf } from "./nodes.js";
import type { Kind } from "./nodes.js";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Entries = ReturnType<Nodes["entries"]>;

const URL_OF_SERVER: Kind<string> = {
  expected: "an http or https URL such as https://lab2:4560",
  take: (value) => (typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? value : undefined),
};
const COLOUR: Kind<string> = { expected: 'a colour such as "#009e73", in quotes', take: (value) => (typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value) ? value.toLowerCase() : undefined) };
const KEY: Kind<string> = { expected: KEY_EXPECTED, take: (value) => (typeof value === "string" || typeof value === "number" ? keyFrom(String(value)) : undefined) };

export function parseSettings(text: string): { written: WrittenSettings; faults: SettingsFault[] } {
  const nodes = new Nodes(text);
  const written: Writable<WrittenSettings> = { ...NOTHING_WRITTEN };
  for (const [key, value] of nodes.top()) {
    const read = SETTINGS[key.value];
    const earlier = nodes.faults.length;
    if (read === undefined) nodes.fault(key.line, `"${key.value}" is no setting${meant(key.value, Object.keys(SETTINGS))}: there are ${Object.keys(SETTINGS).join(", ")}.`);
    else read(nodes, value, written);
    if (!OF_SERVERS.has(key.value) && read !== undefined) ofDashboard(nodes.faults, earlier);
  }
  return { written, faults: nodes.faults.sort((a, b) => a.line - b.line) };
}

/** What every command asks of the file; the other settings are the dashboard's. */
const OF_SERVERS: ReadonlySet<string> = new Set(["current", "contexts"]);

function ofDashboard(faults: SettingsFault[], from: number): void {
  for (const [index, fault] of faults.entries()) if (index >= from) faults[index] = { ...fault, concerns: "dashboard" };
}

const SETTINGS: Readonly<Record<string, (nodes: Nodes, value: unknown, into: Writable<WrittenSettings>) => void>> = {
  current: (nodes, value, into) => (into.current = nodes.scalar(value, "current", TEXT) ?? null),
  contexts: (nodes, value, into) => (into.contexts = uniquely(nodes, value, "context", context).map(({ value: one }) => one)),
  keys: (nodes, value, into) => (into.keys = keys(nodes, value)),
  columns: (nodes, value, into) => (into.columns = names(nodes, value, "columns")),
  sort: (nodes, value, into) => (into.sort = nodes.scalar(value, "sort", TEXT) ?? null),
  theme: (nodes, value, into) => (into.theme = nodes.scalar(value, "theme", TEXT) ?? null),
  themes: (nodes, value, into) => (into.themes = uniquely(nodes, value, "theme", theme).map(({ value: one }) => one)),
  cpuScale: (nodes, value, into) => (into.cpuScale = nodes.scalar(value, "cpuScale", oneOf("core", "vm"))?.value ?? "core"),
  mouse: (nodes, value, into) => (into.mouse = nodes.scalar(value, "mouse", YES_OR_NO)?.value ?? false),
  views: (nodes, value, into) => (into.views = uniquely(nodes, value, "view", view).map(({ value: one }) => one)),
  commands: (nodes, value, into) => (into.commands = uniquely(nodes, value, "command", command)),
};

/** A list of named things; one that is wrong in itself, or whose name came before, is left out. */
function uniquely<Value extends { readonly name: string }>(
  nodes: Nodes, list: unknown, what: string, read: (nodes: Nodes, fields: Fields) => Value | undefined,
): Placed<Value>[] {
  const found: Placed<Value>[] = [];
  for (const item of nodes.items(list, `${what}s`, "lists only")) {
    const line = nodes.lineOf(item);
    const value = read(nodes, new Fields(nodes, nodes.entries(item, `a ${what}`), what, line));
    if (value === undefined) continue;
    if (found.some((one) => one.value.name === value.name)) nodes.fault(line, `The ${what} "${value.name}" is there already; this second one is left out.`);
    else found.push({ value, line });
  }
  return found;
}

/** The fields of one named thing; those nobody asked for are faults. */
class Fields {
  private readonly taken = new Set<string>();
  constructor(private readonly nodes: Nodes, private readonly entries: Entries, readonly what: string, readonly line: number) {}

  node(name: string): unknown {
    this.taken.add(name);
    return this.entries.find(([key]) => key.value === name)?.[1];
  }

  has(name: string): boolean {
    return this.entries.some(([key]) => key.value === name);
  }

  optional<Value>(name: string, kind: Kind<Value>): Placed<Value> | undefined {
    const node = this.node(name);
    return this.has(name) ? this.nodes.scalar(node, `${name} of a ${this.what}`, kind) : undefined;
  }

  required<Value>(name: string, kind: Kind<Value>): Placed<Value> | undefined {
    if (this.has(name)) return this.optional(name, kind);
    if (this.entries.length > 0) this.nodes.fault(this.line, `This ${this.what} has no ${name}, which must be ${kind.expected}.`);
    return undefined;
  }

  /** To be called when all were asked for. */
  nothingElse(): void {
    for (const [key] of this.entries) if (!this.taken.has(key.value)) this.nodes.fault(key.line, `A ${this.what} has no "${key.value}": there are ${[...this.taken].join(", ")}.`);
  }
}

function context(nodes: Nodes, fields: Fields): ServerContext | undefined {
  const name = fields.required("name", TEXT);
  const url = fields.required("url", URL_OF_SERVER);
  const token = fields.optional("token", TEXT);
  const tokenFile = fields.optional("tokenFile", TEXT);
  fields.nothingElse();
  if (name === undefined || url === undefined) return undefined;
  if (name.value === LOCAL_CONTEXT) nodes.fault(name.line, `"${LOCAL_CONTEXT}" always means this machine's own server: give the context another name.`);
  if (token !== undefined && tokenFile !== undefined) nodes.fault(token.line, "token and tokenFile exclude each other; the file is taken.");
  const { line } = tokenFile ?? token ?? name;
  return name.value === LOCAL_CONTEXT ? undefined : { name: name.value, line, url: url.value, token: token?.value ?? null, tokenFile: tokenFile?.value ?? null };
}

function keys(nodes: Nodes, value: unknown): WrittenSettings["keys"] {
  return nodes.entries(value, "keys").flatMap(([command, list]): WrittenSettings["keys"][number][] => {
    const given = nodes.items(list, `keys of ${command.value}`, "one is a list").map((item) => nodes.scalar(item, `The key of ${command.value}`, KEY)?.value);
    const known = given.filter((key) => key !== undefined);
    return known.length === 0 ? [] : [[command, known]];
  });
}

function names(nodes: Nodes, value: unknown, what: string): readonly Placed<string>[] | null {
  const found = nodes.items(value, what, "one is a list").flatMap((item) => nodes.scalar(item, `Each of ${what}`, TEXT) ?? []);
  return found.length === 0 ? null : found;
}

function view(nodes: Nodes, fields: Fields): WrittenView | undefined {
  const name = fields.required("name", TEXT);
  const filter = fields.optional("filter", TEXT);
  const list = fields.node("columns");
  const columns = list === undefined ? null : names(nodes, list, "columns");
  const sort = fields.optional("sort", TEXT);
  fields.nothingElse();
  return name === undefined ? undefined : { name: name.value, filter: filter ?? null, columns, sort: sort ?? null };
}

function theme(nodes: Nodes, fields: Fields): WrittenTheme | undefined {
  const name = fields.required("name", TEXT);
  const base = fields.optional("base", TEXT) ?? null;
  const given = fields.node("colours");
  const entries = given === undefined ? [] : nodes.entries(given, "colours");
  fields.nothingElse();
  const colours = entries.flatMap(([role, value]): WrittenTheme["colours"][number][] => {
    const colour = nodes.scalar(value, `The colour of ${role.value}`, COLOUR);
    return colour === undefined ? [] : [[role, colour.value]];
  });
  return name === undefined ? undefined : { name: name.value, base, colours };
}

function command(nodes: Nodes, fields: Fields): WrittenCommand | undefined {
  const name = fields.required("name", TEXT);
  const key = fields.optional("key", KEY)?.value;
  const where = fields.optional("where", TEXT);
  const confirm = fields.optional("confirm", YES_OR_NO)?.value ?? false;
  const run = fields.node("run");
  if (!fields.has("run") && name !== undefined) nodes.fault(fields.line, `The command "${name.value}" has no run: a list such as [ping, -c1, "{name}"].`);
  fields.nothingElse();
  if (name === undefined || run === undefined) return undefined;
  const [program, ...rest] = argv(nodes, run, name.value);
  return program === undefined ? undefined : { name: name.value, key, run: [program, ...rest], where, confirm };
}

/** The whole of it or none: half a command line is another command. */
function argv(nodes: Nodes, run: unknown, name: string): string[] {
  const items = nodes.items(run, `run of the command "${name}"`, "lists only");
  const given = items.map((item) => nodes.scalar(item, `Each part of run of the command "${name}"`, TEXT));
  for (const part of given) {
    const unknown = part === undefined ? undefined : [...part.value.matchAll(/\{(\w+)\}/g)].find((match) => !COMMAND_PLACEHOLDERS.some((known) => known === match[1]));
    if (part === undefined) return [];
    if (unknown === undefined) continue;
    nodes.fault(part.line, `The command "${name}" is left out: ${unknown[0]} stands for nothing; there are ${COMMAND_PLACEHOLDERS.map((known) => `{${known}}`).join(" ")}.`);
    return [];
  }
  return given.flatMap((part) => part?.value ?? []);
}
