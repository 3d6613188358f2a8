// `quetzal config path|check|example` and `quetzal context ls|use NAME`: what is set, what is wrong with it, and which
// server is meant.
import { LOCAL_CONTEXT } from "../settings/model.js";
import { tokenFault } from "../settings/contexts.js";
import type { SettingsFault, WrittenFilter } from "../settings/model.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import type { Listing, ListFlags } from "./output/listing.js";
import { isForPrograms } from "./output/formats.js";
import { printLines, printList, printValue } from "./output/print.js";
import { sanitise } from "../format.js";

export async function printConfigPath(context: CommandContext): Promise<void> {
  await context.print(context.config.settings.path);
}

export async function printConfigExample(context: CommandContext): Promise<void> {
  const { EXAMPLE } = await import("../settings/example.js");
  await context.print(EXAMPLE.trimEnd());
}

/** Every line that is wrong; exit code 2 when there is one. */
export async function checkConfig(context: CommandContext): Promise<void> {
  const { settings, background } = context.config;
  const { dashboardSettings } = await import("../settings/dashboard-settings.js");
  const own = dashboardSettings(settings, background);
  const faults: SettingsFault[] = [...own.faults, ...(await faultsOfFilters(context, own.settings.filters))];
  const unknown = context.config.server.by === "config.yaml" ? context.config.server.fault : null;
  if (unknown !== null) faults.push({ line: settings.written.current?.line ?? 1, text: unknown });
  for (const one of settings.written.contexts) {
    const text = tokenFault(one, settings.path);
    if (text !== null) faults.push({ line: one.line, text });
  }
  if (faults.length > 0) context.endWith(EXIT.usage);
  faults.sort((a, b) => a.line - b.line);
  if (isForPrograms(context.format)) return printValue(context, { path: settings.path, faults: faults.map(({ line, text }) => ({ line, text })) });
  if (faults.length === 0) return context.print(`${settings.path}: nothing is wrong`);
  await printLines(context, faults.map(({ line, text }) => `${settings.path}:${line}: ${sanitise(text)}`));
}

/** Only the server knows what a filter is; without one the rest is checked all the same. */
async function faultsOfFilters(context: CommandContext, filters: readonly WrittenFilter[]): Promise<SettingsFault[]> {
  if (filters.length === 0) return [];
  try {
    const { filterFaults } = await import("../settings/filter-faults.js");
    return (await filterFaults(context.client(), filters, context.signal)).map(({ line, text }) => ({ line, text }));
  } catch (error) {
    context.note(`The filters in it were not checked, which takes a server: ${sanitise(error instanceof Error ? error.message : String(error))}`);
    return [];
  }
}

interface ListedContext {
  readonly name: string;
  /** Null: this machine's own server. */
  readonly url: string | null;
  readonly token: string;
  readonly current: boolean;
}

export const CONTEXT_LISTING: Listing<ListedContext> = {
  name: ({ name }) => name,
  empty: "There is no context.",
  columns: [
    { name: "current", title: "", value: ({ current }) => current, cell: ({ current }) => (current ? "*" : " ") },
    { name: "name", value: ({ name }) => name, cell: ({ name }) => sanitise(name) },
    { name: "url", value: ({ url }) => url, cell: ({ url }) => sanitise(url ?? "this machine's server") },
    { name: "token", value: ({ token }) => token, cell: ({ token }) => sanitise(token) },
  ],
};

export async function listContexts(context: CommandContext, flags: ListFlags): Promise<void> {
  const { settings, server } = context.config;
  const contexts = [
    { name: LOCAL_CONTEXT, url: null, token: "its own" },
    ...settings.written.contexts.map((one) => ({ name: one.name, url: one.url, token: one.tokenFile ?? (one.token === null ? "none" : "in config.yaml") })),
  ];
  await printList(context, CONTEXT_LISTING, contexts.map((one) => ({ ...one, current: one.name === server.name })), flags);
  if (server.by === "QUETZAL_URL") context.note("QUETZAL_URL is set and decides: unset it to use a context.");
}

export async function useContext(context: CommandContext, name: string): Promise<void> {
  const { settings } = context.config;
  if (name !== LOCAL_CONTEXT && !settings.written.contexts.some((one) => one.name === name)) {
    throw new CommandError(EXIT.notFound, "ContextNotFound", `There is no context "${sanitise(name)}" in ${settings.path}: 'quetzal context ls' lists them.`);
  }
  const { SettingsError, editSettings } = await import("../settings/write.js");
  try {
    editSettings(settings.path, (document) => document.set("current", name));
  } catch (error) {
    if (error instanceof SettingsError) throw new CommandError(EXIT.failed, "SettingsNotWritten", error.message);
    throw error;
  }
  await context.print(`${sanitise(name)}: current`);
}
