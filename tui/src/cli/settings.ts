// `quetzal config path|check|example` and `quetzal context ls|use NAME`: what is set, what is wrong with it, and which
// server is meant.
import { LOCAL_CONTEXT } from "../settings/model.js";
import { printJson, printLines } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import { tableLines } from "./table.js";
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
  const faults = [...dashboardSettings(settings, background).faults];
  const unknown = context.config.server.by === "config.yaml" ? context.config.server.fault : null;
  if (unknown !== null) faults.push({ line: settings.written.current?.line ?? 1, text: unknown });
  if (faults.length > 0) context.endWith(EXIT.usage);
  if (context.format === "json") return printJson(context, { path: settings.path, faults });
  if (faults.length === 0) return context.print(`${settings.path}: nothing is wrong`);
  await printLines(context, faults.map(({ line, text }) => `${settings.path}:${line}: ${sanitise(text)}`));
}

export async function listContexts(context: CommandContext): Promise<void> {
  const { settings, server } = context.config;
  const contexts = [
    { name: LOCAL_CONTEXT, url: null, token: "its own" },
    ...settings.written.contexts.map((one) => ({ name: one.name, url: one.url, token: one.tokenFile ?? (one.token === null ? "none" : "in config.yaml") })),
  ];
  const rows = contexts.map((one) => ({ ...one, current: one.name === server.name }));
  if (context.format === "json") return printJson(context, rows);
  await printLines(context, tableLines([{ title: "" }, { title: "NAME" }, { title: "URL" }, { title: "TOKEN" }], rows.map((row) => [row.current ? "*" : " ", sanitise(row.name), row.url ?? "this machine's server", sanitise(row.token)])));
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
