// What a story reads off the dashboard's 80x24 screen to compare an instant of the past with what was live: figures, a graph,
// lists of events. Pure text.

/** The figures of both guests and of the host, without the small graphs (their columns move on) and the age (it counts in between). */
export function figures(text: string): string {
  const rows = text.split("\n").flatMap((line) => {
    const match = /^.{3}(\S+-guest) +(\S+) +(\S+) \S* *(\S+ \/ +\S+) +(\S+) +(\S+) +(\S+) +\S+ *$/.exec(line.replace(/[▁▂▃▄▅▆▇█]+/g, ""));
    return match === null ? [] : [match.slice(1).join(" ")];
  });
  const host = text.split("\n").slice(1, 4).map((line) => line.replace(/[▁▂▃▄▅▆▇█ ]+/g, " ").trimEnd());
  return [...host, ...rows].join("\n");
}

/** Rows of the events page at 80x24. */
export const EVENT_ROWS = 13;

/** The lines of the events page, newest first. */
export function eventLines(text: string): string[] {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => line.includes("events, newest first"));
  return lines.slice(head + 1, head + 1 + EVENT_ROWS).map((line) => line.trimEnd()).filter((line) => /^ \d\d:\d\d:\d\d /.test(line));
}

/** When an event happened, on the day of an instant near it. */
export function timeOf(line: string, near: number): number {
  const onDay = Date.parse(`${new Date(near).toISOString().slice(0, 10)}T${line.slice(1, 9)}Z`);
  const day = 86_400 * 1_000;
  return [onDay - day, onDay, onDay + day].toSorted((a, b) => Math.abs(a - near) - Math.abs(b - near))[0] ?? onDay;
}

/**
 * The graph of CPU on a VM's page: above its title with unit, figures of now, scale and time axis, below what is drawn. The
 * lowest and highest values are left out, as the highest point may be: seconds are told apart by the clock live, and by their order in history.
 */
export function graph(text: string): string {
  const lines = text.split("\n");
  const top = lines.findIndex((line) => line.includes("CPU, %"));
  const end = lines.findIndex((line, y) => y > top && / (now|then) /.test(line));
  const left = lines.slice(top, end + 1).map((line) => line.slice(0, HALF_CELLS).padEnd(HALF_CELLS));
  const title = /CPU, % of \S+ \S+/.exec(left[0] ?? "")?.[0] ?? "";
  const first = left.findIndex((line) => line.includes("┤"));
  const legend = left.slice(1, first).map((line) => line.replace(/ min \S+ +max \S+/g, "").trimEnd());
  const scale = left.slice(first, -1).map((line) => line.slice(0, GUTTER_CELLS).trim());
  const axis = (left.at(-1) ?? "").replace(/(now|then) *$/, "").trim();
  return [title, ...legend, scale.join(" "), axis, DRAWN, ...left.slice(first, -1).map((line) => line.slice(GUTTER_CELLS))].join("\n");
}
const HALF_CELLS = 40;
const GUTTER_CELLS = 6;
const DRAWN = "drawn:";

export function halves(graphText: string): [string, string] {
  const [above, below] = graphText.split(DRAWN);
  return [above ?? "", below ?? ""];
}

/** The share of cells that are the same, of those in which either has something. */
export function likeness(one: string, other: string): number {
  const cells = Array.from(one, (char, index) => [char, other[index] ?? " "] as const).filter(([a, b]) => a !== " " || b !== " ");
  return cells.filter(([a, b]) => a === b).length / cells.length;
}

const BARS = /[▁▂▃▄▅▆▇█▓▒░▌▚▞?╌]+/g;

/** The table of the overview at 200x50, without small graphs and ages. */
export function wideTable(text: string): string {
  return text.split("\n").map((line) => line.split("│")[0] ?? "").filter((line) => / \S+-guest +running /.test(line)).map((line) => line.replace(BARS, "").replace(/ +\d+[smhd] tcg/, "").replace(/ +/g, " ").trim()).join("\n");
}

/** Of the page of memory: the host's parts, and each VM's bar, cost and saving. Targets are not kept, ages count on. */
export function memoryFigures(text: string): string {
  const lines = text.split("\n").map((line) => line.slice(0, 118));
  const parts = lines.flatMap((line) => /^ \S (VMs|shared|zip|cache|kernel|other|free|rest) +(\S+) +(\S+)/.exec(line)?.slice(1).join(" ") ?? []);
  const vms = lines.filter((line) => /^ \S \S+-guest /.test(line)).map((line) => line.replace(BARS, "").replace(/(unkept|[\d.]+M) +([\d.]+M) +(\S+ +\S+ +\S+ +\S+ +\S+)$/, "$2 $3").replace(/ +/g, " ").trim());
  return [...parts, ...vms].join("\n");
}

/** Of a VM's tabs what samples tell, without ages, targets and what is drawn over time. */
export const TAB_FIGURES: Readonly<Record<"cpu" | "memory" | "disks" | "net", (text: string) => string>> = {
  cpu: (text) => [/QEMU: user \S+ system \S+/, /present \d+/, /throttled \S+/, /\n +0 +\S+ +\S+ /, / {3}1 +[\d.–]+ +[\d.–]+ {2}\S/, /policy .*/].map((wanted) => wanted.exec(text)?.[0].trim().replace(/ +/g, " ") ?? "").join("\n"),
  memory: (text) => text.split("\n").flatMap((line) => /(configured|balloon actual|plugged in|guest available|host resident|fair share|shared by KSM|swapped out|guest's cache|guest swap in|major faults\/s) +(\S+)/.exec(line.slice(90))?.slice(1).join(" ") ?? []).join("\n"),
  disks: (text) => text.split("\n").filter((line) => /^ vda /.test(line)).join("\n").replace(/ +/g, " "),
  net: (text) => /── network: [^\n]*\n[^\n]*/.exec(text)?.[0].replace(/─/g, "") ?? "",
};
