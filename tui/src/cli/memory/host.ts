// `quetzal memory host`: how a host shares, compresses and takes back memory; with options, how it is to.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { formatBytes, formatPercent, sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, fromTypedError } from "../exit.js";
import { hostNamed } from "../host.js";
import { printRecord } from "../output/print.js";
import { fieldLines } from "../output/table.js";
import { BREAKDOWN, breakdownLines } from "./breakdown.js";
import { COMPRESSION, compressionWords } from "./compression.js";

const SETTINGS = graphql(`fragment CliHostMemory on HostMemory {
  state ksm { mode cpuBudgetPercent activeDomain reason pagesPerScan sleepMs cpuUsedRatio } compression { mode sizeBytes algorithm }
  controller { enabled idleTaxPercent highPercent softPercent hardPercent lowPercent } thresholds { highBytes softBytes hardBytes lowBytes }
}`);
const HOST_MEMORY = graphql(
  `query HostMemory($id: ID!) {
    host(id: $id) {
      id name memory { ...CliHostMemory } memoryBreakdown { ...CliBreakdown } memoryCompression { ...CliCompression }
      latest { time memoryTotalBytes memoryAvailableBytes swapTotalBytes swapUsedBytes ksmSavedBytes ksmSharedBytes ksmProfitBytes ksmdRatio compressedOriginalBytes compressedStoredBytes }
    }
  }`,
  [SETTINGS, BREAKDOWN, COMPRESSION],
);
const SET = graphql(
  `mutation SetHostMemory($input: SetHostMemoryInput!) {
    result: setHostMemory(input: $input) {
      __typename
      ... on SetHostMemorySuccess { effect host { id name } memory { ...CliHostMemory } }
      ... on Error { message }
      ... on InvalidInput { field }
      ... on InsufficientResources { field }
    }
  }`,
  [SETTINGS],
);

const UNDO = graphql(
  `mutation UndoHostMemory($input: UndoHostMemoryInput!) {
    result: undoHostMemory(input: $input) {
      __typename
      ... on SetHostMemorySuccess { effect host { id name } memory { ...CliHostMemory } }
      ... on Error { message }
    }
  }`,
  [SETTINGS],
);

type Shown = NonNullable<ResultOf<typeof HOST_MEMORY>["host"]>;
type Settings = ResultOf<typeof SETTINGS>;

export const KSM_MODES = ["untouched", "tuned", "stopped", "unmerged"] as const;
export const COMPRESSION_MODES = ["untouched", "zram", "zswap"] as const;
const KSM_NAMES = { untouched: "UNTOUCHED", tuned: "TUNED", stopped: "STOPPED", unmerged: "UNMERGED" } as const;
const COMPRESSION_NAMES = { untouched: "UNTOUCHED", zram: "ZRAM", zswap: "ZSWAP" } as const;

