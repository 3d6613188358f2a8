// The line in which a target is typed, with its limits, and below it what the server says would come of the text as it
// is, before Enter. It takes the rule above too, so that nothing moves when an effect needs two lines.
import { vmLabel } from "../store/select.js";
import { roomOf } from "../store/memory.js";
import type { VmRoom } from "../store/memory.js";
import { judgementOf, parseTarget } from "../store/targets.js";
import type { TargetKind, TargetPrompt } from "../store/targets.js";
import type { State } from "../store/state.js";
import { wrapped } from "../wrap.js";
import { style } from "./frame.js";
import type { Style } from "./frame.js";
import { bytes, cut } from "./format.js";
import { DIM, TEXT, parts } from "./painter.js";
import type { Painter } from "./painter.js";
import { leadIn, typedLine } from "./typed-line.js";

/** Rows of what would come of it. */
const EFFECT_ROWS = 2;

const LEADS: Readonly<Record<TargetKind, string>> = { balloon: "Balloon target of", memorySize: "Memory size of", vcpus: "vCPUs of", pageOut: "Page out of", memoryControl: "Memory control of" };

/** Paints from the row of the rule on: `y` is the first row below it. */
export function targetPrompt(p: Painter, y: number, prompt: TargetPrompt): void {
  const { frame, state, theme } = p;
  const first = y - 1;
  frame.fill({ x: 0, y: first, width: frame.width, height: 1 + EFFECT_ROWS }, " ", TEXT);
  const [only, ...others] = prompt.vmIds;
  const who = others.length > 0 ? `${prompt.vmIds.length} VMs` : vmLabel(state, only ?? null);
  const limits = others.length > 0 || only === undefined ? "" : limitsText(state, prompt.what, only);
  const lead = `${LEADS[prompt.what]} ${who}${limits}: `;
  if (prompt.what === "memoryControl") frame.cursor = { x: choices(p, leadIn(p, first, lead, CHOICES_CELLS), first, prompt.text), y: first };
  else typedLine(p, first, lead, prompt.text);
  const [text, look] = said(prompt, theme.attention);
  const lines = wrapped(text, frame.width - 2);
  const shown = lines.length <= EFFECT_ROWS ? lines : [...lines.slice(0, EFFECT_ROWS - 1), cut(lines.slice(EFFECT_ROWS - 1).join(" "), frame.width - 2, theme.ellipsis)];
  shown.forEach((line, row) => frame.put(1, y + row, line, look));
}

const MODES = ["off", "recommend", "on"] as const;
const CHOICES_CELLS = MODES.join("  ").length + 2;

function choices(p: Painter, x: number, y: number, chosen: string): number {
  return parts(p, x, y, MODES.flatMap((mode) => [[mode, mode === chosen ? style("key", "inverse") : DIM] as const, ["  ", TEXT] as const]));
}

/** " (now 256M; 128M to 512M)", as far as it is known. */
function limitsText(state: State, what: TargetKind, vmId: string): string {
  const vm = state.vms.get(vmId);
  const room = vm === undefined ? null : roomOf(state, vm);
  if (what === "memoryControl") {
    const control = state.memory.vms.get(vmId)?.policy.control;
    return control === undefined ? "" : ` (now ${control.toLowerCase()})`;
  }
  return room === null ? "" : roomText(what, room);
}

function roomText(what: TargetKind, room: VmRoom): string {
  switch (what) {
    case "balloon": return ` (now ${bytes(room.balloonTargetBytes)}; from ${bytes(room.balloonFloorBytes)} to ${bytes(room.memoryTargetBytes)})`;
    case "memorySize": return ` (now ${bytes(room.memoryTargetBytes)}; up to ${bytes(room.memoryMaxBytes)})`;
    case "vcpus": return ` (now ${room.vcpusTarget}; 1 to ${room.vcpusMax})`;
    case "pageOut": case "memoryControl": return "";
  }
}

/** What the person needs to know next: how to write it, what would come of it, or why it cannot be. */
function said(prompt: TargetPrompt, attention: string): readonly [string, Style] {
  const parsed = parseTarget(prompt.what, prompt.text);
  if (!parsed.fits) return [parsed.reason, DIM];
  if (prompt.vmIds.length > 1) return ["Enter shows of each VM what would come of it; nothing is done yet. Esc leaves.", DIM];
  const judgement = judgementOf(prompt);
  if (judgement === null) return ["Asking the server what would come of it.", DIM];
  return judgement.can ? [`${judgement.effect} Enter does it, Esc does not.`, TEXT] : [`${attention} ${judgement.reason}`, style("attention")];
}
