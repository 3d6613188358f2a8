// A cold `quetzal vm ls`: a new process each time, as a person at a prompt pays for it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cliPath, Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { figure } from "../figure.js";
import { type Suite, stopwatch, timed } from "../suite.js";

const ROUNDS = 30;

async function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, args, { env, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(" ")} exited ${code}`);
}

export const cli: Suite = {
  name: "cli",
  about: "quetzal vm ls, a new process each time",
  async run() {
    await using stack = await Stack.start();
    for (let index = 0; index < 10; index++) await VmDriver.define(stack, bareGuest(`bench-cli-${index}`));
    const node: number[] = [];
    const ours = await timed(ROUNDS, async () => {
      node.push(await stopwatch(() => runNode(["-e", "0"], stack.clientEnv)));
      return stopwatch(() => runNode([cliPath, "vm", "ls"], stack.clientEnv));
    }, 2);
    return [figure("quetzal vm ls, cold, 10 VMs", "ms", ours, { atMost: 150 }, { name: "node -e 0", samples: node })];
  },
};
