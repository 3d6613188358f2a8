// A cold `quetzal vm ls`: a new process each time, as a person at a prompt pays for it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cliPath, Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { figure, peer } from "../figure.js";
import { Libvirt } from "../libvirt/instance.js";
import { type Suite, stopwatch, timed } from "../suite.js";

const ROUNDS = 30;
const VMS = 10;

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(command, args, { env, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} exited ${code}`);
}

export const cli: Suite = {
  name: "cli",
  about: "quetzal vm ls, a new process each time (libvirt: virsh list)",
  async run() {
    await using stack = await Stack.start();
    for (let index = 0; index < VMS; index++) await VmDriver.define(stack, bareGuest(`bench-cli-${index}`));
    await using libvirt = await Libvirt.startIfPresent();
    if (libvirt !== undefined) {
      await using virsh = await libvirt.open();
      for (let index = 0; index < VMS; index++) await libvirt.define(virsh, libvirt.bareMachine(`bench-cli-${index}`));
    }
    const node: number[] = [];
    const listed: number[] = [];
    const ours = await timed(ROUNDS, async () => {
      node.push(await stopwatch(() => run(process.execPath, ["-e", "0"], stack.clientEnv)));
      if (libvirt !== undefined) listed.push(await stopwatch(() => run(libvirt.programs.virsh, ["-c", libvirt.uri, "list", "--all"], libvirt.env)));
      return stopwatch(() => run(process.execPath, [cliPath, "vm", "ls"], stack.clientEnv));
    }, 2);
    return [figure(`quetzal vm ls, cold, ${VMS} VMs`, "ms", ours, { atMost: 120 }, { name: "node -e 0", samples: node }, ...peer("virsh list --all", listed))];
  },
};
