// Switches, offers to delete and deletes alert rules, and says what came of it. It knows no key and no screen.
import type { Client } from "../client/client.js";
import type { AlertRule } from "../store/alerts.js";
import { deleteRule, putRule } from "./alert-rules.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";

/** What keys need of it. */
export type RulePort = Pick<RuleDoing, "toggle" | "offerDelete" | "delete">;

export class RuleDoing {
  constructor(private readonly client: Client, private readonly store: Store) {}

  /** Looks at a rule from now on, or no longer. */
  async toggle({ id, name, where, forSeconds, severity, enabled }: AlertRule): Promise<void> {
    await this.saying(name, async () => {
      const done = await putRule(this.client, { id, name, where, forSeconds, severity, enabled: !enabled }, "carry out");
      return done.can ? `${name}: ${enabled ? "off; what it fired is over." : `on. ${done.effect}`}` : done;
    });
  }

  /** Asks whether a rule shall be deleted, once the server has said what that ends. */
  async offerDelete({ id, name }: AlertRule): Promise<void> {
    await this.saying(name, async () => {
      const judged = await deleteRule(this.client, id, "only judge");
      if (!judged.can) return judged;
      this.store.dispatch({ type: "prompt", prompt: { kind: "deleteRule", ruleId: id, name, effect: judged.effect } });
      return null;
    });
  }

  async delete(id: string, name: string): Promise<void> {
    await this.saying(name, async () => {
      const done = await deleteRule(this.client, id, "carry out");
      return done.can ? `Alert rule ${name} deleted.` : done;
    });
  }

  /** Says a sentence, or why not; null says nothing. */
  private async saying(name: string, work: () => Promise<string | { can: false; reason: string } | null>): Promise<void> {
    const said = await work().catch((error: unknown) => ({ can: false, reason: reasonOf(error) }) as const);
    if (said === null) return;
    const isDone = typeof said === "string";
    this.store.dispatch({ type: "notice", tone: isDone ? "info" : "error", text: isDone ? said : `${name}: ${said.reason}` });
  }
}
