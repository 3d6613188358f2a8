// Edits a definition in the person's editor: the terminal is lent out for it, the questions are asked on the screen, and
// what came of it is said. It knows no key.
import type { Client } from "../client/client.js";
import type { Put } from "../edit/put.js";
import type { EditOutcome, Question, Reply } from "../edit/session.js";
import { paintable } from "../store/sanitize.js";
import { reasonOf } from "./feed.js";
import type { Store } from "./feed.js";

/** What keys need of it. */
export type EditingPort = Pick<EditingFeed, "open" | "answer">;

export interface EditingWays {
  /** Lends the terminal to a program until it has ended; null: it ended well, else one sentence why not. */
  lend(program: string, args: readonly string[]): Promise<string | null>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly temporaryFolder: string;
}

export class EditingFeed implements Disposable {
  private reply: ((reply: Reply) => void) | null = null;
  private isOpen = false;
  private isOver = false;

  constructor(private readonly client: Client, private readonly store: Store, private readonly ways: EditingWays) {}

  open(vmId: string): void {
    if (this.isOpen) return;
    this.isOpen = true;
    void this.edit(vmId).then(
      (outcome) => this.say(vmId, outcome),
      (error: unknown) => this.tell("error", `${this.labelOf(vmId)}: ${reasonOf(error)}`),
    ).finally(() => {
      this.isOpen = false;
      this.store.dispatch({ type: "editOver" });
    });
  }

  /** What the person answered to the open question. */
  answer(reply: Reply): void {
    const { reply: waiting } = this;
    this.reply = null;
    if (waiting === null) return;
    this.store.dispatch({ type: "editOver" });
    waiting(reply);
  }

  [Symbol.dispose](): void {
    this.isOver = true;
    this.answer("no");
  }

  /** Loaded when it is first wanted: most sessions edit nothing. */
  private async edit(vmId: string): Promise<EditOutcome> {
    const [{ editDefinition }, { chooseEditor }] = await Promise.all([import("../edit/session.js"), import("../edit/editor.js")]);
    const { environment, temporaryFolder } = this.ways;
    const editor = chooseEditor(environment);
    if (!editor.found) throw new Error(editor.reason);
    return editDefinition(this.client, vmId, {
      temporaryFolder,
      edit: async (path) => {
        const fault = await this.ways.lend(editor.program, [...editor.args, path]);
        if (fault !== null) throw new Error(fault);
      },
      ask: (question) => this.ask(vmId, question),
    });
  }

  private ask(vmId: string, question: Question): Promise<Reply> {
    if (this.isOver) return Promise.resolve("no");
    const shown = question.kind === "save"
      ? { kind: question.kind, changes: question.changes.map(paintable), effect: paintable(question.effect) }
      : { kind: question.kind, reasons: [reasonOf(question.fault)] };
    this.store.dispatch({ type: "editAsk", editing: { vmId, question: shown } });
    return new Promise((resolve) => (this.reply = resolve));
  }

  private say(vmId: string, outcome: EditOutcome): void {
    const label = this.labelOf(vmId);
    switch (outcome.kind) {
      case "judged":
      case "saved": {
        const { operation } = outcome.put;
        if (operation !== null) this.store.dispatch({ type: "did", group: operation.id, operation: { id: operation.id, vmId, label } });
        this.tell("info", `${label}: ${changedText(outcome.put)}`);
        return;
      }
      case "unchanged":
        this.tell("info", `${label}: ${outcome.reason}`);
        return;
      case "dropped":
        this.tell("error", `${outcome.keptIn === null ? "" : `What was written is kept in ${outcome.keptIn}. `}${label}: ${reasonOf(outcome.error)}`);
    }
  }

  private labelOf(vmId: string): string {
    return this.store.state.vms.get(vmId)?.label ?? vmId;
  }

  private tell(tone: "info" | "error", text: string): void {
    this.store.dispatch({ type: "notice", tone, text: paintable(text) });
  }
}

/** Fields named in one line of the smallest screen. */
const FIELDS_NAMED = 2;

/** What has been changed, which fits one line, and what is still needed for it. */
function changedText({ changes, vm }: Put): string {
  const fields = [...new Set(changes.map((change) => change.split(/[:. []/, 1)[0] ?? change))];
  const what = fields.length > FIELDS_NAMED ? `${fields.length} fields` : fields.join(" and ");
  return `${what === "" ? "saved" : `${what} changed`}${vm.restartRequired ? "; takes effect once stopped and started" : ""}.`;
}
