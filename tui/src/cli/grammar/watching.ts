// `quetzal top|events|metrics|explain|audit|host|operation`: the grammar of what is only looked at.
import { Option } from "commander";
import type { Command } from "commander";
import type { AuditOptions } from "../audit.js";
import type { EventsOptions } from "../events.js";
import type { MetricsOptions } from "../metrics.js";
import type { OperationsOptions } from "../operations.js";
import type { ListFlags } from "../output/listing.js";
import { parseSpan } from "../span.js";
import type { TopOptions } from "../top.js";
import type { UndoOptions } from "../undo.js";
import { listOptions, selectorOptions, waitOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { plainOptions, wentPlain } from "./rest.js";
import type { PlainOptions } from "./rest.js";
import { collect, parseCount, parseCursor, parseTime } from "./parsers.js";

/** Events and operations listed unless told otherwise: a screen or two. */
const DEFAULT_LAST = 50;
/** What `explain` looks at unless told otherwise: 10 minutes hold what made somebody ask. */
const DEFAULT_EXPLAINED_SECONDS = 600;
/** What `metrics` shows unless told otherwise. */
const DEFAULT_METRICS_SECONDS = 600;

/** What `top` waits unless told otherwise: samples are taken once a second. */
const DEFAULT_TOP_SECONDS = 1;

export function addTop(program: Command, grammar: Grammar): void {
  const top = plainOptions(program.command("top").description("VMs by what they use, again and again; with --plain a page of the dashboard as text"));
  listOptions(selectorOptions(top), async () => (await import("../vm/columns.js")).VM_LISTING).option("--once", "one look");
  grammar.runs(top, "stream", async (context, options: Omit<TopOptions, "interval"> & PlainOptions) => {
    if (await wentPlain(context, options)) return;
    await (await import("../top.js")).showTop(context, { ...options, interval: options.interval ?? DEFAULT_TOP_SECONDS });
  });
}

export function addEvents(program: Command, grammar: Grammar): void {
  const events = eventOptions(program.command("events").description("What happened, to all")).option("--vm <vm>", "only about this VM (id or name)");
  grammar.runs(events, "list", async (context, options: EventsOptions) => (await import("../events.js")).listEvents(context, options));
}

export function addVmEvents(vm: Command, grammar: Grammar): void {
  const events = eventOptions(vm.command("events").description("What happened to a VM").argument("<vm>", "id or name"));
  grammar.runs(events, "list", async (context, id: string, options: EventsOptions) => (await import("../events.js")).listEvents(context, { ...options, vm: id }));
}

function eventOptions(command: Command): Command {
  return listOptions(command, async () => (await import("../events.js")).EVENT_LISTING)
    .option("--after <cursor>", "only what follows this cursor", parseCursor)
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST)
    .option("-f, --follow", "go on with what happens");
}

export function addFigures(program: Command, grammar: Grammar): void {
  const metrics = program
    .command("metrics")
    .description("Figures of a VM over a span of time")
    .argument("<vm>", "id or name")
    .addOption(new Option("--range <span>", "how far back, such as 10m, 1h or 7d").argParser(parseSpan).default(DEFAULT_METRICS_SECONDS, "10m"))
    .option("--step <span>", "length of a step; rounded up to what is kept (1s for 1h, 10s for a day, 1m for 30d)", parseTime)
    .option("--metric <metric>", "such as cpu,vcpu,rss, or all (repeatable)", collect)
    .addOption(new Option("--value <value>", "of the seconds of a step").choices(["mean", "max"]).default("mean"))
    .option("--sort <column>", "by this column; a dash before it turns the order")
    .option("--no-headers", "without the line of titles");
  grammar.runs(metrics, "series", async (context, name: string, options: MetricsOptions) => (await import("../metrics.js")).showMetrics(context, name, options));
  const explain = program
    .command("explain")
    .description("Why a VM is slow, the likeliest cause first")
    .argument("<vm>", "id or name")
    .addOption(new Option("--range <span>", "how far back to look, such as 10m or 2h").argParser(parseSpan).default(DEFAULT_EXPLAINED_SECONDS, "10m"));
  grammar.runs(explain, "record", async (context, name: string, options: { range: number }) => (await import("../explain.js")).explainVm(context, name, options));
}

export function addAudit(program: Command, grammar: Grammar): void {
  const audit = listOptions(program.command("audit").description("Who did or tried what, and what came of it, newest first (administrators)"), async () => (await import("../audit.js")).AUDIT_LISTING)
    .option("--actor <token>", "only what the token of this name did")
    .option("--vm <vm>", "only what was meant for this VM (id or name)")
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST);
  grammar.runs(audit, "list", async (context, options: AuditOptions) => (await import("../audit.js")).showAudit(context, options));
}

export function addHosts(program: Command, grammar: Grammar): void {
  const host = program.command("host").description("Hosts, their figures and capabilities");
  const ls = listOptions(host.command("ls", { isDefault: true }).alias("list").description("List hosts with their newest figures"), async () => (await import("../host.js")).HOST_LISTING);
  grammar.runs(ls, "list", async (context, options: ListFlags) => (await import("../host.js")).listHosts(context, options));
  const show = host.command("show").description("Show a host in full, with what it can do and why not").argument("[host]", "name or id; the only one where absent");
  grammar.runs(show, "record", async (context, name: string | undefined) => (await import("../host.js")).showHost(context, name));
}

export function addOperations(program: Command, grammar: Grammar): void {
  const operation = program.command("operation").alias("operations").description("What was asked for and how far it is");
  const ls = listOptions(operation.command("ls", { isDefault: true }).alias("list").description("List operations, newest first"), async () => (await import("../operations.js")).OPERATION_LISTING)
    .option("--vm <vm>", "only of this VM (id or name)")
    .option("--running", "only those under way")
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST);
  grammar.runs(ls, "list", async (context, options: OperationsOptions) => (await import("../operations.js")).listOperations(context, options));
  const watch = operation.command("watch").description("Follow an operation to its end, which decides the exit code").argument("<operation>", "id");
  grammar.runs(watch, "stream", async (context, id: string) => (await import("../operations.js")).watchOperation(context, id));
  const cancel = operation.command("cancel").description("Cancel an operation").argument("<operation>", "id");
  grammar.runs(cancel, "outcome", async (context, id: string) => (await import("../operations.js")).cancelOperation(context, id));
  const undo = waitOptions(program.command("undo").description("Undo an operation; without one, the newest of yours that can be").argument("[operation]", "id")).option("-y, --yes", "do not ask which");
  grammar.runs(undo, "outcome", async (context, id: string | undefined, options: UndoOptions) => (await import("../undo.js")).undo(context, id, options));
}
