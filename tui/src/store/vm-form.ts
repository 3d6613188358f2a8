// The form of a new VM, and the definition that its values mean. What a definition may say is judged by the server: a
// value that is no number travels as it was typed, so that its answer names it.
import { fieldOf, flagsOf, newForm } from "./form.js";
import type { Form } from "./form.js";
import { parseLabels } from "./labels.js";

export const FEATURES = ["tps", "compression", "ballooning", "hotplug", "kvm", "virtio"] as const;
/** The image that comes with QuetzalCore. */
const GUEST_BOOT = { kernel: "quetzal-guest/vmlinuz", initrd: "quetzal-guest/initrd.img", cmdline: "console=ttyS0 quiet" } as const;
const MEBIBYTES: Readonly<Record<string, number>> = { "": 1, m: 1, g: 1024, t: 1024 * 1024 };

export function vmForm(): Form {
  return newForm({
    kind: "vm", title: "a new VM", editedId: null,
    fields: [
      { kind: "text", name: "id", label: "id", value: "", hint: "Names it for ever: a-z, 0-9, dot, dash, underscore; 64 at most." },
      { kind: "text", name: "name", label: "name", value: "", hint: "Shown to people. Left empty, the id is." },
      { kind: "text", name: "memory_mb", label: "memory", value: "512M", hint: "Such as 512M or 2G; at least 32M." },
      { kind: "text", name: "vcpus", label: "vCPUs", value: "1", hint: "1 to 64, at most four times the host's CPUs." },
      { kind: "choice", name: "boot", label: "boot", options: ["guest", "disk"], value: "guest", hint: "guest: the guest image that comes along. disk: what is on the disk." },
      { kind: "text", name: "disk", label: "disk size", value: "", hint: "Such as 20G or 512M; left empty, it has no disk." },
      { kind: "text", name: "image", label: "disk image", value: "", hint: "What the disk is made from, in the folder of images; else it is empty." },
      { kind: "choice", name: "mode", label: "network", options: ["user", "bridge", "none"], value: "user", hint: "user: outgoing connections only. bridge: joined to one of the host." },
      { kind: "text", name: "bridge", label: "bridge", value: "", hint: "The host's bridge, for network bridge." },
      { kind: "flags", name: "features", label: "features", options: FEATURES, value: ["tps", "ballooning", "virtio"], at: 0, hint: "Arrows choose one, space turns it on (+) or off (-)." },
      { kind: "text", name: "labels", label: "labels", value: "", hint: "key=value, more of them with spaces between." },
      { kind: "choice", name: "autostart", label: "autostart", options: ["no", "yes"], value: "no", hint: "yes: started when its host boots." },
    ],
  });
}

export type MeantDefinition = Readonly<Record<string, unknown>>;

export function definitionOf(form: Form): MeantDefinition {
  const text = (name: string): string => fieldOf(form, name).trim();
  const given = (name: string): Record<string, string> => (text(name) === "" ? {} : { [name]: text(name) });
  const labels = parseLabels(text("labels"));
  return {
    id: text("id"), ...given("name"), memory_mb: mebibytes(text("memory_mb")), vcpus: whole(text("vcpus")),
    ...(text("boot") === "guest" ? { boot: GUEST_BOOT } : {}),
    ...(text("disk") === "" && text("image") === "" ? {} : { disks: [diskOf(text("disk"), text("image"))] }),
    network: { mode: text("mode"), ...(text("mode") === "bridge" ? { bridge: text("bridge") } : {}) },
    features: flagsOf(form, "features"),
    ...(labels.fits ? { labels: Object.fromEntries(labels.edit.set) } : {}),
    ...(text("autostart") === "yes" ? { autostart: true } : {}),
  };
}

/** Why the values cannot even be sent; the rest is the server's to judge. */
export function formFault(form: Form): { field: string; reason: string } | null {
  const text = fieldOf(form, "labels").trim();
  if (text === "") return null;
  const labels = parseLabels(text);
  if (!labels.fits) return { field: "labels", reason: labels.reason };
  return labels.edit.removed.size === 0 ? null : { field: "labels", reason: "A new VM has no labels to take away: write key=value." };
}

function diskOf(size: string, image: string): Record<string, unknown> {
  const megabytes = mebibytes(size === "" ? "0" : size);
  const inWords = size === "" ? {} : typeof megabytes === "number" && megabytes % 1024 === 0 ? { size_gb: megabytes / 1024 } : { size_mb: megabytes };
  return { name: "vda", path: "disk.img", ...inWords, ...(image === "" ? {} : { image }) };
}

/** 512, 512M, 2G or 1.5G in MiB; another text as it is. */
export function mebibytes(text: string): number | string {
  const match = /^(\d+(?:\.\d+)?)\s*([mgt]?)(?:i?b)?$/i.exec(text);
  const size = Number(match?.[1] ?? Number.NaN) * (MEBIBYTES[match?.[2]?.toLowerCase() ?? ""] ?? 1);
  return Number.isInteger(size) ? size : text;
}

function whole(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

const FIELD_OF_PATH: readonly (readonly [path: RegExp, field: string])[] = [
  [/^disks\[\d+\]\.image/, "image"], [/^disks/, "disk"], [/^network\.bridge/, "bridge"], [/^network/, "mode"], [/^labels/, "labels"], [/^features/, "features"], [/^boot/, "boot"],
];

/** The field of the form that a path in the definition came from; null: none. */
export function fieldOfPath(form: Form, path: string | null): string | null {
  if (path === null) return null;
  const field = FIELD_OF_PATH.find(([pattern]) => pattern.test(path))?.[1] ?? path;
  return form.fields.some(({ name }) => name === field) ? field : null;
}

/** What would be sent, a line a value: memory_mb: 512. */
export function definitionLines(form: Form): string[] {
  return Object.entries(definitionOf(form)).flatMap(([key, value]) => leaves(key, value));
}

function leaves(path: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [`${path}: ${String(value)}`];
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object")) return [`${path}: ${value.length === 0 ? "none" : value.join(", ")}`];
    return value.flatMap((item, index) => leaves(`${path}[${index}]`, item));
  }
  return Object.entries(value).flatMap(([key, inner]) => leaves(`${path}.${key}`, inner));
}
