// The form of a host's memory controller: on or off, its thresholds and its tax, and the change that its values mean. Only
// what the person touched is changed; whether it can be is the server's to say.
import { fieldOf, newForm } from "./form.js";
import type { Form } from "./form.js";
import type { HostMemorySettings } from "./memory.js";
import type { Host } from "./model.js";

const NUMBERS = ["highPercent", "softPercent", "hardPercent", "lowPercent", "idleTaxPercent"] as const;
type NumberName = (typeof NUMBERS)[number];

export function controllerForm(host: Pick<Host, "id" | "name">, { controller }: HostMemorySettings): Form {
  const number = (name: NumberName, label: string, hint: string) => ({ kind: "text", name, label, value: String(controller[name]), hint }) as const;
  return newForm({
    kind: "controller", title: `memory controller of ${host.name}`, editedId: host.id,
    fields: [
      { kind: "choice", name: "enabled", label: "controller", options: ["on", "off"], value: controller.enabled ? "on" : "off", hint: "off: no VM's memory is controlled, whatever its policy says." },
      number("highPercent", "high %", "Of the host's memory, available from which a short host has enough (HIGH)."),
      number("softPercent", "soft %", "Available below which the host is short (SOFT): balloons take."),
      number("hardPercent", "hard %", "Available below which it is very short (HARD): cold memory is paged out."),
      number("lowPercent", "low %", "Available below which none is left (LOW): room is asked for."),
      number("idleTaxPercent", "idle tax %", "How much more the idle give than the busy: 0 to 100."),
    ],
  });
}

export type ControllerChange = { readonly [Name in NumberName]?: number } & { readonly enabled?: boolean };
export type MeantController = { fits: true; change: ControllerChange } | { fits: false; reason: string; field: string };

export function controllerOf(form: Form): MeantController {
  const change: { -readonly [Name in keyof ControllerChange]: ControllerChange[Name] } = {};
  if (form.edited.has("enabled")) change.enabled = fieldOf(form, "enabled") === "on";
  for (const name of NUMBERS.filter((one) => form.edited.has(one))) {
    const text = fieldOf(form, name).trim().replace(/ ?%$/, "");
    // Limits and order are the server's to judge; a text that is no number never reaches it.
    if (!/^\d{1,3}(\.\d{1,3})?$/.test(text)) return { fits: false, reason: `"${text}" is no percentage, such as 4 or 2.5.`, field: name };
    change[name] = Number(text);
  }
  return Object.keys(change).length === 0 ? { fits: false, reason: "Nothing is changed yet.", field: "enabled" } : { fits: true, change };
}
