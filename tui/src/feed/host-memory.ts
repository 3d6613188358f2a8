// What the form of a memory controller and the undo of a host's memory settings ask of the server. It knows no key and no
// screen.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { Judgement } from "../store/bulk.js";
import { controllerOf } from "../store/controller-form.js";
import type { Form, FormJudgement } from "../store/form.js";
import { paintable } from "../store/sanitize.js";
import { formatBytes } from "../format.js";
import type { Maker } from "./form.js";

const STATE = graphql(`fragment DashboardHostState on HostMemory { state thresholds { highBytes softBytes hardBytes lowBytes } controller { enabled } }`);
const NOW = graphql(`query DashboardHostState_($id: ID!) { host(id: $id) { memory { ...DashboardHostState } latest { memoryAvailableBytes } } }`, [STATE]);
const SET = graphql(`
  mutation DashboardSetController($hostId: ID!, $controller: SetMemoryControllerInput!, $dryRun: Boolean!) {
    answer: setHostMemory(input: { hostId: $hostId, controller: $controller, dryRun: $dryRun }) {
      __typename
      ... on SetHostMemorySuccess { effect memory { ...DashboardHostState } }
      ... on Error { message }
      ... on InvalidInput { field }
    }
  }
`, [STATE]);
const UNDO = graphql(`
  mutation DashboardUndoHostMemory($hostId: ID!, $dryRun: Boolean!) {
    answer: undoHostMemory(input: { hostId: $hostId, dryRun: $dryRun }) { __typename ... on SetHostMemorySuccess { effect } ... on Error { message } }
  }
`);

type HostState = ResultOf<typeof STATE>;
type HostNow = NonNullable<ResultOf<typeof NOW>["host"]>;

export const CONTROLLER_MAKER: Maker = {
  judge: async (client, form) => {
    const [judgement, now] = await Promise.all([put(client, form, "only judge"), client.request(NOW, { id: form.editedId ?? "" })]);
    return "then" in judgement ? { can: true, effect: judgement.effect, beside: predicted(now.host, judgement.then) } : judgement;
  },
  make: async (client, store, form) => {
    const made = await put(client, form, "carry out");
    const hostId = form.editedId ?? "";
    if (!("then" in made)) return made;
    const label = store.state.hosts.find(({ id }) => id === hostId)?.name ?? paintable(hostId);
    store.dispatch({ type: "didHost", hostId, label });
    store.dispatch({ type: "notice", tone: "info", text: `Set; u takes it back. ${made.effect}` });
    return { can: true, effect: made.effect };
  },
};

type Put = Extract<FormJudgement, { can: false }> | { readonly effect: string; readonly then: HostState };

async function put(client: Client, form: Form, how: "only judge" | "carry out"): Promise<Put> {
  const meant = controllerOf(form);
  if (!meant.fits) return { can: false, reason: meant.reason, field: meant.field };
  const { answer } = await client.request(SET, { hostId: form.editedId ?? "", controller: meant.change, dryRun: how === "only judge" });
  if (answer.__typename === "SetHostMemorySuccess") return { effect: paintable(answer.effect), then: answer.memory };
  const field = answer.__typename === "InvalidInput" ? (answer.field?.replace(/^controller\./, "") ?? null) : null;
  return { can: false, reason: paintable(answer.message), field };
}

/** What the host is now and would be then, a line each. */
function predicted(now: HostNow | null, then: HostState): string[] {
  const before = now?.memory ?? null;
  const moved = (name: string, from: string | null, to: string): string => `${name.padEnd(11)}${from === null || from === to ? to : `${from}, then ${to}`}`;
  const size = (name: "high" | "soft" | "hard" | "low"): string => moved(name, before === null ? null : formatBytes(before.thresholds[`${name}Bytes`]), formatBytes(then.thresholds[`${name}Bytes`]));
  return [
    moved("state", before?.state ?? null, then.state),
    moved("controller", before === null ? null : onOff(before), onOff(then)),
    `${"available".padEnd(11)}${formatBytes(now?.latest?.memoryAvailableBytes ?? null)}`,
    size("high"), size("soft"), size("hard"), size("low"),
  ];
}

function onOff({ controller }: HostState): string {
  return controller.enabled ? "on" : "off";
}

/** What undoing the newest change of a host's memory settings would do or did, or why it cannot be. Throws a ClientError when nobody answers. */
export async function undoHostMemory(client: Client, hostId: string, how: "only judge" | "carry out"): Promise<Judgement> {
  const { answer } = await client.request(UNDO, { hostId, dryRun: how === "only judge" });
  return answer.__typename === "SetHostMemorySuccess" ? { can: true, effect: paintable(answer.effect) } : { can: false, reason: paintable(answer.message) };
}
