// Owns when the test guest is built, and that root's package lists are new enough for it; how is vms/guest-image's business.
import { buildGuestImage, isGuestImageCurrent } from "../../../vms/guest-image/build.mjs";
import { LaunchFault } from "../fault.mjs";
import { findProgram, RENEW_LISTS, runApt } from "./packages.mjs";

/** @type {import("../step.mjs").Step} */
export const guestImageStep = {
  title: "Guest image (kernel and initramfs)",
  isDone: ({ paths }) => isGuestImageCurrent(paths.imagesDir),
  async run(context, report) {
    const { paths, uid, env } = context;
    try {
      await buildGuestImage(paths.imagesDir, report);
    } catch (error) {
      if (uid !== 0 || !findProgram("apt-get", env)) throw faultOf(error);
      // Lists that are empty or old name no package that can be had; only root may renew them.
      await runApt(context, RENEW_LISTS, { title: "Renewing the package lists", mend: "see the log, mend apt, then try again.", onLine: report });
      await buildGuestImage(paths.imagesDir, report).catch((again) => {
        throw faultOf(again);
      });
    }
  },
};

/** @param {unknown} error */
function faultOf(error) {
  return new LaunchFault(`Building the guest image failed: ${error instanceof Error ? error.message : String(error)}`, { mend: "make room on the disk and reach Debian's archive from here, then try again.", cause: error });
}
