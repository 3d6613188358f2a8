// What changes are predicted to bring.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount } from "./amount.js";
import { balloonEffect, freedByBalloon, pageOutEffect, resizeEffect, vcpusEffect } from "./effects.js";

const MIB = 1_048_576;
const room = { balloonTargetBytes: 1_024 * MIB, balloonFloorBytes: 512 * MIB, memoryTargetBytes: 1_024 * MIB, memoryMaxBytes: 4_096 * MIB, vcpusTarget: 2, vcpusMax: 8 };
const VM = { name: "web-1", memoryBytes: 1_024 * MIB, vcpus: 2, room };
const SAMPLE = {
  balloonActualBytes: 1_024 * MIB, pluggedBytes: 0, memoryConfiguredBytes: 1_024 * MIB, guestFreeBytes: 800 * MIB, guestAvailableBytes: 850 * MIB,
  guestRam: { sizeBytes: 1_024 * MIB, residentBytes: 600 * MIB, sharedBytes: 0, swappedBytes: 0, overheadBytes: 50 * MIB },
};

describe("the effect", () => {
  it.each([
    [balloonEffect(VM, 512 * MIB, SAMPLE), "Leaves the guest of web-1 512 MiB (now 1.0 GiB); about 241 MiB come free on the host."],
    [balloonEffect(VM, 512 * MIB, null), "Leaves the guest of web-1 512 MiB (now 1.0 GiB)."],
    [balloonEffect(VM, 190 * MIB, SAMPLE), "Leaves the guest of web-1 190 MiB (now 1.0 GiB); about 410 MiB come free on the host; only 16 MiB stay available in the guest."],
    [balloonEffect(VM, 512 * MIB, { ...SAMPLE, guestAvailableBytes: 100 * MIB }), "Leaves the guest of web-1 512 MiB (now 1.0 GiB); about 241 MiB come free on the host; that is more than the guest has available: it will swap, or kill programs."],
    [balloonEffect(VM, 1_024 * MIB, { ...SAMPLE, balloonActualBytes: 512 * MIB }), "Gives the guest of web-1 512 MiB back: 1.0 GiB in all (now 512 MiB)."],
    [balloonEffect(VM, 1_024 * MIB, SAMPLE), "Changes nothing: the guest of web-1 has 1.0 GiB already."],
    [balloonEffect({ ...VM, room: { ...room, balloonTargetBytes: 512 * MIB } }, 1_024 * MIB, SAMPLE), "Leaves the guest of web-1 the 1.0 GiB that it has; it is on its way to 512 MiB."],
    [resizeEffect(VM, 2_048 * MIB, SAMPLE), "Plugs 1.0 GiB into the guest of web-1: 2.0 GiB in all (now 1.0 GiB); the host backs it as the guest touches it."],
    [resizeEffect(VM, 1_024 * MIB, { ...SAMPLE, pluggedBytes: 512 * MIB }), "Takes 512 MiB out of the guest of web-1: 1.0 GiB stay (now 1.5 GiB); it stops short where the guest cannot give it up."],
    [resizeEffect({ ...VM, room: null }, 1_024 * MIB, null), "Changes nothing: the guest of web-1 has 1.0 GiB plugged in already."],
    [pageOutEffect(VM, null, SAMPLE), "Pages up to 600 MiB of the memory of web-1 out to the host's swap; what its guest needs again comes back with a delay."],
    [pageOutEffect(VM, 64 * MIB, SAMPLE), "Pages up to 64 MiB of the memory of web-1 out to the host's swap; what its guest needs again comes back with a delay."],
    [pageOutEffect(VM, null, null), "Pages the memory of web-1 out to the host's swap; what its guest needs again comes back with a delay."],
    [vcpusEffect(VM, 4, null), "Gives web-1 4 vCPUs (now 2), until it is powered off."],
    [vcpusEffect(VM, 1, null), "Leaves web-1 1 vCPU (now 2), until it is powered off; the guest must let go of the others."],
    [vcpusEffect({ ...VM, room: null }, 2, { vcpusPresent: 2 }), "Changes nothing: web-1 has 2 vCPUs already."],
  ])("says: %s", (said, expected) => {
    expect(said).toBe(expected);
  });

  it("promises neither less than nothing nor more than what is taken and resident", () => {
    const size = fc.integer({ min: 0, max: 4_096 }).map((mib) => mib * MIB);
    const sample = fc.record({ balloonActualBytes: size, guestFreeBytes: fc.option(size, { nil: null }), guestRam: fc.record({ sizeBytes: size, residentBytes: size, sharedBytes: size, swappedBytes: size, overheadBytes: size }) });
    fc.assert(fc.property(sample, fc.double({ min: 0, max: 1, noNaN: true }), (facts, share) => {
      const taken = Math.floor(facts.balloonActualBytes * share);
      const freed = freedByBalloon(taken, facts) ?? 0;
      expect(freed).toBeGreaterThanOrEqual(0);
      expect(freed).toBeLessThanOrEqual(Math.min(taken, facts.guestRam.residentBytes));
    }));
  });
});

it.each([[0, "0 MiB"], [1, "less than 1 MiB"], [512 * MIB, "512 MiB"], [1_024 * MIB, "1.0 GiB"], [1_536 * MIB, "1.5 GiB"]])("%i bytes are %s", (bytes, text) => {
  expect(amount(bytes)).toBe(text);
});
