// Asks the server once, as soon as it answers, whether the filters of config.yaml are any. It knows nothing of the language.
import type { Client } from "../client/client.js";
import { filterFaults } from "../settings/filter-faults.js";
import { faultText } from "../settings/model.js";
import type { SettingsFault } from "../settings/model.js";
import { paintable } from "../store/sanitize.js";
import type { FaultLine } from "../store/table-choice.js";
import type { Store } from "./feed.js";

/** A fault as the store keeps it. */
export function toFaultLine(fault: SettingsFault): FaultLine {
  return { line: fault.line, text: paintable(faultText(fault)) };
}

export class SettingsFilters {
  private isJudged = false;

  constructor(private readonly client: Client, private readonly store: Store, private readonly signal: AbortSignal) {}

  /** To be called at each new connection; a try that failed is made again at the next. */
  async judge(): Promise<void> {
    const { filters } = this.store.state.settings;
    if (this.isJudged || filters.length === 0) return;
    this.isJudged = true;
    try {
      const faults = await filterFaults(this.client, filters, this.signal);
      const views = faults.flatMap(({ filter: { of, name } }) => (of === "view" ? [name] : []));
      if (faults.length > 0) this.store.dispatch({ type: "settingsFaults", faults: faults.map(toFaultLine), views });
    } catch {
      this.isJudged = false;
    }
  }
}
