// What the form of a new VM asks of the server. Once the VM is there, it offers to start it.
import { setTimeout as delay } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import type { Client } from "../client/client.js";
import { fieldOf, putDefinition } from "../edit/put.js";
import type { Form, FormJudgement } from "../store/form.js";
import { paintable } from "../store/sanitize.js";
import { definitionOf, fieldOfPath, formFault } from "../store/vm-form.js";
import type { Store } from "./feed.js";
import type { Maker } from "./form.js";

/** A VM that was made is told of by the event stream; within this it is in the table, or the offer is made without. */
const LISTED_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 50;

export const VM_MAKER: Maker = {
  judge: async (client, form) => (await put(client, form, null)).judgement,
  make: async (client, store, form) => {
    const { judgement, operationId } = await put(client, form, randomUUID());
    const vmId = String(definitionOf(form)["id"]);
    // The undo key must know what was done last, though this cannot be undone.
    if (operationId !== null) store.dispatch({ type: "did", group: operationId, operation: { id: operationId, vmId, label: paintable(vmId) } });
    if (judgement.can) void offerStart(store, vmId);
    return judgement;
  },
};

interface Answer { judgement: FormJudgement; operationId: string | null }

async function put(client: Client, form: Form, key: string | null): Promise<Answer> {
  const fault = formFault(form);
  if (fault !== null) return { judgement: { can: false, ...fault }, operationId: null };
  const answer = await putDefinition(client, { definition: definitionOf(form), generation: null, meaning: "new", key });
  if (answer.__typename === "PutVmSuccess") return { judgement: { can: true, effect: paintable(answer.effect) }, operationId: answer.operation?.id ?? null };
  return { judgement: { can: false, reason: paintable(answer.message), field: fieldOfPath(form, answer.__typename === "VmExists" ? "id" : fieldOf(answer)) }, operationId: null };
}

async function offerStart(store: Store, vmId: string): Promise<void> {
  const isListed = (): boolean => store.state.vms.has(vmId);
  for (let waited = 0; waited < LISTED_WITHIN_MS && !isListed(); waited += LOOK_EVERY_MS) await delay(LOOK_EVERY_MS);
  const label = store.state.vms.get(vmId)?.label ?? paintable(vmId);
  store.dispatch({ type: "notice", tone: "info", text: `${label} is defined.` });
  if (isListed()) store.dispatch({ type: "choose", vmId });
  // Whoever types something else meanwhile is not interrupted.
  if (store.state.ui.prompt === null) store.dispatch({ type: "prompt", prompt: { kind: "startNew", madeVmId: vmId, label } });
}
