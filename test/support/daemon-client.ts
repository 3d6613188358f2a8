// A plain gRPC client of quetzald, for what must be seen or set without the server in between.
import { ChannelCredentials } from "@grpc/grpc-js";
import { createChannel, createClient } from "nice-grpc";
import { type MemoryServiceClient, MemoryServiceDefinition } from "../../server/src/hypervisor/generated/quetzal/v1/memory.js";
import { VmServiceDefinition, VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { eventually } from "./process.js";

/** Shares of the host's memory that are available, under which its states begin. */
export interface Thresholds { readonly highRatio: number; readonly softRatio: number; readonly hardRatio: number; readonly lowRatio: number }

/** As the controller has them by default. */
export const AT_EASE: Thresholds = { highRatio: 0.06, softRatio: 0.04, hardRatio: 0.02, lowRatio: 0.01 };
/** Any host is short by these, and none is hard pressed. */
export const SHORT: Thresholds = { highRatio: 0.999, softRatio: 0.998, hardRatio: 0.0002, lowRatio: 0.0001 };
/** Any host has nothing left by these. */
export const NONE_LEFT: Thresholds = { highRatio: 0.9999, softRatio: 0.9998, hardRatio: 0.9997, lowRatio: 0.9996 };

export interface DaemonClient extends Disposable {
  /** How many VMs run. */
  running(): Promise<number>;
  /** Makes the host short of memory, or not, by its own controller's settings. */
  setThresholds(thresholds: Thresholds): Promise<void>;
}

export function daemonClient(socket: string): DaemonClient {
  const channel = createChannel(`unix://${socket}`, ChannelCredentials.createInsecure(), { "grpc.initial_reconnect_backoff_ms": 5, "grpc.min_reconnect_backoff_ms": 5 });
  const vms = createClient(VmServiceDefinition, channel);
  const memory: MemoryServiceClient = createClient(MemoryServiceDefinition, channel);
  return {
    async running() {
      try {
        return (await vms.listVms({})).vms.filter((vm) => vm.state === VmState.VM_STATE_RUNNING).length;
      } catch {
        return 0; // Not listening yet.
      }
    },
    async setThresholds(thresholds) {
      // A busy machine may take longer for the connection than the first attempt lasts.
      const controller = await eventually("quetzald to tell of its memory controller", async () => (await memory.getHostMemory({})).controller);
      const { result } = await memory.setHostMemory({ controller: { ...controller, ...thresholds } });
      if (result?.$case !== "memory") throw new Error(`thresholds: ${result?.value.message ?? "no answer"}`);
    },
    [Symbol.dispose]() { channel.close(); },
  };
}
