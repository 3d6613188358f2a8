// Owns when the test guest is built, and that root's package lists are new enough for it; how is vms/guest-image's business.
import { buildGuestImage, isGuestImageCurrent } from "../../../vms/guest-image/build.mjs";
import { setupLog } from "../context.mjs";
import { LaunchFault } from "../fault.mjs";
import { runLogged } from "../run.mjs";
import { findProgram } from "./packages.mjs";

/** @typedef {import("../context.mjs").Context} Context */

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
      await renewLists(context, report);
      await buildGuestImage(paths.imagesDir, report).catch((again) => {
        throw faultOf(again);
      });
    }
  },
};

/** @param {Context} context @param {(line: string) => void} report */
async function renewLists(context, report) {
  const env = { ...context.env, DEBIAN_FRONTEND: "noninteractive" };
  await runLogged({ title: "Renewing the package lists", program: "apt-get", arguments: ["update", "-q"], cwd: "/", env, log: setupLog(context), mend: "see the log, mend apt, then try again.", onLine: report });
}

/** @param {unknown} error */
function faultOf(error) {
  return new LaunchFault(`Building the guest image failed: ${error instanceof Error ? error.message : String(error)}`, { mend: "make room on the disk and reach Debian's archive from here, then try again.", cause: error });
}
