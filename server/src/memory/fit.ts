// How many more VMs of a kind fit on a host, and what that estimate stands on. Pure.
import type { HostSample, VmSample } from "../metrics/model.js";
import type { Vm } from "../vm/model.js";
import { amount } from "./amount.js";
import { vmCompression } from "./compression.js";
import type { FitEstimate } from "./model.js";
import { hasFeature, memoryPolicy } from "./policy.js";

/** What a QEMU takes beside its guest's memory where nothing comparable runs: code, devices, and a translation cache. */
const OVERHEAD_BYTES = 48 * 1_048_576;
/** Kept free where the daemon does not say under what it begins to take memory back: the controller's first threshold. */
const RESERVE_RATIO = 0.06;
/** CPUs are planned to this share: beyond it everybody waits. */
const CPU_PLANNED_RATIO = 0.8;
/** An idle guest's vCPU, where nothing comparable runs; measured on idle Linux guests under TCG: 0.2 to 0.5 % of a core. */
const IDLE_VCPU_CORES = 0.005;
/** A count beyond this says nothing any more. */
const COUNT_MAX = 100_000;

export interface FitSpec {
  readonly memoryBytes: number;
  readonly vcpus: number;
  readonly features: readonly string[];
  readonly sharingDomain: string;
}
export interface FitFacts {
  readonly host: Pick<HostSample, "memoryTotalBytes" | "memoryAvailableBytes" | "cpuRatio" | "swapUsedBytes" | "compressedOriginalBytes" | "compressedStoredBytes" | "refaultsPerSecond">;
  readonly cpuCount: number;
  /** Bytes of memory under which the host's controller begins to take back; null: not known. */
  readonly reserveBytes: number | null;
  /** Running VMs of the host with their newest samples. */
  readonly running: readonly { readonly vm: Pick<Vm, "id" | "name" | "definition" | "vcpus">; readonly sample: FitSample }[];
  /** Id of the one that the new VMs will be like; null: none. */
  readonly like: string | null;
}
type FitSample = Pick<VmSample, "memoryConfiguredBytes" | "pluggedBytes" | "pssBytes" | "rssBytes" | "swapBytes" | "majorFaultsPerSecond" | "cpuRatio">;
type Running = FitFacts["running"][number];

export function estimateFit(spec: FitSpec, facts: FitFacts): FitEstimate {
  const memory = perVmMemory(spec, facts);
  const cpu = perVmCores(spec, facts);
  const reserve = facts.reserveBytes ?? Math.round(facts.host.memoryTotalBytes * RESERVE_RATIO);
  const room = Math.max(0, facts.host.memoryAvailableBytes - reserve);
  const byMemory = wholes(room, memory.bytes);
  const idleCores = facts.cpuCount * Math.max(0, CPU_PLANNED_RATIO - (facts.host.cpuRatio ?? 0));
  const byCpu = wholes(idleCores, cpu.cores);
  const limitedBy = byCpu < byMemory ? "CPU" : "MEMORY";
  return {
    count: Math.min(byMemory, byCpu), limitedBy, perVmBytes: Math.round(memory.bytes),
    basis: [
      memory.words,
      `The host has ${amount(facts.host.memoryAvailableBytes)} available, and keeps ${amount(reserve)} ${facts.reserveBytes === null ? "in reserve" : "before it takes memory back"}: room for ${byMemory} by memory.`,
      cpu.words,
      `Of ${facts.cpuCount} cores ${idleCores.toFixed(2)} are free below ${Math.round(CPU_PLANNED_RATIO * 100)} % use: room for ${byCpu} by CPU.`,
    ],
  };
}

function wholes(room: number, each: number): number {
  return Math.min(COUNT_MAX, Math.floor(room / Math.max(each, Number.MIN_VALUE)));
}

function perVmMemory(spec: FitSpec, { host, running, like }: FitFacts): { bytes: number; words: string } {
  const model = running.find(({ vm }) => vm.id === like);
  const held = model === undefined ? null : heldBytes(model.sample, host);
  if (model !== undefined && held !== null) {
    const ownBytes = givenBytes(model.sample);
    const bytes = (held.bytes * spec.memoryBytes) / Math.max(ownBytes, 1);
    return { bytes, words: `Each takes ${amount(bytes)}: ${model.vm.name} holds ${amount(held.bytes)} of the host's memory now${held.storedBytes === 0 ? "" : `, ${amount(held.storedBytes)} of it compressed`}, for ${amount(ownBytes)} of its own.` };
  }
  const alike = running.filter((one) => sharesAlike(spec, one)).flatMap(({ sample }) => {
    const [held, own] = [heldBytes(sample, host), givenBytes(sample)];
    return held === null || own <= 0 ? [] : [{ share: held.bytes / own, isCompressed: held.storedBytes > 0 }];
  });
  if (alike.length > 0) {
    const share = median(alike.map((one) => one.share));
    const bytes = spec.memoryBytes * share;
    return { bytes, words: `Each takes ${amount(bytes)}: ${alike.length === 1 ? "the one VM" : `the middle one of ${alike.length} VMs`} running here with the same page sharing holds ${Math.round(share * 100)} % of its memory${alike.some(({ isCompressed }) => isCompressed) ? ", with what is compressed of it" : ""}.` };
  }
  const bytes = spec.memoryBytes + OVERHEAD_BYTES;
  return { bytes, words: `Each takes ${amount(bytes)}: all of its memory and ${amount(OVERHEAD_BYTES)} for QEMU, since nothing comparable runs here.` };
}

function perVmCores(spec: FitSpec, { running, like }: FitFacts): { cores: number; words: string } {
  const model = running.find(({ vm }) => vm.id === like);
  const compared = model === undefined ? running : [model];
  const perVcpu = compared.flatMap(({ vm, sample }) => (sample.cpuRatio === null || vm.vcpus <= 0 ? [] : [sample.cpuRatio / vm.vcpus]));
  if (perVcpu.length === 0) {
    const cores = spec.vcpus * IDLE_VCPU_CORES;
    return { cores, words: `Each takes ${coresWords(cores)}, as idle guests do, since none runs here to be measured.` };
  }
  const cores = spec.vcpus * Math.max(median(perVcpu), IDLE_VCPU_CORES);
  return { cores, words: `Each takes ${coresWords(cores)}: ${model === undefined ? "what the VMs running here take a vCPU" : `what ${model.vm.name} takes a vCPU`} now, or idle guests at least.` };
}

/** What it runs with: its definition may say something else by now. */
function givenBytes({ memoryConfiguredBytes, pluggedBytes }: FitSample): number {
  return memoryConfiguredBytes + (pluggedBytes ?? 0);
}

/** The fair share of what is shared, where the kernel has told it, and its compressed pages in the host's memory. */
function heldBytes(sample: FitSample, host: FitFacts["host"]): { bytes: number; storedBytes: number } | null {
  const residentBytes = sample.pssBytes ?? sample.rssBytes;
  const storedBytes = vmCompression(sample, host)?.storedBytes ?? 0;
  return residentBytes === null ? null : { bytes: residentBytes + storedBytes, storedBytes };
}

/** Whether the VM's pages may merge with those of the new ones, or neither's may with anybody's. */
function sharesAlike(spec: FitSpec, { vm: { definition } }: Running): boolean {
  const isMergeable = spec.features.includes("tps");
  return hasFeature(definition, "tps") === isMergeable && (!isMergeable || memoryPolicy(definition).sharingDomain === spec.sharingDomain);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function coresWords(cores: number): string {
  return `${(cores * 100).toFixed(1)} % of a core`;
}
