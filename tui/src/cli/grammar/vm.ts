// `quetzal vm …`: the grammar of everything about VMs.
import { Option } from "commander";
import type { Command } from "commander";
import type { VmListOptions } from "../vm/ls.js";
import type { DeedOptions } from "../vm/deed.js";
import type { CreateOptions } from "../vm/create.js";
import type { Selector } from "../vm/select.js";
import type { DeleteOptions, PlainVerb, StopOptions } from "../vm/verbs.js";
import type { VersionsOptions } from "../vm/versions.js";
import { addVmEvents } from "./watching.js";
import { deedOptions, listOptions, selectorOptions, waitOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { collect, parseCount, parseMemory, parseTime } from "./parsers.js";

/** How long a guest gets to power down: the API's default. */
const DEFAULT_GRACE_SECONDS = 60;

/** Definitions listed unless told otherwise: a screen or two. */
const DEFAULT_VERSIONS = 50;

export function addVmCommands(program: Command, grammar: Grammar): void {
  const vm = program.command("vm").description("Virtual machines");
  const ls = selectorOptions(vm.command("ls").alias("list").description("List VMs with their newest figures"));
  listOptions(ls, async () => (await import("../vm/columns.js")).VM_LISTING).option("-w, --watch", "go on with each VM that comes, changes or goes");
  grammar.runs(ls, "list", async (context, options: VmListOptions) => (await import("../vm/ls.js")).listVms(context, options));
  const show = vm.command("show").description("Show one VM in full").argument("<vm>", "id or name");
  grammar.runs(show, "record", async (context, name: string) => (await import("../vm/show.js")).showVm(context, name));
  const versions = listOptions(vm.command("versions").description("The definitions a VM has and had, newest first").argument("<vm>", "id or name"), async () => (await import("../vm/versions.js")).VERSION_LISTING)
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_VERSIONS)
    .option("--generation <generation>", "only the definition of this generation, as JSON or YAML");
  grammar.runs(versions, "list", async (context, name: string, options: VersionsOptions) => (await import("../vm/versions.js")).listVersions(context, name, options));
  addVerbs(vm, grammar);
  addDefinitionCommands(vm, grammar);
  addVmEvents(vm, grammar);
}

interface Chosen extends Selector {
  readonly all?: boolean;
}

const PLAIN: readonly (readonly [PlainVerb, string])[] = [
  ["start", "Power on"],
  ["force-off", "Cut the power at once; asks before"],
  ["reset", "Press the reset button; asks before"],
  ["pause", "Stop the CPUs; memory stays"],
  ["resume", "Let a paused VM run on"],
];

function addVerbs(vm: Command, grammar: Grammar): void {
  for (const [verb, description] of PLAIN) {
    const command = deedOptions(vm.command(verb).description(description).argument("[vm...]", "ids or names"));
    grammar.runs(command, "outcome", async (context, vms: string[], options: Chosen & DeedOptions) => (await import("../vm/verbs.js")).driveVms(context, verb, { ...options, vms }, options));
  }
  const stop = deedOptions(vm.command("stop").description("Ask the guest to power down").argument("[vm...]", "ids or names"))
    .addOption(new Option("--grace <time>", "time the guest gets, such as 90s or 2m").argParser(parseTime).default(DEFAULT_GRACE_SECONDS, "60s"))
    .option("--force", "cut the power when that time is over");
  grammar.runs(stop, "outcome", async (context, vms: string[], options: Chosen & StopOptions) => (await import("../vm/verbs.js")).stopVms(context, { ...options, vms }, options));
  const remove = deedOptions(vm.command("delete").description("Delete stopped VMs, after a name was typed").argument("[vm...]", "ids or names")).option("--disks", "delete their disks too");
  grammar.runs(remove, "outcome", async (context, vms: string[], options: Chosen & DeleteOptions) => (await import("../vm/verbs.js")).deleteVms(context, { ...options, vms }, options));
}

function addDefinitionCommands(vm: Command, grammar: Grammar): void {
  const label = deedOptions(vm.command("label").description("Set labels (key=value) and take them away (key-); without either, show them").argument("[vm...]", "ids or names, then key=value and key-"));
  grammar.runs(label, "outcome", async (context, words: string[], options: Chosen & DeedOptions) => (await import("../vm/label.js")).labelVms(context, words, options, options));
  for (const [verb, wanted, description] of [["protect", "protected", "Refuse deletion and forced power-off"], ["unprotect", "unprotected", "Allow deletion and forced power-off again"]] as const) {
    const command = deedOptions(vm.command(verb).description(description).argument("[vm...]", "ids or names"));
    grammar.runs(command, "outcome", async (context, vms: string[], options: Chosen & DeedOptions) => (await import("../vm/label.js")).protectVms(context, wanted, { ...options, vms }, options));
  }
  const edit = waitOptions(vm.command("edit").description("Edit the definition in $VISUAL or $EDITOR; it is tried and shown before it is put").argument("<vm>", "id or name")).option("-y, --yes", "do not ask");
  grammar.runs(edit, "outcome", async (context, name: string, options: DeedOptions) => (await import("../vm/edit.js")).editVm(context, name, options));
  addCreate(vm, grammar);
}

function addCreate(vm: Command, grammar: Grammar): void {
  const create = waitOptions(vm.command("create").description("Define a VM from flags").argument("<id>", "lower-case letters, digits, dot, dash, underscore"))
    .option("--name <text>", "shown to people; the id where absent")
    .option("--vcpus <count>", "number of vCPUs", parseCount, 1)
    .requiredOption("--memory <size>", "memory at boot, such as 512M or 2G", parseMemory)
    .addOption(new Option("--machine <machine>", "emulated mainboard").choices(["q35", "pc"]))
    .addOption(new Option("--accelerator <accelerator>", "what executes the guest").choices(["auto", "kvm", "tcg"]))
    .option("--disk <disk>", "such as size=20G,format=qcow2,image=debian.img; keys: name path size format image bus readonly (repeatable)", collect)
    .option("--kernel <image>", "Linux kernel to boot, in the folder of images, such as quetzal-guest/vmlinuz")
    .option("--initrd <image>", "its initial RAM disk")
    .option("--cmdline <text>", "its command line")
    .option("--network <network>", "user, none or bridge:NAME")
    .option("--feature <feature>", "tps, compression, ballooning, hotplug, kvm or virtio (repeatable)", collect)
    .option("-l, --label <label>", "key=value (repeatable)", collect)
    .option("--autostart", "start it when its host boots")
    .option("--protected", "refuse deletion and forced power-off")
    .option("--start", "start it when it is defined");
  grammar.runs(create, "outcome", async (context, id: string, options: CreateOptions) => (await import("../vm/create.js")).createVm(context, id, options));
}
