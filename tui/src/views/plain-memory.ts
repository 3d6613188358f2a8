// The memory page in sentences: where the host's memory is, what saves it, each VM's share, what the controller decided.
// The same facts as the page on the screen; no sign and no key.
import { bytesOf, costBytes, roomOf, savedBytes } from "../store/memory.js";
import type { HostMemory, MemoryBreakdown, MemoryDecision } from "../store/memory.js";
import type { Host, Vm } from "../store/model.js";
import { host, vmLabel } from "../store/select.js";
import type { State } from "../store/state.js";
import { dayClock } from "./format.js";
import { decidedThen } from "./memory/decisions-then.js";
import { STATE_WORDS, mechanisms, whyNoDecision } from "./memory/mechanisms.js";
import { partName } from "./memory/parts.js";
import { shownParts } from "./memory/stack.js";
import { whyNoParts } from "./memory/vm-bars.js";
import { whyNoMemoryThen } from "./past-words.js";
import { UNKNOWN_WORD, sentence, size, sizeOr } from "./plain-words.js";

/** Decisions told: the newest, oldest first, as a log is read. */
const TOLD_MAX = 50;

export function memoryLines(state: State): string[] {
  const one = host(state);
  if (one === null) return ["No host is known to the server."];
  const memory = state.memory.host?.hostId === one.id ? state.memory.host : null;
  const vms = [...state.vms.values()].filter(({ hostId }) => hostId === one.id).sort((a, b) => (a.label < b.label ? -1 : 1));
  return [
    ...hostLines(state, one, memory),
    ...mechanisms(state, one, memory, "commands").map(({ name, savedBytes: saved, text }) => `${name === "KSM" ? name : capital(name)}: ${name === "controller" ? "" : `saves ${sizeOr(saved)}; `}${sentence(text)}`),
    ...vms.map((vm) => vmLine(state, vm)),
    ...decisionLines(state, memory),
    ...(state.hosts.length > 1 ? [`This is ${one.name} of ${state.hosts.length} hosts; of another 'quetzal memory host HOST' tells.`] : []),
  ];
}

function hostLines(state: State, one: Host, memory: HostMemory | null): string[] {
  const breakdown = memory?.breakdown ?? null;
  const settings = memory?.settings ?? null;
  const pressure = settings === null ? [] : [
    `${one.name}: ${settings.state}, ${STATE_WORDS[settings.state]}. Enough from ${size(settings.thresholds.highBytes)} available; short below ${size(settings.thresholds.softBytes)}, very short below ${size(settings.thresholds.hardBytes)}, none left below ${size(settings.thresholds.lowBytes)}.`,
  ];
  if (breakdown === null) return [`${one.name}: memory ${size(one.memoryBytes)}. ${sentence(whyUnknown(state, one, memory))}`, ...pressure];
  return [
    `${one.name}: memory ${size(breakdown.totalBytes)}, where it was at ${dayClock(breakdown.at)} UTC.`, ...pressure,
    ...shownParts(breakdown).map(({ kind, bytes, description, source }) => `${one.name}, ${partName(kind)}: ${amount(bytes, breakdown)}. ${[description, source].filter((words) => words !== "").map(sentence).join(" ")}`.trimEnd()),
  ];
}

function whyUnknown(state: State, one: Host, memory: HostMemory | null): string {
  if (state.past.at !== null) return whyNoMemoryThen(state, { kind: "host", id: one.id }, memory !== null);
  return state.memory.fault ?? (memory === null ? "The server has not answered yet" : "The host has not told its figures yet");
}

function amount(bytes: number, { totalBytes }: MemoryBreakdown): string {
  return `${size(bytes)}, ${totalBytes === 0 ? UNKNOWN_WORD : Math.round((bytes / totalBytes) * 100)} %`;
}

/** What it costs and saves, between which limits it moves, and its parts that are not empty. */
function vmLine(state: State, vm: Vm): string {
  const known = state.memory.vms.get(vm.id);
  const breakdown = known?.breakdown ?? null;
  const control = known === undefined ? "" : ` Control ${known.policy.control.toLowerCase()}.`;
  if (breakdown === null) return `${vm.label}: ${vm.state}. ${size(vm.memoryBytes)} defined, ${whyNoParts(vm)}.${control}`;
  const room = roomOf(state, vm);
  const target = state.past.at !== null ? "Its target then is not kept." : room === null ? `Target ${UNKNOWN_WORD}.` : `Target ${size(room.balloonTargetBytes)} of ${size(room.memoryTargetBytes)}.`;
  const parts = shownParts(breakdown).filter(({ bytes }) => bytes !== 0).map(({ kind, bytes }) => `${partName(kind)} ${size(bytes)}`);
  return `${vm.label}: ${vm.state}. Costs ${sizeOr(costBytes(breakdown))}, saves ${sizeOr(savedBytes(breakdown))}, free in the guest ${sizeOr(bytesOf(breakdown, "GUEST_FREE"))}. ${target} Parts: ${parts.join(", ") || "none"}.${control}`;
}

function decisionLines(state: State, memory: HostMemory | null): string[] {
  if (state.past.at !== null) {
    const decided = decidedThen(state, null).slice(0, TOLD_MAX).reverse();
    return decided.length === 0 ? ["No decision of the controller among the last events up to then."] : decided.map(({ time, message }) => `Decision, ${dayClock(time)} UTC: ${sentence(message)}`);
  }
  if (memory === null) return [];
  if (memory.decisions.length === 0) return [`No decision of the controller. ${sentence(whyNoDecision(state, memory.settings, "commands"))}`];
  return memory.decisions.slice(0, TOLD_MAX).reverse().map((decision) => `Decision, ${dayClock(decision.time)} UTC: ${vmLabel(state, decision.vmId)}: ${actionWords(decision)}, ${decision.carriedOut ? "done" : "only advised"}. ${effectWords(decision)}${sentence(decision.reason)}`);
}

function actionWords({ action, fromBytes, toBytes }: MemoryDecision): string {
  switch (action) {
    case "BALLOON": return `balloon from ${size(fromBytes)} to ${size(toBytes)}`;
    case "PAGE_OUT": return `page out ${size(toBytes)}`;
    case "ASK_FOR_ROOM": return "asks for room";
  }
}

function effectWords({ carriedOut, effectBytes }: MemoryDecision): string {
  if (effectBytes === null) return carriedOut ? `What it brought is ${UNKNOWN_WORD}. ` : "";
  return effectBytes < 0 ? `It then took ${size(-effectBytes)} more. ` : `${size(effectBytes)} came free. `;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
