// `quetzal cpu …`: the grammar of vCPUs and how they share the host's CPUs.
import type { Command } from "commander";
import type { SetCpuOptions } from "../cpu/set.js";
import type { ListFlags } from "../output/listing.js";
import type { Selector } from "../vm/select.js";
import { deedOptions, listOptions, selectorOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { parseCount, parseCountOrDefault, parseCpusOrAny, parseLimit, parsePin } from "./parsers.js";

export function addCpu(program: Command, grammar: Grammar): void {
  const cpu = program.command("cpu").description("vCPUs, and how they share the host's CPUs");
  const ls = selectorOptions(cpu.command("ls", { isDefault: true }).alias("list").description("List the CPU of VMs: vCPUs, use, waiting, policy"));
  listOptions(ls, async () => (await import("../cpu/list.js")).CPU_LISTING);
  grammar.runs(ls, "list", async (context, options: Selector & ListFlags) => (await import("../cpu/list.js")).listCpu(context, options));
  const show = cpu.command("show").description("Show a VM's vCPUs, each with what it runs and waits").argument("<vm>", "id or name");
  grammar.runs(show, "record", async (context, name: string) => (await import("../cpu/list.js")).showCpu(context, name));
  const set = deedOptions(cpu.command("set").description("Set vCPUs of running VMs (until they are powered off) and policies (for good)").argument("[vm...]", "ids or names"))
    .option("--vcpus <count>", "so many vCPUs", parseCount)
    .option("--weight <count>", "claim to CPU time when it is short, or default (100)", parseCountOrDefault)
    .option("--limit <percent>", "most CPU time in percent of one core, such as 150%, or none", parseLimit)
    .option("--pin <pin>", "a vCPU and its CPUs of the host such as 0=0-1, or none; in place of all pins before (repeatable)", parsePin)
    .option("--emulator <cpus>", "CPUs of the host for QEMU's own threads such as 0,2-3, or any", parseCpusOrAny);
  grammar.runs(set, "outcome", async (context, vms: string[], options: Selector & { all?: boolean } & SetCpuOptions) => (await import("../cpu/set.js")).setCpu(context, { ...options, vms }, options));
}
