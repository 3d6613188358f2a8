#!/usr/bin/env node
// The program `quetzal`: joins the command line with the process (streams, signals, exit code). Everything else is in
// cli/, which knows no process.
import { openConfig } from "./config.js";
import { runCommandLine } from "./cli/run.js";

process.exitCode = await runCommandLine(process.argv.slice(2), await openConfig());
