// CPU: was this VM held back by a quota, did it wait for a CPU, is the host short of CPUs, does it use all it has.
import { judge, type Judged } from "../finding.js";
import { combine, meanOver, measure, type Measured, type Span } from "../measure.js";
import type { Observations, Remedy } from "../model.js";
import { foreignQuotaRemedy, guestCpuRemedy, ownLimitRemedy, stealRemedy } from "../remedies/cpu.js";
import { LEAST_STEPS, THRESHOLDS } from "../thresholds.js";

/** Using all of its own vCPUs is what a VM is for; it explains slowness where nothing else does for as long. */
const GUEST_CPU_WEIGHT = 0.25;
/** In a period in which a VM's own limit stopped it, it used that limit up; so much less may be a matter of measuring. */
const OWN_LIMIT_USED_RATIO = 0.8;

export interface CpuSigns {
  readonly throttled: Measured;
  /** Waiting for a CPU that somebody else had. In periods whose quota the VM used up all the same, it cost nothing. */
  readonly steal: Measured;
}

export function cpuSigns({ figures }: Observations, span: Span): CpuSigns {
  const throttled = measure(span, figures.THROTTLED_RATIO, (ratio) => ratio > THRESHOLDS.throttled.value);
  const steal = measure(span, figures.STEAL_RATIO, (ratio, step) => ratio > THRESHOLDS.steal.value && throttled.beyond[step] !== true);
  return { throttled, steal };
}

export function cpuRules(observations: Observations, span: Span, signs: CpuSigns): Judged[] {
  return [throttling(observations, signs), steal(observations, signs), hostCpu(observations, span, signs), guestCpu(observations, span)];
}

function throttling(observations: Observations, { throttled }: CpuSigns): Judged {
  return judge({
    kind: "THROTTLING", title: "CPU quota",
    main: { name: "periods in which the quota was used up", measured: throttled, threshold: THRESHOLDS.throttled, bad: "above" },
    whyNotKnown: "Whether a CPU quota holds it back cannot be told: the host has no cpu controller, or the history of this window does not hold it.",
    ...quotaRemedy(observations, throttled),
  });
}

/** Where it used less than its own limit would have let it in those periods, another quota stopped it. */
function quotaRemedy(observations: Observations, { beyond }: Measured): Remedy {
  const { vm, figures } = observations;
  const used = meanOver(figures.CPU_RATIO, beyond);
  const stopped = meanOver(figures.THROTTLED_RATIO, beyond);
  const { limitPercent } = vm;
  const isUsedUp = limitPercent !== null && (used === null || stopped === null || used * 100 >= limitPercent * stopped * OWN_LIMIT_USED_RATIO);
  if (!isUsedUp) return foreignQuotaRemedy(vm, limitPercent, endOf(observations, beyond));
  return ownLimitRemedy(vm, limitPercent, meanOver(combine(figures.CPU_RATIO, figures.THROTTLED_TIME_RATIO, (ran, held) => ran + held), beyond));
}

/** The second at which it was over, where that has been seen since; null: it goes on. */
function endOf({ figures, fromSecond, stepSeconds }: Observations, beyond: readonly boolean[]): number | null {
  const next = beyond.lastIndexOf(true) + 1;
  const calm = figures.THROTTLED_RATIO.slice(next).filter((ratio) => ratio !== null);
  return calm.length >= LEAST_STEPS ? fromSecond + next * stepSeconds : null;
}

function steal({ vm }: Observations, { steal: measured, throttled }: CpuSigns): Judged {
  return judge({
    kind: "STEAL", title: "steal",
    main: {
      name: "time ready to run without a CPU", measured, threshold: THRESHOLDS.steal, bad: "above",
      ...(throttled.isSustained ? { remark: "the waits under the CPU quota are not counted" } : {}),
    },
    whyNotKnown: "How long it waited for a CPU cannot be told: the host's kernel has no schedstat, or the history of this window does not hold it.",
    ...stealRemedy(vm),
  });
}

/** Others' waiting is not this VM's: pressure counts where this VM waits too, or where that cannot be told. */
function hostCpu({ host, vm }: Observations, span: Span, signs: CpuSigns): Judged {
  const waits = (step: number): boolean => (signs.steal.isKnown ? signs.steal.beyond[step] === true : signs.throttled.beyond[step] !== true);
  const measured = measure(span, host.PSI_CPU_RATIO, (ratio, step) => ratio > THRESHOLDS.hostCpu.value && waits(step));
  return judge({
    kind: "HOST_CPU", title: "host CPU pressure",
    main: { name: "time in which some task of the host waited for a CPU", measured, threshold: THRESHOLDS.hostCpu, bad: "above", ...(measured.share === 0 ? { remark: "this VM did not wait with them" } : {}) },
    whyNotKnown: "The host's CPU pressure cannot be told: its kernel has no PSI (the capability psi says why), or the history of this window does not hold it.",
    advice: "More wants to run on the host than it has CPUs for: move a VM to another host, or give the busiest VMs a smaller weight, a limit ('quetzal cpu set') or fewer vCPUs. The command shows the host's figures.",
    adviceCommand: `quetzal host show ${vm.hostId}`,
  });
}

function guestCpu({ figures, vm }: Observations, span: Span): Judged {
  // One that was taken from the guest may stay plugged in. History from before the used ones were kept has those plugged in.
  const used = figures.CPU_RATIO.map((_, step) => figures.VCPUS_USED[step] ?? figures.VCPUS_PRESENT[step] ?? null);
  const has = Math.max(Math.round(used.findLast((count) => count !== null) ?? vm.vcpus), 1);
  const perVcpu = figures.CPU_RATIO.map((cpu, step) => (cpu === null ? null : cpu / Math.max(used[step] ?? vm.vcpus, 1)));
  return judge({
    kind: "GUEST_CPU", title: "its own CPU", weight: GUEST_CPU_WEIGHT,
    main: { name: `use of its ${has === 1 ? "vCPU" : `${has} vCPUs`}`, measured: measure(span, perVcpu, (ratio) => ratio > THRESHOLDS.guestCpu.value), threshold: THRESHOLDS.guestCpu, bad: "above", worst: 1 },
    whyNotKnown: "Its CPU use is not in the history of this window.",
    ...guestCpuRemedy(vm),
  });
}
