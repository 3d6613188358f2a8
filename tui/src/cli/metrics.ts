// `quetzal metrics VM`: figures of a VM and of its vCPUs over a span of time, a row a step.
import { graphql } from "../client/document.js";
import type { ResultOf, VariablesOf } from "../client/document.js";
import { UNKNOWN, formatByteRate, formatBytes, formatLatency, formatPercent, formatRate } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";
import { untyped } from "./graphql.js";
import type { ListColumn, ListFlags, Listing } from "./output/listing.js";
import { printList } from "./output/print.js";
import { vmNotFound } from "./vm/definition.js";
import { namedVm } from "./vm/select.js";

const METRICS = graphql(`
  query Metrics($id: ID!, $range: TimeRangeInput!, $stepSeconds: Int, $metrics: [VmMetric!]!, $vcpuMetrics: [VcpuMetric!]!, $isVcpus: Boolean!) {
    vm(id: $id) {
      id history(range: $range, stepSeconds: $stepSeconds, metrics: $metrics) { from to stepSeconds series { metric unit times mean max } }
      vcpuHistory(range: $range, stepSeconds: $stepSeconds, metrics: $vcpuMetrics) @include(if: $isVcpus) { index history { series { metric unit times mean max } } }
    }
  }
`);
const KNOWN = untyped(`query KnownMetrics { metrics: __type(name: "VmMetric") { enumValues { name } } }`);

type Metric = VariablesOf<typeof METRICS>["metrics"] extends readonly (infer One)[] ? One : never;
type VcpuMetric = VariablesOf<typeof METRICS>["vcpuMetrics"] extends readonly (infer One)[] ? One : never;
type History = NonNullable<ResultOf<typeof METRICS>["vm"]>["history"];
type Vcpus = NonNullable<NonNullable<ResultOf<typeof METRICS>["vm"]>["vcpuHistory"]>;
type Series = History["series"][number];

/** The filter language's names of what is asked for most; every other metric goes by its own name, such as swap-bytes. */
export const SHORT: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ["cpu", "CPU_RATIO"], ["steal", "STEAL_RATIO"], ["guest.available", "GUEST_AVAILABLE_BYTES"], ["balloon", "BALLOON_ACTUAL_BYTES"], ["rss", "RSS_BYTES"],
  ["pss", "PSS_BYTES"], ["swap", "SWAP_BYTES"], ["disk.read", "DISK_READ_BYTES_PER_SECOND"], ["disk.write", "DISK_WRITE_BYTES_PER_SECOND"],
  ["disk.latency", "DISK_LATENCY_SECONDS"], ["net.rx", "NETWORK_RX_BYTES_PER_SECOND"], ["net.tx", "NETWORK_TX_BYTES_PER_SECOND"], ["net.drops", "NETWORK_DROPS_PER_SECOND"],
  ["throttled", "THROTTLED_TIME_RATIO"], ["shared", "KSM_MERGED_BYTES"], ["faults", "GUEST_MAJOR_FAULTS_PER_SECOND"],
]);
/** What is asked of each vCPU; it has a column for each. */
export const OF_VCPUS: ReadonlyMap<string, VcpuMetric> = new Map<string, VcpuMetric>([["vcpu", "RATIO"], ["vcpu.steal", "STEAL_RATIO"]]);
const NAME_OF: ReadonlyMap<string, string> = new Map([...SHORT].map(([name, metric]) => [metric, name]));
/** What fits a terminal of 80 columns and says how a VM is. */
const DEFAULT_METRICS = ["cpu", "steal", "guest.available", "rss", "disk.read", "disk.write", "net.rx", "net.tx"];

export interface MetricsOptions extends ListFlags {
  /** Seconds before now. */
  readonly range: number;
  /** Seconds; what is kept decides where absent. */
  readonly step?: number;
  readonly metric?: readonly string[];
  /** Which figure of a step: the mean, or the highest of its seconds. */
  readonly value: "mean" | "max";
}

/** What was asked for by --metric. */
interface Chosen { readonly metrics: Metric[]; readonly vcpuMetrics: VcpuMetric[] }

/** A figure with the name of its column. */
interface Figure { readonly name: string; readonly series: Series }

interface Step {
  readonly time: string;
  readonly values: readonly (number | null)[];
}

