// `quetzal host ls` and `quetzal host show`: hosts, their newest figures, and every capability with its reason and mend.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { UNKNOWN, formatAge, formatBytes, formatPercent, sanitise } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import type { ListFlags, Listing } from "./output/listing.js";
import { printList, printRecord } from "./output/print.js";
import { fieldLines, tableLines } from "./output/table.js";

const HOSTS = graphql(`
  query Hosts {
    hosts {
      id name connected connectedSince connectionError kernel cpuModel cpuCount memoryBytes daemonVersion qemuVersion bootedAt daemonStartedAt
      capabilities { name available reason mend }
      latest {
        time cpuRatio cpuStealRatio load1 psiCpuRatio psiMemoryRatio psiIoRatio memoryTotalBytes memoryAvailableBytes ksmSavedBytes
        compressedOriginalBytes compressedStoredBytes
        diskSpaces { path totalBytes availableBytes }
      }
    }
  }
`);

type ShownHost = ResultOf<typeof HOSTS>["hosts"][number];

export const HOST_LISTING: Listing<ShownHost> = {
  name: ({ id }) => id,
  empty: "The server knows no host yet: is quetzald running?",
  columns: [
    { name: "name", value: ({ name }) => name, cell: ({ name }) => sanitise(name) },
    { name: "connected", value: ({ connected }) => connected, cell: ({ connected }) => (connected ? "yes" : "no"), colour: ({ connected }) => (connected ? "green" : "vermilion") },
    { name: "cpus", align: "right", value: ({ cpuCount }) => cpuCount, cell: ({ cpuCount }) => String(cpuCount) },
    { name: "cpu", title: "CPU%", align: "right", value: ({ latest }) => latest?.cpuRatio ?? null, cell: ({ latest }) => formatPercent(latest?.cpuRatio) },
    { name: "load", align: "right", value: ({ latest }) => latest?.load1 ?? null, cell: ({ latest }) => latest?.load1?.toFixed(2) ?? UNKNOWN },
    { name: "memory", align: "right", value: ({ memoryBytes }) => memoryBytes, cell: ({ memoryBytes }) => formatBytes(memoryBytes) },
    { name: "available", align: "right", value: ({ latest }) => latest?.memoryAvailableBytes ?? null, cell: ({ latest }) => formatBytes(latest?.memoryAvailableBytes) },
    { name: "shared", shown: "wide", align: "right", value: ({ latest }) => latest?.ksmSavedBytes ?? null, cell: ({ latest }) => formatBytes(latest?.ksmSavedBytes) },
    { name: "psi.cpu", title: "PSI CPU%", shown: "wide", align: "right", value: ({ latest }) => latest?.psiCpuRatio ?? null, cell: ({ latest }) => formatPercent(latest?.psiCpuRatio) },
    { name: "psi.memory", title: "PSI MEMORY%", shown: "wide", align: "right", value: ({ latest }) => latest?.psiMemoryRatio ?? null, cell: ({ latest }) => formatPercent(latest?.psiMemoryRatio) },
    { name: "psi.io", title: "PSI IO%", shown: "wide", align: "right", value: ({ latest }) => latest?.psiIoRatio ?? null, cell: ({ latest }) => formatPercent(latest?.psiIoRatio) },
    { name: "qemu", value: ({ qemuVersion }) => qemuVersion, cell: ({ qemuVersion }) => (qemuVersion === "" ? "not installed" : sanitise(qemuVersion)) },
    { name: "up", align: "right", value: ({ bootedAt }) => bootedAt, cell: ({ bootedAt }, { nowMs }) => formatAge(bootedAt, nowMs) },
    { name: "kernel", shown: "wide", value: ({ kernel }) => kernel, cell: ({ kernel }) => sanitise(kernel) },
    { name: "quetzald", shown: "wide", value: ({ daemonVersion }) => daemonVersion, cell: ({ daemonVersion }) => sanitise(daemonVersion) },
    { name: "id", shown: "wide", value: ({ id }) => id, cell: ({ id }) => id },
  ],
};

export async function listHosts(context: CommandContext, flags: ListFlags): Promise<void> {
  const { hosts } = await context.client().request(HOSTS, {}, context.signal);
  await printList(context, HOST_LISTING, hosts, flags);
}

/** By name or id; without one, the only host there is. */
export async function showHost(context: CommandContext, name: string | undefined): Promise<void> {
  const host = oneHost((await context.client().request(HOSTS, {}, context.signal)).hosts, name);
  await printRecord(context, host, { name: host.id, lines: () => [...fieldLines(hostFields(context, host)), "", ...capabilityLines(context, host)] });
}

const HOST_NAMES = graphql(`query HostNames { hosts { id name } }`);

/** For other commands: by name or id; without one, the only host there is. */
export async function hostNamed(context: CommandContext, name: string | undefined): Promise<{ readonly id: string; readonly name: string }> {
  return oneHost((await context.client().request(HOST_NAMES, {}, context.signal)).hosts, name);
}

function oneHost<Host extends { readonly id: string; readonly name: string }>(hosts: readonly Host[], name: string | undefined): Host {
  const matches = name === undefined ? hosts : hosts.filter((host) => host.id === name || host.name === name);
  const [host] = matches;
  if (host === undefined) {
    throw new CommandError(EXIT.notFound, "HostNotFound", name === undefined ? HOST_LISTING.empty : `There is no host "${sanitise(name)}": 'quetzal host ls' lists them.`);
  }
  if (matches.length > 1) throw new CommandError(EXIT.usage, "Ambiguous", `There are several hosts (${matches.map((one) => sanitise(one.name)).join(", ")}): say which, by name or by an id of 'quetzal host ls -o wide'.`);
  return host;
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
    ...(sample?.diskSpaces ?? []).map((space): readonly [string, string] => ["Disk", `${sanitise(space.path)}: ${formatBytes(space.availableBytes)} available of ${formatBytes(space.totalBytes)}`]),
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
