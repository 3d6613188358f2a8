// Owns when the test guest is built; how is vms/guest-image's business.
import { buildGuestImage, isGuestImageCurrent } from "../../../vms/guest-image/build.mjs";
import { LaunchFault } from "../fault.mjs";

/** @type {import("../step.mjs").Step} */
export const guestImageStep = {
  title: "Guest image (kernel and initramfs)",
  isDone: ({ paths }) => isGuestImageCurrent(paths.imagesDir),
  async run({ paths }, report) {
    try {
      await buildGuestImage(paths.imagesDir, report);
    } catch (error) {
      throw new LaunchFault(`Building the guest image failed: ${error instanceof Error ? error.message : String(error)}`, { mend: "make room on the disk and reach Debian's archive from here, then try again.", cause: error });
    }
  },
};
