// The tab of a VM's memory: where it is and what was asked for, then four figures that are often taken for one another,
// each with its source and age, then what explains them, then all over time.
import { detailOf } from "../store/memory.js";
import type { MemoryCompression } from "../store/memory.js";
import { memoryOf, serverNow } from "../store/select.js";
import type { Vm } from "../store/model.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { UNKNOWN, bytes, count, ratePerSecond, sampleAge, wholePercent } from "./format.js";
import { fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { scrolled } from "./lists.js";
import { memoryColumn, memoryHead, vmDecisions } from "./memory/vm-tab.js";
import { BOLD, DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { ASKING, UNKEPT, whyUnknownThen } from "./past-words.js";
import { plot } from "./plot.js";
import { isAlive, memoryPlot } from "./vm-plots.js";

interface Figure {
  name: string;
  value: string;
  /** Share of what is configured; null where that says nothing. */
  share: number | null;
  /** Null: it has none. */
  ageMs: number | typeof UNKEPT | null;
  source: string;
  role: Role;
}

const COLUMNS: readonly FixedColumn<Figure>[] = [
  { title: "FIGURE", width: 17, align: "left", text: ({ name }) => name, look: ({ role }) => (role === "text" ? TEXT : style(role, "bold")) },
  { title: "VALUE", width: 7, align: "right", text: ({ value }) => value, look: ({ value, role }) => (value === UNKNOWN ? DIM : role === "text" ? TEXT : BOLD) },
  { title: "OF CONF", width: 7, align: "right", text: ({ share }) => (share === null ? "" : wholePercent(share)) },
  { title: "AGE", width: 6, align: "right", text: ({ ageMs }) => (ageMs === null ? "" : ageMs === UNKEPT ? UNKEPT : sampleAge(ageMs)), look: () => DIM },
  { title: "SOURCE", width: 64, align: "left", text: ({ source }) => source, look: () => DIM },
];

/** Cells in which no source of a figure is cut; from the first width on decisions stand beside them, from the second all. */
const FIGURES_CELLS = 79;
const DECISIONS_BESIDE_CELLS = 110;
const ALL_BESIDE_CELLS = 2 * FIGURES_CELLS;
/** Rows that a graph needs to be read. */
const PLOT_ROWS_MIN = 5;

export function vmMemory(p: Painter, vm: Vm, rect: Rect): void {
  if (rect.width >= ALL_BESIDE_CELLS) {
    const left = Math.floor(rect.width / 2);
    memoryColumn(p, vm, { ...rect, width: left });
    figuresAndPlot(p, vm, { ...rect, x: rect.x + left, width: rect.width - left });
  } else {
    const width = rect.width >= DECISIONS_BESIDE_CELLS ? FIGURES_CELLS : rect.width;
    const used = memoryHead(p, vm, { ...rect, width });
    figuresAndPlot(p, vm, { ...rect, width, y: rect.y + used, height: rect.height - used });
    if (width < rect.width) vmDecisions(p, vm, { ...rect, x: rect.x + width, width: rect.width - width });
  }
}

/** The figures, scrolled where they are more than fit, and below them, where it can be read, their graph. */
function figuresAndPlot(p: Painter, vm: Vm, rect: Rect): void {
  const figures = memoryFigures(p, vm);
  const shown = Math.min(figures.length, rect.height - 2);
  const first = scrolled(p.state, "vm.memory", shown, figures.length);
  const more = figures.length - first - shown;
  const remark = more > 0 ? `${more} more ${p.theme.down} PgDn` : isAlive(vm) ? "" : `${vm.state.toLowerCase()}: only what is configured is known`;
  rule(p, { ...rect, height: 1 }, "figures: configured, balloon, guest, host", remark);
  fixedTable(p, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: shown + 1 }, COLUMNS, figures, first);
  const used = 2 + shown;
  if (rect.height - used >= PLOT_ROWS_MIN) plot(p, memoryPlot(p, vm), { ...rect, y: rect.y + used, height: rect.height - used });
}

/** Where a figure comes from, or why it is not known: now, or at the instant shown. */
function told(p: Painter, vm: Vm, value: number | null | undefined, source: string, whyNot: string): string {
  if (value != null) return source;
  return p.state.past.at === null ? whyNot : whyUnknownThen(p.state, { kind: "vm", id: vm.id }, p.state.details.has(vm.id) ? undefined : ASKING);
}

function storedWords(compression: MemoryCompression | null): string {
  if (compression === null || compression.ratio === null) return "host: paged out, compressed";
  return `host: in ${bytes(compression.storedBytes)}, ${compression.ratio.toFixed(1)}:1`;
}

/** No source is longer than what an 80-column screen has room for: it is not cut. */
function memoryFigures(p: Painter, vm: Vm): Figure[] {
  const { state } = p;
  const sample = state.samples.get(vm.id) ?? null;
  const detail = sample === null ? null : (state.details.get(vm.id) ?? null);
  const compression = detailOf(state, vm.id)?.compression ?? null;
  const configured = memoryOf(vm, sample);
  const now = serverNow(state);
  const sampled = sample === null ? null : Math.max(0, now - sample.time);
  const unkept = state.past.at === null ? null : UNKEPT;
  const spoken = detail?.guestUpdatedAt == null ? unkept : Math.max(0, now - detail.guestUpdatedAt);
  const answered = detail?.qmpAgeMs == null || sampled === null ? unkept : detail.qmpAgeMs + sampled;
  const size = (name: string, value: number | null | undefined, ageMs: Figure["ageMs"], source: string, whyNot = source, role: Role = "text"): Figure => ({
    name, value: bytes(value ?? null), share: value == null ? null : value / configured, ageMs: value == null ? null : ageMs, source: told(p, vm, value, source, whyNot), role,
  });
  const rate = (name: string, value: number | null | undefined, write: (value: number | null) => string, source: string, ageMs: Figure["ageMs"] = spoken): Figure =>
    ({ name, value: write(value ?? null), share: null, ageMs: value == null ? null : ageMs, source: told(p, vm, value, source, source), role: "text" });
  return [
    size("configured", configured, null, vm.restartRequired ? "what it was started with" : "the definition", undefined, "title"),
    size("balloon actual", sample?.balloonActualBytes, answered, "QEMU: what the balloon leaves it", "no balloon, or no answer of QEMU", "third"),
    size("  plugged in", detail?.pluggedBytes, answered, "QEMU: beyond its boot memory", "no feature hotplug, or no answer"),
    size("guest available", sample?.guestAvailableBytes, spoken, `guest's own word, of ${bytes(sample?.guestTotalBytes ?? null)} it counts`, "the guest's driver has not reported", "first"),
    size("host resident", sample?.rssBytes, sampled, "host: /proc of the QEMU process (RSS)", undefined, "second"),
    size("  fair share", detail?.pssBytes, sampled, "host: PSS, taken every 10 s", "host: PSS, none taken yet"),
    size("  shared by KSM", sample?.ksmMergedBytes, sampled, detail === null ? "host: pages merged" : `host: pages merged, profit ${bytes(detail.ksmProfitBytes)}`),
    size("  swapped out", detail?.swapBytes, sampled, "host: of the QEMU process"),
    size("  compressed", compression?.originalBytes, sampled, storedWords(compression), "host: it compresses nothing"),
    rate("  refaults/s", detail?.majorFaultsPerSecond, count, "host: pages of QEMU fetched back", sampled),
    size("  guest's cache", detail?.guestCacheBytes, spoken, "guest's own word: its page cache"),
    rate("  guest swap in", detail?.guestSwapInBytesPerSecond, ratePerSecond, `guest's own word; out ${ratePerSecond(detail?.guestSwapOutBytesPerSecond ?? null)}`),
    rate("  major faults/s", detail?.guestMajorFaultsPerSecond, count, "guest's own word: fetched from disk"),
  ];
}
