// Laws of what a guest uses.
import { expect, it } from "vitest";
import { guestUsedBytes } from "./guest-memory.js";

const guest = (change: Partial<Parameters<typeof guestUsedBytes>[0]>) => guestUsedBytes({ memoryConfiguredBytes: 256, balloonActualBytes: 256, guestTotalBytes: 240, guestAvailableBytes: 140, ...change });

it.each([
  ["what is neither free nor can be had back", {}, 100],
  ["not what the balloon holds", { balloonActualBytes: 206, guestAvailableBytes: 90 }, 100],
  ["not what the balloon holds of plugged memory either", { pluggedBytes: 100, balloonActualBytes: 306, guestTotalBytes: 340, guestAvailableBytes: 190 }, 100],
  ["as it says, where its total leaves the balloon out", { balloonActualBytes: 106, guestTotalBytes: 90, guestAvailableBytes: 40 }, 50],
  ["nothing less than nothing", { guestAvailableBytes: 300 }, 0],
  ["unknown while it has not said", { guestTotalBytes: null }, null],
  ["unknown without what is available", { guestAvailableBytes: null }, null],
  ["as it says, before QEMU has told of its balloon", { balloonActualBytes: null }, 100],
])("is %s", (_, change, used) => expect(guest(change)).toBe(used));
