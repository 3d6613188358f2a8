// What each part of memory looks like: a sign of its own, so that a bar is read without colour too, a short name and a
// colour. One table for hosts and VMs, so that a sign always says the same.
import type { MemoryPartKind } from "../../store/memory.js";
import { style } from "../frame.js";
import type { Role, Style } from "../frame.js";
import type { Theme } from "../theme.js";

/** What no part explains has a place of its own. */
export type ShownKind = MemoryPartKind | "REST";

interface Look { name: string; unicode: string; ascii: string; role: Role }

/** Full blocks take memory; shaded and thin ones save it; light ones are room. */
const LOOKS: Readonly<Record<ShownKind, Look>> = {
  GUEST_USED: { name: "used", unicode: "█", ascii: "#", role: "first" },
  GUEST_CACHE: { name: "cache", unicode: "▆", ascii: "%", role: "third" },
  GUEST_FREE: { name: "free", unicode: "▄", ascii: "+", role: "fifth" },
  SHARED: { name: "shared", unicode: "▓", ascii: "=", role: "fourth" },
  COMPRESSED: { name: "zip", unicode: "▒", ascii: "-", role: "zip" },
  SWAPPED: { name: "swap", unicode: "▚", ascii: "~", role: "sixth" },
  BALLOONED: { name: "balloon", unicode: "▂", ascii: "o", role: "text" },
  REPORTED_FREE: { name: "unused", unicode: "░", ascii: ".", role: "rule" },
  UNPLUGGED: { name: "room", unicode: "╌", ascii: "_", role: "rule" },
  OVERHEAD: { name: "QEMU", unicode: "▌", ascii: "q", role: "second" },
  VMS: { name: "VMs", unicode: "█", ascii: "#", role: "first" },
  PAGE_CACHE: { name: "cache", unicode: "▆", ascii: "%", role: "third" },
  KERNEL: { name: "kernel", unicode: "▌", ascii: "k", role: "second" },
  OTHER: { name: "other", unicode: "▞", ascii: "x", role: "fourth" },
  FREE: { name: "free", unicode: "░", ascii: ".", role: "rule" },
  REST: { name: "rest", unicode: "?", ascii: "?", role: "attention" },
};

/** Its name alone, for sentences. */
export function partName(part: ShownKind): string {
  return LOOKS[part].name;
}

export interface PartLook { sign: string; name: string; look: Style }

export function partLook({ kind }: Theme, part: ShownKind): PartLook {
  const { name, unicode, ascii, role } = LOOKS[part];
  return { name, sign: kind === "ascii" ? ascii : unicode, look: style(role) };
}
