// What the form of an alert rule asks of the server.
import { ruleOf } from "../store/rule-form.js";
import { putRule } from "./alert-rules.js";
import type { Maker } from "./form.js";

export const RULE_MAKER: Maker = {
  judge: async (client, form) => {
    const meant = ruleOf(form);
    return meant.fits ? putRule(client, meant.input, "only judge") : { can: false, reason: meant.reason, field: meant.field };
  },
  make: async (client, store, form) => {
    const meant = ruleOf(form);
    if (!meant.fits) return { can: false, reason: meant.reason, field: meant.field };
    const made = await putRule(client, meant.input, "carry out");
    if (made.can) store.dispatch({ type: "notice", tone: "info", text: `Alert rule ${meant.input.name} ${form.editedId === null ? "made" : "changed"}. ${made.effect}` });
    return made;
  },
};
