// `quetzal alert …`: the grammar of alerts and their rules.
import { Option } from "commander";
import type { Command } from "commander";
import type { PutRuleOptions } from "../alerts.js";
import type { ListFlags } from "../output/listing.js";
import { listOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { parseTimeOrNone } from "./parsers.js";

export function addAlerts(program: Command, grammar: Grammar): void {
  const alert = program.command("alert").description("Alerts, and the rules that raise them");
  const ls = listOptions(alert.command("ls", { isDefault: true }).alias("list").description("List what fires now"), async () => (await import("../alerts.js")).ALERT_LISTING);
  grammar.runs(ls, "list", async (context, flags: ListFlags) => (await import("../alerts.js")).listAlerts(context, flags));
  const rules = listOptions(alert.command("rules").description("List the rules"), async () => (await import("../alerts.js")).RULE_LISTING);
  grammar.runs(rules, "list", async (context, flags: ListFlags) => (await import("../alerts.js")).listRules(context, flags));
  const put = alert
    .command("put")
    .description("Make a rule, or change what is said of one")
    .argument("<rule>", "id")
    .option("--where <filter>", "its condition, such as 'guest.available<10%'")
    .option("--name <text>", "its name for people; the id unless told otherwise")
    .option("--for <time>", "how long a VM must pass before it is raised, such as 30s or 5m; 0 is at once", parseTimeOrNone)
    .addOption(new Option("--severity <severity>", "how much it matters").choices(["warning", "critical"]))
    .option("--enable", "look at it")
    .option("--disable", "keep it, but do not look at it")
    .option("--dry-run", "only say what it would be, and how many VMs pass now");
  grammar.runs(put, "outcome", async (context, id: string, options: PutRuleOptions) => (await import("../alerts.js")).putRule(context, id, options));
  const remove = alert.command("rm").description("Delete a rule; what it fires is over").argument("<rule>", "id").option("--dry-run", "only say what would end with it");
  grammar.runs(remove, "outcome", async (context, id: string, options: { dryRun?: boolean }) => (await import("../alerts.js")).removeRule(context, id, options));
}
