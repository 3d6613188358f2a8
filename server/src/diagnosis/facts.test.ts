// What is known of a VM beside its history, and what the rules make of an edit that awaits a restart.
import { describe, expect, it } from "vitest";
import { sampleOf } from "../vm/filter/testing.js";
import type { Vm } from "../vm/model.js";
import { factsOf } from "./facts.js";
import { diagnose } from "./rules.js";
import { MIB, flat, observations, roomOf } from "./testing.js";

const SINCE = new Date("2026-01-31T11:00:00.000Z");

function vmOf(change: Partial<Vm>): Vm {
  return {
    id: "web-2", hostId: "h1", name: "web two", state: "RUNNING", stateSince: SINCE, generation: 2n, startedAt: SINCE, vcpus: 2, memoryBytes: 256 * MIB, machine: "q35",
    accelerator: "tcg", networkInUse: "bridge br0 (tap0)", qemuVersion: "7.2", pid: 7, room: null, labels: [], protected: false, autostart: false, restartRequired: true,
    definition: { features: ["ballooning"], memory_policy: { control: "on" } }, crash: null, ...change,
  };
}

const causes = (definedMib: number, ranMib: number, leftMib: number) => {
  const room = roomOf({ balloonTargetBytes: leftMib * MIB, memoryTargetBytes: ranMib * MIB, memoryMaxBytes: ranMib * MIB });
  const vm = factsOf(vmOf({ memoryBytes: definedMib * MIB, room }), sampleOf({ memoryConfiguredBytes: ranMib * MIB }), 16);
  const figures = { BALLOON_ACTUAL_BYTES: flat(leftMib * MIB), GUEST_AVAILABLE_BYTES: flat(4 * MIB), GUEST_MAJOR_FAULTS_PER_SECOND: flat(900) };
  return diagnose(observations({ vm, figures })).causes;
};

describe("of a VM whose memory was edited while it runs", () => {
  it("no balloon is blamed that took nothing", () => expect(causes(512, 256, 256).map(({ kind }) => kind)).toEqual(["GUEST_MEMORY"]));
  it("a balloon that took half is, whatever was defined", () => expect(causes(256, 512, 256).map(({ kind }) => kind)).toContain("BALLOON"));

  it.each([
    [512, 512, "--balloon 315M --floor 315M"],
    [1_024, 512, "--balloon 315M --floor 315M"],
    // A definition of 256 MiB takes no greater floor.
    [256, 512, "--balloon 315M --floor 256M"],
  ])("the floor that is advised fits: defined %i MiB, runs with %i", (defined, ran, command) => {
    expect(causes(defined, ran, 256).find(({ kind }) => kind === "BALLOON")?.adviceCommand).toBe(`quetzal memory set web-2 ${command}`);
  });
});

describe("of a VM that does not run", () => {
  it("its definition tells, not what it was last seen with", () => {
    expect(factsOf(vmOf({ state: "STOPPED", memoryBytes: 512 * MIB }), sampleOf(), 16).memoryBytes).toBe(512 * MIB);
    expect(factsOf(vmOf({ memoryBytes: 512 * MIB }), null, 16).memoryBytes).toBe(512 * MIB);
  });
});
