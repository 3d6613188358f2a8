// `quetzal memory …`: the grammar of memory of VMs and hosts.
import { Option } from "commander";
import type { Command } from "commander";
import type { DecisionsOptions } from "../memory/decisions.js";
import type { FitOptions } from "../memory/fit.js";
import type { HostMemoryOptions } from "../memory/host.js";
import type { SetMemoryOptions } from "../memory/set.js";
import type { ListFlags } from "../output/listing.js";
import type { UndoDecisionOptions } from "../memory/undo.js";
import type { DeedOptions } from "../vm/deed.js";
import type { Selector } from "../vm/select.js";
import { deedOptions, listOptions, selectorOptions, waitOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { collect, parseBytes, parseBytesOrDefault, parseCount, parseCountOrDefault, parseMoment, parsePercent } from "./parsers.js";

/** Decisions listed unless told otherwise: a screen. */
const DEFAULT_DECISIONS = 20;

type Chosen = Selector & { readonly all?: boolean };

export function addMemory(program: Command, grammar: Grammar): void {
  const memory = program.command("memory").description("Memory of VMs and hosts: targets, policies, sharing, compression, and the controller");
  const ls = selectorOptions(memory.command("ls", { isDefault: true }).alias("list").description("List the memory of VMs: what each may have, has, and takes of its host"));
  listOptions(ls, async () => (await import("../memory/list.js")).MEMORY_LISTING);
  grammar.runs(ls, "list", async (context, options: Selector & ListFlags) => (await import("../memory/list.js")).listMemory(context, options));
  const show = memory.command("show").description("Show where a VM's memory is, part by part").argument("<vm>", "id or name");
  grammar.runs(show, "record", async (context, name: string) => (await import("../memory/show.js")).showMemory(context, name));
  addDeeds(memory, grammar);
  addFit(memory, grammar);
  const decisions = listOptions(memory.command("decisions").description("What the memory controller decided, and why").argument("[vm]", "only of this VM, by id or name"), async () => (await import("../memory/decisions.js")).DECISION_LISTING)
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_DECISIONS)
    .option("-f, --follow", "go on with what it decides");
  grammar.runs(decisions, "list", async (context, name: string | undefined, options: DecisionsOptions) => (await import("../memory/decisions.js")).listDecisions(context, name, options));
  const undo = waitOptions(memory.command("undo").description("Take back what the memory controller decided about a VM, the newest first").argument("<vm>", "id or name"))
    .option("--at <time>", "the decision of this time, as 'memory decisions' prints it", parseMoment);
  grammar.runs(undo, "outcome", async (context, name: string, options: UndoDecisionOptions) => (await import("../memory/undo.js")).undoDecision(context, name, options));
  addHostMemory(memory, grammar);
}

function addDeeds(memory: Command, grammar: Grammar): void {
  const set = deedOptions(memory.command("set").description("Set targets of running VMs (until they are powered off) and policies (for good)").argument("[vm...]", "ids or names"))
    .option("--balloon <size>", "leave the guest so much, such as 512M", parseBytes)
    .option("--size <size>", "plug in so much in all, such as 2G", parseBytes)
    .option("--floor <size>", "nobody takes memory below this; default: half of what it boots with", parseBytesOrDefault)
    .option("--ceiling <size>", "the controller leaves it no more; default: all that it has", parseBytesOrDefault)
    .option("--shares <count>", "claim to memory when it is short, or default (1000)", parseCountOrDefault)
    .addOption(new Option("--control <control>", "what the memory controller may do").choices(["off", "recommend", "on", "default"]))
    .option("--domain <text>", "like pages are shared only between VMs of one domain");
  grammar.runs(set, "outcome", async (context, vms: string[], options: Chosen & SetMemoryOptions) => (await import("../memory/set.js")).setMemory(context, { ...options, vms }, options));
  const pageOut = deedOptions(memory.command("page-out").description("Page memory of running VMs out to the host's swap").argument("[vm...]", "ids or names")).option("--size <size>", "at most so much of each; all where absent", parseBytes);
  grammar.runs(pageOut, "outcome", async (context, vms: string[], options: Chosen & DeedOptions & { size?: number }) => (await import("../memory/set.js")).pageOutVms(context, { ...options, vms }, options));
}

function addFit(memory: Command, grammar: Grammar): void {
  const fit = memory
    .command("fit")
    .description("How many more VMs of a kind a host would take, and why")
    .option("--memory <size>", "memory of each at boot, such as 512M", parseBytes)
    .option("--vcpus <count>", "vCPUs of each", parseCount)
    .option("--feature <feature>", "such as tps (repeatable)", collect)
    .option("--domain <text>", "sharing domain of each")
    .option("--like <vm>", "like this VM: what it takes now")
    .option("--host <host>", "on this host, by name or id");
  grammar.runs(fit, "record", async (context, options: FitOptions) => (await import("../memory/fit.js")).howManyFit(context, options));
}

function addHostMemory(memory: Command, grammar: Grammar): void {
  const host = memory
    .command("host")
    .description("Show how a host shares, compresses and takes back memory; with options, set it (administrators)")
    .argument("[host]", "name or id; the only one where absent")
    .addOption(new Option("--ksm <mode>", "how it looks for like pages").choices(["untouched", "tuned", "stopped", "unmerged"]))
    .option("--budget <percent>", "of one core that looking may take, such as 5%", parsePercent)
    .addOption(new Option("--compression <mode>", "how it compresses what is paged out").choices(["untouched", "zram", "zswap"]))
    .option("--size <size>", "of what is compressed, such as 2G", parseBytes)
    .option("--algorithm <text>", "such as zstd")
    .addOption(new Option("--control <control>", "whether VMs are controlled at all").choices(["on", "off"]))
    .option("--idle-tax <percent>", "how much more the idle give than the busy, such as 75%", parsePercent)
    .option("--high <percent>", "of the host's memory that makes a short host HIGH again, such as 6%", parsePercent)
    .option("--soft <percent>", "available below which SOFT begins, such as 4%", parsePercent)
    .option("--hard <percent>", "available below which HARD begins, such as 2%", parsePercent)
    .option("--low <percent>", "available below which LOW begins, such as 1%", parsePercent)
    .option("--undo", "take back what was set last, by whomever")
    .option("--dry-run", "only say what it would do");
  grammar.runs(host, "record", async (context, name: string | undefined, options: HostMemoryOptions) => (await import("../memory/host.js")).hostMemory(context, name, options));
}
