// What single pages ask for while they are open: causes, alert rules, what a form would make, where memory is. One place for the feed to
// hold them.
import type { Client } from "../client/client.js";
import { AlertRulesFeed } from "./alert-rules.js";
import type { Store } from "./feed.js";
import { FormFeed } from "./form.js";
import { CONTROLLER_MAKER } from "./host-memory.js";
import { MemoryFeed } from "./memory.js";
import { RULE_MAKER } from "./rule-maker.js";
import { TargetFeed } from "./targets.js";
import { VM_MAKER } from "./vm-maker.js";
import { WhyFeed } from "./why.js";

export class PageFeeds implements Disposable {
  private readonly why: WhyFeed;
  private readonly rules: AlertRulesFeed;
  private readonly form: FormFeed;
  private readonly memory: MemoryFeed;
  private readonly targets: TargetFeed;

  constructor(client: Client, store: Store) {
    this.why = new WhyFeed(client, store);
    this.rules = new AlertRulesFeed(client, store);
    this.memory = new MemoryFeed(client, store);
    this.targets = new TargetFeed(client, store);
    this.form = new FormFeed(client, store, { vm: VM_MAKER, rule: RULE_MAKER, controller: CONTROLLER_MAKER });
  }

  lookedAt(): void {
    this.why.lookedAt();
    this.rules.lookedAt();
    this.form.lookedAt();
    this.memory.lookedAt();
    this.targets.lookedAt();
  }

  /** After a lost connection everything is asked for again. */
  forget(): void {
    this.why.forget();
    this.rules.forget();
    this.memory.forget();
  }

  [Symbol.dispose](): void {
    this.why[Symbol.dispose]();
    this.form[Symbol.dispose]();
    this.memory[Symbol.dispose]();
    this.targets[Symbol.dispose]();
  }
}
