// The last two lines: above, the newest thing worth knowing or the line being typed; below, the keys that fit. A long
// error reaches up into the rule.
import { availability, bindingsOf, keyName, labelOf } from "../keys.js";
import type { Command } from "../keys.js";
import { parseLabels } from "../store/labels.js";
import { page, vmLabel } from "../store/select.js";
import { newestThatMatters } from "../store/notices.js";
import type { Prompt, State } from "../store/state.js";
import { filterPrompt } from "./filter-prompt.js";
import { style } from "./frame.js";
import { clock, cut } from "./format.js";
import { finderHint } from "./finder.js";
import { cellsOf, padCells } from "../width.js";
import { eventRole, eventSign } from "./lists.js";
import { noticeLines } from "./notice-lines.js";
import { targetPrompt } from "./target-prompt.js";
import { BOLD, DIM, RULE, TEXT, parts } from "./painter.js";
import type { Painter } from "./painter.js";
import { typedLine, upwards } from "./typed-line.js";

/** Rule, message, keys. */
export const FOOTER_ROWS = 3;
/** An answer to a key stays this long; an error of ours until the next key. */
export const NOTICE_SHOWN_MS = 8_000;

export function footer(p: Painter): void {
  const { frame, state, theme } = p;
  const y = frame.height - FOOTER_ROWS;
  frame.put(0, y, ` ${theme.rule.repeat(frame.width - 2)}`, RULE);
  if (state.ui.prompt !== null) prompt(p, y + 1, state.ui.prompt);
  else {
    message(p, y + 1);
    if (state.ui.console === null) keyLine(p, y + 2);
    else parts(p, 1, y + 2, CONSOLE_KEYS.flatMap(([key, what]) => [[key, style("key")] as const, [` ${what}  `, TEXT] as const]));
  }
}

/** While a console is open, every other key is typed into it. */
const CONSOLE_KEYS = [["Ctrl-]", "leave the console"], ["F12", "full screen"]] as const;

/** Lines of an error: the second takes the place of the rule, so that no key goes. */
const ERROR_ROWS = 2;

/** A notice while it is fresh, else the newest event that matters. */
function message(p: Painter, y: number): void {
  const { frame, state, theme } = p;
  const { notice } = state.ui;
  const room = frame.width - 2;
  if (notice?.tone === "error") {
    const lines = noticeLines(`${theme.attention} ${notice.text}`, room, ERROR_ROWS, theme.ellipsis);
    lines.forEach((line, index) => frame.put(0, y + 1 - lines.length + index, ` ${padCells(line, room)} `, style("attention")));
    return;
  }
  if (notice !== null && state.now - notice.at < NOTICE_SHOWN_MS) {
    frame.put(1, y, cut(notice.text, room, theme.ellipsis), TEXT);
    return;
  }
  const event = newestThatMatters(state);
  if (event === null) return;
  const who = vmLabel(state, event.vmId);
  const start = parts(p, 1, y, [[`${clock(event.time)} `, DIM], [`${eventSign(p, event)} `, style(eventRole(event))]]);
  const hint = "  (e: all)";
  const text = event.message.startsWith(who) ? event.message : `${who}: ${event.message}`;
  const end = frame.put(start, y, cut(text, room - start - hint.length + 1, theme.ellipsis), TEXT);
  frame.put(end, y, hint, DIM);
}

interface NamedKey { command: Command; key: string; name: string; label: string; usable: boolean }

/** Blanks between two keys. */
const KEY_GAP = 2;

function keyLine(p: Painter, y: number): void {
  const { frame } = p;
  let x = 1;
  for (const { key, name, label, usable } of keysThatFit(namedKeys(p.state), frame.width - 1)) {
    frame.clickable({ x, y, width: cellsOf(name) + 1 + cellsOf(label), height: 1 }, { kind: "key", key });
    x = parts(p, x, y, [[name, usable ? style("key") : DIM], [` ${label}`, usable ? TEXT : DIM], [" ".repeat(KEY_GAP), TEXT]]);
  }
}

function namedKeys(state: State): NamedKey[] {
  const here = page(state);
  const shown = bindingsOf(state).filter(({ command, onBottomLine, pages }) => pages.includes(here) && (command !== here || command === "help") && (onBottomLine === true || onBottomLine?.includes(here) === true || command === "quit" || (command === "back" && here !== "overview")));
  // The ways out stand last.
  const isWayOut = ({ command }: { command: Command }): boolean => command === "back" || command === "quit";
  return [...shown.filter((binding) => !isWayOut(binding)), ...shown.filter(isWayOut)].map((binding) => {
    const key = binding.keys[0] ?? "";
    return { command: binding.command, key, name: keyName(key), label: labelOf(state, binding), usable: availability(state, binding).allowed };
  });
}

/** The first to go where there is no room; then the last ones, and never help, which names all the others. */
const FIRST_TO_GO: readonly Command[] = ["mark", "quit"];

