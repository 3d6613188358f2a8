// What a diagnosis advises: the product's own verbs, sized by what was seen, and only where they can be carried out.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DiagnosisFinding, DiagnosisKind, VmFacts } from "./model.js";
import { neighbourCpuRemedy, ownLimitRemedy } from "./remedies/cpu.js";
import { balloonRemedy, guestMemoryRemedy } from "./remedies/memory.js";
import { diagnose } from "./rules.js";
import { ALL_STEPS, FACTS, MIB, flat, observations, risen, roomOf, type Differences } from "./testing.js";

function causeOf(kind: DiagnosisKind, differences: Differences): DiagnosisFinding {
  const found = diagnose(observations(differences)).causes.find((cause) => cause.kind === kind);
  return found ?? expect.fail(`${kind} is no cause`);
}
const hog = (weight: number, cpu = risen(0.02, 1.8)) => ({ id: "hog", name: "the hog", weight, cpu, diskBytesPerSecond: flat(0) });
const held = (cpu: number, periods: number, time: number | null) => ({ CPU_RATIO: flat(cpu), THROTTLED_RATIO: flat(periods), THROTTLED_TIME_RATIO: flat(time) });
const waiting: Differences["figures"] = { STEAL_RATIO: risen(0.001, 0.25), CPU_RATIO: risen(1.6, 1.1) };
const working: Differences["figures"] = { CPU_RATIO: flat(1.98) };
const paging: Differences["figures"] = { GUEST_SWAP_IN_BYTES_PER_SECOND: flat(2e6), GUEST_SWAP_OUT_BYTES_PER_SECOND: flat(2e6), GUEST_AVAILABLE_BYTES: flat(8 * MIB) };
const squeezed: Differences["figures"] = { BALLOON_ACTUAL_BYTES: risen(256 * MIB, 120 * MIB), GUEST_AVAILABLE_BYTES: risen(128 * MIB, 4 * MIB) };

