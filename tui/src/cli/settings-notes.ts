// Says on standard error what is wrong in config.yaml, a line each, beside what a command answers: what is right holds.
import type { CommandContext } from "./context.js";
import { NOTHING_WRITTEN } from "../settings/model.js";
import { sanitise } from "../format.js";

export async function noteSettingsFaults(context: CommandContext): Promise<void> {
  const { settings, background } = context.config;
  if (settings.written === NOTHING_WRITTEN && settings.faults.length === 0) return;
  // What names mean is the dashboard's to know; it is loaded only for who has such a file.
  const { dashboardSettings } = await import("../settings/dashboard-settings.js");
  for (const { line, text } of dashboardSettings(settings, background).faults) context.note(`${settings.path}:${line}: ${sanitise(text)}`);
}
