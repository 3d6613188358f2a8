// `quetzal memory show VM`: what a VM may have, is asked to have and has, and where its memory is.
import { graphql } from "../../client/document.js";
import { UNKNOWN, formatAge, formatBytes, sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { printRecord } from "../output/print.js";
import { fieldLines } from "../output/table.js";
import { vmNotFound } from "../vm/definition.js";
import { namedVm } from "../vm/select.js";
import { BREAKDOWN, breakdownLines } from "./breakdown.js";
import { COMPRESSION, compressionWords } from "./compression.js";

const MEMORY_SHOW = graphql(
  `query MemoryShow($id: ID!) {
    vm(id: $id) {
      id name state memoryBytes
      room { balloonTargetBytes balloonFloorBytes memoryTargetBytes memoryMaxBytes }
      memoryPolicy { floorBytes ceilingBytes maxBytes shares control sharingDomain }
      memoryBreakdown { ...CliBreakdown }
      memoryCompression { ...CliCompression }
      latest { time balloonActualBytes pluggedBytes guestTotalBytes guestAvailableBytes guestFreeBytes guestCacheBytes guestUpdatedAt rssBytes pssBytes swapBytes ksmMergedBytes ksmProfitBytes majorFaultsPerSecond }
    }
  }`,
  [BREAKDOWN, COMPRESSION],
);

export async function showMemory(context: CommandContext, name: string): Promise<void> {
  const { id } = await namedVm(context, name);
  const { vm } = await context.client().request(MEMORY_SHOW, { id }, context.signal);
  if (vm === null) throw vmNotFound(id);
  const { room, memoryPolicy: policy, latest, memoryBreakdown, memoryCompression: compression } = vm;
  const claim = `floor ${formatBytes(policy.floorBytes)}, ceiling ${formatBytes(policy.ceilingBytes)}, ${policy.shares} shares, control ${policy.control.toLowerCase()}, sharing domain ${sanitise(policy.sharingDomain)}`;
  await printRecord(context, vm, {
    name: vm.id,
    lines: () => [
      ...fieldLines([
        ["VM", `${sanitise(vm.name)}, ${vm.state.toLowerCase()}`],
        ["Boots with", formatBytes(vm.memoryBytes)],
        ["Size", room === null ? undefined : `${formatBytes(room.memoryTargetBytes)} asked for, up to ${formatBytes(room.memoryMaxBytes)} without a restart; ${latest?.pluggedBytes == null ? UNKNOWN : formatBytes(latest.pluggedBytes)} plugged in beyond boot`],
        ["Balloon", room === null ? undefined : `leaves ${formatBytes(latest?.balloonActualBytes)}, asked for ${formatBytes(room.balloonTargetBytes)}, not below ${formatBytes(room.balloonFloorBytes)}`],
        ["Guest", latest === null ? undefined : `available ${formatBytes(latest.guestAvailableBytes)} of ${formatBytes(latest.guestTotalBytes)}, said ${formatAge(latest.guestUpdatedAt, context.nowMs())} ago`],
        ["Compressed", compression === null ? undefined : compressionWords(compression)],
        ["Policy", claim],
      ]),
      ...(memoryBreakdown === null ? [] : ["", ...breakdownLines(context, memoryBreakdown)]),
    ],
  });
}
