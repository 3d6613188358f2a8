// `quetzal host`: each host, its newest figures, and every capability with its reason and mend.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { formatAge, formatBytes, formatPercent, sanitise } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { CommandContext } from "./context.js";
import { fieldLines, tableLines } from "./table.js";

const HOSTS = graphql(`
  query Hosts {
    hosts {
      id name connected connectedSince connectionError kernel cpuModel cpuCount memoryBytes daemonVersion qemuVersion bootedAt daemonStartedAt
      capabilities { name available reason mend }
      latest {
        time cpuRatio load1 psiCpuRatio memoryTotalBytes memoryAvailableBytes ksmSavedBytes compressedOriginalBytes compressedStoredBytes
        diskSpaces { path totalBytes availableBytes }
      }
    }
  }
`);

type ShownHost = ResultOf<typeof HOSTS>["hosts"][number];

export async function showHosts(context: CommandContext): Promise<void> {
  const { hosts } = await context.client().request(HOSTS, {}, context.signal);
  if (context.format === "json") return printJson(context, hosts);
  if (hosts.length === 0) context.note("The server knows no host yet: is quetzald running?");
  for (const [index, host] of hosts.entries()) {
    await printLines(context, [...(index > 0 ? [""] : []), ...fieldLines(hostFields(context, host)), "", ...capabilityLines(context, host)]);
  }
}

function hostFields(context: CommandContext, host: ShownHost): (readonly [string, string | undefined])[] {
  const now = context.nowMs();
  const since = host.connectedSince === null ? "" : ` for ${formatAge(host.connectedSince, now)}`;
  const connection = host.connected ? context.paint("green", `connected${since}`) : context.paint("vermilion", `not connected${since}: ${sanitise(host.connectionError ?? "unknown")}`);
  const sample = host.latest;
  return [
    ["Host", sanitise(host.name)],
    ["Connection", connection],
    ["Kernel", `${sanitise(host.kernel)}, up ${formatAge(host.bootedAt, now)}`],
    ["CPU", `${host.cpuCount} × ${sanitise(host.cpuModel)}`],
    ["Memory", formatBytes(host.memoryBytes)],
    ["quetzald", `${sanitise(host.daemonVersion)}, up ${formatAge(host.daemonStartedAt, now)}`],
    ["QEMU", host.qemuVersion === "" ? "not installed" : sanitise(host.qemuVersion)],
    ["Now", sample ? `CPU ${formatPercent(sample.cpuRatio)} %, load ${sample.load1?.toFixed(2) ?? "–"}, memory available ${formatBytes(sample.memoryAvailableBytes)}, shared ${formatBytes(sample.ksmSavedBytes)}` : undefined],
    ...(sample?.diskSpaces ?? []).map((space): readonly [string, string] => ["Disk", `${sanitise(space.path)}: ${formatBytes(space.availableBytes)} free of ${formatBytes(space.totalBytes)}`]),
  ];
}

function capabilityLines(context: CommandContext, host: ShownHost): string[] {
  const rows = host.capabilities.map((capability) => [
    sanitise(capability.name),
    capability.available ? "yes" : "no",
    [capability.reason, capability.mend === null ? null : `→ ${capability.mend}`].filter((part) => part !== null).map((part) => sanitise(part)).join(" "),
  ]);
  return tableLines([{ title: "CAPABILITY" }, { title: "THERE" }, { title: "WHY" }], rows, (cell, y, x) => {
    if (x !== 1) return cell;
    return context.paint(host.capabilities[y]?.available ? "green" : "grey", cell);
  });
}
