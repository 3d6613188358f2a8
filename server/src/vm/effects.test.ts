// The sentences that plans are made of.
import { expect, it } from "vitest";
import { effectOf, putEffect } from "./effects.js";

const VM = { name: "web", vcpus: 2, memoryBytes: 268_435_456, definition: { disks: [{}, {}] } };

it.each([
  [effectOf("START_VM", VM), "Powers web on with 2 vCPUs and 256 MiB."],
  [effectOf("START_VM", { ...VM, vcpus: 1 }), "Powers web on with 1 vCPU and 256 MiB."],
  [effectOf("STOP_VM", VM, { timeoutSeconds: 60, escalation: "NONE" }), "Asks the guest of web to power down and waits up to 60 s for it; if it does not, it runs on."],
  [effectOf("STOP_VM", VM, { timeoutSeconds: 5, escalation: "FORCE_OFF" }), "Asks the guest of web to power down and waits up to 5 s for it; then its power is cut, and what it has not written to disk is lost."],
  [effectOf("FORCE_OFF_VM", VM), "Cuts the power of web at once; what its guest has not written to disk is lost."],
  [effectOf("RESET_VM", VM), "Presses the reset button of web; what its guest has not written to disk is lost."],
  [effectOf("PAUSE_VM", VM), "Stops the CPUs of web; its memory stays, and it can run on."],
  [effectOf("RESUME_VM", VM), "Lets the guest of web run on from where it was paused."],
  [effectOf("DELETE_VM", VM, { deleteDisks: false }), "Deletes the definition of web; its disks stay, and the definition can be put back."],
  [effectOf("DELETE_VM", VM, { deleteDisks: true }), "Deletes the definition of web and its 2 disks, which cannot be brought back."],
  [effectOf("DELETE_VM", { ...VM, definition: { disks: [{}] } }, { deleteDisks: true }), "Deletes the definition of web and its disk, which cannot be brought back."],
  [effectOf("DELETE_VM", { ...VM, definition: {} }, { deleteDisks: true }), "Deletes the definition of web; it has no disks to delete."],
  [putEffect(null, "new", []), "Defines new; it is not started."],
  [putEffect({ name: "web", startedAt: null }, "web", []), "Changes nothing: web has this definition already."],
  [putEffect({ name: "web", startedAt: null }, "web", ["vcpus: 1 → 2"]), "Changes vcpus of web: 1 → 2, in effect at its next start."],
  [putEffect({ name: "web", startedAt: new Date() }, "web", ["disks[0].size_mb: 1 → 2", "vcpus: 1 → 2"]), "Changes disks[0].size_mb and vcpus of web, in effect when it has been stopped and started again; until then it runs on as it is."],
  [putEffect({ name: "web", startedAt: new Date() }, "web", ["protected: false → true", 'labels.web: (none) → "1"']), "Changes protected and labels.web of web, in effect at once."],
  [putEffect({ name: "web", startedAt: null }, "web", ["labels.note: (none) → \"a: b\""]), "Changes labels.note of web: (none) → \"a: b\", in effect at once."],
  [putEffect({ name: "web", startedAt: null }, "web", ["protected: false → true", "autostart: false → true", "name: \"a\" → \"web\""]), "Changes protected, autostart and name of web, in effect at once."],
  [putEffect({ name: "web", startedAt: null }, "web", ["protected: false → true", "autostart: false → true", "name: \"a\" → \"web\"", "labels.a: 1 → 2"]), "Changes protected, autostart and 2 more fields of web, in effect at once."],
  [putEffect({ name: "web", startedAt: new Date() }, "web", ["protected: false → true", "vcpus: 1 → 2"]), "Changes protected and vcpus of web, in effect when it has been stopped and started again; until then it runs on as it is."],
])("says: %s", (said, expected) => {
  expect(said).toBe(expected);
});
