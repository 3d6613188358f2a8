// A keystroke's way to a guest and back, by each way that the product has: the dashboard's pane and `quetzal console`, which
// people type at and the promise is about, and the API below them. The peer is the raw chardev socket of the same image.
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, NO_TARGET } from "../figure.js";
import { echoTimes, graphqlLine, rawGuestArgs, rawLine, type Typing } from "../lines.js";
import { RawQemu } from "../raw-qemu.js";
import { screenLine } from "../screen-line.js";
import type { Suite } from "../suite.js";

/** A fast typist's pace; longer than the 33 ms that the pane leaves between two frames, which no single key meets. */
const TYPING: Typing = { keys: 150, warmUp: 20, pauseMs: 67 };
const MEMORY_MEBIBYTES = 128;
const ABOVE_RAW_MS = 3;
const VM = "bench-echo";
const LEAVE = "\u001d";
const PROMPT = /^\S* # *$/m;

async function rawEcho(stack: Stack): Promise<number[]> {
  const qemu = await RawQemu.start(rawGuestArgs(stack, MEMORY_MEBIBYTES));
  try {
    return await echoTimes(await rawLine(qemu), TYPING);
  } finally {
    await qemu.kill();
  }
}

async function apiEcho(stack: Stack): Promise<number[]> {
  await using line = graphqlLine(stack, VM);
  return await echoTimes(line, TYPING);
}

/** The key goes in at the terminal; its echo is there when the terminal shows it. */
async function paintedEcho(screen: TerminalDriver): Promise<number[]> {
  // A new prompt: what was said before is replayed above it.
  screen.send("\r");
  await screen.waitFor(PROMPT);
  using line = screenLine(screen);
  const times = await echoTimes(line, TYPING);
  screen.send(LEAVE);
  return times;
}

async function commandEcho(stack: Stack): Promise<number[]> {
  await using screen = new TerminalDriver(process.execPath, [cliPath, "console", VM, "--take"], { env: stack.clientEnv });
  await screen.waitFor("Ctrl-] leaves");
  const times = await paintedEcho(screen);
  await screen.waitForExit();
  return times;
}

async function paneEcho(stack: Stack): Promise<number[]> {
  await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor(VM);
  await screen.press("c", "Ctrl-] leave");
  const times = await paintedEcho(screen);
  await screen.press("", /^(?![\s\S]*Ctrl-\] leave)/);
  screen.send("q");
  await screen.waitForExit();
  return times;
}

export const consoleEcho: Suite = {
  name: "console",
  about: "a key typed at the serial console until its echo is painted in the dashboard's pane and by quetzal console (the promise), or back from the API",
  async run(): Promise<Figure[]> {
    await using stack = await Stack.start();
    const vm = await VmDriver.define(stack, smallGuest(VM, { memory_mb: MEMORY_MEBIBYTES }));
    await vm.start();
    await vm.waitForBoot();
    await vm.run("true");
    const api = await apiEcho(stack);
    const command = await commandEcho(stack);
    const pane = await paneEcho(stack);
    await vm.forceOff();
    const raw = { name: "raw socket", samples: await rawEcho(stack) };
    return [
      figure("console echo: key → painted in the dashboard's pane", "ms", pane, { peerPlus: ABOVE_RAW_MS }, raw),
      figure("console echo: key → painted by quetzal console", "ms", command, { peerPlus: ABOVE_RAW_MS }, raw),
      figure("console echo: key → echo through the API", "ms", api, NO_TARGET, raw),
    ];
  },
};
