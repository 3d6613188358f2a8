// A change of a host's memory settings: what the daemon is to be told, and a sentence of it. Pure.
import { InvalidInput } from "../errors.js";
import { amount } from "./amount.js";
import type { CompressionMode, CompressionSettings, ControllerSettings, HostMemory, KsmMode, KsmSettings } from "./model.js";

/** From the lowest; each is above the one before. */
const THRESHOLDS = ["lowPercent", "hardPercent", "softPercent", "highPercent"] as const satisfies readonly (keyof ControllerSettings)[];
/** A host that must keep more than half of its memory free would have its guests squeezed for nothing. */
export const THRESHOLD_MAX_PERCENT = 50;

/** What is absent stays as it is. */
export interface HostMemoryChange {
  readonly ksm?: { readonly mode?: KsmMode | null | undefined; readonly cpuBudgetPercent?: number | null | undefined } | null | undefined;
  readonly compression?: { readonly mode?: CompressionMode | null | undefined; readonly sizeBytes?: number | null | undefined; readonly algorithm?: string | null | undefined } | null | undefined;
  readonly controller?: ({ readonly enabled?: boolean | null | undefined; readonly idleTaxPercent?: number | null | undefined } & ThresholdsChange) | null | undefined;
}
type ThresholdsChange = { readonly [Field in (typeof THRESHOLDS)[number]]?: number | null | undefined };

export interface NewSettings {
  readonly ksm: Pick<KsmSettings, "mode" | "cpuBudgetPercent"> | undefined;
  readonly compression: CompressionSettings | undefined;
  readonly controller: ControllerSettings | undefined;
}

/** Throws InvalidInput for what is no share. Undefined: that part is not to be touched. */
export function mergedSettings(before: HostMemory, { ksm, compression, controller }: HostMemoryChange): NewSettings {
  if (ksm?.cpuBudgetPercent != null) requirePercent("ksm.cpuBudgetPercent", ksm.cpuBudgetPercent, { above: 0 });
  if (controller?.idleTaxPercent != null) requirePercent("controller.idleTaxPercent", controller.idleTaxPercent, {});
  if (ksm == null && compression == null && controller == null) {
    throw new InvalidInput("Nothing to set: give ksm, compression or controller.", null);
  }
  const mode = compression?.mode ?? before.compression.mode;
  // Another kind of compression has another size and algorithm; unless said, the daemon's choice (0 and empty).
  const isSameKind = mode === before.compression.mode;
  return {
    ksm: ksm == null ? undefined : { mode: ksm.mode ?? before.ksm.mode, cpuBudgetPercent: ksm.cpuBudgetPercent ?? before.ksm.cpuBudgetPercent },
    compression: compression == null ? undefined : {
      mode, sizeBytes: compression.sizeBytes ?? (isSameKind ? before.compression.sizeBytes : 0), algorithm: compression.algorithm ?? (isSameKind ? before.compression.algorithm : ""),
    },
    controller: controller == null ? undefined : mergedController(before.controller, controller),
  };
}

function mergedController(before: ControllerSettings, change: NonNullable<HostMemoryChange["controller"]>): ControllerSettings {
  const merged: ControllerSettings = {
    enabled: change.enabled ?? before.enabled, idleTaxPercent: change.idleTaxPercent ?? before.idleTaxPercent, highPercent: change.highPercent ?? before.highPercent,
    softPercent: change.softPercent ?? before.softPercent, hardPercent: change.hardPercent ?? before.hardPercent, lowPercent: change.lowPercent ?? before.lowPercent,
  };
  const given = THRESHOLDS.filter((field) => change[field] != null);
  for (const field of given) requirePercent(`controller.${field}`, merged[field], { above: 0, most: THRESHOLD_MAX_PERCENT });
  // Of those that stay nothing is asked: the daemon took them, whatever they are.
  for (const [index, higher] of THRESHOLDS.entries()) {
    const lower = THRESHOLDS[index - 1];
    if (lower === undefined || merged[lower] < merged[higher] || !(given.includes(lower) || given.includes(higher))) continue;
    const named = given.includes(higher) ? higher : lower;
    throw new InvalidInput(`The thresholds must be low < hard < soft < high: ${lower} would be ${merged[lower]}, and ${higher} ${merged[higher]}.`, `controller.${named}`);
  }
  return merged;
}

const KSM_WORDS: Readonly<Record<KsmMode, string>> = {
  UNTOUCHED: "leaves page sharing as the host had it", TUNED: "shares like pages", STOPPED: "looks for no more like pages; what is merged stays",
  UNMERGED: "unmerges all shared pages, where that fits in memory",
};

/** E.g. "On lab1: shares like pages with up to 5 % of a core; compresses up to 2.0 GiB with zram (zstd)." */
export function hostMemoryEffect(hostName: string, before: HostMemory, { ksm, compression, controller }: NewSettings): string {
  const parts: string[] = [];
  if (ksm !== undefined) parts.push(ksm.mode === "TUNED" ? `${KSM_WORDS.TUNED} with up to ${ksm.cpuBudgetPercent} % of a core` : KSM_WORDS[ksm.mode]);
  if (compression !== undefined) parts.push(compressionWords(compression));
  if (controller !== undefined) parts.push(controllerWords(controller, before));
  return `On ${hostName}: ${parts.join("; ")}.`;
}

function compressionWords({ mode, sizeBytes, algorithm }: CompressionSettings): string {
  if (mode === "UNTOUCHED") return "leaves compression as the host had it";
  const size = sizeBytes === 0 ? "a quarter of the host's memory" : `up to ${amount(sizeBytes)}`;
  return mode === "ZRAM" ? `compresses ${size} with zram${algorithm === "" ? "" : ` (${algorithm})`}` : `keeps ${size} of compressed pages before the host's swap with zswap${algorithm === "" ? "" : ` (${algorithm})`}`;
}

function controllerWords(settings: ControllerSettings, before: HostMemory): string {
  const isMoved = THRESHOLDS.some((field) => settings[field] !== before.controller[field]);
  const thresholds = isMoved ? `, with its thresholds at ${[...THRESHOLDS].reverse().map((field) => settings[field]).join("/")} % available` : "";
  if (!settings.enabled) return `controls no VM's memory${thresholds}`;
  const tax = `idle memory taxed at ${settings.idleTaxPercent} %${thresholds}`;
  return before.controller.enabled ? `goes on controlling the memory of VMs that allow it, ${tax}` : `controls the memory of VMs that allow it, ${tax}`;
}

function requirePercent(field: string, value: number, { above, most = 100 }: { readonly above?: number; readonly most?: number }): void {
  const isShort = above === undefined ? value < 0 : value <= above;
  if (!Number.isFinite(value) || isShort || value > most) throw new InvalidInput(`${field} is ${above === undefined ? "0" : `above ${above}`} to ${most}, not ${value}.`, field);
}
