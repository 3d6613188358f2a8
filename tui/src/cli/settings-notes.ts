// Says on standard error what is wrong in config.yaml, beside what a command answers: what is right holds. Lines about
// servers are named, a line each; of those that only the dashboard reads it says how many there are.
import type { CommandContext } from "./context.js";
import { NOTHING_WRITTEN } from "../settings/model.js";
import { sanitise } from "../format.js";

export async function noteSettingsFaults(context: CommandContext): Promise<void> {
  const { settings, background } = context.config;
  if (settings.written === NOTHING_WRITTEN && settings.faults.length === 0) return;
  // What names mean is the dashboard's to know; it is loaded only for who has such a file.
  const { dashboardSettings } = await import("../settings/dashboard-settings.js");
  const own = settings.faults.filter(({ concerns }) => concerns !== "dashboard");
  for (const { line, text } of own) context.note(`${settings.path}:${line}: ${sanitise(text)}`);
  const others = dashboardSettings(settings, background).faults.length - own.length;
  if (others > 0) context.note(`${others} wrong ${others === 1 ? "line" : "lines"} of config.yaml ${others === 1 ? "concerns" : "concern"} the dashboard: 'quetzal config check' names ${others === 1 ? "it" : "them"}.`);
}
