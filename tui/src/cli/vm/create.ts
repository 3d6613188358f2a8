// `quetzal vm create ID`: a definition from flags. What a definition may say is judged by the server alone; here only
// the shorthands of the flags are read.
import type { Definition } from "../../edit/text.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { printRecord } from "../output/print.js";
import { mibOf } from "../size.js";
import { deadlineIn, waitForOperation } from "../wait.js";
import { DEFAULT_WAIT_SECONDS } from "./deed.js";
import type { DeedOptions } from "./deed.js";
import { putOrThrow } from "./definition.js";
import { driveVms } from "./verbs.js";

export interface CreateFlags {
  readonly name?: string;
  readonly vcpus: number;
  /** MiB. */
  readonly memory: number;
  readonly machine?: string;
  readonly accelerator?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
  readonly disk?: readonly string[];
  readonly network?: string;
  readonly feature?: readonly string[];
  readonly label?: readonly string[];
  readonly autostart?: boolean;
  readonly protected?: boolean;
}

export function definitionOf(id: string, flags: CreateFlags): Definition {
  if (flags.kernel === undefined && (flags.initrd ?? flags.cmdline) !== undefined) {
    throw new CommandError(EXIT.usage, "Usage", "--initrd and --cmdline go with --kernel: without it the firmware boots the first disk.");
  }
  const given = {
    id,
    name: flags.name,
    vcpus: flags.vcpus,
    memory_mb: flags.memory,
    machine: flags.machine,
    accelerator: flags.accelerator,
    boot: flags.kernel === undefined ? undefined : withoutAbsent({ kernel: flags.kernel, initrd: flags.initrd, cmdline: flags.cmdline }),
    disks: flags.disk?.map(diskOf),
    network: flags.network === undefined ? undefined : networkOf(flags.network),
    features: flags.feature,
    labels: flags.label === undefined ? undefined : Object.fromEntries(flags.label.map(labelOf)),
    autostart: flags.autostart,
    protected: flags.protected,
  };
  return withoutAbsent(given);
}

function withoutAbsent(object: Readonly<Record<string, unknown>>): Definition {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

const DISK_KEYS = ["name", "path", "size", "format", "image", "bus", "readonly"] as const;

/** "size=20G,format=qcow2,image=debian.img": keys of a definition's disk; name and path count up where absent. */
function diskOf(text: string, index: number): Definition {
  const parts = Object.fromEntries(text.split(",").map((part): [string, string] => {
    const [key = "", ...value] = part.split("=");
    if (!(DISK_KEYS as readonly string[]).includes(key)) throw usage(`--disk ${text}: "${key}" is no key of a disk; there are ${DISK_KEYS.join(", ")}, as in --disk size=20G,format=qcow2.`);
    return [key, key === "readonly" && value.length === 0 ? "true" : value.join("=")];
  }));
  const { size, readonly: isReadonly, ...others } = parts;
  const name = parts["name"] ?? `vd${String.fromCharCode("a".charCodeAt(0) + index)}`;
  return {
    ...others,
    name,
    path: parts["path"] ?? `${name}.${parts["format"] === "qcow2" ? "qcow2" : "img"}`,
    ...(size === undefined ? {} : { size_mb: diskMib(size) }),
    ...(isReadonly === undefined ? {} : { readonly: isReadonly !== "false" }),
  };
}

function diskMib(text: string): number {
  const mib = mibOf(text);
  if (mib === undefined) throw usage(`--disk: "${sanitise(text)}" is no size: give one in M, G or T, such as 512M or 20G.`);
  return mib;
}

/** "user", "none" or "bridge:br0". */
function networkOf(text: string): Definition {
  const [mode = "", ...rest] = text.split(":");
  const bridge = rest.join(":");
  if (mode === "bridge" && bridge === "") throw usage("--network bridge needs the bridge's name: --network bridge:br0.");
  return { mode, ...(bridge === "" ? {} : { bridge }) };
}

function labelOf(text: string): [string, string] {
  const [key = "", ...value] = text.split("=");
  return [key, value.join("=")];
}

function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, "Usage", message);
}

export interface CreateOptions extends CreateFlags, DeedOptions {
  readonly start?: boolean;
}

export async function createVm(context: CommandContext, id: string, options: CreateOptions): Promise<void> {
  const definition = definitionOf(id, options);
  const put = await putOrThrow(context, { definition, generation: null, meaning: "new" }, options.dryRun ? "trial" : "deed");
  const seconds = options.timeout ?? DEFAULT_WAIT_SECONDS;
  using deadline = deadlineIn(seconds);
  // Defining takes milliseconds, and a start would be refused before it has ended.
  if (put.operation !== null) await waitForOperation(context, put.operation, { deadline: deadline.signal, seconds });
  if (options.start && !options.dryRun) {
    context.note(`${sanitise(id)}: created`);
    await driveVms(context, "start", { vms: [id] }, options); return;
  }
  const value = { vm: put.vm, effect: put.effect, operation: put.operation, ...(options.dryRun ? { definition } : {}) };
  await printRecord(context, value, { name: put.vm.id, lines: () => [options.dryRun ? `${sanitise(id)}: would be created (dry run: nothing was done). ${sanitise(put.effect)}` : `${sanitise(id)}: created`] });
}
