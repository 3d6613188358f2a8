// The dashboard against a recorded server, as a program of its own: what golden screens, key stories and benches run in
// a pseudo-terminal. RECORDED_URL names a server; without it one is opened here (RECORDED_VMS, RECORDED_CLOCK).
import { createClient } from "../../tui/src/client/client.js";
import { run } from "../../tui/src/dashboard.js";
import { openConfig } from "../../tui/src/config.js";
import type { UserCommand } from "../../tui/src/user-commands.js";
import { RECORDED_NOW } from "./recorded-fleet.js";

const clock = process.env["RECORDED_CLOCK"] === "running" ? "running" : "still";
const given = process.env["RECORDED_URL"];
const own = given === undefined ? await (await import("./recorded-server.js")).RecordedServer.open({ vms: Number(process.env["RECORDED_VMS"] ?? 7), clock }) : null;
const config = await openConfig();
const client = createClient({ url: given ?? own?.url ?? "" });
const exitCode = await run(client, {
  input: process.stdin, output: process.stdout, terminal: process.env["TERM"] ?? "xterm", colours: config.colours, characters: config.characters, background: config.background, settings: config.settings, startFault: config.startFault, faultText: String,
  ...(process.env["RECORDED_COMMANDS"] === undefined ? {} : { userCommands: JSON.parse(process.env["RECORDED_COMMANDS"]) as UserCommand[] }), serverUrl: () => given ?? null,
  environment: config.environment, consoleCommand: (vmId) => ["/bin/sh", "-c", `echo "console of ${vmId}"; exec cat`],
  ...(clock === "still" ? { now: () => RECORDED_NOW } : {}),
});
await client.close();
await own?.[Symbol.asyncDispose]();
process.exit(exitCode);
