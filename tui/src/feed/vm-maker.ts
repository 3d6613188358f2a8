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
  judge: (client, form) => put(client, form, null),
  make: async (client, store, form) => {
    const made = await put(client, form, randomUUID());
    if (made.can) void offerStart(store, String(definitionOf(form)["id"]));
    return made;
  },
};

async function put(client: Client, form: Form, key: string | null): Promise<FormJudgement> {
  const fault = formFault(form);
  if (fault !== null) return { can: false, ...fault };
  const answer = await putDefinition(client, { definition: definitionOf(form), generation: null, meaning: "new", key });
  if (answer.__typename === "PutVmSuccess") return { can: true, effect: paintable(answer.effect) };
  return { can: false, reason: paintable(answer.message), field: fieldOfPath(form, answer.__typename === "VmExists" ? "id" : fieldOf(answer)) };
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
