// CPU: was this VM held back by a quota, did it wait for a CPU, is the host short of CPUs, does it use all it has.
import { judge, type Judged } from "../finding.js";
import { measure, type Measured, type Span } from "../measure.js";
import type { Observations } from "../model.js";
import { THRESHOLDS } from "../thresholds.js";

/** Using all of its own vCPUs is what a VM is for; it explains slowness only where nothing else does. */
const GUEST_CPU_WEIGHT = 0.4;

export interface CpuSigns {
  readonly throttled: Measured;
  /** Waiting for a CPU, the waits under a quota left out: the kernel counts both as run delay. */
  readonly steal: Measured;
}

export function cpuSigns({ figures }: Observations, span: Span): CpuSigns {
  const throttled = measure(span, figures.THROTTLED_RATIO, (ratio) => ratio > THRESHOLDS.throttled.value);
  const steal = measure(span, figures.STEAL_RATIO, (ratio, step) => ratio > THRESHOLDS.steal.value && throttled.beyond[step] !== true);
  return { throttled, steal };
}

export function cpuRules(observations: Observations, span: Span, signs: CpuSigns): Judged[] {
  return [throttling(observations, signs), steal(signs), hostCpu(observations, span, signs), guestCpu(observations, span)];
}

function throttling({ vm }: Observations, { throttled }: CpuSigns): Judged {
  return judge({
    kind: "THROTTLING", title: "CPU quota",
    main: { name: "periods in which the quota was used up", measured: throttled, threshold: THRESHOLDS.throttled, bad: "above" },
    whyNotKnown: "Whether a CPU quota holds it back cannot be told: the host has no cpu controller, or the history of this window does not hold it.",
    advice: "A CPU quota of its control group stops this VM again and again: raise or lift the quota (cpu.cfs_quota_us or cpu.max), or give the VM less to do. The command shows which group it is in.",
    adviceCommand: vm.pid === null ? null : `cat /proc/${vm.pid}/cgroup`,
  });
}

function steal({ steal: measured, throttled }: CpuSigns): Judged {
  return judge({
    kind: "STEAL", title: "steal",
    main: {
      name: "time ready to run without a CPU", measured, threshold: THRESHOLDS.steal, bad: "above",
      ...(throttled.isSustained ? { remark: "the waits under the CPU quota are not counted" } : {}),
    },
    whyNotKnown: "How long it waited for a CPU cannot be told: the host's kernel has no schedstat, or the history of this window does not hold it.",
    advice: "It was ready to run and the host's CPUs were taken: stop or move other work of the host, or give the busiest VMs fewer vCPUs. The command shows who uses the CPUs.",
    adviceCommand: "quetzal vm ls --sort -cpu",
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
    advice: "More wants to run on the host than it has CPUs for: move a VM to another host, or give the busiest VMs fewer vCPUs. The command shows the host's figures.",
    adviceCommand: `quetzal host show ${vm.hostId}`,
  });
}

function guestCpu({ figures, vm }: Observations, span: Span): Judged {
  const perVcpu = figures.CPU_RATIO.map((cpu) => (cpu === null ? null : cpu / Math.max(vm.vcpus, 1)));
  return judge({
    kind: "GUEST_CPU", title: "its own CPU", weight: GUEST_CPU_WEIGHT,
    main: { name: `use of its ${vm.vcpus} vCPU`, measured: measure(span, perVcpu, (ratio) => ratio > THRESHOLDS.guestCpu.value), threshold: THRESHOLDS.guestCpu, bad: "above" },
    whyNotKnown: "Its CPU use is not in the history of this window.",
    advice: "The guest uses all the vCPUs it has: look inside for what computes, or raise vcpus in its definition and start it anew.",
    adviceCommand: `quetzal vm edit ${vm.id}`,
  });
}
