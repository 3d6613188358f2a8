// Asks why a VM is slow, once a page is open and again while it stays open. It follows the state and knows no key.
import type { Client } from "../client/client.js";
import { documentText, graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { displayName, paintable } from "../store/sanitize.js";
import { page } from "../store/select.js";
import type { State } from "../store/state.js";
import { whyWindow, windowOfWhy } from "../store/why.js";
import type { Diagnosis, Finding, WhyWindow } from "../store/why.js";
import { reasonOf } from "./feed.js";
import { Rounds } from "./rounds.js";
import type { Store } from "./feed.js";

/** How often it is asked again while the page is open: the server's history grows by then. */
const AGAIN_EVERY_MS = 10_000;

const WHY = graphql(`
  query Why($vm: ID!, $range: TimeRangeInput) {
    vmDiagnosis(vm: $vm, range: $range) {
      __typename
      ... on Error { message }
      ... on VmDiagnosis {
        from to verdict summary slowFrom slowTo confidence
        causes { kind title score evidence { text source } advice adviceCommand neighbour { id name } }
        ruledOut { kind title evidence { text source } }
        notKnown { kind title evidence { text source } }
      }
    }
  }
`);

type Answer = Extract<ResultOf<typeof WHY>["vmDiagnosis"], { __typename: "VmDiagnosis" }>;
type WireFinding = Pick<Answer["causes"][number], "kind" | "title" | "evidence"> & Partial<Answer["causes"][number]>;

function instant(time: number): string {
  return new Date(time).toISOString();
}

/** The same question as one line that can be pasted into `quetzal graphql` or any other client. */
export function queryText(vmId: string, { from, to }: { from: number; to: number }): string {
  const range = `{ from: ${JSON.stringify(instant(from))}, to: ${JSON.stringify(instant(to))} }`;
  const body = documentText(WHY).replace(/^query [^{]*/, "").replace("$vm", JSON.stringify(vmId)).replace("$range", range);
  return body.replace(/\s+/g, " ").trim();
}

export class WhyFeed implements Disposable {
  private readonly rounds = new Rounds(AGAIN_EVERY_MS);

  constructor(private readonly client: Client, private readonly store: Store) {}

  lookedAt(): void {
    const { state } = this.store;
    const why = page(state) === "why" ? state.ui.why : null;
    const window = whyWindow(state);
    this.rounds.want(why === null ? null : { key: `${why.vmId} ${JSON.stringify(window)} ${why.asked}`, ask: (signal) => this.ask(why.vmId, window, signal) });
  }

  /** After a lost connection it is asked anew. */
  forget(): void {
    this.rounds.forget();
  }

  [Symbol.dispose](): void {
    this.rounds[Symbol.dispose]();
  }

  /** Of the past it is said once: that does not change. */
  private async ask(vmId: string, window: WhyWindow, signal: AbortSignal): Promise<"again" | "for good"> {
    const said = await askWhy(this.client, this.store.state, vmId, signal);
    if (!signal.aborted) this.store.dispatch(said);
    return window.at === null ? "again" : "for good";
  }
}

type Said = { type: "whyFound"; vmId: string; diagnosis: Diagnosis } | { type: "whyFault"; vmId: string; reason: string };

/** Asks once, of the window that the state looks at; what came of it, as an action. */
export async function askWhy(client: Client, state: State, vmId: string, signal?: AbortSignal): Promise<Said> {
  try {
    const { from, to } = windowOfWhy(state, { found: null });
    const { vmDiagnosis } = await client.request(WHY, { vm: vmId, range: { from: instant(from), to: instant(to) } }, signal);
    if (vmDiagnosis.__typename === "VmDiagnosis") return { type: "whyFound", vmId, diagnosis: toDiagnosis(vmDiagnosis) };
    return { type: "whyFault", vmId, reason: paintable(vmDiagnosis.message) };
  } catch (error) {
    return { type: "whyFault", vmId, reason: reasonOf(error) };
  }
}

export function toDiagnosis({ from, to, verdict, summary, slowFrom, slowTo, confidence, causes, ruledOut, notKnown }: Answer): Diagnosis {
  const instantOrNull = (text: string | null): number | null => (text === null ? null : Date.parse(text));
  return {
    from: Date.parse(from), to: Date.parse(to), verdict, summary: paintable(summary), slowFrom: instantOrNull(slowFrom), slowTo: instantOrNull(slowTo), confidence,
    causes: causes.map(toFinding), ruledOut: ruledOut.map(toFinding), notKnown: notKnown.map(toFinding),
  };
}

function toFinding({ kind, title, evidence, advice = null, adviceCommand = null, neighbour = null }: WireFinding): Finding {
  return {
    kind, title: paintable(title), evidence: evidence.map(({ text, source }) => ({ text: paintable(text), source: paintable(source) })),
    advice: advice === null ? null : paintable(advice), adviceCommand: adviceCommand === null ? null : paintable(adviceCommand),
    neighbour: neighbour === null ? null : { id: neighbour.id, label: displayName(neighbour.name, neighbour.id) },
  };
}