export interface HostMemoryOptions {
  readonly ksm?: (typeof KSM_MODES)[number];
  /** Percent of a core. */
  readonly budget?: number;
  readonly compression?: (typeof COMPRESSION_MODES)[number];
  /** Bytes. */
  readonly size?: number;
  readonly algorithm?: string;
  readonly control?: "on" | "off";
  /** Percent. */
  readonly idleTax?: number;
  /** Percent of the host's memory available. */
  readonly high?: number;
  readonly soft?: number;
  readonly hard?: number;
  readonly low?: number;
  /** Take back what was set last. */
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

export async function hostMemory(context: CommandContext, name: string | undefined, options: HostMemoryOptions): Promise<void> {
  const { id } = await hostNamed(context, name);
  const change = changeOf(options);
  if (options.undo === true) {
    if (Object.keys(change).length > 0) throw new CommandError(EXIT.usage, "Usage", "--undo takes back what was set last: give it without what to set.");
    return undo(context, id, options.dryRun ?? false);
  }
  if (Object.keys(change).length > 0) return set(context, id, change, options.dryRun ?? false);
  if (options.dryRun) throw new CommandError(EXIT.usage, "Usage", "--dry-run goes with what to set: --ksm, --budget, --compression, --size, --algorithm, --control, --idle-tax, --high, --soft, --hard, --low or --undo.");
  const { host } = await context.client().request(HOST_MEMORY, { id }, context.signal);
  if (host === null) throw new CommandError(EXIT.notFound, "HostNotFound", `There is no host "${sanitise(id)}" any more: 'quetzal host ls' lists them.`);
  await printRecord(context, host, { name: host.id, lines: () => hostLines(context, host) });
}

function changeOf({ ksm, budget, compression, size, algorithm, control, idleTax, high, soft, hard, low }: HostMemoryOptions) {
  const sharing = { ...(ksm === undefined ? {} : { mode: KSM_NAMES[ksm] }), ...(budget === undefined ? {} : { cpuBudgetPercent: budget }) };
  const compressing = { ...(compression === undefined ? {} : { mode: COMPRESSION_NAMES[compression] }), ...(size === undefined ? {} : { sizeBytes: size }), ...(algorithm === undefined ? {} : { algorithm }) };
  const thresholds = { ...(high === undefined ? {} : { highPercent: high }), ...(soft === undefined ? {} : { softPercent: soft }), ...(hard === undefined ? {} : { hardPercent: hard }), ...(low === undefined ? {} : { lowPercent: low }) };
  const controlling = { ...(control === undefined ? {} : { enabled: control === "on" }), ...(idleTax === undefined ? {} : { idleTaxPercent: idleTax }), ...thresholds };
  const isGiven = (part: object): boolean => Object.keys(part).length > 0;
  return { ...(isGiven(sharing) ? { ksm: sharing } : {}), ...(isGiven(compressing) ? { compression: compressing } : {}), ...(isGiven(controlling) ? { controller: controlling } : {}) };
}

async function set(context: CommandContext, hostId: string, change: ReturnType<typeof changeOf>, dryRun: boolean): Promise<void> {
  const { result } = await context.client().request(SET, { input: { hostId, dryRun, ...change } }, context.signal);
  if (result.__typename !== "SetHostMemorySuccess") throw fromTypedError(result);
  await printSet(context, result, dryRun, ` 'quetzal memory host ${sanitise(result.host.name)} --undo' takes it back.`);
}

async function undo(context: CommandContext, hostId: string, dryRun: boolean): Promise<void> {
  const { result } = await context.client().request(UNDO, { input: { hostId, dryRun } }, context.signal);
  if (result.__typename !== "SetHostMemorySuccess") throw fromTypedError(result);
  await printSet(context, result, dryRun, "");
}

async function printSet(context: CommandContext, { host, effect, memory }: Extract<ResultOf<typeof SET>["result"], { __typename: "SetHostMemorySuccess" }>, dryRun: boolean, wayBack: string): Promise<void> {
  const line = dryRun ? `${sanitise(host.name)}: would be set (dry run: nothing was done). ${sanitise(effect)}` : `${sanitise(host.name)}: set. ${sanitise(effect)}${wayBack}`;
  await printRecord(context, { host, effect, memory }, { name: host.id, lines: () => [line] });
}

function hostLines(context: CommandContext, { name, memory, memoryBreakdown, memoryCompression: compression, latest }: Shown): string[] {
  return [
    ...fieldLines([
      ["Host", sanitise(name)],
      ["Memory", latest === null ? undefined : `${formatBytes(latest.memoryAvailableBytes)} available of ${formatBytes(latest.memoryTotalBytes)}, swap ${formatBytes(latest.swapUsedBytes)} of ${formatBytes(latest.swapTotalBytes)}`],
      ...(memory === null ? [["Settings", "not known: its daemon cannot be asked"] as const] : settingsFields(memory)),
      ["Saved", latest === null ? undefined : `${formatBytes(latest.ksmSavedBytes)} by sharing`],
      ["Compressed", compression === null ? undefined : compressionWords(compression)],
    ]),
    ...(memoryBreakdown === null ? [] : ["", ...breakdownLines(context, memoryBreakdown)]),
  ];
}

function settingsFields({ state, ksm, compression, controller, thresholds }: Settings): (readonly [string, string])[] {
  const domain = ksm.activeDomain === null ? "no VM has asked to share" : `domain ${sanitise(ksm.activeDomain)}`;
  const reason = ksm.reason === "" ? "" : `. ${sanitise(ksm.reason)}`;
  const used = ksm.cpuUsedRatio === null ? "" : `, ${formatPercent(ksm.cpuUsedRatio)} % used`;
  const compressed = compression.mode === "UNTOUCHED" ? "" : `, ${formatBytes(compression.sizeBytes)}, ${sanitise(compression.algorithm)}`;
  return [
    ["State", `${state.toLowerCase()}; high above ${formatBytes(thresholds.highBytes)} available, soft to ${formatBytes(thresholds.softBytes)}, hard to ${formatBytes(thresholds.hardBytes)}, low to ${formatBytes(thresholds.lowBytes)}`],
    ["Sharing", `${ksm.mode.toLowerCase()}, ${domain}, budget ${ksm.cpuBudgetPercent} % of a core${used}${reason}`],
    ["Compression", `${compression.mode.toLowerCase()}${compressed}`],
    ["Control", controller.enabled ? `on, idle memory taxed at ${controller.idleTaxPercent} %; thresholds high ${controller.highPercent}, soft ${controller.softPercent}, hard ${controller.hardPercent}, low ${controller.lowPercent} %` : "off: no VM is controlled"],
  ];
}
