// What single pages ask for while they are open: causes, alert rules, what a form would make. One place for the feed to
// hold them.
import type { Client } from "../client/client.js";
import { AlertRulesFeed } from "./alert-rules.js";
import type { Store } from "./feed.js";
import { FormFeed } from "./form.js";
import { RULE_MAKER } from "./rule-maker.js";
import { VM_MAKER } from "./vm-maker.js";
import { WhyFeed } from "./why.js";

export class PageFeeds implements Disposable {
  private readonly why: WhyFeed;
  private readonly rules: AlertRulesFeed;
  private readonly form: FormFeed;

  constructor(client: Client, store: Store) {
    this.why = new WhyFeed(client, store);
    this.rules = new AlertRulesFeed(client, store);
    this.form = new FormFeed(client, store, { vm: VM_MAKER, rule: RULE_MAKER });
  }

  lookedAt(): void {
    this.why.lookedAt();
    this.rules.lookedAt();
    this.form.lookedAt();
  }

  /** After a lost connection everything is asked for again. */
  forget(): void {
    this.why.forget();
    this.rules.forget();
  }

  [Symbol.dispose](): void {
    this.why[Symbol.dispose]();
    this.form[Symbol.dispose]();
  }
}