describe("what to do about", () => {
  it.each<[string, DiagnosisKind, Differences, string | null, string]>([
    ["its own limit, which all of its vCPUs would outgrow", "THROTTLING", { vm: { limitPercent: 25 }, figures: held(0.25, 0.98, 1.75) }, "quetzal cpu set web-2 --limit none", "Its own limit of 25 % of a core (cpu_policy.limit_percent)"],
    ["its own limit, when what it would use is known and less", "THROTTLING", { vm: { limitPercent: 50 }, figures: held(0.48, 0.9, 0.32) }, "quetzal cpu set web-2 --limit 100%", "raise it to 100 %, which covers the 0.80 cores that it used or was stopped for with a fifth to spare"],
    ["its own limit, which only bursts use up", "THROTTLING", { vm: { limitPercent: 150 }, figures: held(0.6, 0.3, 0.1) }, "quetzal cpu set web-2 --limit none", "lift it, or give the VM less to do"],
    ["its own limit, whatever it waited for others beside it", "THROTTLING", { vm: { limitPercent: 50 }, figures: { ...held(0.48, 0.9, 0.32), STEAL_RATIO: flat(0.4) } }, "quetzal cpu set web-2 --limit 100%", "0.80 cores"],
    ["its own limit, when nobody counted the time", "THROTTLING", { vm: { limitPercent: 25 }, figures: { ...held(0.25, 0.98, null), STEAL_RATIO: flat(null) } }, "quetzal cpu set web-2 --limit none", "lift it, or"],
    ["its own limit of a VM that is off by now", "THROTTLING", { vm: { limitPercent: 25, pid: null }, figures: held(0.25, 0.98, 1) }, "quetzal cpu set web-2 --limit 160%", "Its own limit"],
    ["its own limit on a host that has not more CPUs than that", "THROTTLING", { vm: { limitPercent: 100, hostCpus: 2, vcpus: 4 }, figures: held(1, 0.9, 0.9) }, "quetzal cpu set web-2 --limit none", "would use 200 % and more"],
    ["a quota that no definition set", "THROTTLING", { figures: held(0.25, 0.98, 0.75) }, "cat /proc/4711/cgroup", "its definition sets no limit"],
    ["a quota below its own limit", "THROTTLING", { vm: { limitPercent: 150 }, figures: held(0.25, 0.98, 0.75) }, "cat /proc/4711/cgroup", "its own limit of 150 % was not used up"],
    ["a limit that was lifted meanwhile", "THROTTLING", { figures: { ...held(0.25, 0.98, 0.75), THROTTLED_RATIO: risen(0.98, 0, ALL_STEPS - 2) } }, "cat /proc/4711/cgroup", "It is over since 12:01:50 UTC, and now its definition sets no limit: nothing is to be done unless it comes back."],
    ["a limit that was raised meanwhile", "THROTTLING", { vm: { limitPercent: 200 }, figures: { ...held(0.25, 0.98, 0.75), THROTTLED_RATIO: risen(0.98, 0, ALL_STEPS - 4) } }, "cat /proc/4711/cgroup", "It is over since 12:01:40 UTC, and now its limit is 200 % of a core"],
    ["a quota that may be over", "THROTTLING", { figures: { ...held(0.25, 0.98, 0.75), THROTTLED_RATIO: risen(0.98, 0, ALL_STEPS - 1) } }, "cat /proc/4711/cgroup", "its definition sets no limit"],
    ["a quota of a QEMU that is gone", "THROTTLING", { vm: { pid: null }, figures: held(0.25, 0.98, 0.75) }, null, "raise or lift the quota"],
    ["a neighbour of greater weight", "NEIGHBOUR_CPU", { figures: waiting, neighbours: [hog(1_000)] }, "quetzal cpu set hog --weight 100", "the hog took it by its weight of 1000 beside 100"],
    ["a neighbour of the same weight", "NEIGHBOUR_CPU", { figures: waiting, neighbours: [hog(100)] }, "quetzal cpu set hog --limit 130%", "leaves the others 0.50 cores of the 1.80 cores that it used, where this VM waited for 0.50 cores"],
    ["a neighbour that took less than was waited for", "NEIGHBOUR_CPU", { figures: { ...waiting, STEAL_RATIO: risen(0.001, 0.8) }, neighbours: [hog(50)] }, "quetzal cpu set hog --limit 90%", "leaves the others 0.90 cores"],
    ["a neighbour on a host without control groups", "NEIGHBOUR_CPU", { figures: { ...waiting, THROTTLED_RATIO: flat(null) }, neighbours: [hog(1_000)] }, "quetzal vm edit hog", "no cpu controller"],
    ["waiting of which no VM is to blame", "STEAL", { figures: waiting }, "quetzal cpu ls --sort -cpu", "give this VM a greater weight"],
    ["waiting of a VM that is kept to some CPUs", "STEAL", { vm: { isPinned: true }, figures: waiting }, "quetzal cpu set web-2 --pin none", "the CPUs that it is kept to"],
    ["work of its own with room for vCPUs", "GUEST_CPU", { vm: { room: roomOf({ vcpusTarget: 2, vcpusMax: 8 }) }, figures: working }, "quetzal cpu set web-2 --vcpus 4", "give it 4 instead of 2, while it runs (it can have 8)"],
    ["work of its own with room for one", "GUEST_CPU", { vm: { room: roomOf({ vcpusTarget: 2, vcpusMax: 3 }) }, figures: working }, "quetzal cpu set web-2 --vcpus 3", "give it 3"],
    ["work of its own without room", "GUEST_CPU", { vm: { room: roomOf({ vcpusTarget: 2, vcpusMax: 2 }) }, figures: working }, "quetzal vm edit web-2", "none can be added while it runs: it can have 2"],
    ["work of its own of a VM that is off by now", "GUEST_CPU", { figures: working }, "quetzal vm edit web-2", "raise vcpus in its definition and start it anew."],
    ["work of its own on as many vCPUs as there are CPUs", "GUEST_CPU", { vm: { hostCpus: 2, room: roomOf({ vcpusTarget: 2, vcpusMax: 8 }) }, figures: working }, "quetzal host show h1", "a host with more CPUs"],
    ["a guest that pages, with room", "GUEST_MEMORY", { vm: { room: roomOf({ memoryTargetBytes: 256 * MIB, memoryMaxBytes: 1_280 * MIB }) }, figures: paging }, "quetzal memory set web-2 --size 384M", "to 384 MiB instead of 256 (50 % more; it can have 1280)"],
    ["a guest that pages, grown before", "GUEST_MEMORY", { vm: { room: roomOf({ memoryTargetBytes: 1_024 * MIB, memoryMaxBytes: 1_280 * MIB }) }, figures: paging }, "quetzal memory set web-2 --size 1280M", "instead of 1024"],
    ["a guest that pages, with room for less than a block", "GUEST_MEMORY", { vm: { room: roomOf({ memoryTargetBytes: 256 * MIB, memoryMaxBytes: 300 * MIB }) }, figures: paging }, "quetzal memory set web-2 --size 300M", "it can have 300"],
    ["a guest that pages, without room", "GUEST_MEMORY", { vm: { room: roomOf({}) }, figures: paging }, "quetzal vm edit web-2", "none can be plugged in while it runs: it can have 256 MiB"],
    ["a guest that paged and is off by now", "GUEST_MEMORY", { figures: paging }, "quetzal vm edit web-2", "start it anew."],
    ["a balloon", "BALLOON", { figures: squeezed }, "quetzal memory set web-2 --balloon 145M", `${Math.ceil((120 - 4) / 0.8)} MiB (predicted: 20 % available)`],
    ["a balloon that the controller moves", "BALLOON", { vm: { isControlled: true }, figures: squeezed }, "quetzal memory set web-2 --balloon 145M --floor 145M", "a floor keeps it from taking that again"],
    ["a balloon, where all is too little", "BALLOON", { vm: { memoryBytes: 130 * MIB }, figures: squeezed }, "quetzal memory set web-2 --balloon 130M", "130 MiB (all that it has, which is still too little)."],
    ["a balloon, where all is too little and there is room", "BALLOON", { vm: { memoryBytes: 130 * MIB, room: roomOf({ memoryTargetBytes: 130 * MIB, memoryMaxBytes: 1_024 * MIB }) }, figures: squeezed }, "quetzal memory set web-2 --size 258M", "and plug more in: the command does both"],
    ["a host that pages", "HOST_MEMORY", { figures: { MAJOR_FAULTS_PER_SECOND: flat(300), SWAP_BYTES: flat(90 * MIB) } }, "quetzal memory ls --sort -guest.available", "take memory from VMs that have plenty"],
  ])("%s", (_, kind, differences, command, words) => {
    const { advice, adviceCommand } = causeOf(kind, differences);
    expect(adviceCommand).toBe(command);
    expect(advice).toContain(words);
  });
});

