// Owns the order of set-up. What can be known early is checked early: folders, packages and the port come before
// anything that takes minutes.
import { bundlesStep } from "./steps/bundles.mjs";
import { daemonStep } from "./steps/daemon.mjs";
import { guestImageStep } from "./steps/guest-image.mjs";
import { nodeModulesStep } from "./steps/node-modules.mjs";
import { packagesStep } from "./steps/packages.mjs";
import { prismaStep } from "./steps/prisma.mjs";
import { stateStep } from "./steps/state.mjs";
import { usersStep } from "./steps/users.mjs";

/** What must hold before anything is built. */
export const FOUNDATION = [stateStep, packagesStep, usersStep];
/** What is built from the clone. */
export const BUILDS = [nodeModulesStep, daemonStep, prismaStep, bundlesStep, guestImageStep];
