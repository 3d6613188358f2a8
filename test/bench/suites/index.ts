// The suites, in the order in which they run.
import type { Suite } from "../suite.js";
import { adoption } from "./adoption.js";
import { cli } from "./cli.js";
import { consoleEcho } from "./console.js";
import { density } from "./density.js";
import { idle } from "./idle.js";
import { lifecycle } from "./lifecycle.js";
import { list } from "./list.js";
import { memory } from "./memory.js";
import { past } from "./past.js";
import { samples } from "./samples.js";
import { startup } from "./startup.js";
import { subscribers } from "./subscribers.js";
import { tui } from "./tui.js";

export const suites: readonly Suite[] = [lifecycle, list, adoption, consoleEcho, cli, startup, samples, subscribers, idle, past, tui, memory, density];