describe("whatever is plugged in", () => {
  it("work is measured by the vCPUs of each moment, not by those it booted with", () => {
    const grown = { CPU_RATIO: flat(1.98), VCPUS_PRESENT: flat(4), VCPUS_USED: flat(4) };
    expect(diagnose(observations({ figures: grown })).causes).toEqual([]);
    expect(causeOf("GUEST_CPU", { figures: { ...grown, CPU_RATIO: flat(3.9) } }).evidence[0]?.text).toContain("use of its 4 vCPU");
  });

  it("work is measured by the vCPUs in use, not by those that stay plugged in", () => {
    const left = { CPU_RATIO: flat(0.99), VCPUS_PRESENT: flat(3), VCPUS_USED: risen(3, 1) };
    const { evidence, advice } = causeOf("GUEST_CPU", { vm: { vcpus: 3, room: roomOf({ vcpusTarget: 1, vcpusMax: 4 }) }, figures: left });
    expect([evidence[0]?.text, advice]).toEqual([expect.stringContaining("use of its vCPU"), expect.stringContaining("give it 2 instead of 1")]);
    // From before it was kept, what was plugged in is all there is.
    expect(diagnose(observations({ figures: { ...left, VCPUS_USED: flat(null) } })).causes).toEqual([]);
  });

  it("what a balloon took is measured by all the guest has", () => {
    const grown = { PLUGGED_BYTES: flat(256 * MIB), BALLOON_ACTUAL_BYTES: flat(256 * MIB), GUEST_AVAILABLE_BYTES: flat(4 * MIB) };
    expect(diagnose(observations({ figures: grown })).causes[0]?.kind).toBe("BALLOON");
    expect(diagnose(observations({ figures: { ...grown, PLUGGED_BYTES: flat(0) } })).causes).toEqual([]);
  });
});

