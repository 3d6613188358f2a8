// The real server, as it is bundled, with its embedded Postgres, over a scripted daemon in this process: for figures that
// need more VMs or more ticks than a machine can run. It knows nothing of what is measured.
import { join } from "node:path";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { ScriptedDaemon } from "./scripted-daemon.js";
import { Stack } from "./stack.js";

export interface ScriptedStackOptions { readonly vms: number; readonly ticksPerSecond: number }

export class ScriptedStack extends Stack {
  #daemon: ScriptedDaemon | undefined;

  private constructor(private readonly script: ScriptedStackOptions) {
    super();
  }

  /** Resolves when the server shows the scripted host with all its VMs running. */
  static async startScripted(script: ScriptedStackOptions): Promise<ScriptedStack> {
    const stack = new ScriptedStack(script);
    try {
      await stack.startDaemon();
      await stack.startServer();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  override async startDaemon(): Promise<void> {
    this.#daemon = new ScriptedDaemon({ socket: join(this.runDir, "quetzald.sock"), tickMs: 1000 / this.script.ticksPerSecond });
    for (let index = 0; index < this.script.vms; index++) this.#daemon.add(`scripted-${index}`, VmState.VM_STATE_RUNNING);
    await this.#daemon.listen();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    // The server first: it would report the loss of its daemon.
    await this.server?.end();
    await this.#daemon?.[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }
}
