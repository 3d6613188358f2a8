// `quetzal metrics VM`: figures of a VM over a span of time, a row a step.
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
  query Metrics($id: ID!, $range: TimeRangeInput!, $stepSeconds: Int, $metrics: [VmMetric!]!) {
    vm(id: $id) { id history(range: $range, stepSeconds: $stepSeconds, metrics: $metrics) { from to stepSeconds series { metric unit times mean max } } }
  }
`);
const KNOWN = untyped(`query KnownMetrics { metrics: __type(name: "VmMetric") { enumValues { name } } }`);

type Metric = VariablesOf<typeof METRICS>["metrics"] extends readonly (infer One)[] ? One : never;
type History = NonNullable<ResultOf<typeof METRICS>["vm"]>["history"];
type Series = History["series"][number];

/** The filter language's names of what is asked for most; every other metric goes by its own name, such as swap-bytes. */
export const SHORT: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ["cpu", "CPU_RATIO"], ["steal", "STEAL_RATIO"], ["guest.available", "GUEST_AVAILABLE_BYTES"], ["balloon", "BALLOON_ACTUAL_BYTES"], ["rss", "RSS_BYTES"],
  ["pss", "PSS_BYTES"], ["swap", "SWAP_BYTES"], ["disk.read", "DISK_READ_BYTES_PER_SECOND"], ["disk.write", "DISK_WRITE_BYTES_PER_SECOND"],
  ["disk.latency", "DISK_LATENCY_SECONDS"], ["net.rx", "NETWORK_RX_BYTES_PER_SECOND"], ["net.tx", "NETWORK_TX_BYTES_PER_SECOND"], ["net.drops", "NETWORK_DROPS_PER_SECOND"],
  ["throttled", "THROTTLED_TIME_RATIO"], ["shared", "KSM_MERGED_BYTES"], ["faults", "GUEST_MAJOR_FAULTS_PER_SECOND"],
]);
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

interface Step {
  readonly time: string;
  readonly values: readonly (number | null)[];
}

export async function showMetrics(context: CommandContext, name: string, options: MetricsOptions): Promise<void> {
  const [{ id }, metrics] = await Promise.all([namedVm(context, name), chosenMetrics(context, options.metric ?? DEFAULT_METRICS)]);
  const range = { from: new Date(context.nowMs() - options.range * 1000).toISOString() };
  const { vm } = await context.client().request(METRICS, { id, range, stepSeconds: options.step ?? null, metrics }, context.signal);
  if (vm === null) throw vmNotFound(id);
  const history = withoutOpenEnd(vm.history);
  const rows = (history.series[0]?.times ?? []).map((time, at): Step => ({ time, values: history.series.map((series) => series[options.value][at] ?? null) }));
  const { sort, ...flags } = options;
  await printList(context, listingOf(history, options.value), rows, { ...flags, ...(sort === undefined ? {} : { sort }) }, { vm: vm.id, ...history });
}

/** Without the last step where nothing of it is known: it has only just begun, and says nothing of the VM. */
export function withoutOpenEnd(history: History): History {
  const last = (history.series[0]?.times.length ?? 0) - 1;
  if (last < 0 || history.series.some(({ mean, max }) => mean[last] != null || max[last] != null)) return history;
  return { ...history, series: history.series.map((one) => ({ ...one, times: one.times.slice(0, last), mean: one.mean.slice(0, last), max: one.max.slice(0, last) })) };
}

/** "all" stands for every one the server keeps. */
async function chosenMetrics(context: CommandContext, names: readonly string[]): Promise<Metric[]> {
  const given = names.flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
  if (given.every((name) => SHORT.has(name))) return given.flatMap((name) => SHORT.get(name) ?? []);
  const { metrics } = (await context.client().request(KNOWN, {}, context.signal)) as { metrics: { enumValues: { name: Metric }[] } };
  const known = metrics.enumValues.map(({ name }) => name);
  return given.flatMap((name) => {
    if (name === "all") return known;
    const metric = SHORT.get(name) ?? known.find((one) => one === name.toUpperCase().replaceAll("-", "_"));
    if (metric === undefined) {
      const all = [...SHORT.keys(), ...known.filter((one) => !NAME_OF.has(one)).map((one) => one.toLowerCase().replaceAll("_", "-")), "all"];
      throw new CommandError(EXIT.usage, "UnknownMetric", `--metric "${name}" is none: there are ${all.join(", ")}.`);
    }
    return [metric];
  });
}

function listingOf(history: History, value: "mean" | "max"): Listing<Step> {
  return {
    name: ({ time }) => time,
    empty: "Nothing was recorded in this span.",
    columns: [
      { name: "time", value: ({ time }) => time, cell: ({ time }) => time.slice(0, 19).replace("T", " ") },
      ...history.series.map((series, index) => seriesColumn(series, index, value)),
    ],
  };
}

function seriesColumn(series: Series, index: number, value: "mean" | "max"): ListColumn<Step> {
  const name = NAME_OF.get(series.metric) ?? series.metric.toLowerCase().replaceAll("_", "-");
  const unit = series.unit === "ratio" ? "%" : "";
  return {
    name: value === "max" ? `${name}.max` : name,
    title: `${name.toUpperCase()}${unit}`,
    align: "right",
    value: ({ values }) => values[index] ?? null,
    cell: ({ values }) => formatted(series.unit, values[index] ?? null),
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