describe("advice stays within what can be done", () => {
  const mib = (most: number) => fc.integer({ min: 64, max: most }).map((count) => count * MIB);
  const facts: fc.Arbitrary<VmFacts> = fc.record({ vcpus: fc.integer({ min: 1, max: 8 }), more: fc.nat(8), has: mib(4_096), plus: fc.nat(4_096), hostCpus: fc.option(fc.integer({ min: 1, max: 64 })), isControlled: fc.boolean() })
    .map(({ vcpus, more, has, plus, hostCpus, isControlled }) => ({ ...FACTS, vcpus, hostCpus, isControlled, memoryBytes: has, room: roomOf({ vcpusTarget: vcpus, vcpusMax: vcpus + more, memoryTargetBytes: has, memoryMaxBytes: has + plus * MIB }) }));
  const numberAfter = (option: string, command: string | null): number | null => {
    const found = new RegExp(`--${option} (\\d+)`).exec(command ?? "")?.[1];
    return found === undefined ? null : Number(found);
  };
  const cores = fc.double({ min: 0, max: 16, noNaN: true });

  it("a limit is raised, and to less than all of the vCPUs and of the host's CPUs, or lifted", () => {
    fc.assert(fc.property(facts, fc.integer({ min: 5, max: 800 }), fc.option(cores), (vm, limit, demand) => {
      const raised = numberAfter("limit", ownLimitRemedy(vm, limit, demand).adviceCommand);
      if (raised !== null) expect(raised > limit && raised < vm.vcpus * 100 && raised <= (vm.hostCpus ?? 64) * 100).toBe(true);
    }));
  });

  it("a neighbour keeps half of what it used, and loses something", () => {
    fc.assert(fc.property(facts, fc.double({ min: 0.25, max: 16, noNaN: true }), cores, (vm, usedCores, waitedCores) => {
      const hogs = { id: "hog", name: "hog", weight: 1, cpu: [], diskBytesPerSecond: [] };
      const limit = numberAfter("limit", neighbourCpuRemedy(vm, hogs, { usedCores, waitedCores: waitedCores + 0.05 }, true).adviceCommand) ?? 0;
      expect(limit).toBeGreaterThanOrEqual(Math.floor(usedCores * 10) * 5);
      expect(limit).toBeLessThan(usedCores * 100);
    }));
  });

  it("memory grows within its room and a balloon within what there is", () => {
    fc.assert(fc.property(facts, fc.option(mib(10_000)), (vm, need) => {
      const { room, memoryBytes } = vm;
      if (room === null) return expect.fail("the VM runs");
      for (const { adviceCommand } of [guestMemoryRemedy(vm, need), balloonRemedy(vm, need)]) {
        const [size, balloon, floor] = ["size", "balloon", "floor"].map((option) => numberAfter(option, adviceCommand));
        if (size != null) expect(size * MIB > room.memoryTargetBytes && size * MIB <= room.memoryMaxBytes, `${size}`).toBe(true);
        if (balloon != null) expect(balloon * MIB).toBeLessThanOrEqual(room.memoryTargetBytes);
        if (floor != null) expect(floor * MIB).toBeLessThanOrEqual(memoryBytes);
      }
    }));
  });
});