export async function showMetrics(context: CommandContext, name: string, options: MetricsOptions): Promise<void> {
  const [{ id }, { metrics, vcpuMetrics }] = await Promise.all([namedVm(context, name), chosenMetrics(context, options.metric ?? DEFAULT_METRICS)]);
  const range = { from: new Date(context.nowMs() - options.range * 1000).toISOString() };
  const isVcpus = vcpuMetrics.length > 0;
  const { vm } = await context.client().request(METRICS, { id, range, stepSeconds: options.step ?? null, metrics, vcpuMetrics, isVcpus }, context.signal);
  if (vm === null) throw vmNotFound(id);
  const { vcpus, ...history } = withoutOpenEnd({ ...vm.history, vcpus: vm.vcpuHistory ?? [] });
  const figures = [...history.series.map((series): Figure => ({ name: nameOf(series.metric), series })), ...vcpus.flatMap(figuresOfVcpu)];
  const rows = (figures[0]?.series.times ?? []).map((time, at): Step => ({ time, values: figures.map(({ series }) => series[options.value][at] ?? null) }));
  const { sort, ...flags } = options;
  const found = isVcpus ? { ...history, vcpus: vcpus.map(({ index, history: { series } }) => ({ index, series })) } : history;
  await printList(context, listingOf(figures, options.value), rows, { ...flags, ...(sort === undefined ? {} : { sort }) }, { vm: vm.id, ...found });
}

/** Without the last step where nothing of it is known: it has only just begun, and says nothing of the VM. */
export function withoutOpenEnd(found: History & { readonly vcpus: Vcpus }): History & { vcpus: Vcpus } {
  const all = [...found.series, ...found.vcpus.flatMap(({ history }) => history.series)];
  const last = (all[0]?.times.length ?? 0) - 1;
  if (last < 0 || all.some(({ mean, max }) => mean[last] != null || max[last] != null)) return found;
  const shorter = (one: Series): Series => ({ ...one, times: one.times.slice(0, last), mean: one.mean.slice(0, last), max: one.max.slice(0, last) });
  return { ...found, series: found.series.map(shorter), vcpus: found.vcpus.map(({ index, history }) => ({ index, history: { series: history.series.map(shorter) } })) };
}

function nameOf(metric: string): string {
  return NAME_OF.get(metric) ?? metric.toLowerCase().replaceAll("_", "-");
}

/** vcpu0, vcpu0.steal. */
function figuresOfVcpu({ index, history }: Vcpus[number]): Figure[] {
  return history.series.map((series) => ({ name: `vcpu${index}${series.metric === "STEAL_RATIO" ? ".steal" : ""}`, series }));
}

/** "all" stands for every one the server keeps. */
async function chosenMetrics(context: CommandContext, names: readonly string[]): Promise<Chosen> {
  const given = names.flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
  const vcpuMetrics = [...OF_VCPUS].flatMap(([name, metric]) => (given.includes(name) || given.includes("all") ? [metric] : []));
  const others = given.filter((name) => !OF_VCPUS.has(name));
  if (others.every((name) => SHORT.has(name))) return { metrics: others.flatMap((name) => SHORT.get(name) ?? []), vcpuMetrics };
  const { metrics } = (await context.client().request(KNOWN, {}, context.signal)) as { metrics: { enumValues: { name: Metric }[] } };
  const known = metrics.enumValues.map(({ name }) => name);
  const chosen = others.flatMap((name) => {
    if (name === "all") return known;
    const metric = SHORT.get(name) ?? known.find((one) => one === name.toUpperCase().replaceAll("-", "_"));
    if (metric === undefined) {
      const all = [...SHORT.keys(), ...OF_VCPUS.keys(), ...known.filter((one) => !NAME_OF.has(one)).map((one) => one.toLowerCase().replaceAll("_", "-")), "all"];
      throw new CommandError(EXIT.usage, "UnknownMetric", `--metric "${name}" is none: there are ${all.join(", ")}.`);
    }
    return [metric];
  });
  return { metrics: chosen, vcpuMetrics };
}

function listingOf(figures: readonly Figure[], value: "mean" | "max"): Listing<Step> {
  return {
    name: ({ time }) => time,
    empty: "Nothing was recorded in this span.",
    columns: [
      { name: "time", value: ({ time }) => time, cell: ({ time }) => time.slice(0, 19).replace("T", " ") },
      ...figures.map((figure, index) => figureColumn(figure, index, value)),
    ],
  };
}

function figureColumn({ name, series: { unit } }: Figure, index: number, value: "mean" | "max"): ListColumn<Step> {
  return {
    name: value === "max" ? `${name}.max` : name,
    title: `${name.toUpperCase()}${unit === "ratio" ? "%" : ""}`,
    align: "right",
    value: ({ values }) => values[index] ?? null,
    cell: ({ values }) => formatted(unit, values[index] ?? null),
  };
}

function formatted(unit: string, value: number | null): string {
  switch (unit) {
    case "ratio": return formatPercent(value);
    case "bytes": return formatBytes(value);
    case "bytes/s": return formatByteRate(value);
    case "seconds": return formatLatency(value);
    case "1/s": return formatRate(value);
    default: return value === null ? UNKNOWN : value.toFixed(2);
  }
}
