// A plain gRPC client of quetzald, for what must be seen without the server in between.
import { ChannelCredentials } from "@grpc/grpc-js";
import { createChannel, createClient } from "nice-grpc";
import { VmServiceDefinition, VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";

export interface DaemonClient extends Disposable {
  /** How many VMs run. */
  running(): Promise<number>;
}

export function daemonClient(socket: string): DaemonClient {
  const channel = createChannel(`unix://${socket}`, ChannelCredentials.createInsecure(), { "grpc.initial_reconnect_backoff_ms": 5, "grpc.min_reconnect_backoff_ms": 5 });
  const vms = createClient(VmServiceDefinition, channel);
  return {
    async running() {
      try {
        return (await vms.listVms({})).vms.filter((vm) => vm.state === VmState.VM_STATE_RUNNING).length;
      } catch {
        return 0; // Not listening yet.
      }
    },
    [Symbol.dispose]() { channel.close(); },
  };
}