export function keysThatFit(keys: readonly NamedKey[], room: number): readonly NamedKey[] {
  const width = keys.reduce((sum, { name, label }) => sum + cellsOf(name) + 1 + cellsOf(label), (keys.length - 1) * KEY_GAP);
  if (width <= room) return keys;
  const goes = FIRST_TO_GO.map((command) => keys.find((one) => one.command === command)).find((one) => one !== undefined) ?? keys.findLast(({ command }) => command !== "help");
  return goes === undefined ? keys : keysThatFit(keys.filter((one) => one !== goes), room);
}

function undoKeys(p: Painter, y: number, key: string): void {
  parts(p, 1, y + 1, [[key, style("key")], [" or ", DIM], ["y", style("key")], [" yes   any other key: no", TEXT]]);
}

function prompt(p: Painter, y: number, shown: Prompt): void {
  const { frame, state, theme } = p;
  const typed = (lead: string, text: string, hint: string): void => {
    typedLine(p, y, lead, text);
    frame.put(1, y + 1, cut(hint, frame.width - 2, theme.ellipsis), DIM);
  };
  switch (shown.kind) {
    case "filter":
      filterPrompt(p, y, shown.text);
      return;
    case "target":
      targetPrompt(p, y, shown);
      return;
    case "labels": {
      const parsed = parseLabels(shown.text);
      const hint = parsed.fits ? "Enter changes them, Esc does not." : shown.text.trim() === "" ? `key=value sets, -key takes away, Esc leaves. Now: ${labelsText(state, shown.vmIds)}.` : parsed.reason;
      typed(`Labels of ${shown.vmIds.length === 1 ? vmLabel(state, shown.vmIds[0] ?? null) : `${shown.vmIds.length} VMs`}: `, shown.text, hint);
      return;
    }
    case "undo":
    case "undoHost":
      upwards(p, y, shown.passedOver === null ? `Undo? ${shown.text}` : `${shown.passedOver} Undo what was done before? ${shown.text}`, style("attention"));
      undoKeys(p, y, "u");
      return;
    case "undoDecision":
      upwards(p, y, `Undo? ${shown.text}`, style("attention"));
      undoKeys(p, y, "U");
      return;
    case "deleteRule":
      upwards(p, y, `Delete the alert rule ${shown.name}? ${shown.effect}`, style("attention"));
      parts(p, 1, y + 1, [["d", style("key")], [" or ", DIM], ["y", style("key")], [" yes   any other key: no", TEXT]]);
      return;
    case "startNew":
      upwards(p, y, `${shown.label} is defined. Start it now?`, BOLD);
      parts(p, 1, y + 1, [["s", style("key")], [" or ", DIM], ["y", style("key")], [" yes   any other key: not now", TEXT]]);
      return;
    case "viewName":
      typed("Name of the view: ", shown.text, "Enter writes filter, columns and order into config.yaml; Esc does not.");
      return;
    case "typed":
      typed(`Type "${shown.expected}" to go on: `, shown.text, "Enter carries the plan out when it is complete. Esc goes back to the plan.");
      return;
    case "delete":
      if (shown.judgement === null) typed(`Delete ${vmLabel(state, shown.vmId)}: asking the server. `, shown.text, "Esc keeps the VM.");
      else typed(`Delete ${vmLabel(state, shown.vmId)}? Type its id (${shown.vmId}): `, shown.text, "Enter deletes it when the id is complete; its disks stay. Esc keeps the VM.");
      return;
    case "confirm": {
      if (shown.judgement === null) {
        upwards(p, y, `${vmLabel(state, shown.vmId)}: asking the server whether it can be done.`, DIM);
        return;
      }
      const what = shown.verb === "FORCE_OFF" ? "Cut the power of" : "Reset";
      upwards(p, y, `${what} ${vmLabel(state, shown.vmId)}? What the guest has not saved is lost.`, style("attention"));
      parts(p, 1, y + 1, [[shown.key, style("key")], [" or ", DIM], ["y", style("key")], [" yes   any other key: no", TEXT]]);
      return;
    }
    case "run":
      upwards(p, y, `Run ${shown.command.name}${shown.vmId === null ? "" : ` for ${vmLabel(state, shown.vmId)}`}?`, style("attention"));
      frame.put(1, y + 1, cut("y runs it; any other key does not.", frame.width - 2, theme.ellipsis), DIM);
      return;
    case "command":
      typed(shown.scope === "user" ? "!" : ":", shown.text, finderHint(p, shown));
  }
}

/** The labels of one VM as they are; of several nothing is said. */
function labelsText(state: State, vmIds: readonly string[]): string {
  const labels = vmIds.length === 1 ? (state.vms.get(vmIds[0] ?? "")?.labels ?? []) : [];
  return labels.length === 0 ? (vmIds.length === 1 ? "none" : "as each has them") : labels.map(({ key, value }) => `${key}=${value}`).join(" ");
}
