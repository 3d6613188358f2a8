// A keystroke's way to a guest and back: through the whole product against the raw chardev socket of the same guest image.
import { Stack } from "../../support/stack.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { figure } from "../figure.js";
import { echoTimes, graphqlLine, rawGuestArgs, rawLine } from "../lines.js";
import { RawQemu } from "../raw-qemu.js";
import type { Suite } from "../suite.js";

const KEYS = 200;
const WARM_UP = 20;
const MEMORY_MEBIBYTES = 128;

async function rawEcho(stack: Stack): Promise<number[]> {
  const qemu = await RawQemu.start(rawGuestArgs(stack, MEMORY_MEBIBYTES));
  try {
    return await echoTimes(await rawLine(qemu), KEYS, WARM_UP);
  } finally {
    await qemu.kill();
  }
}

export const consoleEcho: Suite = {
  name: "console",
  about: "a key typed at the serial console until its echo is back",
  async run() {
    await using stack = await Stack.start();
    const vm = await VmDriver.define(stack, smallGuest("bench-echo"));
    await vm.start();
    await vm.waitForBoot();
    await vm.run("true");
    await using line = graphqlLine(stack, vm.id);
    const ours = await echoTimes(line, KEYS, WARM_UP);
    await vm.forceOff();
    const raw = await rawEcho(stack);
    return [figure("console echo: key → echo through the API", "ms", ours, { peerPlus: 3 }, { name: "raw socket", samples: raw })];
  },
};
