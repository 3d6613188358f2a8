// `quetzal vm show`: one VM in full, and why what cannot be done now cannot be done.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { formatAge, formatBytes, formatByteRate, formatLatency, formatPercent, sanitise, words } from "../../format.js";
import type { CommandContext } from "../context.js";
import { printRecord } from "../output/print.js";
import { fieldLines } from "../output/table.js";
import { vmNotFound } from "./definition.js";
import { namedVm } from "./select.js";
import { stateColour, stateSymbol } from "./state.js";

const VM_SHOW = graphql(`
  query VmShow($id: ID!) {
    vm(id: $id) {
      id name state stateSince generation startedAt vcpus memoryBytes machine accelerator networkInUse qemuVersion pid
      protected autostart restartRequired definition
      host { id name }
      labels { key value }
      crash { cause exitCode signal stderrTail consoleTail }
      verbs { verb allowed reason }
      latest {
        time cpuRatio stealRatio throttledTimeRatio memoryConfiguredBytes guestTotalBytes guestAvailableBytes balloonActualBytes rssBytes pssBytes
        diskReadBytesPerSecond diskWriteBytesPerSecond diskLatencySeconds networkRxBytesPerSecond networkTxBytesPerSecond
        disks { name allocatedBytes capacityBytes }
      }
    }
  }
`);

type ShownVm = NonNullable<ResultOf<typeof VM_SHOW>["vm"]>;

export async function showVm(context: CommandContext, name: string): Promise<void> {
  const { id } = await namedVm(context, name);
  const { vm } = await context.client().request(VM_SHOW, { id }, context.signal);
  if (vm === null) throw vmNotFound(id);
  await printRecord(context, vm, {
    name: vm.id,
    lines: () => [...fieldLines([...identity(context, vm), ...figures(vm)]), ...crashLines(vm), ...verbLines(vm)],
  });
}

type Field = readonly [string, string | undefined];

function identity(context: CommandContext, vm: ShownVm): Field[] {
  const state = `${stateSymbol(vm.state, context.config.characters)} ${vm.state.toLowerCase()} for ${formatAge(vm.stateSince, context.nowMs())}`;
  return [
    ["Id", sanitise(vm.id)],
    ["Name", sanitise(vm.name)],
    ["State", context.paint(stateColour(vm.state), state)],
    ["Host", sanitise(vm.host.name)],
    ["Machine", `${sanitise(vm.machine)}${vm.accelerator === null ? "" : ` ${sanitise(vm.accelerator)}`}, ${vm.vcpus} vCPU, ${memoryWords(vm)}`],
    ["Network", shown(vm.networkInUse)],
    ["QEMU", vm.qemuVersion === null ? undefined : `${sanitise(vm.qemuVersion)}${vm.pid === null ? "" : `, pid ${vm.pid}`}`],
    ["Labels", vm.labels.length === 0 ? undefined : vm.labels.map((label) => sanitise(`${label.key}=${label.value}`)).join(" ")],
    ["Protected", vm.protected ? "yes: deletion and forced power-off are refused" : undefined],
    ["Autostart", vm.autostart ? "yes" : undefined],
    ["Restart", vm.restartRequired ? "required: the stored definition differs from the one that runs" : undefined],
  ];
}

function figures(vm: ShownVm): Field[] {
  const sample = vm.latest;
  if (sample === null) return [];
  return [
    ["CPU", `${formatPercent(sample.cpuRatio)} % of a core, steal ${formatPercent(sample.stealRatio)} %${throttledWords(sample.throttledTimeRatio)}`],
    ["Memory", `configured ${formatBytes(sample.memoryConfiguredBytes)}, balloon ${formatBytes(sample.balloonActualBytes)}, guest available ${formatBytes(sample.guestAvailableBytes)} of ${formatBytes(sample.guestTotalBytes)}, host resident ${formatBytes(sample.rssBytes)}, fair share ${formatBytes(sample.pssBytes)}`],
    ["Disk", `read ${formatByteRate(sample.diskReadBytesPerSecond)}, write ${formatByteRate(sample.diskWriteBytesPerSecond)}, latency ${formatLatency(sample.diskLatencySeconds)}`],
    ...sample.disks.map((disk): Field => [`Disk ${sanitise(disk.name)}`, `takes ${formatBytes(disk.allocatedBytes)} on the host, the guest sees ${formatBytes(disk.capacityBytes)}`]),
    ["Traffic", `in ${formatByteRate(sample.networkRxBytesPerSecond)}, out ${formatByteRate(sample.networkTxBytesPerSecond)}`],
  ];
}

/** What runs, and what will where its definition says otherwise. */
function memoryWords({ memoryBytes, latest }: ShownVm): string {
  const configured = latest?.memoryConfiguredBytes ?? memoryBytes;
  return configured === memoryBytes ? formatBytes(configured) : `${formatBytes(configured)} (${formatBytes(memoryBytes)} from its next start)`;
}

/** What a limit took, where one did. */
function throttledWords(ratio: number | null): string {
  return ratio === null || ratio === 0 ? "" : `, stopped by its CPU limit for ${formatPercent(ratio)} % of a core`;
}

function crashLines(vm: ShownVm): string[] {
  if (vm.crash === null) return [];
  const block = (title: string, text: string): string[] =>
    text.trim() === "" ? [] : [`${title}:`, ...sanitise(text.trimEnd(), "keep").split("\n").map((line) => `  ${line}`)];
  return ["", `Crashed: ${sanitise(vm.crash.cause)}`, ...block("QEMU's last words", vm.crash.stderrTail), ...block("Last console lines", vm.crash.consoleTail)];
}

function verbLines(vm: ShownVm): string[] {
  const name = (verb: string): string => words(verb);
  const allowed = vm.verbs.filter((verb) => verb.allowed).map((verb) => name(verb.verb));
  const denied = vm.verbs.filter((verb) => !verb.allowed).map((verb) => `  ${name(verb.verb)}: ${sanitise(verb.reason ?? "not now")}`);
  return ["", `Can: ${allowed.join(", ") || "nothing now"}`, ...(denied.length > 0 ? ["Cannot:", ...denied] : [])];
}

function shown(text: string | null): string | undefined {
  return text === null ? undefined : sanitise(text);
}
