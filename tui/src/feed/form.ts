// Has the values of the open form judged by the server while they are typed, and made when the person asks. What each
// kind of form means lies in its maker; it knows no key and no screen.
import type { Client } from "../client/client.js";
import { keyOf } from "../store/form.js";
import type { Form, FormJudgement } from "../store/form.js";
import { page } from "../store/select.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";

/** Values must stand this long before they are judged: a word that is typed is one question. */
const JUDGED_AFTER_MS = 200;
/** After nobody answered, it is asked again. */
const AGAIN_AFTER_MS = 2_000;

export interface Maker {
  /** What would come of the values. Throws a ClientError when nobody answers. */
  judge(client: Client, form: Form): Promise<FormJudgement>;
  /** Makes it; says on its own what came of it. Throws a ClientError when nobody answers. */
  make(client: Client, store: Store, form: Form): Promise<FormJudgement>;
}

export class FormFeed implements Disposable {
  private asked: string | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly client: Client, private readonly store: Store, private readonly makers: Record<Form["kind"], Maker>) {}

  lookedAt(): void {
    const { state } = this.store;
    const { form } = state.ui;
    if (form === null || page(state) !== "form") {
      this.asked = null;
      clearTimeout(this.timer);
      return;
    }
    if (form.phase === "wanted" && form.judgement?.can === true) void this.make(form);
    const key = keyOf(form);
    if (key === this.asked) return;
    this.asked = key;
    this.judgeAfter(JUDGED_AFTER_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
  }

  private judgeAfter(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.judge(), ms);
  }

  private async judge(): Promise<void> {
    const { form } = this.store.state.ui;
    if (form === null) return;
    try {
      const judgement = await this.makers[form.kind].judge(this.client, form);
      this.store.dispatch({ type: "formJudged", key: keyOf(form), judgement });
    } catch (error) {
      this.store.dispatch({ type: "formJudged", key: keyOf(form), judgement: { can: false, reason: reasonOf(error), field: null } });
      if (this.asked === keyOf(form)) this.judgeAfter(AGAIN_AFTER_MS);
    }
  }

  private async make(form: Form): Promise<void> {
    this.store.dispatch({ type: "formMaking" });
    const made = await this.makers[form.kind].make(this.client, this.store, form).catch((error: unknown): FormJudgement => ({ can: false, reason: reasonOf(error), field: null }));
    if (made.can) this.store.dispatch({ type: "formMade" });
    else this.store.dispatch({ type: "formRefused", judgement: made });
  }
}
